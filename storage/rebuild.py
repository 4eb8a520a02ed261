"""Making the projection anew from the events and the policies that they pinned."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import asyncpg

from domain.calendar_news import extended
from domain.civil_time import local
from domain.escalation import next_due, standings_of
from domain.events import Event
from domain.evolving import fold
from domain.policy import Policy
from domain.records import Record
from storage.projection import promise_rows, ticket_row
from storage.statements import statement
from storage.tickets import event_of

_BATCH = 500


class RebuildFailed(Exception):
    """A ticket's events do not make a ticket. Nothing has been changed."""


class RebuildReport(Record):
    """What was read, and how many tickets were made of it."""

    tickets: int
    events: int


async def rebuild(pool: asyncpg.Pool, *, seconds: float = 600.0) -> RebuildReport:
    """Drop `ticket` and `ticket_promise` and make them from the ledger, in one transaction.

    Readers see the old rows until it is done; writers wait (and try again after their time-out).
    Raises RebuildFailed, naming the ticket, when events or a policy are missing.
    """
    async with pool.acquire() as connection, connection.transaction():
        limit = f"SET LOCAL statement_timeout = {round(seconds * 1000)}"
        await connection.execute(limit, timeout=seconds)
        await connection.execute(statement("event_lock"), timeout=seconds)
        await connection.execute(statement("ticket_delete_all"), timeout=seconds)
        policies = {
            row["version"]: Policy.model_validate(row["body"])
            for row in await connection.fetch(statement("policy_bodies"), timeout=seconds)
        }
        tickets = events = 0
        async for number, decided_at, happened in _by_ticket(connection):
            await _project(connection, number, decided_at, happened, policies)
            tickets += 1
            events += len(happened)
    return RebuildReport(tickets=tickets, events=events)


async def _by_ticket(connection: Any) -> AsyncIterator[tuple[str, datetime, list[Event]]]:
    """Each ticket's number, the `decided_at` of its last event, and its events."""
    number: str | None = None
    decided_at: datetime | None = None
    happened: list[Event] = []
    async for row in connection.cursor(statement("event_all"), prefetch=_BATCH):
        if number is not None and decided_at is not None and row["ticket_no"] != number:
            yield number, decided_at, happened
            happened = []
        number, decided_at = row["ticket_no"], local(row["decided_at"])
        happened.append(event_of(row))
    if number is not None and decided_at is not None:
        yield number, decided_at, happened


async def _project(
    connection: Any,
    number: str,
    decided_at: datetime,
    happened: list[Event],
    policies: dict[str, Policy],
) -> None:
    if [event.seq for event in happened] != list(range(1, len(happened) + 1)):
        raise RebuildFailed(f"工单 {number} 的事件有缺号,投影没有改动:请从备份补齐 ticket_event")
    try:
        ticket = fold(happened)
    except ValueError as error:
        raise RebuildFailed(f"工单 {number} 的事件连不成工单:{error};投影没有改动") from error
    policy = policies.get(ticket.policy_version)
    if policy is None:
        raise RebuildFailed(
            f"工单 {number} 所用的政策 {ticket.policy}@{ticket.policy_version} 不在 policy_version "
            "里,投影没有改动:请先补上这一版"
        )
    known = extended(policy, ticket.calendars)
    standings = standings_of(ticket, known, happened[-1].at)
    row = ticket_row(ticket, decided_at, next_due(standings))
    await connection.fetchval(statement("ticket_project"), row, promise_rows(number, standings))
