"""Those who act at one moment: how each of them is led there, and what must be true afterwards.

The server decides whose message comes first, so a contest says which ends are possible, and that
there is no other.
"""

import asyncio
import secrets
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from typing import Any

from desk.loaner_desk import LoanerDesk
from desk.numbers import normalise
from domain.calls import Call, Direction
from domain.civil_time import CHINA, local
from domain.directory import Loaner
from domain.refusals import RefusalType, Refused
from domain.ticket import Ticket, TicketLoaner
from domain.vocabulary import LoanerState, Milestone, Outcome, QuoteState, Stage
from rehearsal.workflow_clock import LoanerClock, TicketClock, WorkflowClock
from runtime.directory_files import read_directory
from runtime.embedded.skipping import SkippingEnvironment
from storage import tickets
from storage.directory import replace_directory
from tests.workflows.driving import AGENT, CUSTOMER, ROOT, SUPERVISOR, House, OnTicket
from tests.workflows.lending import INSTRUMENT, OnLoan, holder_of
from workflows.messages import loaner_workflow_id

LINES = [{"item": "五金件", "kind": "part", "quantity": 1, "unit_price_fen": 18000}]
CONSENT_DAYS = timedelta(days=8)
"""From the beginning of the day of a quote to the end of its seven civil days."""

Results = Sequence[Any]


class Contest(ABC):
    """Two messages for one ticket, and every end that they may come to.

    `promise` has its due time when they come, and is kept by one of `kept_by`.
    """

    policy = "house"
    promise: str
    kept_by: tuple[Milestone, ...] = ()

    def __init__(self, ticket: OnTicket) -> None:
        self.ticket = ticket
        self._offset: timedelta | None = None

    @classmethod
    async def begin(cls, house: House, at: datetime | None) -> "Contest":
        """A ticket where both may come; its clock shows `at`, now unless given."""
        contest = cls(await house.open(policy=cls.policy, at=at))
        await contest.prepare(at)
        return contest

    @abstractmethod
    async def prepare(self, at: datetime | None) -> None: ...

    @abstractmethod
    def messages(self) -> list[Awaitable[Any]]:
        """What is sent, in either order."""

    @abstractmethod
    async def judge(self, results: Results) -> None:
        """Raises AssertionError unless the end is one of the possible ones; `results` as sent."""

    async def due(self) -> datetime:
        """The moment at which they meet."""
        view = await self.ticket.view()
        due = next(one.due for one in view.standings if one.promise == self.promise)
        assert due is not None
        return due

    def clocks(self, environment: SkippingEnvironment) -> list[WorkflowClock]:
        """Of those that must stand at that moment; the ticket's is the first."""
        return [TicketClock(environment, self.ticket.number)]

    async def now(self, environment: SkippingEnvironment) -> datetime:
        """What the ticket's clock shows, with nobody working as well."""
        if self._offset is None:
            view = await self.ticket.view()
            self._offset = timedelta(milliseconds=view.clock_offset_ms)
        return local(await environment.get_current_time(self.ticket.handle)) + self._offset

    async def stored(self) -> Ticket:
        stored = await tickets.load(self.ticket.house.pool, self.ticket.number)
        assert stored is not None
        return stored


class FeeAgainstSilence(Contest):
    """The customer's yes, and the end of the seven days."""

    async def prepare(self, at: datetime | None) -> None:
        await self.ticket.register("D102")
        await self.ticket.do("call_back", AGENT)  # nothing but the quote is left to wait for
        self.quoted = (await self.ticket.do("quote", AGENT, lines=LINES)).quote

    def messages(self) -> list[Awaitable[Any]]:
        return [self.ticket.do("decide_fee", CUSTOMER, quote=self.quoted, decision="approve")]

    async def due(self) -> datetime:
        quote = (await self.ticket.view()).ticket.quote
        assert quote is not None
        day = quote.at.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
        return day + CONSENT_DAYS

    async def judge(self, results: Results) -> None:
        stored, kinds = await self.stored(), await self.ticket.kinds()
        assert stored.quote is not None
        if refused_as(results[0], RefusalType.TICKET_CLOSED):
            assert (stored.stage, stored.outcome) == (Stage.CLOSED, Outcome.NO_CONSENT)
            assert stored.quote.state is QuoteState.EXPIRED
            assert "fee_approved" not in kinds
            assert kinds.count("consent_expired") == kinds.count("no_consent") == 1
        else:
            assert (stored.stage, stored.outcome) == (Stage.DISPATCHING, None)
            assert stored.quote.state is QuoteState.APPROVED
            assert "consent_expired" not in kinds
            await self.ticket.do("dispatch", SUPERVISOR)


class YesAgainstNo(FeeAgainstSilence):
    """Two people answer one quote."""

    def messages(self) -> list[Awaitable[Any]]:
        return [
            self.ticket.do(
                "decide_fee", by, quote=self.quoted, decision=decision, evidence="电话里说的"
            )
            for by, decision in ((CUSTOMER, "approve"), (AGENT, "refuse"))
        ]

    async def judge(self, results: Results) -> None:
        stored, kinds = await self.stored(), await self.ticket.kinds()
        won = [not isinstance(one, Refused) for one in results]
        assert sorted(won) == [False, True], results
        decided = ["fee_approved" in kinds, "fee_refused" in kinds]
        assert decided == won
        ends = [(Stage.DISPATCHING, None), (Stage.CLOSED, Outcome.REFUSED)]
        assert (stored.stage, stored.outcome) == ends[won.index(True)]


class DispatchAgainstCancel(Contest):
    """Called off in the moment in which somebody is sent."""

    promise = "dispatch_decision"
    kept_by = (Milestone.DISPATCHED,)

    async def prepare(self, at: datetime | None) -> None:
        await self.ticket.register("D101")

    def messages(self) -> list[Awaitable[Any]]:
        return [
            self.ticket.do("dispatch", SUPERVISOR),
            self.ticket.do("cancel", SUPERVISOR, reason="不修了"),
        ]

    async def judge(self, results: Results) -> None:
        dispatched, cancelled = results
        assert not isinstance(cancelled, BaseException), cancelled
        stored, kinds = await self.stored(), await self.ticket.kinds()
        assert (stored.stage, stored.outcome) == (Stage.CLOSED, Outcome.CANCELLED)
        assert len(stored.visits) == kinds.count("dispatched") <= 1
        assert {visit.result for visit in stored.visits} <= {"cancelled"}
        if refused_as(dispatched, RefusalType.TICKET_CLOSED):
            assert not stored.visits
            assert "dispatch_ordered" not in kinds


class DispatchAgainstQuote(Contest):
    """Somebody is sent in the moment in which it turns out that there is something to pay."""

    promise = "dispatch_decision"
    kept_by = (Milestone.DISPATCHED, Milestone.QUOTED)

    async def prepare(self, at: datetime | None) -> None:
        await self.ticket.register("D101")

    def messages(self) -> list[Awaitable[Any]]:
        return [
            self.ticket.do("dispatch", SUPERVISOR),
            self.ticket.do("quote", AGENT, lines=LINES),
        ]

    async def judge(self, results: Results) -> None:
        dispatched, quoted = results
        assert not isinstance(quoted, BaseException), quoted
        stored = await self.stored()
        assert stored.open_quote is not None
        out = len(stored.visits)
        assert (stored.stage, out) in ((Stage.SCHEDULED, 1), (Stage.AWAITING_CONSENT, 0))
        if refused_as(dispatched, RefusalType.CONSENT_NEEDED):
            assert out == 0
        # Whoever was first, it goes on to one visit of one technician.
        await self.ticket.do("decide_fee", CUSTOMER, quote=1, decision="approve")
        if not out:
            await self.ticket.do("dispatch", SUPERVISOR)
        stored = await self.stored()
        assert stored.stage is Stage.SCHEDULED
        assert [visit.result for visit in stored.visits] == [None]


class MergeAgainstCall(Contest):
    """The caller rings again while the ticket becomes part of another."""

    promise = "confirm_call_back"
    kept_by = (Milestone.CALLED_BACK,)

    async def prepare(self, at: datetime | None) -> None:
        await self.ticket.register("D101")
        self.other = await self.ticket.house.open(at=at)
        await self.other.register("D103")

    def messages(self) -> list[Awaitable[Any]]:
        return [
            self.ticket.do("merge_into", SUPERVISOR, ticket=self.other.number, reason="同一处"),
            self._rings(),
        ]

    def clocks(self, environment: SkippingEnvironment) -> list[WorkflowClock]:
        return [*super().clocks(environment), TicketClock(environment, self.other.number)]

    async def judge(self, results: Results) -> None:
        assert [one for one in results if isinstance(one, BaseException)] == []
        stored = await self.stored()
        assert (stored.stage, stored.merged_into) == (Stage.CLOSED, self.other.number)
        expected = {self.ticket.call.call_id, self.other.call.call_id, self._call.call_id}
        async with asyncio.timeout(10):
            while True:
                left = (await self.other.view()).ticket
                if {call.call_id for call in left.calls} == expected:
                    break
                await asyncio.sleep(0.02)
        assert len(left.calls) == len(expected)
        assert left.merged_from == (self.ticket.number,)
        await self.other.settled()
        assert (await self.other.kinds()).count("absorbed") == 1

    async def _rings(self) -> None:
        """As the desk does it: a ticket that is over is looked up again, and points on."""
        before = self.ticket.call
        moment = before.started_at + timedelta(minutes=1)
        self._call = Call(
            **{
                **dict(before),
                "call_id": secrets.token_hex(8),
                "direction": Direction.IN,
                "started_at": moment,
                "answered_at": moment,
                "ended_at": moment,
            }
        )
        number = self.ticket.number
        async with asyncio.timeout(10):
            while not await self.ticket.starter.signal_call(number, self._call, True):
                into = await tickets.merged_into(self.ticket.house.pool, self.ticket.number)
                number = into or number


class HandOverAgainstFinish(Contest):
    """A loaner is handed over in the moment in which the customer's own device is repaired."""

    policy = "instruments"
    promise = "fixed_or_loaner_small"
    kept_by = (Milestone.RESOLVED, Milestone.LOANER_DELIVERED)

    async def prepare(self, at: datetime | None) -> None:
        house = self.ticket.house
        await self.ticket.do("start_guidance", AGENT)
        await self.ticket.do(
            "register", AGENT, site="实验室", symptom="开不了机", device=INSTRUMENT
        )
        await self.ticket.do("dispatch", SUPERVISOR, technician="T05", reason="只有他会修")
        await self.ticket.do("accept", self.ticket.technician)
        await self.ticket.do("arrive", self.ticket.technician)
        await self.ticket.do("request_loaner", SUPERVISOR, reason="停不得")
        loan_id = loaner_workflow_id(self.ticket.number, 1)
        self.loan = OnLoan(house, loan_id, self.ticket.number, LoanerDesk(house.client, house.pool))
        loaner = await self._knows(LoanerState.RESERVED)
        assert loaner.device is not None
        self.device = loaner.device.id

    def messages(self) -> list[Awaitable[Any]]:
        return [
            self.loan.do("deliver", self.ticket.technician),
            self.ticket.do("finish", self.ticket.technician),
        ]

    def clocks(self, environment: SkippingEnvironment) -> list[WorkflowClock]:
        return [*super().clocks(environment), LoanerClock(environment, self.loan.id)]

    async def judge(self, results: Results) -> None:
        delivered, finished = results
        assert not isinstance(finished, BaseException), finished
        late = refused_as(delivered, RefusalType.TICKET_CLOSED)
        expected = LoanerState.RELEASED if late else LoanerState.RECALLED
        if late:
            assert await self.loan.ended() == expected
        else:
            await self.loan.until(expected)
        await self._knows(expected)
        await self.ticket.settled()
        stored, kinds = await self.stored(), await self.loan.kinds()
        assert stored.stage is Stage.REPAIRED
        assert kinds.count("loaner_delivered") == kinds.count("loaner_recalled") == (not late)
        assert (stored.first(Milestone.LOANER_DELIVERED) is None) == late
        holder = await holder_of(self.ticket.house, self.device)
        assert holder == (None if late else self.loan.id)

    async def _knows(self, state: LoanerState) -> TicketLoaner:
        """Until the ticket has heard of it."""
        async with asyncio.timeout(20):
            while True:
                loaner = (await self.ticket.view()).ticket.loaner
                if loaner is not None and loaner.state is state:
                    return loaner
                await asyncio.sleep(0.02)


CONTESTS: tuple[type[Contest], ...] = (
    FeeAgainstSilence,
    DispatchAgainstCancel,
    DispatchAgainstQuote,
    MergeAgainstCall,
    HandOverAgainstFinish,
)


async def sent_at_once(contest: Contest, *, backwards: bool = False) -> Results:
    """Both are sent at once; the results in the order of the contest's messages."""
    messages = contest.messages()
    order = messages[::-1] if backwards else messages
    results = await asyncio.gather(*order, return_exceptions=True)
    return results[::-1] if backwards else results


def refused_as(result: Any, type: RefusalType) -> bool:
    """Whether it was turned down, and then for that reason alone."""
    if isinstance(result, Refused):
        assert result.type is type, result
        return True
    assert not isinstance(result, BaseException), result
    return False


def told_of_the_miss(contest: Contest, stored: Ticket, due: datetime) -> None:
    """Exactly at due is kept, a millisecond later missed; and missed is told once."""
    moments = [stored.first(one) for one in (*contest.kept_by, Milestone.CLOSED)]
    in_time = any(moment is not None and moment <= due for moment in moments)
    missed = [
        one
        for one in stored.firings
        if one.promise == contest.promise and one.level == 1 and not one.withdrawn
    ]
    assert len(missed) == (0 if in_time else 1), (due, moments)


async def stock_up(house: House, count: int) -> None:
    """So many devices to lend, so that no contest waits for another's."""
    books = read_directory(ROOT / "examples" / "directory.yaml", normalise)
    balances = tuple(
        Loaner(
            id=f"M{n}", product_class="instrument", product=str(INSTRUMENT["product"]), grade="new"
        )
        for n in range(count)
    )
    await replace_directory(house.pool, books.model_copy(update={"loaners": balances}))
