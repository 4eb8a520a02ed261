"""Reading tickets from the ledger's projection, and each ticket's events."""

from datetime import datetime
from typing import Any

import asyncpg

from domain.civil_time import local
from domain.events import Changes, Event
from domain.records import Record
from domain.ticket import Actor, Ticket
from domain.vocabulary import Channel, Outcome, PromiseState, Role, Stage
from storage.statements import statement


class TicketLine(Record):
    """A ticket as lists show it. Moments are aware, +08:00."""

    number: str
    stage: Stage
    outcome: Outcome | None
    policy: str
    policy_version: str
    channel: Channel
    source_id: str | None
    caller: str | None
    caller_phone: str | None
    technician: str | None
    severity: str | None
    next_due: datetime | None
    opened_at: datetime
    closed_at: datetime | None

    @property
    def place(self) -> "Place":
        """Where the list goes on after this line."""
        return Place(opened_at=self.opened_at, number=self.number)


class Place(Record):
    """A place in the list of tickets, newest first."""

    opened_at: datetime
    number: str


class PromiseLine(Record):
    """How one promise stood after the ticket's last event. Moments are aware, +08:00."""

    promise: str
    occurrence: int
    state: PromiseState
    clauses: tuple[str, ...]
    starts_at: datetime | None
    due: datetime | None
    met_at: datetime | None
    late_seconds: int | None


class ShowRows(Record):
    """All that the ledger has of one ticket, read at one moment."""

    ticket: Ticket
    events: tuple[Event, ...]
    promises: tuple[PromiseLine, ...]


async def load(pool: asyncpg.Pool, number: str) -> Ticket | None:
    """The ticket after its last written event; None when there is none of that number."""
    state = await pool.fetchval(statement("ticket_state"), number)
    return Ticket.model_validate(state) if state is not None else None


async def events(pool: asyncpg.Pool, number: str) -> list[Event]:
    """The ticket's events, oldest first; empty when there is no such ticket."""
    return [event_of(row) for row in await pool.fetch(statement("ticket_events"), number)]


async def list_tickets(
    pool: asyncpg.Pool,
    *,
    stage: Stage | None = None,
    limit: int | None = None,
    after: Place | None = None,
) -> list[TicketLine]:
    """The newest first; all of them without `limit`. `after` is the last line's `place`."""
    name = "ticket_list" if stage is None else "ticket_list_of_stage"
    place = (after.opened_at, after.number) if after else (None, None)
    rows = await pool.fetch(statement(name), *place, limit, *([stage.value] if stage else []))
    return [TicketLine(**_local(row)) for row in rows]


async def overdue(pool: asyncpg.Pool) -> dict[str, datetime]:
    """Of each open ticket with a missed promise that is not met yet, the earliest due time."""
    rows = await pool.fetch(statement("ticket_overdue"))
    return {row["ticket_no"]: local(row["due"]) for row in rows}


async def merged_into(connection: Any, number: str) -> str | None:
    """The ticket that this one is part of by now, at the end of all merges; None: of no other."""
    into: str | None = await connection.fetchval(statement("ticket_merged_into"), number)
    return into


async def show_rows(pool: asyncpg.Pool, number: str) -> ShowRows | None:
    """The ticket with its events and promises, all of the same moment; None: no such ticket."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        state = await connection.fetchval(statement("ticket_state"), number)
        if state is None:
            return None
        happened = await connection.fetch(statement("ticket_events"), number)
        stand = await connection.fetch(statement("ticket_promises"), number)
    return ShowRows(
        ticket=Ticket.model_validate(state),
        events=tuple(event_of(row) for row in happened),
        promises=tuple(PromiseLine(**_local(row)) for row in stand),
    )


def event_of(row: Any) -> Event:
    """The event that a row of `ticket_event` holds."""
    role = row["actor_role"]
    return Event(
        seq=row["seq"],
        at=local(row["at"]),
        kind=row["kind"],
        by=Actor(role=Role(role), name=row["actor_name"]) if role is not None else None,
        changes=Changes.model_validate(row["changes"]),
        details=row["details"],
    )


def _local(row: Any) -> dict[str, Any]:
    # The driver gives every moment in UTC, whatever the session's time zone.
    return {
        name: local(value) if isinstance(value, datetime) else value for name, value in row.items()
    }
