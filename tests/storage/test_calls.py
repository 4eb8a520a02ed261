"""A day of phone events comes to the same tickets, however it is played."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import asyncpg
import pytest

from desk.calls import CallsReport, NotInLedger, play
from desk.delivery import Delivery
from desk.phone_events import read_file
from domain.calls import PhoneEvent
from domain.civil_time import CHINA
from tests.storage.ticket_recorder import TicketRecorder

NOW = datetime(2026, 11, 20, 19, 30, tzinfo=CHINA)
DAY = Path(__file__).parents[2] / "examples" / "calls.jsonl"
BOOKS = """
INSERT INTO property (id, name) VALUES ('P01', '江南花园物业'), ('P02', '滨江一号物业');
INSERT INTO property_phone (property, number) VALUES
    ('P01', '07176100001'), ('P02', '07176100002');
INSERT INTO customer (id, name) SELECT 'C' || n, '顾客' || n FROM generate_series(1, 12) AS n;
INSERT INTO customer_phone (customer, number)
    SELECT 'C' || n, '139000100' || lpad(n::text, 2, '0')
    FROM unnest(ARRAY[1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12]) AS n;
INSERT INTO customer_phone (customer, number) VALUES
    ('C12', '13900010003'), ('C1', '07176000001'), ('C6', '07176000006'), ('C10', '07176000010');
"""
WANTED = CallsReport(calls=47, inbound=43, outbound=4, answered=38, missed=5, tickets=35)


@pytest.fixture
def day() -> tuple[PhoneEvent, ...]:
    return read_file(DAY, NOW)


@asynccontextmanager
async def worker(pool: asyncpg.Pool) -> AsyncIterator[TicketRecorder]:
    """A delivery task at work, on an emptied desk."""
    await pool.execute(
        "TRUNCATE call, call_detach, phone_inbox, ticket_opening, ticket, ticket_promise,"
        " customer, customer_phone, property, property_phone, device"
    )
    await pool.execute(BOOKS)
    recorder, stop = TicketRecorder(pool), asyncio.Event()
    task = asyncio.create_task(Delivery(pool, recorder, lambda: NOW).run(stop))
    try:
        yield recorder
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


def called_back(recorder: TicketRecorder) -> set[tuple[object, ...]]:
    return {
        (ticket.opening.caller, *ticket.called_back)
        for ticket in recorder.tickets.values()
        if ticket.called_back
    }


async def test_the_day_in_order_again_shuffled_and_six_times_over(
    pool: asyncpg.Pool, day: tuple[PhoneEvent, ...]
) -> None:
    seen: list[tuple[int, int]] = []
    async with worker(pool) as recorder:
        assert await play(pool, day, lambda done, all_: seen.append((done, all_))) == WANTED
        in_order, backs = recorder.partition(), called_back(recorder)
        signals = recorder.signals
        assert await play(pool, day) == WANTED
        assert (recorder.starts, recorder.signals) == (35, signals)
    assert seen[-1] == (47, 47)
    assert len(in_order) == 35
    # The day's outbound calls to numbers that had a ticket by then.
    assert backs
    plays: list[Sequence[PhoneEvent]] = [list(day) * 6]
    for seed in (1, 2, 3):
        shuffled = list(day) * (1 + seed % 2)
        random.Random(seed).shuffle(shuffled)
        plays.append(shuffled)
    for events in plays:
        async with worker(pool) as recorder:
            assert await play(pool, events) == WANTED
            assert recorder.partition() == in_order
            assert called_back(recorder) == backs


async def test_the_day_a_few_events_at_a_time(
    pool: asyncpg.Pool, day: tuple[PhoneEvent, ...]
) -> None:
    """What has come is judged before the next is heard of, which tries the most orders."""
    found = []
    for seed in (None, 11):
        events = list(day)
        if seed is not None:
            random.Random(seed).shuffle(events)
        async with worker(pool) as recorder:
            for part in range(0, len(events), 20):
                await play(pool, events[part : part + 20])
            assert await play(pool, events) == WANTED
            found.append((recorder.partition(), called_back(recorder)))
    assert found[0] == found[1]


async def test_without_a_worker_it_says_so_and_nothing_is_lost(
    pool: asyncpg.Pool, day: tuple[PhoneEvent, ...]
) -> None:
    with pytest.raises(NotInLedger, match="47 通电话中有 47 通"):
        await play(pool, day, stalled_after=0.2)
    assert await pool.fetchval("SELECT count(*) FROM phone_inbox") == 136
