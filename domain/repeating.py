"""Telling again: a promise that runs late, and nobody who was told of it has done anything.

The last level that was reached is told again, so often as its ladder says, until somebody of that
role or a higher one acts on the ticket. A higher level takes over from the lower.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import JsonValue

from domain.calendars import ALWAYS
from domain.case import Case
from domain.escalation import Wake, standings_of
from domain.events import Changes
from domain.promise import Ladder, Promise
from domain.promises import Standing
from domain.quiet_hours import telling_time
from domain.running_time import RunningTime, is_paused, pauses
from domain.ticket import Firing
from domain.vocabulary import ENDED, PromiseState


@dataclass(frozen=True, slots=True)
class _Unheard:
    """A firing to be told again at `at`, elapsed since it was told last, in nobody's night."""

    firing: Firing
    ladder: Ladder
    at: datetime


def settle_repeats(case: Case, now: datetime) -> Case:
    """The case with all that is to be told again by now recorded, each once however late it is."""
    for one in tuple(_unheard(case, now)):
        if one.at <= now:
            case = _tell_again(case, one, now)
    return case


def next_repeat(case: Case, now: datetime) -> Wake | None:
    """When somebody is next told again, if nobody acts before."""
    ahead = [
        Wake(one.at, f"{one.firing.promise} {' '.join(one.firing.clauses)} again")
        for one in _unheard(case, now)
    ]
    return min(ahead, key=lambda one: (one.at, one.what), default=None)


def _unheard(case: Case, now: datetime) -> Iterator[_Unheard]:
    ticket, policy = case.ticket, case.policy
    waiting = [one for one in ticket.firings if not (one.withdrawn or one.heard)]
    repeats = any(ladder.repeat for ladder in policy.ladders.values())
    if not waiting or not repeats or ticket.stage in ENDED:
        return
    for standing in standings_of(ticket, policy, now):
        promise = policy.promise(standing.promise)
        ladder = policy.ladder(promise) if promise else None
        firing = _reached(ticket.firings, standing)
        if promise is None or ladder is None or firing is None or not _is_late(standing):
            continue
        if firing.heard or firing.tell is None or is_paused(ticket.holds, promise.pauses_on, now):
            continue
        at = _told_again_at(case, promise, ladder, firing, now)
        if at is not None:
            yield _Unheard(firing, ladder, at)


def _is_late(standing: Standing) -> bool:
    return standing.state is PromiseState.MISSED and standing.stopped_at is None


def _reached(firings: tuple[Firing, ...], standing: Standing) -> Firing | None:
    """The highest level of it that came true."""
    key = (standing.promise, standing.occurrence)
    own = (one for one in firings if one.key[:2] == key and not one.withdrawn)
    return max(own, key=lambda one: one.level, default=None)


def _told_again_at(
    case: Case, promise: Promise, ladder: Ladder, firing: Firing, now: datetime
) -> datetime | None:
    repeat = ladder.repeat
    if repeat is None or firing.repeated >= repeat.at_most:
        return None
    waits = pauses(case.ticket.holds, promise.pauses_on, now)
    elapsed = repeat.every.elapsed or timedelta(0)
    at = RunningTime(ALWAYS, waits).add(firing.last_told, elapsed)
    return telling_time(case.policy, ladder, at)


def _tell_again(case: Case, one: _Unheard, now: datetime) -> Case:
    firing, told = one.firing, telling_time(case.policy, one.ladder, now)
    again = firing.model_copy(update={"told_at": told, "repeated": firing.repeated + 1})
    details: dict[str, JsonValue] = {
        "to": firing.tell.value if firing.tell else None,
        "about": "promise_repeated",
        "promise": firing.promise,
        "occurrence": firing.occurrence,
        "level": firing.level,
        "due": firing.due.isoformat(),
        "clauses": list(firing.clauses),
        "repeat": again.repeated,
    }
    if told > now:
        details["not_before"] = told.isoformat()
    return case.record("notice_due", now, changes=Changes(firing=again), details=details)
