"""The ledger read from its beginning, as the lines of a ledger file (`domain.ledger_lines`)."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from storage.statements import statement

_AT_A_TIME = 200


@dataclass(frozen=True, slots=True)
class Past:
    """All of it at one moment: how many tickets there are, the policies' lines, the tickets'."""

    tickets: int
    policies: tuple[str, ...]
    lines: AsyncIterator[str]


@asynccontextmanager
async def past(
    pool: asyncpg.Pool, since: datetime | None = None, *, seconds: float = 600.0
) -> AsyncIterator[Past]:
    """The tickets that began at `since` or later, by number; all of them without it."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        await connection.execute(f"SET LOCAL statement_timeout = {round(seconds * 1000)}")
        tickets = await connection.fetchval(statement("ledger_ticket_count"), since)
        rows = await connection.fetch(statement("ledger_policies"), timeout=seconds)
        policies = tuple(_policy_line(row) for row in rows)
        yield Past(tickets, policies, _lines(connection, since, seconds))


def _policy_line(row: Any) -> str:
    named = json.dumps({"policy": row["name"], "version": row["version"]}, ensure_ascii=False)
    return f'{named[:-1]}, "body": {row["body"]}}}'


async def _lines(connection: Any, since: datetime | None, seconds: float) -> AsyncIterator[str]:
    rows = connection.cursor(
        statement("ledger_tickets"), since, prefetch=_AT_A_TIME, timeout=seconds
    )
    async for row in rows:
        yield row["line"]
