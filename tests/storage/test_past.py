"""The ledger read from its beginning, and as a file."""

import json
from datetime import timedelta
from pathlib import Path

import asyncpg

from domain.ledger_lines import PolicyLine, TicketLine
from runtime.ledger_files import open_ledger, replacing, write_ledger
from storage.ledger import write
from storage.past import past
from tests.storage.stories import HOUSE, MINUTE, START, batch, dispatched, opened, registered

DAY = timedelta(days=1)


async def write_three(pool: asyncpg.Pool) -> dict[str, TicketLine]:
    """Three tickets, a day apart, the last one written first; their events as they were made."""
    made: dict[str, TicketLine] = {}
    for number in (3, 2, 1):
        at = START + number * DAY
        case = registered(opened(f"T{number}", at=at), at + 9 * MINUTE)
        case = dispatched(case, at + 20 * MINUTE)
        await write(pool, batch(case))
        made[f"T{number}"] = TicketLine(ticket=f"T{number}", events=case.events)
    return made


async def test_tickets_come_whole_and_by_number(pool: asyncpg.Pool) -> None:
    made = await write_three(pool)
    async with past(pool) as found:
        assert found.tickets == 3
        read = [TicketLine.model_validate_json(line) async for line in found.lines]
        (policy,) = [PolicyLine.model_validate_json(line) for line in found.policies]
    assert [one.ticket for one in read] == ["T1", "T2", "T3"]
    assert {one.ticket: one for one in read} == made
    assert (policy.policy, policy.version) == ("house", HOUSE.version)
    assert policy.snapshot() == HOUSE


async def test_since_asks_when_a_ticket_began(pool: asyncpg.Pool) -> None:
    await write_three(pool)
    async with past(pool, START + 2 * DAY) as found:
        assert found.tickets == 2
        numbers = [json.loads(line)["ticket"] async for line in found.lines]
    assert numbers == ["T2", "T3"]


async def test_a_file_has_what_the_database_has(pool: asyncpg.Pool, tmp_path: Path) -> None:
    made = await write_three(pool)
    path = tmp_path / "ledger.jsonl"
    path.write_text("an older one", encoding="utf-8")
    as_of = START + 9 * DAY
    async with past(pool) as found:
        with replacing(path) as file:
            assert await write_ledger(file, as_of, found.policies, found.lines) == 3
    written = open_ledger(path)
    assert (written.as_of, written.tickets) == (as_of, 3)
    assert written.policies == {HOUSE.version: HOUSE}
    read = [(number, TicketLine.model_validate_json(text)) for number, text in written.lines()]
    assert read == [(3, made["T1"]), (4, made["T2"]), (5, made["T3"])]
    assert list(tmp_path.iterdir()) == [path]
