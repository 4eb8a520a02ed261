"""A worker killed outright, in the middle of a story and between a commit and its history."""

import asyncio

import asyncpg
import pytest
from temporalio.testing import WorkflowEnvironment

from domain.vocabulary import Stage
from storage import tickets
from tests.faults.crashing_worker import Death
from tests.faults.dying import KILLED, agree, dying_worker, impatient
from tests.workflows.driving import (
    AGENT,
    CUSTOMER,
    SUPERVISOR,
    TECHNICIAN,
    house,
    polling_worker,
)


@pytest.mark.parametrize("dies_after", ["registered", "dispatched", "arrived", "signed_off"])
async def test_killed_between_the_commit_and_its_history(
    live_env: WorkflowEnvironment, pool: asyncpg.Pool, database_url: str, dies_after: str
) -> None:
    async with house(await impatient(live_env.client), pool, polling=False) as made:
        ticket = await made.open()
        async with dying_worker(
            made, database_url, Death("after", f"record_events:{dies_after}")
        ) as process:
            road = asyncio.create_task(ticket.road())
            assert await process.wait() == KILLED
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
    async with house(await impatient(live_env.client), pool, polling=False) as made:
        ticket = await made.open()
        async with dying_worker(
            made, database_url, Death("after", "record_events:noted")
        ) as process:
            await ticket.register()
            lost = asyncio.create_task(ticket.do("note", AGENT, text="没有答复的一句"))
            assert await process.wait() == KILLED
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
    async with house(await impatient(live_env.client), pool, polling=False) as made:
        ticket = await made.open()
        async with dying_worker(made, database_url, Death("after", "never")) as process:
            await ticket.road(until="arrive")
            process.kill()
            assert await process.wait() == KILLED
        async with polling_worker(made):
            await ticket.do("finish", TECHNICIAN)
            await ticket.do("sign_off", CUSTOMER)
            await agree(ticket)
