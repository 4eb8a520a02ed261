"""How every promise of a ticket stands: a pure function of milestones, facts, holds and now.

Nothing is stored between calls. Facts may arrive late, out of order or be corrected; the answer is
worked out from the milestones again, so no elapsed time is ever lost (design §4).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.calendars import CalendarUnknown
from domain.civil_time import MILLISECOND, local
from domain.policy import Policy
from domain.promise import Promise
from domain.running_time import HoldPeriod, RunningTime, is_paused, pauses
from domain.vocabulary import Keeper, Milestone, PromiseState, Role

__all__ = ["HoldPeriod", "Milestones", "Moment", "Standing", "standings"]

Milestones = Mapping[Milestone, Sequence[datetime]]
"""When each milestone came, as often as it came, in any order."""

_SECOND = timedelta(seconds=1)
_SETTLED = frozenset({PromiseState.MET, PromiseState.MISSED})


@dataclass(frozen=True, slots=True)
class Moment:
    """When a level of the ladder is reached, past or future. Level 0 is the warning before due.

    `clauses` are those of the level's own where a laxer clause gives it its time. `tell_at`, where
    it is later than `at`, is when the quiet hours are over.
    """

    level: int
    at: datetime
    tell: Role
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
    case = _Case(policy, milestones, holds, local(now), closed_at)
    found: list[Standing] = []
    for promise in policy.promises:
        if keeper is not None and promise.kept_by is not keeper:
            continue
        if promise.applies(facts):
            found.append(case.standing(promise))
        elif all:
            found.append(Standing(promise.id, promise.clauses, PromiseState.VOID))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Case:
    policy: Policy
    milestones: Milestones
    holds: Sequence[HoldPeriod]
    now: datetime
    closed_at: datetime | None

    def standing(self, promise: Promise) -> Standing:
        starts = self._times(promise.starts.milestones)
        if not starts:
            return Standing(promise.id, promise.clauses, PromiseState.PENDING)
        last = promise.starts.last
        start = local(max(starts) if last else min(starts))
        paused = pauses(self.holds, promise.pauses_on, self.now) if self.holds else ()
        time = RunningTime(self.policy.calendar(promise.calendar), paused)
        due, moments, unknown_from = self._plan(promise, time, start)
        # The stops and ends of an earlier occurrence say nothing about the last one.
        since = start if last else None
        stop = self._first(promise.met_by, since)
        end = self._end(promise, since)
        state = self._state(promise, due, stop, end)
        # A stop before the start keeps the promise, met at the start (decisions, Time).
        met_at = max(local(stop), start) if stop and state in _SETTLED else None
        return Standing(
            promise=promise.id,
            clauses=promise.clauses,
            state=state,
            occurrence=len(starts) if last else 1,
            starts_at=start,
            due=due,
            met_at=met_at,
            late_seconds=(met_at - due) // _SECOND if met_at and due and met_at > due else None,
            remedy_at=promise.remedy.starts_at(due) if promise.remedy and due else None,
            moments=moments,
            stopped_at=min((one for one in (met_at, end) if one is not None), default=None)
            if state is not PromiseState.MET
            else met_at,
            unknown_from=unknown_from,
        )

    def _state(
        self,
        promise: Promise,
        due: datetime | None,
        stop: datetime | None,
        end: datetime | None,
    ) -> PromiseState:
        if stop and (due is None or stop <= due) and (end is None or stop <= end):
            return PromiseState.MET
        if end and (due is None or end <= due):
            return PromiseState.VOID
        if due is not None and due < self.now:
            return PromiseState.MISSED
        if is_paused(self.holds, promise.pauses_on, self.now):
            return PromiseState.PAUSED
        return PromiseState.RUNNING

    def _plan(
        self, promise: Promise, time: RunningTime, start: datetime
    ) -> tuple[datetime | None, tuple[Moment, ...], date | None]:
        """Due and ladder, as far as the calendar knows, and the first day that it does not."""
        moments: list[Moment] = []
        due = None
        try:
            due = self._due(promise, time, start)
            for moment in self._ladder(promise, time, start, due):
                moments.append(moment)  # noqa: PERF402  one at a time: a later one may be unknown
        except CalendarUnknown as unknown:
            return due, tuple(moments), unknown.day
        return due, tuple(moments), None

    def _due(self, promise: Promise, time: RunningTime, start: datetime) -> datetime:
        due = promise.due(start, self.policy.calendar(promise.calendar))
        if promise.not_before is not None:
            appointed = self._times((promise.not_before.milestone,))
            if appointed:
                due = max(due, promise.not_before.moment(local(max(appointed))))
        if promise.move_into is None:
            return time.extend(start, due)
        hours = self.policy.calendar(promise.move_into)
        # Moved first: what a pause puts off is the time that was promised, not one in the night.
        due = time.extend(start, hours.move_into(due))
        while (moved := hours.move_into(due)) != due:
            due = time.extend(due, moved)
        return due

    def _ladder(
        self, promise: Promise, time: RunningTime, start: datetime, due: datetime
    ) -> Iterator[Moment]:
        ladder = self.policy.ladder(promise)
        if ladder is None:
            return
        whole = time.between(start, due)
        laxer = {one.level: one for one in promise.laxer}
        hours = self.policy.calendar(ladder.tell_within) if ladder.tell_within else None
        for rung in ladder.rungs:
            own = laxer.get(rung.level)
            if own is None:
                at = _at_percent(rung.percent, time, start, due, whole)
            else:
                end = own.within.end(self.policy.calendar(promise.calendar), start)
                at = time.extend(start, end)
            told = hours.next_open(at) if hours else at
            yield Moment(
                level=rung.level,
                at=at,
                tell=rung.tell,
                clauses=own.clauses if own else (),
                tell_at=told if told > at else None,
            )

    def _times(self, names: Sequence[Milestone]) -> list[datetime]:
        return [moment for name in names for moment in self.milestones.get(name, ())]

    def _first(self, names: Sequence[Milestone], since: datetime | None) -> datetime | None:
        return min(
            (
                moment
                for moment in self._times(names)
                if moment <= self.now and (since is None or moment >= since)
            ),
            default=None,
        )

    def _end(self, promise: Promise, since: datetime | None) -> datetime | None:
        """When a promise that still runs becomes void: by a milestone, or with the ticket."""
        end = self._first(promise.void_by, since)
        if promise.outlives_ticket or self.closed_at is None or self.closed_at > self.now:
            return end
        return self.closed_at if end is None else min(end, self.closed_at)


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
