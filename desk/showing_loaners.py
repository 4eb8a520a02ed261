"""Loaners as others read them: a ticket's, one by itself, and the stock.

Read from the ledger and the stock book alone, so that it can be shown with Temporal down.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg

from domain.loan import Loan, LoanEvent
from domain.refusals import RefusalType, Refused
from domain.steps.loaners import loan_of
from domain.ticket import Firing, Ticket, TicketLoaner
from domain.vocabulary import Milestone
from storage import loaners, tickets

Json = dict[str, Any]

_TIMES = {
    "reserved_at": Milestone.LOANER_RESERVED,
    "delivered_at": Milestone.LOANER_DELIVERED,
    "recalled_at": Milestone.LOANER_RECALLED,
    "returned_at": Milestone.LOANER_RETURNED,
    "lost_at": Milestone.LOANER_LOST,
}


async def stock(pool: asyncpg.Pool) -> Json:
    """`loaner list --json`: every device and who has it; `loaner` None: it is in stock."""
    lines: list[Json] = []
    for line in await loaners.stock(pool):
        loan = await loaners.load(pool, line.loan_id) if line.loan_id is not None else None
        lines.append(
            {
                "device": line.device.id,
                "product_class": line.device.product_class,
                "product": line.device.product,
                "grade": line.device.grade,
                "loaner": line.loan_id,
                "ticket": line.ticket_no,
                "state": line.state.value if line.state is not None else None,
                "due_back": _moment(loan.due_back) if loan else None,
                "task": loan.task if loan else None,
            }
        )
    return {"loaners": lines}


async def show_loaner(pool: asyncpg.Pool, loan_id: str) -> Json:
    """`loaner show --json`. Raises Refused UnknownTicket."""
    loan = await loaners.load(pool, loan_id) or await _not_begun(pool, loan_id)
    events = await loaners.events_of(pool, loan_id)
    ticket = await tickets.load(pool, loan.ticket_no)
    return {
        "ticket": loan.ticket_no,
        "policy": ticket.policy if ticket is not None else None,
        **loaner_json(loan),
        "wanted": loan.wanted.model_dump(mode="json"),
        "timeline": [_event(event) for event in events],
    }


async def loans_of(pool: asyncpg.Pool, ticket: Ticket) -> tuple[Loan, ...]:
    """The ticket's loans, oldest first; also those that went on with another ticket.

    One that waits for the supervisor's word alone is as the ticket knows it.
    """
    begun = [(one, await loaners.load(pool, one.id)) for one in ticket.loaners]
    return tuple(loan or _as_asked(ticket, one) for one, loan in begun)


def loaners_json(loans: Sequence[Loan]) -> Json:
    """`loaner`, the word of the latest, and `loaners`, each with all that is known of it."""
    return {
        "loaner": loans[-1].state.value if loans else None,
        "loaners": [loaner_json(loan) for loan in loans],
    }


def loaner_json(loan: Loan) -> Json:
    """One loaner. Each time is that of the last time; a recall can come again."""
    device = loan.device
    return {
        "id": loan.id,
        "number": loan.number,
        "state": loan.state.value,
        "promise": loan.asked.promise,
        "clauses": list(loan.asked.clauses),
        "deadline": _moment(loan.asked.deadline),
        "reason": loan.asked.reason,
        "asked_at": _moment(loan.asked.at),
        **{name: _last(loan, milestone) for name, milestone in _TIMES.items()},
        "due_back": _moment(loan.due_back),
        "device": device.model_dump(include={"id", "product", "grade"}) if device else None,
        "condition": loan.condition,
        "charge_fen": loan.charge_fen,
        "charge_approved": loan.charge_approved,
        "escalations": [firing_json(one) for one in loan.firings if one.level > 0],
        "task": loan.task,
    }


async def _not_begun(pool: asyncpg.Pool, loan_id: str) -> Loan:
    """The loan as its ticket asked for it. Raises Refused UnknownTicket."""
    called = loan_id.removeprefix("loaner/")
    ticket = await tickets.load(pool, called.rpartition("/")[0])
    for one in ticket.loaners if ticket else ():
        if ticket is not None and one.id == loan_id:
            return _as_asked(ticket, one)
    raise Refused(RefusalType.UNKNOWN_TICKET, f"没有这台备机:{called}")


def _as_asked(ticket: Ticket, known: TicketLoaner) -> Loan:
    return loan_of(ticket, known.id).model_copy(
        update={"state": known.state, "device": known.device}
    )


def firing_json(firing: Firing) -> Json:
    """A step of a ladder that came true."""
    return {
        "promise": firing.promise,
        "clauses": list(firing.clauses),
        "level": firing.level,
        "due": firing.due.isoformat(),
        "fired_at": firing.fired_at.isoformat(),
        "late_seconds": firing.late_seconds,
        "withdrawn": firing.withdrawn,
        "early": firing.early,
        "repeated": firing.repeated,
    }


def _last(loan: Loan, milestone: Milestone) -> str | None:
    times = loan.milestones.get(milestone, ())
    return times[-1].isoformat() if times else None


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _event(event: LoanEvent) -> Json:
    return {
        "seq": event.seq,
        "at": event.at.isoformat(),
        "kind": event.kind,
        "by": str(event.by) if event.by else None,
        "details": event.details,
    }
