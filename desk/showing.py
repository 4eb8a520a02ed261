"""A ticket as others read it: the contract of `ticket show --json` and `ticket list --json`.

Read from the ledger's projection alone, so that it can be shown with Temporal down.
"""

from typing import Any

import asyncpg

from domain.refusals import RefusalType, Refused
from domain.ticket import Event, Firing, Ticket
from domain.vocabulary import Stage
from storage import tickets
from storage.tickets import PromiseLine, ShowRows, TicketLine

Json = dict[str, Any]


async def show(pool: asyncpg.Pool, number: str) -> Json:
    """`ticket show --json`. Raises Refused UnknownTicket."""
    rows = await tickets.show_rows(pool, number)
    if rows is None:
        raise Refused(RefusalType.UNKNOWN_TICKET, f"没有工单 {number}")
    return ticket_json(rows)


async def listing(
    pool: asyncpg.Pool, *, stage: Stage | None = None, limit: int | None = None
) -> Json:
    """`ticket list --json`: newest first, all of them unless limited."""
    lines = await tickets.list_tickets(pool, stage=stage, limit=limit)
    return {"tickets": [line_json(line) for line in lines]}


def line_json(line: TicketLine) -> Json:
    """One row of the list."""
    return line.model_dump(mode="json")


def ticket_json(rows: ShowRows) -> Json:
    """The whole ticket. `milestones` shows the first time of each; visits have their own times."""
    ticket = rows.ticket
    return {
        **_heading(ticket),
        "facts": ticket.facts,
        "milestones": {
            milestone.value: times[0].isoformat() for milestone, times in ticket.milestones.items()
        },
        "promises": {line.promise: line.state.value for line in rows.promises},
        "promise_details": [_promise(line) for line in rows.promises],
        "next_due": _next_due(rows.promises),
        "escalations": [_escalation(one) for one in ticket.firings if one.level > 0],
        "warnings": [_escalation(one) for one in ticket.firings if one.level == 0],
        "loaner": None,
        "loaners": [],
        "quote": None,
        "calls": [_plain(call) for call in ticket.calls],
        "candidates": [_plain(one) for one in ticket.candidates],
        "related": list(ticket.related),
        "visits": [_plain(visit) for visit in ticket.visits],
        "follow_ups": [_plain(one) for one in ticket.follow_ups],
        "timeline": [_event(event) for event in rows.events],
    }


def _heading(ticket: Ticket) -> Json:
    return {
        "number": ticket.number,
        "stage": ticket.stage.value,
        "outcome": ticket.outcome.value if ticket.outcome else None,
        "policy": ticket.policy,
        "policy_version": ticket.policy_version,
        "line_policy": ticket.line_policy,
        "channel": ticket.channel.value,
        "source_id": ticket.source_id,
        "opened_at": ticket.opened_at.isoformat(),
        "caller": ticket.caller,
        "registration": _plain(ticket.registration) if ticket.registration else None,
        "warranty": _plain(ticket.warranty) if ticket.warranty else None,
        "urges": ticket.urges,
        "unfinished": ticket.unfinished,
        "reopened": ticket.reopened,
        "task": ticket.task,
    }


def _plain(record: Any) -> Json:
    shown: Json = record.model_dump(mode="json", by_alias=True, exclude_none=True)
    return shown


def _promise(line: PromiseLine) -> Json:
    return line.model_dump(mode="json")


def _next_due(lines: tuple[PromiseLine, ...]) -> str | None:
    running = [line.due for line in lines if line.state == "running" and line.due]
    return min(running).isoformat() if running else None


def _escalation(firing: Firing) -> Json:
    return {
        "promise": firing.promise,
        "clauses": list(firing.clauses),
        "level": firing.level,
        "due": firing.due.isoformat(),
        "fired_at": firing.fired_at.isoformat(),
        "late_seconds": firing.late_seconds,
        "withdrawn": firing.withdrawn,
    }


def _event(event: Event) -> Json:
    return {
        "seq": event.seq,
        "at": event.at.isoformat(),
        "kind": event.kind,
        "by": str(event.by) if event.by else None,
        "details": event.details,
    }
