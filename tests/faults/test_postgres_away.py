"""Postgres away for a while: the story and its deadlines go on, and the ledger catches up."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ActivityError
from temporalio.testing import WorkflowEnvironment

from domain.civil_time import CHINA
from domain.evolving import fold
from runtime.embedded.postgres import EmbeddedPostgres
from storage import migrate, tickets
from storage.pool import open_pool
from tests.workflows.driving import AGENT, OnTicket, house


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
