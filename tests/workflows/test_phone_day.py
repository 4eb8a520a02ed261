"""The sample day on real tickets: the same partition in order, shuffled, and six times over."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
import pytest
from temporalio.testing import WorkflowEnvironment

from desk.calls import CallsReport, play
from desk.delivery import Delivery
from desk.phone_events import read_file
from desk.temporal_starter import TemporalStarter
from domain.calls import PhoneEvent
from domain.civil_time import CHINA
from domain.vocabulary import Milestone
from storage import tickets
from tests.workflows.driving import ROOT, House, house

WANTED = CallsReport(calls=47, inbound=43, outbound=4, answered=38, missed=5, tickets=35)
Partition = set[tuple[object, ...]]


def _now() -> datetime:
    return datetime.now(CHINA)


@asynccontextmanager
async def delivering(made: House) -> AsyncIterator[None]:
    """The delivery task beside the house's worker."""
    starter = TemporalStarter(made.client, made.shelf, made.task_queue, _now)
    stop = asyncio.Event()
    task = asyncio.create_task(Delivery(made.pool, starter, _now).run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


async def partition(pool: asyncpg.Pool) -> Partition:
    """Which calls are together, whose they are, when it was reported; never the numbers."""
    found: Partition = set()
    for line in await tickets.list_tickets(pool):
        ticket = await tickets.load(pool, line.number)
        assert ticket is not None
        found.add(
            (
                frozenset(call.call_id for call in ticket.calls),
                ticket.caller,
                tuple(sorted(one.id for one in ticket.candidates)),
                ticket.first(Milestone.REPORTED),
                ticket.milestones.get(Milestone.CALLED_BACK),
            )
        )
    return found


async def in_one_go(
    env: WorkflowEnvironment, pool: asyncpg.Pool, events: Sequence[PhoneEvent]
) -> Partition:
    async with house(env.client, pool) as made, delivering(made):
        assert await play(pool, events) == WANTED
        assert await play(pool, events) == WANTED
        return await partition(pool)


@pytest.fixture
def day() -> tuple[PhoneEvent, ...]:
    return read_file(ROOT / "examples" / "calls.jsonl", _now())


async def test_the_day_is_the_same_in_any_order_and_however_often_it_comes(
    live_env: WorkflowEnvironment, pool: asyncpg.Pool, day: tuple[PhoneEvent, ...]
) -> None:
    in_order = await in_one_go(live_env, pool, day)
    assert len(in_order) == WANTED.tickets
    for events in (random.Random(7).sample(day, len(day)), [*day] * 6):
        await _forget(pool)
        assert await in_one_go(live_env, pool, events) == in_order


async def _forget(pool: asyncpg.Pool) -> None:
    """An emptied desk; the ticket numbers go on, so no workflow's id comes again."""
    await pool.execute("TRUNCATE call, call_detach, phone_inbox, ticket_opening")
    await pool.execute("TRUNCATE ticket, ticket_promise")
