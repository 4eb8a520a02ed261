"""A worker killed outright, in the middle of a story and between a commit and its history."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from temporalio.testing import WorkflowEnvironment

from domain.evolving import fold
from domain.vocabulary import Stage
from storage import tickets
from tests.workflows.driving import (
    AGENT,
    CUSTOMER,
    ROOT,
    SUPERVISOR,
    TECHNICIAN,
    House,
    OnTicket,
    house,
    polling_worker,
)

SCRIPT = ROOT / "tests" / "faults" / "crashing_worker.py"


@asynccontextmanager
async def dying_worker(
    house: House, database_url: str, dies_after: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The worker's process, polling; ended at the end if it has not ended itself."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPT),
        house.client.service_client.config.target_host,
        database_url,
        house.task_queue,
        dies_after,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
    )
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), timeout=30)
        assert line == b"polling\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def agree(ticket: OnTicket) -> None:
    """The workflow and the ledger say the same, and the ledger's events make that state."""
    view = await ticket.view()
    pool = ticket.house.pool
    events = await tickets.events(pool, ticket.number)
    assert fold(events) == view.ticket
    assert await tickets.load(pool, ticket.number) == view.ticket


@pytest.mark.parametrize("dies_after", ["registered", "dispatched", "arrived", "signed_off"])
async def test_killed_between_the_commit_and_its_history(
    live_env: WorkflowEnvironment, pool: asyncpg.Pool, database_url: str, dies_after: str
) -> None:
    async with house(live_env.client, pool, polling=False) as made:
        ticket = await made.open()
        async with dying_worker(made, database_url, dies_after) as process:
            road = asyncio.create_task(ticket.road())
            assert await asyncio.wait_for(process.wait(), timeout=30) == -9
        committed = await ticket.kinds()
        assert dies_after in committed
        async with polling_worker(made):
            await asyncio.wait_for(road, timeout=60)
            await agree(ticket)
        assert (await ticket.kinds()).count(dies_after) == 1
        state = await tickets.load(pool, ticket.number)
        assert state is not None
        assert state.stage is Stage.SIGNED_OFF


async def test_what_was_committed_and_then_decided_otherwise_is_undone_and_kept(
    live_env: WorkflowEnvironment, pool: asyncpg.Pool, database_url: str
) -> None:
    """The command that died unanswered is overtaken by another one: the workflow is the truth."""
    async with house(live_env.client, pool, polling=False) as made:
        ticket = await made.open()
        async with dying_worker(made, database_url, "noted") as process:
            await ticket.register()
            lost = asyncio.create_task(ticket.do("note", AGENT, text="没有答复的一句"))
            assert await asyncio.wait_for(process.wait(), timeout=30) == -9
            lost.cancel()
        assert "noted" in await ticket.kinds()
        # An update that was not accepted leaves with its caller; the server gives it up.
        await asyncio.gather(lost, return_exceptions=True)
        async with polling_worker(made):
            await ticket.do("dispatch", SUPERVISOR)
            await ticket.do("accept", TECHNICIAN)
            await agree(ticket)


async def test_a_story_goes_on_with_another_worker(
    live_env: WorkflowEnvironment, pool: asyncpg.Pool, database_url: str
) -> None:
    async with house(live_env.client, pool, polling=False) as made:
        ticket = await made.open()
        async with dying_worker(made, database_url, "never") as process:
            await ticket.road(until="arrive")
            process.kill()
            assert await process.wait() == -9
        async with polling_worker(made):
            await ticket.do("finish", TECHNICIAN)
            await ticket.do("sign_off", CUSTOMER)
            await agree(ticket)
