"""What-if of the tickets in a ledger under their own policies, against what is recorded."""

from typing import Any

import asyncpg

from domain.civil_time import local
from domain.judging import Judgement
from domain.ledger_lines import PolicyLine, TicketLine
from domain.what_if import Edition, judge_past
from storage.past import past

_RECORDED = """
SELECT promise, occurrence, state, clauses, starts_at, due, met_at, late_seconds
FROM ticket_promise WHERE ticket_no = $1 ORDER BY promise
"""

Row = tuple[Any, ...]


async def judged_again(pool: asyncpg.Pool) -> dict[str, tuple[list[Row], list[Row]]]:
    """By ticket: how what-if judges each of its promises, and how the ledger has it recorded."""
    both: dict[str, tuple[list[Row], list[Row]]] = {}
    async with past(pool) as found:
        read = [PolicyLine.model_validate_json(text) for text in found.policies]
        editions = {one.version: Edition(one.snapshot(), one.version) for one in read}
        tickets = [TicketLine.model_validate_json(text) async for text in found.lines]
    for line in tickets:
        ticket = line.past()
        judged = [_row(one) for one in judge_past(ticket, editions[ticket.version])]
        rows = await pool.fetch(_RECORDED, ticket.number)
        both[ticket.number] = (sorted(judged), [_recorded(row) for row in rows])
    return both


def _row(one: Judgement) -> Row:
    times = (one.starts_at, one.due, one.met_at)
    return (one.promise.id, one.occurrence, one.state, one.promise.clauses, times, one.late_seconds)


def _recorded(row: Any) -> Row:
    times = tuple(at and local(at) for at in (row["starts_at"], row["due"], row["met_at"]))
    said = (row["promise"], row["occurrence"], row["state"], tuple(row["clauses"]))
    return (*said, times, row["late_seconds"])
