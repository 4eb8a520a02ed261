"""Lists of tickets, and the projection made anew from the events."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from domain.policy import Policy
from domain.vocabulary import Stage
from storage.ledger import LedgerUnavailable, write
from storage.pool import open_pool
from storage.rebuild import RebuildFailed, RebuildReport, rebuild
from storage.tickets import Place, list_tickets
from tests.storage.stories import HOUSE, MINUTE, START, batch, dispatched, note, opened, registered

TABLES = {"ticket": "number", "ticket_promise": "ticket_no, promise, occurrence"}


async def projection(pool: asyncpg.Pool) -> dict[str, list[dict[str, object]]]:
    """Every column of every row."""
    return {
        table: [dict(row) for row in await pool.fetch(f"SELECT * FROM {table} ORDER BY {order}")]
        for table, order in TABLES.items()
    }


async def test_the_newest_come_first_page_by_page(pool: asyncpg.Pool) -> None:
    assert await list_tickets(pool) == []
    for number in range(7):
        # Pairs opened in the same moment: the number decides.
        case = opened(f"T{number}", at=START + number // 2 * MINUTE)
        await write(pool, batch(registered(case, START + 9 * MINUTE) if number % 3 else case))
    numbers = [line.number for line in await list_tickets(pool)]
    assert numbers == ["T6", "T5", "T4", "T3", "T2", "T1", "T0"]

    seen: list[str] = []
    after: Place | None = None
    while page := await list_tickets(pool, limit=2, after=after):
        seen += [line.number for line in page]
        after = page[-1].place
    assert seen == numbers

    intake = await list_tickets(pool, stage=Stage.INTAKE)
    assert [line.number for line in intake] == ["T6", "T3", "T0"]
    rest = await list_tickets(pool, stage=Stage.INTAKE, limit=1, after=intake[0].place)
    assert [line.number for line in rest] == ["T3"]
    assert intake[0].opened_at.utcoffset() == timedelta(hours=8)
    assert intake[0].next_due == START + 18 * MINUTE


async def test_the_lists_are_read_from_their_indexes(pool: asyncpg.Pool) -> None:
    await write(pool, batch(opened()))
    lists = {
        "ticket_newest": "SELECT * FROM ticket ORDER BY opened_at DESC, number DESC LIMIT 9",
        "ticket_stage_newest": (
            "SELECT * FROM ticket WHERE stage = 'intake' ORDER BY opened_at DESC, number DESC"
        ),
        "ticket_open_next_due": (
            "SELECT * FROM ticket WHERE stage NOT IN ('closed', 'redirected') "
            "ORDER BY next_due, number LIMIT 9"
        ),
        "ticket_open_caller_phone": (
            "SELECT * FROM ticket WHERE stage NOT IN ('closed', 'redirected') "
            "AND caller_phone = '1'"
        ),
    }
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        for index, query in lists.items():
            plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {query}"))
            assert index in plan


async def test_a_rebuilt_projection_is_the_same_in_every_column(pool: asyncpg.Pool) -> None:
    for number in range(4):
        case = opened(f"T{number}", at=START + number * MINUTE, caller="13900010001")
        await write(pool, batch(case, START))
        case = registered(case.handed_over(), START + 20 * MINUTE)
        await write(pool, batch(case, START + 20 * MINUTE))
        lost = note(dispatched(case.handed_over(), START + 25 * MINUTE, "T02"), "lost")
        await write(pool, batch(lost, START + 25 * MINUTE))
        case = dispatched(case.handed_over(), START + 30 * MINUTE, out=number % 2 == 0)
        await write(pool, batch(case, START + 30 * MINUTE))
    before = await projection(pool)
    assert len(before["ticket"]) == 4
    assert len(before["ticket_promise"]) == 8

    assert await rebuild(pool) == RebuildReport(tickets=4, events=16)
    assert await projection(pool) == before

    await pool.execute("UPDATE ticket SET stage = 'closed', technician = NULL, state = '{}'")
    await pool.execute("DELETE FROM ticket_promise WHERE promise = 'visit'")
    await pool.execute("DELETE FROM ticket WHERE number = 'T2'")
    await rebuild(pool)
    assert await projection(pool) == before


async def test_a_policy_is_read_back_as_the_version_it_was(pool: asyncpg.Pool) -> None:
    await write(pool, batch(opened()))
    body = await pool.fetchval("SELECT body FROM policy_version")
    assert Policy.model_validate(body) == HOUSE
    assert Policy.model_validate(body).version == HOUSE.version


async def test_nothing_is_dropped_when_a_ticket_cannot_be_made(pool: asyncpg.Pool) -> None:
    await write(pool, batch(opened()))
    before = await projection(pool)
    await pool.execute("DELETE FROM policy_version")
    with pytest.raises(RebuildFailed, match=rf"260302-0001.*house@{HOUSE.version}"):
        await rebuild(pool)
    assert await projection(pool) == before


async def test_a_write_during_a_rebuild_waits_and_is_not_lost(pool: asyncpg.Pool) -> None:
    case = opened()
    await write(pool, batch(case))
    more = registered(case.handed_over(), START + MINUTE)
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("LOCK TABLE ticket_event IN SHARE MODE")
        late = asyncio.create_task(write(pool, batch(more)))
        again = asyncio.create_task(rebuild(pool))
        await asyncio.sleep(0.1)
        await transaction.rollback()
    await asyncio.gather(late, again)
    await rebuild(pool)
    assert [line.stage for line in await list_tickets(pool)] == [Stage.REGISTERED]


async def test_a_write_that_waits_too_long_is_an_outage(
    database_url: str, pool: asyncpg.Pool
) -> None:
    hurried = await open_pool(database_url, statement_seconds=0.2)
    try:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE ticket_event IN SHARE MODE")
            with pytest.raises(LedgerUnavailable):
                await write(hurried, batch(opened()))
        await write(hurried, batch(opened()))
    finally:
        await hurried.close()
