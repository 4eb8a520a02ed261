"""A ticket as others read it: the contract of `ticket show --json` and `ticket list --json`.

Read from the ledger's projection alone, so that it can be shown with Temporal down.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from desk.showing_loaners import firing_json, loaners_json, loans_of
from desk.showing_remedies import remedies_json
from domain.events import Event
from domain.fees import charged_fen
from domain.refusals import RefusalType, Refused
from domain.ticket import Quote, Ticket
from domain.vocabulary import Stage
from storage import tickets
from storage.tickets import PromiseLine, ShowRows, TicketLine

Json = dict[str, Any]


async def show(pool: asyncpg.Pool, number: str) -> Json:
    """`ticket show --json`. Raises Refused UnknownTicket."""
    rows = await tickets.show_rows(pool, number)
    if rows is None:
        raise Refused(RefusalType.UNKNOWN_TICKET, f"没有工单 {number}")
    loans = await loans_of(pool, rows.ticket)
    merged = {number: await tickets.events(pool, number) for number in rows.ticket.merged_from}
    return {
        **ticket_json(rows),
        **await remedies_json(pool, rows.ticket, rows.events),
        **loaners_json(loans),
        "merged": _merged(merged),
    }


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
    # What is told again, or withdrawn, keeps its place.
    firings = sorted(ticket.firings, key=lambda one: one.fired_at)
    return {
        **_heading(ticket),
        "facts": ticket.facts,
        "milestones": {
            milestone.value: times[0].isoformat() for milestone, times in ticket.milestones.items()
        },
        "promises": {line.promise: line.state.value for line in rows.promises},
        "promise_details": [_promise(line) for line in rows.promises],
        "next_due": _next_due(rows.promises),
        "escalations": [firing_json(one) for one in firings if one.level and not one.silent],
        "warnings": [firing_json(one) for one in firings if one.level == 0],
        **_fees(ticket),
        "holds": [_plain(one) for one in ticket.holds],
        "dispute": _plain(ticket.dispute) if ticket.dispute else None,
        "disputes": [_plain(one) for one in ticket.disputes],
        "remedy": ticket.remedy.value if ticket.remedy else None,
        "refund_fen": ticket.refund_fen,
        "merged_into": ticket.merged_into,
        "merged_from": list(ticket.merged_from),
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


def _fees(ticket: Ticket) -> Json:
    """`quote` is the latest; only it can be answered, or stood on."""
    return {
        "quote": _quote(ticket.quote) if ticket.quote else None,
        "quotes": [_quote(one) for one in ticket.quotes],
        "charged_fen": charged_fen(ticket),
    }


def _quote(quote: Quote) -> Json:
    return {**_plain(quote), "by": str(quote.by), "total_fen": quote.total_fen}


def _merged(events: Mapping[str, Sequence[Event]]) -> list[Json]:
    """The stories of the tickets that were merged into this one."""
    return [
        {"number": number, "timeline": [_event(event) for event in happened]}
        for number, happened in events.items()
    ]


def _plain(record: Any) -> Json:
    shown: Json = record.model_dump(mode="json", by_alias=True, exclude_none=True)
    return shown


def _promise(line: PromiseLine) -> Json:
    return line.model_dump(mode="json")


def _next_due(lines: tuple[PromiseLine, ...]) -> str | None:
    running = [line.due for line in lines if line.state == "running" and line.due]
    return min(running).isoformat() if running else None


def _event(event: Event) -> Json:
    return {
        "seq": event.seq,
        "at": event.at.isoformat(),
        "kind": event.kind,
        "by": str(event.by) if event.by else None,
        "details": {**_changed(event), **event.details},
    }


def _changed(event: Event) -> Json:
    """Which promise, or which policy, an event is about; only its changes say it."""
    changes = event.changes
    if (firing := changes.firing) is not None:
        return {
            "promise": firing.promise,
            "level": firing.level,
            "due": firing.due.isoformat(),
            "clauses": list(firing.clauses),
        }
    if (kept := changes.kept) is not None:
        return {"promise": kept.promise, "late_seconds": kept.late_seconds}
    if changes.policy is not None and "policy" not in event.details:
        return {"policy": changes.policy, "version": changes.policy_version}
    return {}
