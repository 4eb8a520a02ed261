"""The rows that one ticket has in the projection, made from the ticket alone.

The ledger's write and the rebuild both take them from here, which is why they agree.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from domain.events import Event
from domain.promises import Standing
from domain.ticket import Ticket
from domain.vocabulary import Milestone

Row = dict[str, Any]
"""Columns by name, values as JSON has them; moments as ISO 8601 with their offset."""


def ticket_row(ticket: Ticket, decided_at: datetime, next_due: datetime | None) -> Row:
    """The row of `ticket`. `decided_at` is that of the batch with the ticket's last event."""
    visit = ticket.visit
    out = visit is not None and (visit.departed_at or visit.arrived_at) and not visit.ended_at
    registration = ticket.registration
    severity = ticket.facts.get("severity")
    return {
        "number": ticket.number,
        "stage": ticket.stage.value,
        "outcome": ticket.outcome.value if ticket.outcome else None,
        "policy": ticket.policy,
        "policy_version": ticket.policy_version,
        "channel": ticket.channel.value,
        "source_id": ticket.source_id,
        "caller": ticket.caller,
        "caller_phone": registration.caller_phone if registration else None,
        "technician": visit.technician.id if visit else None,
        "technician_out": bool(out),
        "severity": str(severity) if severity is not None else None,
        "next_due": _written(next_due),
        "opened_at": _written(ticket.opened_at),
        "closed_at": _written(ticket.last(Milestone.CLOSED)),
        "last_seq": ticket.seq,
        "decided_at": _written(decided_at),
        "state": ticket.model_dump(mode="json", by_alias=True),
        "merged_into": ticket.merged_into,
    }


def promise_rows(ticket_no: str, standings: Iterable[Standing]) -> list[Row]:
    """The rows of `ticket_promise`."""
    return [
        {
            "ticket_no": ticket_no,
            "promise": standing.promise,
            "occurrence": standing.occurrence,
            "state": standing.state.value,
            "clauses": list(standing.clauses),
            "starts_at": _written(standing.starts_at),
            "due": _written(standing.due),
            "met_at": _written(standing.met_at),
            "late_seconds": standing.late_seconds,
        }
        for standing in standings
    ]


def event_row(event: Event) -> Row:
    """The row of `ticket_event`, but for what it shares with its batch."""
    return {
        "seq": event.seq,
        "at": _written(event.at),
        "kind": event.kind,
        "actor_role": event.by.role.value if event.by else None,
        "actor_name": event.by.name if event.by else None,
        "changes": event.changes.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        "details": event.details,
    }


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
