"""Intake's tables: the inbox of phone events, calls, and what tickets were opened with.

Every function runs in the connection's own transaction, if it has one; who decides what, and
under which lock, is in `desk.which_ticket` and `desk.delivery`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.calls import Call, PhoneEvent
from domain.civil_time import local
from domain.directory import Candidate
from domain.intake import TicketOpening
from storage.statements import statement

BELL = "phone_inbox"
_EVENTS_AT_ONCE = 500

CallKey = tuple[str, str]
"""A call's provider and id."""


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A call's row. `delivered`: the last revision that its ticket's workflow has taken."""

    call: Call
    ticket_no: str | None
    opened_ticket: bool
    delivered: int

    @property
    def key(self) -> CallKey:
        return (self.call.provider, self.call.call_id)


@dataclass(frozen=True, slots=True)
class StoredOpening:
    """An opening's row; `tried` before, `started` after its workflow was started."""

    opening: TicketOpening
    tried: bool
    started: bool
    gone: bool


@dataclass(frozen=True, slots=True)
class NumberTicket:
    """A ticket of a number. `reported`: as its calls say it by now; None while the first goes on.

    `closed_at` may be unknown of a ticket that is no longer open.
    """

    ticket_no: str
    reported: datetime | None
    is_open: bool
    closed_at: datetime | None

    def was_open(self, moment: datetime) -> bool:
        """Whether it was not yet over at `moment`; in doubt, it was."""
        return self.is_open or self.closed_at is None or self.closed_at > moment


@dataclass(frozen=True, slots=True)
class CallProgress:
    """How far a call is. `done`: in the ledger by now, or of no ticket; None: not even a call."""

    call_id: str
    direction: str | None
    answered: bool | None
    ticket_no: str | None
    done: bool


async def put_events(connection: Any, events: Iterable[PhoneEvent]) -> None:
    """Put events in the inbox and ring; one that is there already changes nothing.

    All or none, in one order, so that two who put the same events cannot wait for each other.
    """
    rows = sorted((_event_row(event) for event in events), key=lambda row: row[:3])
    async with connection.transaction():
        # In parts, since the pool bounds the time of each.
        for first in range(0, len(rows), _EVENTS_AT_ONCE):
            part = rows[first : first + _EVENTS_AT_ONCE]
            await connection.executemany(statement("phone_event_insert"), part)


def _event_row(event: PhoneEvent) -> tuple[Any, ...]:
    return (
        event.provider,
        event.call_id,
        event.event.value,
        event.direction.value if event.direction else None,
        event.from_number,
        event.to_number,
        list(event.users),
        event.queue,
        event.answering_number,
        event.cause,
        event.at,
        event.received,
        event.flagged,
    )


async def ring(connection: Any) -> None:
    """Wake the delivery task."""
    await connection.execute(statement("phone_ring"))


async def waiting_calls(connection: Any, now: datetime) -> list[CallKey]:
    """Calls with events that their row does not have, or that are to be given up by `now`."""
    rows = await connection.fetch(statement("phone_waiting_calls"), now)
    return [(row["provider"], row["call_id"]) for row in rows]


async def next_close(connection: Any) -> datetime | None:
    """When the next call without a hang-up is given up."""
    moment: datetime | None = await connection.fetchval(statement("call_next_close"))
    return local(moment) if moment else None


async def lock(connection: Any, what: str) -> None:
    """Hold `what` until the transaction ends; waits for whoever holds it."""
    await connection.execute(statement("phone_lock"), what)


async def try_hold(connection: Any, what: str) -> bool:
    """Hold `what` until `let_go` or the connection's end; False when somebody else does."""
    held: bool = await connection.fetchval(statement("phone_try_hold"), what)
    return held


async def let_go(connection: Any, what: str) -> None:
    await connection.execute(statement("phone_let_go"), what)


async def claim_events(connection: Any, key: CallKey) -> list[str]:
    """The call's events that nobody has taken or is taking."""
    return [row["event"] for row in await connection.fetch(statement("phone_claim_events"), *key)]


async def events_of(connection: Any, key: CallKey) -> tuple[PhoneEvent, ...]:
    """Everything that the phone system said of the call, numbers as it wrote them."""
    rows = await connection.fetch(statement("phone_events"), *key)
    return tuple(PhoneEvent.model_validate(_local_times(row)) for row in rows)


async def take_events(connection: Any, key: CallKey, events: Iterable[PhoneEvent]) -> None:
    """These events are in the call's row now."""
    await connection.execute(
        statement("phone_take_events"), *key, [event.event.value for event in events]
    )


async def find_call(connection: Any, key: CallKey) -> StoredCall | None:
    row = await connection.fetchrow(statement("call_find"), *key)
    return _stored_call(row) if row else None


async def save_call(connection: Any, call: Call, closes_at: datetime) -> None:
    """Write what is known of the call; its ticket stays as it is."""
    await connection.execute(
        statement("call_save"),
        call.provider,
        call.call_id,
        call.direction.value,
        call.caller,
        call.line,
        call.started_at,
        call.answered_at,
        call.ended_at,
        call.answered,
        call.end_assumed,
        list(call.users),
        call.queue,
        call.answering_number,
        call.cause,
        call.flagged,
        call.revision,
        closes_at,
    )


async def assign(connection: Any, key: CallKey, ticket_no: str | None, *, opener: bool) -> None:
    """Give the call to a ticket (or to none), which is yet to be told of it."""
    await connection.execute(statement("call_assign"), *key, ticket_no, opener)


async def move_calls(connection: Any, merged: str, into: str) -> None:
    """The calls of a ticket that was merged are another's, which is yet to be told of them."""
    await connection.execute(statement("call_move"), merged, into)


async def mark_delivered(connection: Any, row: StoredCall) -> None:
    """The ticket's workflow has taken the call as `row` has it."""
    await connection.execute(
        statement("call_delivered"), *row.key, row.ticket_no, row.call.revision
    )


async def add_detach(connection: Any, key: CallKey, ticket_no: str) -> None:
    """`ticket_no` must be told that the call is not its own."""
    await connection.execute(statement("call_detach_add"), *key, ticket_no)


async def remove_detach(connection: Any, key: CallKey, ticket_no: str) -> None:
    await connection.execute(statement("call_detach_remove"), *key, ticket_no)


async def detaches_of(connection: Any, ticket_no: str) -> list[CallKey]:
    rows = await connection.fetch(statement("call_detaches_of_ticket"), ticket_no)
    return [(row["provider"], row["call_id"]) for row in rows]


async def outbound_calls(connection: Any, number: str) -> list[StoredCall]:
    """Answered calls of ours to `number` that may be a call-back of an open ticket."""
    rows = await connection.fetch(statement("call_outbound_of_number"), number)
    return [_stored_call(row) for row in rows]


async def due_calls(connection: Any, ticket_no: str) -> list[StoredCall]:
    """The ticket's calls that its workflow has not heard the last of, oldest first."""
    rows = await connection.fetch(statement("call_due_of_ticket"), ticket_no)
    return [_stored_call(row) for row in rows]


async def opener_of(connection: Any, ticket_no: str) -> StoredCall | None:
    row = await connection.fetchrow(statement("call_opener"), ticket_no)
    return _stored_call(row) if row else None


async def tickets_of(connection: Any, number: str) -> list[NumberTicket]:
    """Every ticket of a number, open or over."""
    rows = await connection.fetch(statement("ticket_of_number"), number)
    return [NumberTicket(**_local_times(row)) for row in rows]


async def next_number(connection: Any) -> str:
    number: str = await connection.fetchval(statement("ticket_next_number"))
    return number


async def add_opening(connection: Any, opening: TicketOpening) -> None:
    """The duty to start a ticket."""
    await connection.execute(
        statement("ticket_opening_insert"),
        opening.number,
        opening.opened_at,
        opening.channel.value,
        opening.source_id,
        opening.policy,
        opening.caller,
        [one.model_dump(mode="json") for one in opening.candidates],
        list(opening.related),
    )


async def find_opening(connection: Any, ticket_no: str) -> StoredOpening | None:
    row = await connection.fetchrow(statement("ticket_opening_find"), ticket_no)
    if row is None:
        return None
    opening = TicketOpening(
        number=row["ticket_no"],
        opened_at=local(row["opened_at"]),
        channel=row["channel"],
        source_id=row["source_id"],
        policy=row["policy"],
        caller=row["caller"],
        candidates=tuple(Candidate.model_validate(one) for one in row["candidates"]),
        related=tuple(row["related"]),
    )
    return StoredOpening(opening, row["start_tried"], row["started"], row["gone"])


async def ticket_of_source(connection: Any, channel: str, source_id: str) -> str | None:
    number: str | None = await connection.fetchval(
        statement("ticket_opening_of_source"), channel, source_id
    )
    return number


async def mark_start_tried(connection: Any, ticket_no: str) -> None:
    await connection.execute(statement("ticket_start_tried"), ticket_no)


async def mark_started(connection: Any, ticket_no: str) -> None:
    await connection.execute(statement("ticket_started"), ticket_no)


async def mark_gone(connection: Any, ticket_no: str) -> None:
    """The ticket's workflow is over, whatever the ledger says by now."""
    await connection.execute(statement("ticket_gone"), ticket_no)


async def tickets_due(connection: Any) -> list[str]:
    """Tickets that are to be started, or to be told something."""
    rows = await connection.fetch(statement("ticket_deliveries_due"))
    return [row["ticket_no"] for row in rows]


async def progress_of(connection: Any, keys: Iterable[CallKey]) -> list[CallProgress]:
    """How far each of these calls is, in no particular order."""
    providers, ids = zip(*keys, strict=True)
    rows = await connection.fetch(statement("calls_progress"), list(providers), list(ids))
    return [CallProgress(**dict(row)) for row in rows]


def _stored_call(row: Mapping[str, Any]) -> StoredCall:
    fields = {name: value for name, value in _local_times(row).items() if name in Call.model_fields}
    return StoredCall(
        call=Call.model_validate(fields),
        ticket_no=row["ticket_no"],
        opened_ticket=row["opened_ticket"],
        delivered=row["delivered_revision"],
    )


def _local_times(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: local(value) if isinstance(value, datetime) else value for name, value in row.items()
    }
