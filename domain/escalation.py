"""What the passing of time does to a ticket: warnings, misses and levels come true, once each.

`settle` is called before every decision and by the ticket's one timer. It compares how the
promises stand with what the ticket has already recorded, and records the difference: a promise
met, a step of a ladder that came true, a step that later facts disproved. Working everything out
again from milestones and facts is what keeps elapsed time when a fact or the policy changes.

What nobody heard of is told again: see `domain.repeating`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import JsonValue

from domain.case import Case
from domain.civil_time import MILLISECOND
from domain.events import Changes
from domain.policy import Policy
from domain.promises import Moment, Standing, standings
from domain.quiet_hours import telling_time
from domain.running_time import is_paused
from domain.ticket import Firing, Kept, Ticket
from domain.vocabulary import Keeper, Milestone, PromiseState, Role


@dataclass(frozen=True, slots=True)
class Wake:
    """When time alone next changes something; `what` names it for the timer's summary."""

    at: datetime
    what: str


KINDS = {0: "promise_warned", 1: "promise_missed"}
_SETTLED = (PromiseState.MET, PromiseState.VOID)


def standings_of(ticket: Ticket, policy: Policy, now: datetime) -> tuple[Standing, ...]:
    """How the ticket's promises stand at `now`. What was once met stays met."""
    worked_out = standings(
        policy,
        ticket.milestones,
        ticket.facts,
        ticket.holds,
        now,
        closed_at=ticket.first(Milestone.OUTCOME_DECIDED) or ticket.first(Milestone.CLOSED),
        keeper=Keeper.TICKET,
    )
    kept = {one.key: one for one in ticket.kept}
    if not kept:
        return worked_out
    return tuple(_as_kept(one, kept.get((one.promise, one.occurrence))) for one in worked_out)


def _as_kept(standing: Standing, kept: Kept | None) -> Standing:
    if kept is None or kept.met_at > kept.due or standing.state is PromiseState.MET:
        return standing
    return replace(
        standing,
        state=PromiseState.MET,
        due=kept.due,
        met_at=kept.met_at,
        late_seconds=None,
        stopped_at=kept.met_at,
    )


def settle(case: Case, now: datetime, as_of: datetime | None = None) -> Case:
    """The case with all that is due by now recorded. Exactly at due is still kept.

    `as_of`: only what was due by then, recorded now.
    """
    then = as_of or now
    current = standings_of(case.ticket, case.policy, then)
    for standing in current:
        case = _record_met(case, standing, now)
        case = _record_firings(case, standing, then, now)
    return _withdraw(case, current, then, now)


def next_due(current: Sequence[Standing]) -> datetime | None:
    """The nearest due time of a promise that still runs."""
    running = [one.due for one in current if one.state is PromiseState.RUNNING and one.due]
    return min(running, default=None)


def next_wake(case: Case, now: datetime) -> Wake | None:
    """When `settle` next has something to do, and for which promise.

    A millisecond past the moment itself, since a promise met exactly at its due time is kept.
    """
    fired = {one.key for one in case.ticket.firings if _stands(case.ticket, one)}
    ahead = [
        Wake(moment.at + MILLISECOND, f"{standing.promise} {' '.join(standing.clauses)}")
        for standing in standings_of(case.ticket, case.policy, now)
        if standing.state in (PromiseState.RUNNING, PromiseState.MISSED)
        and not _waits(case, standing, now)
        for moment in standing.moments
        if moment.at >= now
        and not _stopped(standing, moment)
        and (standing.promise, standing.occurrence, moment.level) not in fired
    ]
    return min(ahead, key=lambda one: (one.at, one.what), default=None)


def _waits(case: Case, standing: Standing, now: datetime) -> bool:
    """Whether its ladder stands still: each moment would move on while its timer runs.

    The end of the wait wakes by itself, or is a command.
    """
    if case.ticket.procedure < 3 or not case.ticket.open_holds:
        return False
    promise = case.policy.promise(standing.promise)
    return promise is not None and is_paused(case.ticket.holds, promise.pauses_on, now)


def _stands(ticket: Ticket, firing: Firing) -> bool:
    """Whether that level came true at its moment, and still holds.

    One that fired early, for fear of a miss, is no record of the miss.
    """
    early = firing.early is not None and ticket.procedure >= 3
    return not firing.withdrawn and not early


def _record_met(case: Case, standing: Standing, now: datetime) -> Case:
    key = (standing.promise, standing.occurrence)
    if (
        standing.met_at is None
        or standing.due is None
        or any(k.key == key for k in case.ticket.kept)
    ):
        return case
    kept = Kept(
        promise=standing.promise,
        occurrence=standing.occurrence,
        due=standing.due,
        met_at=standing.met_at,
        late_seconds=standing.late_seconds or 0,
    )
    kind = "promise_met_late" if kept.met_at > kept.due else "promise_met"
    return case.record(
        kind, now, changes=Changes(kept=kept), details={"clauses": list(standing.clauses)}
    )


def _record_firings(case: Case, standing: Standing, then: datetime, now: datetime) -> Case:
    known = {one.key: one for one in case.ticket.firings}
    for moment in standing.moments:
        before = known.get((standing.promise, standing.occurrence, moment.level))
        if before is not None and before.silent and moment.tell is not None:
            before = None  # an objective that another policy promises: nobody was told of it yet
        if not _came_true(standing, moment, then) or (before and _stands(case.ticket, before)):
            continue
        if moment.level == 0 and standing.state in _SETTLED:
            continue  # nobody needs to be warned of what is kept already, or owed no more
        firing = _firing(case.policy, standing, moment, now, before)
        kind = KINDS.get(moment.level, "promise_escalated")
        case = case.record(kind, now, changes=Changes(firing=firing))
        # What was withdrawn and came true again, or was feared before it came, was told already.
        if before is None and moment.tell is not None:
            case = _tell(case, firing, moment.tell, kind, now)
    return case


def _tell(case: Case, firing: Firing, role: Role, kind: str, now: datetime) -> Case:
    details: dict[str, JsonValue] = {
        "promise": firing.promise,
        "occurrence": firing.occurrence,
        "level": firing.level,
        "due": firing.due.isoformat(),
        "clauses": list(firing.clauses),
    }
    if firing.told_at is not None:
        details["not_before"] = firing.told_at.isoformat()
    return case.notice(now, role.value, kind, **details)


def _firing(
    policy: Policy, standing: Standing, moment: Moment, now: datetime, before: Firing | None
) -> Firing:
    if standing.due is None:
        raise ValueError(f"promise {standing.promise} has a ladder and no due time")
    fired = _fired(standing, standing.due, moment, now)
    if before is not None:
        was = {name: getattr(before, name) for name in ("repeated", "heard")}
        # Fear of a miss is one thing, the miss another: it is told again counted from the miss.
        told_at = before.last_told if before.early is None else None
        return fired.model_copy(update={**was, "told_at": told_at})
    promise = policy.promise(standing.promise)
    ladder = policy.ladder(promise) if promise is not None else None
    told = telling_time(policy, ladder, now) if ladder is not None else now
    return fired.model_copy(update={"told_at": told}) if told > now else fired


def _fired(standing: Standing, due: datetime, moment: Moment, now: datetime) -> Firing:
    return Firing(
        promise=standing.promise,
        occurrence=standing.occurrence,
        level=moment.level,
        clauses=moment.clauses or standing.clauses,
        due=due,
        fired_at=now,
        late_seconds=max(0, int((now - due).total_seconds())),
        tell=moment.tell,
        silent=moment.tell is None,
    )


def _withdraw(case: Case, current: Iterable[Standing], then: datetime, now: datetime) -> Case:
    true = {
        (standing.promise, standing.occurrence, moment.level)
        for standing in current
        for moment in standing.moments
        if _came_true(standing, moment, then)
    }
    last = {standing.promise: standing.occurrence for standing in current}
    for firing in case.ticket.firings:
        # An earlier occurrence is history: only the one that stands now can be disproved.
        past = firing.occurrence < last.get(firing.promise, 0)
        if firing.withdrawn or firing.early or firing.key in true or past:
            continue
        gone = firing.model_copy(update={"withdrawn": True})
        case = case.record("firing_withdrawn", now, changes=Changes(firing=gone))
    return case


def _came_true(standing: Standing, moment: Moment, now: datetime) -> bool:
    # What was once met stays met, though later facts would have it due sooner.
    kept = standing.state is PromiseState.MET and moment.level > 0
    return moment.at < now and not kept and not _stopped(standing, moment)


def _stopped(standing: Standing, moment: Moment) -> bool:
    return standing.stopped_at is not None and standing.stopped_at <= moment.at
