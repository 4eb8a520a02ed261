"""How a ticket ends: what it must undo, what it still waits for, and its closing."""

from datetime import datetime, timedelta
from typing import Literal

from domain.case import Case
from domain.events import Changes
from domain.steps.holds import lifted
from domain.steps.loaners import tell_loaners
from domain.ticket import Actor, Quote, Ticket, Visit
from domain.vocabulary import Milestone, Outcome, QuoteState, Role, Stage


def end(
    case: Case,
    now: datetime,
    outcome: Outcome,
    *,
    at: datetime,
    why: str,
    by: Actor | None = None,
    also: Changes | None = None,
    tell: Literal["ended", "merged"] = "ended",
) -> Case:
    """Over at `at`: whoever is out is called off, what was asked or awaited is dropped.

    Only the order of somebody who was on site is still waited for. `also` goes into the event;
    `tell` is what the loaners hear.
    """
    ticket = case.ticket
    visit = ticket.visit
    on_site = visit is not None and visit.arrived_at is not None
    gone = called_off(visit, why, at) if visit else None
    if on_site and gone is not None and gone.ended_at is not None:
        at = gone.ended_at
    undone = {
        "visit": gone,
        "milestones": {Milestone.VISIT_ENDED: at} if on_site else {},
        "quotes": _dropped(ticket),
        "holds": lifted(ticket, at),
        "dispatch_settled": True,
        "task_done": True,
    }
    case = case.record(
        outcome.value,
        now,
        by=by,
        changes=(also or Changes()).model_copy(update=undone),
        details={"reason": why},
    )
    if visit is not None:
        case = case.notice(
            now, Role.TECHNICIAN.value, outcome.value, technician=visit.technician.id
        )
    case = tell_loaners(case, now, tell, target=case.ticket.merged_into)
    return close_when_all_is_in(case, now, outcome, at=at)


def close_when_all_is_in(
    case: Case, now: datetime, outcome: Outcome, *, at: datetime | None = None
) -> Case:
    """Close, or wait for the repair order and for quality's word on rework."""
    at = at or now
    if not still_owed(case, outcome):
        return _close(case, now, at, outcome)
    return case.record(
        _waits_for(case),
        now,
        changes=Changes(
            stage=Stage.FOLLOW_UP, outcome=outcome, milestones={Milestone.OUTCOME_DECIDED: at}
        ),
    )


def close_if_all_is_in(case: Case, now: datetime) -> Case:
    """Whether something just came in that a decided ticket waited for."""
    outcome = case.ticket.outcome
    if outcome is None or still_owed(case, outcome):
        return case
    return _close(case, now, now, outcome)


VERIFIED_OUTCOMES = (Outcome.REPAIRED, Outcome.EXCHANGED, Outcome.NOT_REACHED)
"""What quality has a word in; the others are over whatever the repair is worth."""


SETTLED_OUTCOMES = (*VERIFIED_OUTCOMES, Outcome.REFUNDED, Outcome.GUIDED)
"""What a dispute is ruled on before the ticket closes; what ends at once ends it as well."""


def still_owed(case: Case, outcome: Outcome) -> bool:
    """What a ticket with that outcome may not close without."""
    if _paper_owed(case.ticket):
        return True
    checked = outcome in VERIFIED_OUTCOMES and verification_owed(case)
    return checked or (outcome in SETTLED_OUTCOMES and case.ticket.dispute is not None)


def order_owed(ticket: Ticket) -> bool:
    """Whether a repair order is still out: every ended visit's must come back or be waived."""
    ended = ticket.last(Milestone.VISIT_ENDED)
    if ended is None:
        return False
    back = (ticket.last(Milestone.ORDER_RETURNED), ticket.last(Milestone.ORDER_WAIVED))
    return all(moment is None or moment < ended for moment in back)


def backfill_owed(ticket: Ticket) -> bool:
    """Whether an emergency that somebody went to still has no repair order (D1-6.b).

    What was never written cannot have come back; only the supervisor may do without it.
    """
    went = any(visit.emergency and visit.arrived_at is not None for visit in ticket.visits)
    written = (Milestone.ORDER_ISSUED, Milestone.ORDER_WAIVED)
    return went and all(ticket.last(one) is None for one in written)


def _waits_for(case: Case) -> str:
    if _paper_owed(case.ticket):
        return "waiting_for_order"
    return "waiting_for_verification" if verification_owed(case) else "waiting_for_ruling"


def _paper_owed(ticket: Ticket) -> bool:
    return order_owed(ticket) or backfill_owed(ticket)


def verification_owed(case: Case) -> bool:
    """Whether the fault was repaired again within the days of rework, and not yet verified."""
    days = case.policy.procedure.rework_days
    repaired = [one.ended_at for one in case.ticket.visits if one.result == "finished"]
    ends = [moment for moment in repaired if moment is not None]
    if case.ticket.procedure < 2 or days is None or len(ends) < 2:
        return False
    if ends[-1] - ends[-2] > timedelta(days=days):
        return False
    verified = case.ticket.last(Milestone.VERIFIED)
    return verified is None or verified < ends[-1]


def _close(case: Case, now: datetime, at: datetime, outcome: Outcome) -> Case:
    return case.record(
        "closed",
        now,
        changes=Changes(
            stage=Stage.CLOSED,
            outcome=outcome,
            milestones={Milestone.CLOSED: at},
            holds=lifted(case.ticket, at),
        ),
    )


def called_off(visit: Visit, reason: str, at: datetime) -> Visit:
    """The open visit of a ticket that nobody goes to any more.

    What ends it may have been said before its last step: then it ended with that step.
    """
    steps = (visit.accepted_at, visit.departed_at, visit.arrived_at, visit.started_at)
    ended = max(at, visit.dispatched_at, *(moment for moment in steps if moment is not None))
    return visit.model_copy(update={"result": "cancelled", "reason": reason, "ended_at": ended})


def _dropped(ticket: Ticket) -> tuple[Quote, ...]:
    asked = ticket.open_quote
    return (asked.model_copy(update={"state": QuoteState.VOID}),) if asked else ()
