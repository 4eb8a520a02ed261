"""The ledger's rule: repeats are harmless, a newer decision replaces an older one, never back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from domain.case import Case
from domain.ledger import LedgerBatch
from storage import tickets
from storage.ledger import LedgerRefused, LedgerStale, LedgerUnavailable, as_json, write
from storage.pool import open_pool
from storage.statements import statement
from tests.storage.stories import (
    MINUTE,
    START,
    batch,
    dispatched,
    note,
    opened,
    registered,
)

NUMBER = "260302-0001"
OLD, NEW = START + MINUTE, START + 2 * MINUTE


async def texts(pool: asyncpg.Pool) -> list[object]:
    events = await tickets.events(pool, NUMBER)
    return [event.details.get("text") for event in events if event.kind == "note"]


async def undone(pool: asyncpg.Pool) -> list[tuple[int, object]]:
    rows = await pool.fetch("SELECT seq, details FROM ticket_event_undone ORDER BY id")
    return [(row["seq"], row["details"].get("text")) for row in rows]


def attempts() -> tuple[Case, LedgerBatch, LedgerBatch]:
    """A ticket, and the two ways in which its next events were decided: older, newer."""
    base = opened()
    older = note(note(base.handed_over(), "older 1"), "older 2")
    newer = note(base.handed_over(), "newer 1")
    return base, batch(older, OLD), batch(newer, NEW)


async def test_what_was_written_is_read_back_whole(pool: asyncpg.Pool) -> None:
    case = dispatched(registered(opened(caller="13900010001"), START + MINUTE), START + 5 * MINUTE)
    await write(pool, batch(case, OLD))

    assert await tickets.load(pool, NUMBER) == case.ticket
    assert tuple(await tickets.events(pool, NUMBER)) == case.events
    shown = await tickets.show_rows(pool, NUMBER)
    assert shown is not None
    assert shown.ticket == case.ticket
    assert {line.promise: line.state.value for line in shown.promises} == {
        "register": "met",
        "visit": "running",
    }
    row = await pool.fetchrow("SELECT * FROM ticket")
    assert row is not None
    assert row["caller_phone"] == "13900010001"
    assert (row["technician"], row["technician_out"], row["severity"]) == ("T01", False, "urgent")
    assert row["next_due"] == START + 245 * MINUTE
    assert (row["last_seq"], row["decided_at"]) == (4, OLD)
    assert await pool.fetchval("SELECT name FROM policy_version") == "house"
    assert await tickets.load(pool, "none") is None
    assert await tickets.show_rows(pool, "none") is None


async def test_a_repeat_changes_nothing_and_rings_nobody(pool: asyncpg.Pool) -> None:
    case = registered(opened(), START + MINUTE)
    async with bell(pool) as rung:
        await write(pool, batch(case, OLD))
        before = await snapshot(pool)
        await write(pool, batch(case, OLD))
        await write(pool, batch(note(case.handed_over(), "one more"), NEW))
    assert rung == [NUMBER, NUMBER]
    assert (await snapshot(pool))[:3] == before[:3]
    assert await undone(pool) == []


async def test_a_policy_is_kept_once(pool: asyncpg.Pool) -> None:
    await write(pool, batch(opened("260302-0001")))
    await write(pool, batch(opened("260302-0002")))
    assert await pool.fetchval("SELECT count(*) FROM policy_version") == 1


async def test_a_newer_decision_replaces_and_deletes_and_keeps_the_old_aside(
    pool: asyncpg.Pool,
) -> None:
    base, older, newer = attempts()
    await write(pool, batch(base, START))
    await write(pool, older)
    await write(pool, newer)

    assert await texts(pool) == ["newer 1"]
    assert sorted(await undone(pool)) == [(3, "older 1"), (4, "older 2")]
    assert await tickets.load(pool, NUMBER) == newer.ticket
    assert await pool.fetchval("SELECT DISTINCT undone_by FROM ticket_event_undone") == NEW


async def test_an_accepted_command_is_kept_and_the_one_in_its_place_is_not(
    pool: asyncpg.Pool,
) -> None:
    """ON CONFLICT DO NOTHING kept the command that the workflow refused, and lost the other."""
    base = opened()
    await write(pool, batch(base, START))
    refused = dispatched(base.handed_over(), START + MINUTE, "T02")
    accepted = registered(base.handed_over(), START + MINUTE)
    await write(pool, batch(refused, OLD))
    await write(pool, batch(accepted, NEW))

    kinds = [event.kind for event in await tickets.events(pool, NUMBER)]
    assert kinds == ["opened", "call_ended", "registered"]
    assert await pool.fetchval("SELECT technician FROM ticket") is None
    assert await pool.fetchval("SELECT kind FROM ticket_event_undone") == "dispatched"
    shown = await tickets.show_rows(pool, NUMBER)
    assert shown is not None
    assert {line.promise: line.state.value for line in shown.promises} == {
        "register": "met",
        "visit": "pending",
    }


async def test_an_older_attempt_that_comes_after_a_newer_one_loses(pool: asyncpg.Pool) -> None:
    base, older, newer = attempts()
    await write(pool, batch(base, START))
    await write(pool, newer)
    before = await snapshot(pool)
    with pytest.raises(LedgerStale):
        await write(pool, older)
    assert await snapshot(pool) == before


async def test_an_older_attempt_loses_even_where_no_newer_event_has_its_place(
    pool: asyncpg.Pool,
) -> None:
    """The old worker flushed 3, and holds 4; its successor decided 3 alike and has no 4 yet."""
    base = opened()
    third = note(base.handed_over(), "3")
    fourth = note(third.handed_over(), "4")
    await write(pool, batch(base, START))
    await write(pool, batch(third, OLD))
    await write(pool, batch(third, NEW))
    with pytest.raises(LedgerStale):
        await write(pool, batch(fourth, OLD))
    assert await texts(pool) == ["3"]
    assert await undone(pool) == []


@pytest.mark.parametrize("commits", [True, False])
async def test_newer_waits_for_a_held_older_attempt(pool: asyncpg.Pool, commits: bool) -> None:
    """What the older one commits meanwhile must be seen, and its surplus event deleted."""
    base, older, newer = attempts()
    await write(pool, batch(base, START))
    async with held(pool, older, commits=commits) as (going_on, waiting):
        late = asyncio.create_task(write(pool, newer))
        await waiting()
        going_on.set()
    await late

    assert await texts(pool) == ["newer 1"]
    assert await tickets.load(pool, NUMBER) == newer.ticket
    kept_aside = [(3, "older 1"), (4, "older 2")] if commits else []
    assert sorted(await undone(pool)) == kept_aside


async def test_older_waits_for_a_held_newer_attempt_and_loses(pool: asyncpg.Pool) -> None:
    base, older, newer = attempts()
    await write(pool, batch(base, START))
    async with held(pool, newer, commits=True) as (going_on, waiting):
        late = asyncio.create_task(write(pool, older))
        await waiting()
        going_on.set()
    with pytest.raises(LedgerStale):
        await late

    assert await texts(pool) == ["newer 1"]
    assert await tickets.load(pool, NUMBER) == newer.ticket
    assert await undone(pool) == []


async def test_older_is_taken_when_the_held_newer_attempt_is_rolled_back(
    pool: asyncpg.Pool,
) -> None:
    base, older, newer = attempts()
    await write(pool, batch(base, START))
    async with held(pool, newer, commits=False) as (going_on, waiting):
        late = asyncio.create_task(write(pool, older))
        await waiting()
        going_on.set()
    await late
    assert await texts(pool) == ["older 1", "older 2"]


async def test_a_first_batch_waits_for_a_held_first_batch(pool: asyncpg.Pool) -> None:
    older = note(opened(), "older")
    newer = opened()
    async with held(pool, batch(older, OLD), commits=True) as (going_on, waiting):
        late = asyncio.create_task(write(pool, batch(newer, NEW)))
        await waiting()
        going_on.set()
    await late
    assert await texts(pool) == []
    assert await undone(pool) == [(3, "older")]


async def test_a_ticket_does_not_wait_for_another(pool: asyncpg.Pool) -> None:
    await write(pool, batch(opened("C")))  # the policy that all three pin
    async with held(pool, batch(opened("A")), commits=True) as (going_on, _):
        await write(pool, batch(opened("B")))
        written = await pool.fetch("SELECT DISTINCT ticket_no FROM ticket_event ORDER BY 1")
        assert [row["ticket_no"] for row in written] == ["B", "C"]  # A is still held
        going_on.set()


async def test_events_cannot_be_altered_by_hand(pool: asyncpg.Pool) -> None:
    await write(pool, batch(registered(opened(), START + MINUTE)))
    for by_hand in (
        "UPDATE ticket_event SET details = '{}'",
        "UPDATE ticket_event SET seq = seq + 1",
        "DELETE FROM ticket_event",
        "TRUNCATE ticket_event",
    ):
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await pool.execute(by_hand)
    assert await pool.fetchval("SELECT count(*) FROM ticket_event") == 3


async def test_the_ledger_is_shut_again_in_the_transaction_that_wrote(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await write_on(connection, batch(opened(), NEW))
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute("DELETE FROM ticket_event")


async def test_not_even_the_opened_ledger_undoes_a_later_decision(pool: asyncpg.Pool) -> None:
    await write(pool, batch(opened(), NEW))
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(f"SET LOCAL aftercare.ledger = '{OLD.isoformat()}'")
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute("DELETE FROM ticket_event")
        await transaction.rollback()


async def test_a_batch_that_does_not_fit_is_refused_and_nothing_is_written(
    pool: asyncpg.Pool,
) -> None:
    base = opened()
    await write(pool, batch(base, START))
    before = await snapshot(pool)
    later = note(note(base, "3"), "4")
    gap = batch(later, NEW, last=1)
    whole = batch(later, NEW)
    for wrong, words in (
        (gap, "gap"),
        (whole.model_copy(update={"events": ()}), "not consecutive"),
        (whole.model_copy(update={"events": whole.events[::2]}), "not consecutive"),
        (whole.model_copy(update={"ticket": base.ticket}), "after event 2"),
        (whole.model_copy(update={"ticket_no": "other"}), "projection is of"),
        (batch(note(base, "a\x00b"), NEW), "ticket 260302-0001"),
        (batch(note(base, "\ud800"), NEW), "ticket 260302-0001"),
    ):
        with pytest.raises(LedgerRefused, match=words):
            await write(pool, wrong)
        assert await snapshot(pool) == before


async def test_outages_are_told_apart_and_the_same_batch_goes_in_afterwards(
    database_url: str, pool: asyncpg.Pool
) -> None:
    one = batch(opened(), START)
    hurried = await open_pool(database_url, statement_seconds=0.2, max_size=1)
    try:
        async with held(pool, one, commits=False) as (going_on, _):
            with pytest.raises(LedgerUnavailable):
                await write(hurried, one)
            going_on.set()
        async with hurried.acquire():
            with pytest.raises(LedgerUnavailable):
                await write(hurried, one)
        await write(hurried, one)
    finally:
        await hurried.close()
    with pytest.raises(LedgerUnavailable):
        await write(hurried, one)
    assert len(await tickets.events(pool, NUMBER)) == 2


async def test_a_server_that_shuts_down_in_the_middle_is_an_outage(pool: asyncpg.Pool) -> None:
    one = batch(opened(), START)
    async with held(pool, one, commits=False) as (going_on, waiting):
        cut_off = asyncio.create_task(write(pool, one))
        await waiting()
        await pool.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
        )
        with pytest.raises(LedgerUnavailable):
            await cut_off
        going_on.set()
    await write(pool, one)
    assert len(await tickets.events(pool, NUMBER)) == 2


async def snapshot(pool: asyncpg.Pool) -> list[list[str]]:
    """Every row of the ledger with its physical place, so that a rewrite of a row shows."""
    queries = (
        "SELECT (e.xmin, e)::text FROM ticket_event AS e WHERE seq < 4 ORDER BY seq",
        "SELECT (u.xmin, u)::text FROM ticket_event_undone AS u ORDER BY id",
        "SELECT (v.xmin, v)::text FROM policy_version AS v",
        "SELECT (p.xmin, p)::text FROM ticket_promise AS p ORDER BY promise",
        "SELECT (t.xmin, t)::text FROM ticket AS t",
    )
    return [[row[0] for row in await pool.fetch(query)] for query in queries]


@asynccontextmanager
async def bell(pool: asyncpg.Pool) -> AsyncIterator[list[str]]:
    """What `ticket_changed` rings inside, complete at the end."""
    rung: list[str] = []
    ended = asyncio.Event()

    def heard(_connection: Any, _pid: int, channel: str, payload: object) -> None:
        if channel == "ended":
            ended.set()
        else:
            rung.append(str(payload))

    async with pool.acquire() as connection:
        await connection.add_listener("ticket_changed", heard)
        await connection.add_listener("ended", heard)
        yield rung
        await pool.execute("NOTIFY ended")
        await asyncio.wait_for(ended.wait(), 5)
        await connection.remove_listener("ticket_changed", heard)
        await connection.remove_listener("ended", heard)


@asynccontextmanager
async def held(
    pool: asyncpg.Pool, one: LedgerBatch, *, commits: bool
) -> AsyncIterator[tuple[asyncio.Event, Any]]:
    """An attempt that has done its work and ends only when told to.

    Gives the event that lets it go on, and a coroutine that returns once somebody waits for it.
    """
    written, going_on = asyncio.Event(), asyncio.Event()
    holder: list[int] = []

    async def attempt() -> None:
        async with pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            holder.append(connection.get_server_pid())
            await write_on(connection, one)
            written.set()
            await going_on.wait()
            await (transaction.commit() if commits else transaction.rollback())

    async def waiting() -> None:
        blocked = "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))"
        while not await pool.fetchval(blocked, holder[0]):  # noqa: ASYNC110
            await asyncio.sleep(0.005)

    async def soon() -> None:
        await asyncio.wait_for(waiting(), 5)

    task = asyncio.create_task(attempt())
    try:
        await asyncio.wait_for(written.wait(), 5)
        yield going_on, soon
    finally:
        going_on.set()
        await task


async def write_on(connection: Any, one: LedgerBatch) -> None:
    """The same statement, inside a transaction of the test's."""
    await connection.fetchval(statement("ledger_write"), as_json(one))
