"""How every promise of a ticket stands: a pure function of milestones, facts, holds and now.

Nothing is stored between calls. Facts may arrive late, out of order or be corrected; the answer is
worked out from the milestones again, so no elapsed time is ever lost (design §4).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.calendars import CalendarUnknown, Period
from domain.civil_time import MILLISECOND, local
from domain.facts import read_fact
from domain.judging import Judgement, Milestones, judge, prepared
from domain.policy import Policy
from domain.promise import Ladder, Promise
from domain.quiet_hours import telling_time
from domain.running_time import HoldPeriod, RunningTime, pauses
from domain.vocabulary import Keeper, PromiseState, Role

__all__ = ["HoldPeriod", "Milestones", "Moment", "Standing", "standings"]


@dataclass(frozen=True, slots=True)
class Moment:
    """When a level of the ladder is reached, past or future. Level 0 is the warning before due.

    `tell` is None where nobody is: an objective's miss is only written down. `clauses` are those of
    the level's own where a laxer clause gives it its time. `tell_at`, where
    it is later than `at`, is when the quiet hours are over.
    """

    level: int
    at: datetime
    tell: Role | None
    clauses: tuple[str, ...] = ()
    tell_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How one promise stands at one moment.

    `occurrence` says which start it counts: n for the n-th coming of a `last` start, else 1.
    `late_seconds` is the whole seconds from due to the stop of a missed promise, once it came.
    `stopped_at` is when it stopped running: kept, kept late, or void; no later moment of its
    ladder came true. `remedy_at` is the latest start of the remedy. `moments` lists the whole
    ladder, past or not.
    A running promise has no `due` while its calendar's year is not announced, and only the moments
    before that year; `unknown_from` is then the first day that the calendar does not know, and both
    must be worked out again later.
    """

    promise: str
    clauses: tuple[str, ...]
    state: PromiseState
    occurrence: int = 1
    starts_at: datetime | None = None
    due: datetime | None = None
    met_at: datetime | None = None
    late_seconds: int | None = None
    remedy_at: datetime | None = None
    moments: tuple[Moment, ...] = ()
    stopped_at: datetime | None = None
    unknown_from: date | None = None


def standings(
    policy: Policy,
    milestones: Milestones,
    facts: Mapping[str, object],
    holds: Sequence[HoldPeriod],
    now: datetime,
    closed_at: datetime | None = None,
    *,
    all: bool = False,
    keeper: Keeper | None = None,
) -> tuple[Standing, ...]:
    """The promises whose condition holds, in the policy's order; with `all`, the rest as void.

    `closed_at` is when the ticket ended. What comes after `now` has not happened yet: stops and
    ends later than `now` do not count. `keeper`: only what that workflow keeps. Refused when
    a fact has a value that it cannot have.
    """
    known = {name: read_fact(name, facts.get(name)) for name in prepared(policy).facts(keeper)}
    judged = judge(policy, milestones, known, holds, now, closed_at, all=all, keeper=keeper)
    return tuple(_standing(policy, one, holds, now) for one in judged)


def _standing(
    policy: Policy, judged: Judgement, holds: Sequence[HoldPeriod], now: datetime
) -> Standing:
    promise, due = judged.promise, judged.due
    moments, unknown_from = _ladder(policy, judged, holds, now)
    return Standing(
        promise=promise.id,
        clauses=promise.clauses,
        state=judged.state,
        occurrence=judged.occurrence,
        starts_at=judged.starts_at,
        due=due,
        met_at=judged.met_at,
        late_seconds=judged.late_seconds,
        remedy_at=promise.remedy.starts_at(due) if promise.remedy and due else None,
        moments=moments,
        stopped_at=judged.stopped_at,
        unknown_from=judged.unknown_from or unknown_from,
    )


def _ladder(
    policy: Policy, judged: Judgement, holds: Sequence[HoldPeriod], now: datetime
) -> tuple[tuple[Moment, ...], date | None]:
    """The moments, as far as the calendar knows, and the first day that it does not."""
    start, due = judged.starts_at, judged.due
    ladder = policy.ladder(judged.promise)
    if start is None or due is None:
        return (), None
    if ladder is None:
        return (Moment(level=1, at=due, tell=None),), None
    moments: list[Moment] = []
    try:
        for moment in _climb(policy, ladder, judged.promise, (start, due), holds, local(now)):
            moments.append(moment)  # noqa: PERF402  one at a time: a later one may be unknown
    except CalendarUnknown as unknown:
        return tuple(moments), unknown.day
    return tuple(moments), None


def _climb(
    policy: Policy,
    ladder: Ladder,
    promise: Promise,
    span: Period,
    holds: Sequence[HoldPeriod],
    now: datetime,
) -> Iterator[Moment]:
    """Each rung's moment; `span` is from start to due."""
    start, due = span
    calendar = policy.calendar(promise.calendar)
    time = RunningTime(calendar, pauses(holds, promise.pauses_on, now))
    whole = time.between(start, due)
    laxer = {one.level: one for one in promise.laxer}
    for rung in ladder.rungs:
        own = laxer.get(rung.level)
        if own is None:
            at = _at_percent(rung.percent, time, start, due, whole)
        else:
            at = time.extend(start, own.within.end(calendar, start))
        true_at = at + MILLISECOND  # exactly at its moment it has not come true yet
        told = telling_time(policy, ladder, true_at)
        yield Moment(
            level=rung.level,
            at=at,
            tell=rung.tell,
            clauses=own.clauses if own else (),
            tell_at=told if told > true_at else None,
        )


def _at_percent(
    percent: int, time: RunningTime, start: datetime, due: datetime, whole: timedelta
) -> datetime:
    if percent < 100:
        return time.add(start, _share(whole, percent))
    # Beyond due we count on from due itself, which may stand later than the open time says: at
    # 24:00 of a civil day, or moved into the hours.
    return time.add(due, _share(whole, percent - 100))


def _share(whole: timedelta, percent: int) -> timedelta:
    """That share in whole milliseconds, the grain of timers."""
    return whole * percent // 100 // MILLISECOND * MILLISECOND
