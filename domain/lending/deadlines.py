"""What the passing of time does to a loan: the promise that it comes back, and its cleaning."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import JsonValue

from domain.civil_time import MILLISECOND
from domain.escalation import KINDS, Wake
from domain.lending.case import LoanCase, is_over
from domain.loan import Loan
from domain.policy import Policy
from domain.promises import Moment, Standing, standings
from domain.quiet_hours import telling_time
from domain.ticket import Firing, Kept
from domain.vocabulary import LoanerState, Milestone, PromiseState

_OWED = (PromiseState.RUNNING, PromiseState.MISSED)


def loan_standings(loan: Loan, policy: Policy, now: datetime) -> tuple[Standing, ...]:
    """How the promises that a loan keeps stand at `now`."""
    return standings(policy, loan.milestones, {}, (), now)


def settle_loan(case: LoanCase, now: datetime) -> LoanCase:
    """The case with all that is due by now recorded. Exactly at due is still kept."""
    current = loan_standings(case.loan, case.policy, now)
    for standing in current:
        case = _record_met(case, standing, now)
        case = _record_firings(case, standing, now)
    case = _withdraw(case, current, now)
    missed = any(one.state is PromiseState.MISSED for one in current)
    if missed and case.loan.state is LoanerState.RECALLED:
        case = case.record("loaner_overdue", now, state=LoanerState.OVERDUE)
    return _due_back(case, current)


def cleaned_at(case: LoanCase) -> datetime | None:
    """When the device that came back is inspected and cleaned, so that it may be lent again."""
    loan = case.loan
    if loan.state is not LoanerState.RETURNED or loan.condition != "good" or not loan.holding:
        return None
    hours = case.policy.procedure.loaner.clean_hours
    return loan.milestones[Milestone.LOANER_RETURNED][-1] + timedelta(hours=hours)


def may_be_lent_again(case: LoanCase, now: datetime) -> bool:
    """Whether it is back and clean, and the stock does not have it yet."""
    clean = cleaned_at(case)
    return clean is not None and clean <= now


def in_stock_again(case: LoanCase, now: datetime) -> LoanCase:
    """The case once the stock book has the device back."""
    device = case.loan.device
    if not case.loan.holding or device is None:
        return case
    return case.record("loaner_back_in_stock", now, details={"device": device.id}, holding=False)


def next_wake_of(case: LoanCase, now: datetime) -> Wake | None:
    """When time alone next changes something.

    For a promise a millisecond past its moment, since one met exactly at its due time is kept.
    """
    if is_over(case.loan):
        return None
    ahead = _promised(case, now)
    clean = cleaned_at(case)
    if clean is not None and clean > now:
        ahead.append(Wake(clean, "loaner cleaned"))
    return min(ahead, key=lambda one: (one.at, one.what), default=None)


def _promised(case: LoanCase, now: datetime) -> list[Wake]:
    fired = {one.key for one in case.loan.firings if not one.withdrawn}
    wakes: list[Wake] = []
    for standing in loan_standings(case.loan, case.policy, now):
        if standing.state not in _OWED:
            continue
        what = f"{standing.promise} {' '.join(standing.clauses)}"
        moments = [
            moment.at
            for moment in standing.moments
            if not _stopped(standing, moment) and _key(standing, moment) not in fired
        ]
        # Overdue is a state of the loaner, whatever steps its ladder has.
        if standing.due is not None and standing.state is PromiseState.RUNNING:
            moments.append(standing.due)
        wakes.extend(Wake(at + MILLISECOND, what) for at in moments if at >= now)
    return wakes


def _due_back(case: LoanCase, current: Sequence[Standing]) -> LoanCase:
    """For whoever looks at the stock: when it is to be back, while that is still owed."""
    owed = [one.due for one in current if one.state in _OWED and one.stopped_at is None]
    due = min((moment for moment in owed if moment is not None), default=None)
    if due == case.loan.due_back:
        return case
    return replace(case, loan=case.loan.model_copy(update={"due_back": due}))


def _record_met(case: LoanCase, standing: Standing, now: datetime) -> LoanCase:
    key = (standing.promise, standing.occurrence)
    if standing.met_at is None or standing.due is None or any(k.key == key for k in case.loan.kept):
        return case
    kept = Kept(
        promise=standing.promise,
        occurrence=standing.occurrence,
        due=standing.due,
        met_at=standing.met_at,
        late_seconds=standing.late_seconds or 0,
    )
    return case.record(
        "promise_met_late" if kept.met_at > kept.due else "promise_met",
        now,
        details={"promise": standing.promise, "clauses": list(standing.clauses)},
        kept=(*case.loan.kept, kept),
    )


def _record_firings(case: LoanCase, standing: Standing, now: datetime) -> LoanCase:
    known = {one.key for one in case.loan.firings if not one.withdrawn}
    for moment in standing.moments:
        if standing.due is None or not _came_true(standing, moment, now):
            continue
        if _key(standing, moment) not in known:
            case = _fire(case, standing, moment, standing.due, now)
    return case


def _fire(
    case: LoanCase, standing: Standing, moment: Moment, due: datetime, now: datetime
) -> LoanCase:
    """Recorded and told; also anew, where it was withdrawn with its recall and this is another."""
    firing = Firing(
        promise=standing.promise,
        occurrence=standing.occurrence,
        level=moment.level,
        clauses=moment.clauses or standing.clauses,
        due=due,
        fired_at=now,
        late_seconds=max(0, int((now - due).total_seconds())),
    )
    kind = KINDS.get(moment.level, "promise_escalated")
    told: dict[str, JsonValue] = {
        "promise": firing.promise,
        "level": firing.level,
        "due": due.isoformat(),
        "clauses": list(firing.clauses),
    }
    case = case.record(kind, now, details=told, firings=_with(case.loan, firing))
    if moment.tell is None:
        return case
    promise = case.policy.promise(standing.promise)
    ladder = case.policy.ladder(promise) if promise is not None else None
    not_before = telling_time(case.policy, ladder, now) if ladder is not None else now
    if not_before > now:
        told["not_before"] = not_before.isoformat()
    return case.notice(now, moment.tell, kind, **told)


def _withdraw(case: LoanCase, current: Sequence[Standing], now: datetime) -> LoanCase:
    true = {
        _key(standing, moment)
        for standing in current
        for moment in standing.moments
        if _came_true(standing, moment, now)
    }
    for firing in case.loan.firings:
        if firing.withdrawn or firing.key in true:
            continue
        gone = firing.model_copy(update={"withdrawn": True})
        case = case.record(
            "firing_withdrawn",
            now,
            details={"promise": firing.promise, "level": firing.level},
            firings=_with(case.loan, gone),
        )
    return case


def _with(loan: Loan, firing: Firing) -> tuple[Firing, ...]:
    return (*(one for one in loan.firings if one.key != firing.key), firing)


def _key(standing: Standing, moment: Moment) -> tuple[str, int, int]:
    return (standing.promise, standing.occurrence, moment.level)


def _came_true(standing: Standing, moment: Moment, now: datetime) -> bool:
    return moment.at < now and not _stopped(standing, moment)


def _stopped(standing: Standing, moment: Moment) -> bool:
    return standing.stopped_at is not None and standing.stopped_at <= moment.at
