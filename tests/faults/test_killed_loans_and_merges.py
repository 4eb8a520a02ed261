"""A worker killed right before and right after all that a loaner and a merge do outside.

One road goes past every such place: a ticket asks for the only device of its product, another loan
stands in line for it, the ticket is merged into a second one while its caller still talks, and the
second is cancelled, so that the next in line has the device. Wherever the worker dies on it, the
next one must bring it to the same end.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from traceback import format_exception
from typing import Literal

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from domain.calls import CallEventKind
from domain.loan import Loan
from domain.ticket import Ticket
from domain.vocabulary import LoanerState, Milestone, Outcome
from storage import loaners, phone, tickets
from storage.pool import open_pool
from tests.conftest import NewDatabase
from tests.faults.crashing_worker import Death
from tests.faults.dying import KILLED, agree, dying_worker, impatient
from tests.workflows.driving import AGENT, SUPERVISOR, House, OnTicket, house, polling_worker
from tests.workflows.lending import BALANCE, INSTRUMENT, OnLoan, holder_of, lend
from tests.workflows.phone_line import Line

FIRST, SECOND = "13900010777", "13900010778"
DEVICE = "L02"
AT_ONCE = 10
SECONDS = 60


class Road:
    """The road of one house, walked by what Postgres says: a worker may be away on it."""

    def __init__(self, house: House, line: Line, first: OnTicket, second: OnTicket) -> None:
        self.house = house
        self.line = line
        self.first = first
        self.second = second
        self.loan_id = f"loaner/{first.number}/1"
        self.next: OnLoan | None = None

    async def walk(self) -> None:
        for one in (self.first, self.second):
            await one.do("register", AGENT, site="实验室", symptom="开不了机", device=INSTRUMENT)
        await self.first.do("request_loaner", SUPERVISOR, reason="停不得")
        await _until(self._ticket_knows)
        assert await holder_of(self.house, DEVICE) == self.loan_id
        self.next = await lend(self.house, BALANCE)
        await self._until_loan(self.next.id, lambda loan: loan.state is LoanerState.NEEDS_DECISION)
        await self.first.do("merge_into", SUPERVISOR, ticket=self.second.number, reason="同一台")
        await self.line.say("first", FIRST, CallEventKind.HANGUP)
        await self._until_loan(self.loan_id, lambda loan: loan.ticket_no == self.second.number)
        await self.second.do("cancel", SUPERVISOR, reason="不修了")
        await self._until_loan(self.next.id, lambda loan: loan.state is LoanerState.RESERVED)

    async def _ticket_knows(self) -> bool:
        ticket = await tickets.load(self.house.pool, self.first.number)
        loaner = ticket.loaner if ticket else None
        return loaner is not None and loaner.state is LoanerState.RESERVED

    async def _until_loan(self, id: str, reached: Callable[[Loan], bool]) -> None:
        async def look() -> bool:
            loan = await loaners.load(self.house.pool, id)
            return loan is not None and reached(loan)

        await _until(look)


BEFORE_AND_AFTER: tuple[Literal["before", "after"], ...] = ("before", "after")
# On each road the worker dies several times. {first}, {second} and {loan} are the road's own ids.
DEATHS = [
    *(
        [Death(when, deed, whose) for when in BEFORE_AND_AFTER]
        for deed, whose in (
            ("start_loan", "ticket/{first}"),
            ("reserve_loaner", "{loan}"),
            ("record_loan:loaner_reserved", "{loan}"),
            ("tell_ticket", "{loan}"),
            ("record_events:absorbed", "ticket/{second}"),
            ("record_events:merged", "ticket/{first}"),
            ("tell_loan", "ticket/{first}"),
            ("tell_loan", "ticket/{second}"),
        )
    ),
    [
        Death("before", "ask_to_absorb", "ticket/{first}"),
        # Taken in, but the calls' rows have not moved.
        Death("after", "update:absorb", "ticket/{second}"),
        Death("after", "ask_to_absorb", "ticket/{first}"),
    ],
    [
        Death("before", "release_loaner", "{loan}"),
        # In stock again, but the next in line has not been called.
        Death("before", "signal:look_again"),
        Death("after", "release_loaner", "{loan}"),
    ],
]


async def test_wherever_the_worker_is_killed_the_next_one_comes_to_the_same_end(
    live_env: WorkflowEnvironment, new_database: NewDatabase
) -> None:
    client = await impatient(live_env.client)
    few = asyncio.Semaphore(AT_ONCE)

    async def walk(deaths: Sequence[Death]) -> None:
        async with few:
            try:
                async with asyncio.timeout(SECONDS):
                    await _killed_on_the_way(client, new_database, deaths)
            except Exception as error:
                error.add_note(f"killed by {deaths}")
                raise

    ends = await asyncio.gather(*(walk(deaths) for deaths in DEATHS), return_exceptions=True)
    failed = [end for end in ends if isinstance(end, BaseException)]
    assert not failed, "".join(line for end in failed for line in format_exception(end))


async def _killed_on_the_way(
    client: Client, new_database: NewDatabase, deaths: Sequence[Death]
) -> None:
    async with new_database() as url, _road(client, url) as road, _walking(road) as walk:
        names = {"first": road.first.number, "second": road.second.number, "loan": road.loan_id}
        for death in deaths:
            mine = replace(death, whose=death.whose.format(**names))
            async with dying_worker(road.house, url, mine) as process:
                await asyncio.wait((process.death, walk), return_when=asyncio.FIRST_COMPLETED)
                assert not walk.done(), f"at its end, or failed, before {death}: {walk}"
                assert process.death.result() == KILLED
        async with polling_worker(road.house):
            await walk
            await _one_loan_one_device(road)
            await _one_merge(road)
            await _nobody_told_twice(road)


@asynccontextmanager
async def _road(client: Client, database_url: str) -> AsyncIterator[Road]:
    """Two calls are answered, and their tickets begun; nobody works on them yet."""
    pool = await open_pool(database_url, max_size=4)
    try:
        # Many databases, but one Temporal: a ticket's number must be its own there as well.
        await pool.execute(
            f"ALTER SEQUENCE ticket_number RESTART WITH {10**5 + secrets.randbelow(10**9)}"
        )
        async with house(client, pool, polling=False) as made:
            line = Line(made)
            for call_id, number in (("first", FIRST), ("second", SECOND)):
                await line.say(call_id, number, CallEventKind.NEW_CALL)
                await line.say(call_id, number, CallEventKind.ANSWER)
            await line.say("second", SECOND, CallEventKind.HANGUP)
            yield Road(made, line, await line.opened("first"), await line.opened("second"))
    finally:
        await pool.close()


@asynccontextmanager
async def _walking(road: Road) -> AsyncIterator[asyncio.Task[None]]:
    walk = asyncio.create_task(road.walk())
    try:
        yield walk
    finally:
        walk.cancel()
        await asyncio.gather(walk, return_exceptions=True)


async def _one_loan_one_device(road: Road) -> None:
    """One workflow, one device held, nothing lost, and each event once and in its place."""
    found = [
        one async for one in road.house.client.list_workflows(f"WorkflowId = '{road.loan_id}'")
    ]
    handle = road.house.client.get_workflow_handle(road.loan_id)
    assert await handle.result() == LoanerState.RELEASED.value
    assert {one.run_id for one in found} == {(await handle.describe()).run_id}
    assert (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED
    waiting = road.next
    assert waiting is not None
    claims = await road.house.pool.fetch("SELECT loan_id, device, released FROM loan_claim")
    assert {tuple(claim) for claim in claims} == {
        (road.loan_id, None, True),
        (waiting.id, DEVICE, False),
    }
    await waiting.at_rest()
    gone = await _story(road, road.loan_id)
    assert gone == [
        "loaner_requested",
        "loaner_reserved",
        "loaner_moved",
        "loaner_released",
        "loaner_back_in_stock",
    ]
    assert await _story(road, waiting.id) == [
        "loaner_requested",
        "loaner_needs_decision",
        "loaner_reserved",
    ]


async def _story(road: Road, loan_id: str) -> list[str]:
    """What happened to a loan, without whom it told of it; the ledger has it whole."""
    pool = road.house.pool
    events = await loaners.events_of(pool, loan_id)
    loan = await loaners.load(pool, loan_id)
    assert loan is not None
    assert [event.seq for event in events] == list(range(1, loan.seq + 1))
    assert all(one.at <= other.at for one, other in pairwise(events))
    kinds = [event.kind for event in events]
    # Whether a ticket has closed by the time that it is told depends on who is faster.
    assert kinds.count("ticket_over") <= 1
    return [kind for kind in kinds if kind not in ("notice_due", "ticket_over")]


async def _one_merge(road: Road) -> None:
    """Merged once, with all calls on the taker; what a ticket reached, it reached once."""
    assert await road.first.handle.result() == Outcome.MERGED.value
    assert await road.second.handle.result() == Outcome.CANCELLED.value
    for one in (road.first, road.second):
        await agree(one)
    gone, left = await _stored(road.first), await _stored(road.second)
    assert gone.merged_into == left.number
    assert left.merged_from == (gone.number,)
    assert [one.id for one in left.loaners] == [road.loan_id]
    assert {call.call_id for call in left.calls} == {"first", "second"}
    assert all(call.ended_at for call in left.calls)
    rows = [await phone.find_call(road.house.pool, ("cti", name)) for name in ("first", "second")]
    assert [row.ticket_no for row in rows if row] == [left.number, left.number]
    for ticket in (gone, left):
        for name, times in ticket.milestones.items():
            assert len(times) == len(set(times)), name
    assert len(gone.milestones[Milestone.LOANER_RESERVED]) == 1
    assert len(left.milestones[Milestone.LOANER_RESERVED]) == 1
    kinds = Counter(await road.first.kinds()) + Counter(await road.second.kinds())
    once = ("loaner_requested", "loaner_reserved", "merge_ordered", "merged", "absorbed")
    assert {kind: kinds[kind] for kind in once} == dict.fromkeys(once, 1)
    assert kinds["errand"] == kinds["errand_done"]


async def _nobody_told_twice(road: Road) -> None:
    """No notice stands in a ledger again."""
    assert road.next is not None
    pool = road.house.pool
    told = [
        [(one.kind, one.details) for one in await tickets.events(pool, ticket.number)]
        for ticket in (road.first, road.second)
    ]
    told += [
        [(one.kind, one.details) for one in await loaners.events_of(pool, loan_id)]
        for loan_id in (road.loan_id, road.next.id)
    ]
    for story in told:
        notices = [sorted(details.items()) for kind, details in story if kind == "notice_due"]
        assert notices
        assert all(notices.count(notice) == 1 for notice in notices), notices


async def _stored(one: OnTicket) -> Ticket:
    ticket = await tickets.load(one.house.pool, one.number)
    assert ticket is not None
    return ticket


async def _until(reached: Callable[[], Awaitable[bool]]) -> None:
    """Bounded by whoever walks the road."""
    while not await reached():  # noqa: ASYNC110  a ledger has no event
        await asyncio.sleep(0.05)
