"""备机, seen from the ticket: when one is asked for, what it says, and what it is told.

The lending itself is a workflow of its own (`workflows/loaner.py`): it outlives the ticket.
"""

from collections.abc import Iterable
from datetime import datetime

from domain.case import Case
from domain.civil_time import MILLISECOND
from domain.commands import Fields
from domain.escalation import Wake, standings_of
from domain.events import Changes
from domain.loan import Asked, Loan, LoanProgress, Wanted
from domain.promises import Standing
from domain.refusals import RefusalType, Refused
from domain.steps.request import Request
from domain.ticket import Errand, Firing, Ticket, TicketLoaner
from domain.vocabulary import LoanerState, Milestone, PromiseState, Role, Warranty

OVER = frozenset({LoanerState.RETURNED, LoanerState.LOST, LoanerState.RELEASED})
TO_DECIDE = "备机要主管决定:确认后用 request_loaner"
_OWED = (PromiseState.RUNNING, PromiseState.MISSED)


def request_loaner(case: Case, request: Request[Fields]) -> Case:
    """Before time, or where the supervisor must decide: the loaner is asked for now."""
    known = _in_hand(case.ticket)
    if known is not None and not undecided(known):
        state = known.state.value
        raise Refused(RefusalType.INVALID_TRANSITION, f"已有备机 {known.number}({state})")
    asked = {"asked_at": request.at, "asked_by": request.by, "reason": request.fields.reason}
    if known is not None:
        wanted = known.model_copy(update={**asked, "state": LoanerState.REQUESTED})
    else:
        wanted = _new(case, None, request.at).model_copy(
            update={**asked, "grade": _grade_promised(case, request.now)}
        )
    case = case.record(
        "loaner_requested",
        request.now,
        by=request.by,
        changes=Changes(loaner=wanted, tasks_done=(TO_DECIDE,)),
        details=request.details(),
    )
    return run_errand(case, request.now, "start_loaner", loaner=wanted.id)


def settle_loaners(case: Case, now: datetime) -> Case:
    """A promise is about to be missed: its remedy is asked for at due − lead, not at due."""
    if not _may_reserve(case):
        return case
    for standing in _remedies_due(case, now):
        if _free_of_charge(case.ticket):
            return _ask(case, standing, now)
        if _in_hand(case.ticket) is None:
            return _ask_the_supervisor(case, standing, now)
    return case


def next_reservation(case: Case, now: datetime) -> Wake | None:
    """When a remedy must next be begun."""
    if not _may_reserve(case) or _in_hand(case.ticket) is not None:
        return None
    ahead = [
        Wake(begins, f"loaner for {one.promise} {' '.join(one.clauses)}")
        for one in standings_of(case.ticket, case.policy, now)
        if one.state is PromiseState.RUNNING
        and (begins := _begins(one)) is not None
        and begins > now
    ]
    return min(ahead, key=lambda wake: wake.at, default=None)


def _begins(standing: Standing) -> datetime | None:
    """When its remedy is asked for. One without a lead waits until the promise is missed."""
    at = standing.remedy_at
    return at + MILLISECOND if at is not None and at == standing.due else at


def take_news(case: Case, news: LoanProgress, now: datetime) -> Case:
    """What one of its loaners says; older news, or of a loaner that is not its own, is nothing."""
    known = next((one for one in case.ticket.loaners if one.id == news.id), None)
    if known is None or news.revision <= known.revision:
        return case
    heard = known.model_copy(
        update={"state": news.state, "device": news.device, "revision": news.revision}
    )
    case = case.record(
        f"loaner_{news.state.value}",
        now,
        changes=Changes(loaner=heard, milestones=_new_moments(case.ticket, news, now)),
        details={"loaner": known.id, "device": news.device.id if news.device else None},
    )
    owed = _still_owed(case, heard, now) if news.state is LoanerState.NO_STOCK else None
    return case if owed is None else _escalate_early(case, owed, now)


def tell_loaners(case: Case, now: datetime, kind: str, *, target: str | None = None) -> Case:
    """Tell every loaner that is not over what became of the ticket."""
    for one in case.ticket.loaners:
        if one.state in OVER:
            continue
        if not undecided(one):
            case = run_errand(case, now, kind, loaner=one.id, target=target)
        elif kind in ("repaired", "ended"):
            gone = one.model_copy(update={"state": LoanerState.RELEASED})
            changes = Changes(loaner=gone, tasks_done=(TO_DECIDE,))
            case = case.record("loaner_released", now, changes=changes)
    return case


def run_errand(
    case: Case, now: datetime, kind: str, *, loaner: str | None = None, target: str | None = None
) -> Case:
    """Have something done outside, after what is to be done already."""
    errand = Errand.model_validate(
        {
            "number": case.ticket.errands_sent + 1,
            "kind": kind,
            "at": now,
            "loaner": loaner,
            "target": target,
        }
    )
    return case.record(
        "errand", now, changes=Changes(errand=errand), details={"kind": kind, "loaner": loaner}
    )


def errand_done(case: Case, errand: Errand, now: datetime) -> Case:
    return case.record("errand_done", now, changes=Changes(errand_done=errand.number))


def loan_of(ticket: Ticket, id: str) -> Loan:
    """The lending as it begins."""
    asked = next(one for one in ticket.loaners if one.id == id)
    device = ticket.registration.device if ticket.registration else None
    return Loan(
        id=asked.id,
        ticket_no=ticket.number,
        number=asked.number,
        wanted=Wanted(
            product_class=device.product_class if device else None,
            product=device.product if device else None,
            grade=asked.grade,
        ),
        asked=Asked(
            promise=asked.promise,
            clauses=asked.clauses,
            deadline=asked.deadline,
            at=asked.asked_at,
            by=asked.asked_by,
            reason=asked.reason,
        ),
    )


def _may_reserve(case: Case) -> bool:
    ticket = case.ticket
    # Before it is registered nobody knows what to lend; once another was asked to take this ticket
    # in, and may have been told which loaners come along, what else is needed is its business.
    if ticket.procedure < 2 or ticket.registration is None:
        return False
    if ticket.outcome is not None or ticket.merging is not None:
        return False
    return any(promise.remedy is not None for promise in case.policy.promises)


def _remedies_due(case: Case, now: datetime) -> Iterable[Standing]:
    """Promises that still run, whose remedy must have begun and has not."""
    lent = {(one.promise, one.occurrence) for one in case.ticket.loaners if not undecided(one)}
    known = _in_hand(case.ticket)
    if known is not None and not undecided(known):
        return
    for standing in standings_of(case.ticket, case.policy, now):
        begins = _begins(standing)
        began = begins is not None and begins <= now
        owed = standing.state in _OWED and standing.stopped_at is None
        if began and owed and (standing.promise, standing.occurrence) not in lent:
            yield standing


def _ask(case: Case, standing: Standing, now: datetime) -> Case:
    wanted = _in_hand(case.ticket) or _new(case, standing, now)
    wanted = wanted.model_copy(update={"state": LoanerState.REQUESTED, "asked_at": now})
    case = case.record(
        "loaner_requested",
        now,
        changes=Changes(loaner=wanted, tasks_done=(TO_DECIDE,)),
        details={"promise": standing.promise, "clauses": list(standing.clauses)},
    )
    return run_errand(case, now, "start_loaner", loaner=wanted.id)


def _ask_the_supervisor(case: Case, standing: Standing, now: datetime) -> Case:
    """Not known to be free of charge: nobody lends by himself."""
    waits = _new(case, standing, now).model_copy(update={"state": LoanerState.NEEDS_DECISION})
    case = case.record(
        "loaner_needs_decision",
        now,
        changes=Changes(loaner=waits, task=TO_DECIDE),
        details={"promise": standing.promise, "clauses": list(standing.clauses)},
    )
    return case.notice(
        now, Role.SUPERVISOR.value, "loaner_needs_decision", promise=standing.promise
    )


def _new(case: Case, standing: Standing | None, now: datetime) -> TicketLoaner:
    number = len(case.ticket.loaners) + 1
    promise = case.policy.promise(standing.promise) if standing else None
    return TicketLoaner(
        id=f"loaner/{case.ticket.number}/{number}",
        number=number,
        state=LoanerState.REQUESTED,
        asked_at=now,
        promise=standing.promise if standing else None,
        occurrence=standing.occurrence if standing else 1,
        clauses=standing.clauses if standing else (),
        deadline=standing.due if standing else None,
        grade=promise.remedy.grade if promise and promise.remedy else "any",
    )


def _grade_promised(case: Case, now: datetime) -> str:
    promised = {promise.id: promise for promise in case.policy.promises if promise.remedy}
    for standing in standings_of(case.ticket, case.policy, now):
        promise = promised.get(standing.promise)
        if promise is not None and promise.remedy is not None:
            return promise.remedy.grade
    return "any"


def _in_hand(ticket: Ticket) -> TicketLoaner | None:
    """The loaner that is not over. Of several, after a merge, one that was lent."""
    active = [one for one in ticket.loaners if one.state not in OVER]
    begun = [one for one in active if not undecided(one)]
    return next(iter(reversed(begun or active)), None)


def undecided(loaner: TicketLoaner) -> bool:
    """Whether it waits for the supervisor here, and has no workflow yet."""
    return loaner.state is LoanerState.NEEDS_DECISION and loaner.revision == 0


def _free_of_charge(ticket: Ticket) -> bool:
    return ticket.warranty is not None and ticket.warranty.in_warranty is Warranty.IN


def _new_moments(ticket: Ticket, news: LoanProgress, now: datetime) -> dict[Milestone, datetime]:
    """The latest time of each milestone, where the ticket does not have it; never later than now.

    A recall may be withdrawn and come again, so counting the times would not tell.
    """
    latest = {name: min(times[-1], now) for name, times in news.milestones.items() if times}
    return {
        name: moment
        for name, moment in latest.items()
        if moment not in ticket.milestones.get(name, ())
    }


def _still_owed(case: Case, loaner: TicketLoaner, now: datetime) -> Standing | None:
    """What it was asked for, where it still runs; news may come after the repair, or the end."""
    if case.ticket.outcome is not None:
        return None
    key = (loaner.promise, loaner.occurrence)
    current = standings_of(case.ticket, case.policy, now)
    owed = (one for one in current if (one.promise, one.occurrence) == key)
    return next((one for one in owed if one.stopped_at is None), None)


def _escalate_early(case: Case, owed: Standing, now: datetime) -> Case:
    """No stock: the first level is told at the reservation, not at the deadline.

    Which is the one that stands now: a wait may have put it off since the loaner was asked for.
    """
    if owed.due is None:
        return case
    promise = case.policy.promise(owed.promise)
    ladder = case.policy.ladder(promise) if promise is not None else None
    rungs = ladder.rungs if ladder is not None else ()
    first = min((one for one in rungs if one.level > 0), key=lambda one: one.level, default=None)
    known = {one.key for one in case.ticket.firings if not one.withdrawn}
    if first is None or (owed.promise, owed.occurrence, first.level) in known:
        return case
    firing = Firing(
        promise=owed.promise,
        occurrence=owed.occurrence,
        level=first.level,
        clauses=owed.clauses,
        due=owed.due,
        fired_at=now,
        late_seconds=0,
        early="no_stock",
        tell=first.tell,
    )
    case = case.record("promise_endangered", now, changes=Changes(firing=firing))
    return case.notice(
        now, first.tell.value, "loaner_no_stock", promise=owed.promise, level=first.level
    )
