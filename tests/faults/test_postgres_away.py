"""Postgres away for a while: the story and its deadlines go on, and the ledger catches up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ActivityError
from temporalio.testing import WorkflowEnvironment

from domain.civil_time import CHINA
from domain.evolving import fold
from domain.vocabulary import LoanerState, Outcome
from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.skipping import SkippingEnvironment
from storage import loaners, migrate, tickets
from storage.pool import open_pool
from tests.faults.dying import agree, impatient
from tests.workflows.driving import AGENT, SUPERVISOR, TECHNICIAN, OnTicket, house
from tests.workflows.lending import DUE, OnLoan, holder_of, recalled
from workflows.messages import LoanView


class Switch:
    """A Postgres that the test turns off and on; always the same data and port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port: int | None = None
        self._server: EmbeddedPostgres | None = None
        self.url = ""

    async def on(self) -> None:
        self._server = await EmbeddedPostgres(self._folder, port=self._port).__aenter__()
        self.url = self._server.url
        self._port = urlsplit(self.url).port

    async def off(self) -> None:
        if self._server is not None:
            await self._server.__aexit__(None, None, None)
            self._server = None


@pytest.fixture
async def switch(server_folder: Path) -> AsyncIterator[Switch]:
    home = server_folder / "switched"
    home.mkdir(mode=0o755, exist_ok=True)
    made = Switch(home)
    await made.on()
    await migrate.apply(made.url)
    yield made
    await made.off()


async def _until_fired(ticket: OnTicket) -> None:
    for _ in range(300):
        if (await ticket.view()).ticket.firings:
            return
        await asyncio.sleep(0.1)
    raise TimeoutError("no promise fired")


async def test_deadlines_go_on_while_postgres_is_away_and_no_event_is_lost(
    live_env: WorkflowEnvironment, switch: Switch
) -> None:
    pool = await open_pool(switch.url)
    async with house(live_env.client, pool) as made:
        # Reported so long ago that the registration's warning (75 % of 30 min) comes in seconds.
        ticket = await made.open(at=datetime.now(CHINA) - timedelta(seconds=22.5 * 60 - 10))
        await ticket.settled()
        assert not (await ticket.view()).ticket.firings
        await switch.off()
        await _until_fired(ticket)
        assert (await ticket.view()).unflushed > 0
        await switch.on()
        answer = await ticket.do("note", AGENT, text="回来了")
        events = await tickets.events(pool, ticket.number)
        assert fold(events) == (await ticket.view()).ticket
        assert answer.seq == events[-1].seq
        assert [event.kind for event in events].count("promise_warned") == 1
    await pool.close()


async def test_a_loaner_is_overdue_and_brought_back_while_postgres_is_away(
    skipping_env: SkippingEnvironment, switch: Switch
) -> None:
    pool = await open_pool(switch.url)
    async with house(skipping_env.client, pool, rehearsal=True) as made:
        loan, clocked = await recalled(made, skipping_env)
        # Time is not skipped while an activity is at work, so this much passes by itself.
        await clocked.to(DUE - timedelta(seconds=1))
        await switch.off()
        view = await _until_view(loan, lambda one: one.loan.state is LoanerState.OVERDUE)
        assert [one.level for one in view.loan.firings] == [0, 1]
        back = asyncio.create_task(loan.do("take_back", TECHNICIAN, condition="good"))
        view = await _until_view(loan, lambda one: one.loan.state is LoanerState.RETURNED)
        assert view.unflushed > 0
        assert not back.done()
        await switch.on()
        assert (await back).state is LoanerState.RETURNED
        view = await loan.until("returned")
        assert await loaners.load(pool, loan.id) == view.loan
        events = await loaners.events_of(pool, loan.id)
        assert [event.seq for event in events] == list(range(1, view.loan.seq + 1))
        kinds = await loan.kinds()
        once = ("promise_missed", "loaner_overdue", "loaner_returned", "promise_met_late")
        assert [kind for kind in kinds if kind in once] == list(once)
        # It is being cleaned.
        assert await holder_of(made, "L01") == loan.id
    await pool.close()


async def test_a_merge_on_its_way_goes_through_when_postgres_is_back(
    live_env: WorkflowEnvironment, switch: Switch
) -> None:
    pool = await open_pool(switch.url)
    async with house(await impatient(live_env.client), pool) as made:
        # Its warning comes in seconds; whoever takes it in has its earlier report, and so that too.
        first = await made.open(at=datetime.now(CHINA) - timedelta(seconds=22.5 * 60 - 6))
        second = await made.open()
        for one in (first, second):
            await one.settled()
        locking = await asyncpg.connect(switch.url)
        await locking.execute("BEGIN")
        # What is asked may still be looked up; nothing gets into the ledger.
        await locking.execute("LOCK TABLE ticket_event IN SHARE MODE")
        merge = asyncio.create_task(first.do("merge_into", SUPERVISOR, ticket=second.number))
        await _until_absorbed(second, first)
        await switch.off()
        locking.terminate()
        for one in (first, second):
            await _until_fired(one)
        assert not merge.done()
        await switch.on()
        await asyncio.wait_for(merge, timeout=60)
        assert await first.handle.result() == Outcome.MERGED.value
        await second.do("note", AGENT, text="合并好了")
        for one in (first, second):
            await agree(one)
        kinds = [*await first.kinds(), *await second.kinds()]
        for kind, times in {
            "merge_ordered": 1,
            "merged": 1,
            "absorbed": 1,
            "promise_warned": 2,
        }.items():
            assert kinds.count(kind) == times, kind
        left = (await second.view()).ticket
        assert {call.call_id for call in left.calls} == {first.call.call_id, second.call.call_id}
    await pool.close()


async def _until_absorbed(into: OnTicket, gone: OnTicket) -> None:
    async with asyncio.timeout(20):
        while gone.number not in (await into.view()).ticket.merged_from:  # noqa: ASYNC110  no event
            await asyncio.sleep(0.05)


async def _until_view(loan: OnLoan, reached: Callable[[LoanView], bool]) -> LoanView:
    async with asyncio.timeout(20):
        while True:
            view = await loan.view()
            if reached(view):
                return view
            await asyncio.sleep(0.05)


async def test_data_that_the_ledger_refuses_fails_the_ticket_where_it_can_be_seen(
    live_env: WorkflowEnvironment, switch: Switch
) -> None:
    pool = await open_pool(switch.url)
    await pool.execute("ALTER TABLE ticket_event ADD CHECK (kind <> 'noted') NOT VALID")
    async with house(live_env.client, pool) as made:
        ticket = await made.open()
        await ticket.register()
        note = asyncio.create_task(ticket.do("note", AGENT, text="不收"))
        with pytest.raises(WorkflowFailureError) as failed:
            await asyncio.wait_for(ticket.handle.result(), timeout=30)
        assert isinstance(failed.value.cause, ActivityError)
        with pytest.raises(Exception, match="status"):
            await note
    await pool.close()
