"""How each promise stands at one moment: its state, when it is due, when it was kept.

The rule is here and only here: `domain.promises` adds the ladder for a ticket that runs, and
`domain.what_if` counts the answers over many tickets of the past. So that it is fast enough for
those, a policy is prepared once and the facts are read once a case.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from domain.calendars import CalendarUnknown, Period
from domain.civil_time import local
from domain.conditions import compiled, facts_in
from domain.facts import Value
from domain.policy import Policy
from domain.promise import Promise
from domain.running_time import HoldPeriod, RunningTime, is_paused, pauses
from domain.vocabulary import HoldReason, Keeper, Milestone, PromiseState

Milestones = Mapping[Milestone, Sequence[datetime]]
"""When each milestone came, as often as it came, in any order."""

_SECOND = timedelta(seconds=1)
# Looking a member up on its class costs as much as the comparison of two moments.
_PENDING, _RUNNING, _PAUSED = PromiseState.PENDING, PromiseState.RUNNING, PromiseState.PAUSED
_MET, _MISSED, _VOID = PromiseState.MET, PromiseState.MISSED, PromiseState.VOID


class Judgement(NamedTuple):
    """How one promise stands; the fields are those of a `Standing`, which has the ladder as well.

    `ended_at` is when it became void, or would have, had it still run. `unknown_from`: the first
    day that its calendar does not know, where that leaves it without a due time.
    """

    promise: Promise
    state: PromiseState
    occurrence: int = 1
    starts_at: datetime | None = None
    due: datetime | None = None
    met_at: datetime | None = None
    ended_at: datetime | None = None
    unknown_from: date | None = None

    @property
    def late_seconds(self) -> int | None:
        """Whole seconds from due to the stop that came too late; None while there is none."""
        if self.met_at is None or self.due is None or self.met_at <= self.due:
            return None
        return (self.met_at - self.due) // _SECOND

    @property
    def stopped_at(self) -> datetime | None:
        """When it stopped running: kept, kept late, or void."""
        if self.state is _MET or self.ended_at is None:
            return self.met_at
        return self.ended_at if self.met_at is None else min(self.met_at, self.ended_at)


class Rule:
    """A promise made ready: its calendars at hand, its condition as one function."""

    __slots__ = (
        *("applies", "calendar", "due", "hours", "last", "not_before", "pauses_on"),
        *("promise", "starts"),
    )

    def __init__(self, promise: Promise, policy: Policy) -> None:
        self.promise = promise
        self.applies = compiled(promise.when)
        self.starts = promise.starts.milestones
        self.last = promise.starts.last
        self.pauses_on = frozenset(promise.pauses_on)
        self.calendar = policy.calendar(promise.calendar)
        self.due = promise.due_on(self.calendar)
        self.not_before = promise.not_before
        self.hours = None if promise.move_into is None else policy.calendar(promise.move_into)


class Prepared:
    """A policy made ready for judging: its rules in its order, and the facts that they ask for."""

    __slots__ = ("_by_keeper", "policy")

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._by_keeper: dict[Keeper | None, tuple[tuple[Rule, ...], frozenset[str]]] = {}

    def rules(self, keeper: Keeper | None) -> tuple[Rule, ...]:
        """The rules of the promises that this workflow keeps; of all without one."""
        return self._of(keeper)[0]

    def facts(self, keeper: Keeper | None) -> frozenset[str]:
        """The names of the facts on which those depend."""
        return self._of(keeper)[1]

    def _of(self, keeper: Keeper | None) -> tuple[tuple[Rule, ...], frozenset[str]]:
        if keeper not in self._by_keeper:
            chosen = [
                one for one in self.policy.promises if keeper is None or one.kept_by is keeper
            ]
            rules = tuple(Rule(promise, self.policy) for promise in chosen)
            asked = frozenset(name for promise in chosen for name in facts_in(promise.when))
            self._by_keeper[keeper] = rules, asked
        return self._by_keeper[keeper]

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """Left behind where the policy is copied deeply or sent elsewhere: made anew there."""
        return type(None), ()


_KEPT_AS = "_prepared"


def prepared(policy: Policy) -> Prepared:
    """The policy made ready, once for each policy object, since it never changes."""
    kept: Prepared | None = vars(policy).get(_KEPT_AS)
    # `model_copy` takes along what the original keeps, so whose it is has to be asked.
    if kept is None or kept.policy is not policy:
        kept = vars(policy)[_KEPT_AS] = Prepared(policy)
    return kept


def judge(
    policy: Policy,
    milestones: Milestones,
    facts: Mapping[str, Value | None],
    holds: Sequence[HoldPeriod],
    now: datetime,
    closed_at: datetime | None = None,
    *,
    all: bool = False,
    keeper: Keeper | None = None,
) -> list[Judgement]:
    """The promises whose condition holds, in the policy's order; with `all`, the rest as void.

    As `domain.promises.standings`, but for `facts`: these have been read (`domain.facts`).
    """
    case = _Case(milestones, holds, now, closed_at)
    found: list[Judgement] = []
    for rule in prepared(policy).rules(keeper):
        if rule.applies(facts):
            found.append(case.judge(rule))
        elif all:
            found.append(Judgement(rule.promise, _VOID))
    return found


class _Case:
    """What has happened, looked at from one moment."""

    __slots__ = ("_closed_at", "_first", "_holds", "_milestones", "_now", "_paused")

    def __init__(
        self,
        milestones: Milestones,
        holds: Sequence[HoldPeriod],
        now: datetime,
        closed_at: datetime | None,
    ) -> None:
        self._milestones = milestones
        self._holds = holds
        self._now = now = local(now)
        # What comes after now has not happened yet.
        self._closed_at = closed_at if closed_at is not None and closed_at <= now else None
        self._first = {name: local(min(times)) for name, times in milestones.items() if times}
        self._paused: dict[frozenset[HoldReason], tuple[Period, ...]] = {}

    def judge(self, rule: Rule) -> Judgement:
        """How the promise of that rule stands; it applies."""
        promise = rule.promise
        if rule.last:
            times = [one for name in rule.starts for one in self._milestones.get(name, ())]
            start = local(max(times)) if times else None
            occurrence = len(times)
        else:
            start, occurrence = self._earliest(rule.starts), 1
        if start is None:
            return Judgement(promise, _PENDING)
        due = unknown_from = None
        try:
            due = self._due(rule, start)
        except CalendarUnknown as unknown:
            unknown_from = unknown.day
        # The stops and ends of an earlier occurrence say nothing about the last one.
        since = start if rule.last else None
        stop = self._by_now(promise.met_by, since)
        end = self._end(promise, since)
        state = self._state(rule, due, stop, end)
        if stop is not None and not (state is _MET or state is _MISSED):
            stop = None
        # A stop before the start keeps the promise, met at the start (decisions, Time).
        met_at = start if stop is not None and stop < start else stop
        return Judgement(promise, state, occurrence, start, due, met_at, end, unknown_from)

    def _state(
        self, rule: Rule, due: datetime | None, stop: datetime | None, end: datetime | None
    ) -> PromiseState:
        if stop is not None and (due is None or stop <= due) and (end is None or stop <= end):
            return _MET
        if end is not None and (due is None or end <= due):
            return _VOID
        if due is not None and due < self._now:
            return _MISSED
        if self._holds and is_paused(self._holds, rule.pauses_on, self._now):
            return _PAUSED
        return _RUNNING

    def _due(self, rule: Rule, start: datetime) -> datetime:
        due, hours = rule.due(start), rule.hours
        if rule.not_before is not None:
            appointed = self._milestones.get(rule.not_before.milestone)
            if appointed:
                due = max(due, rule.not_before.moment(local(max(appointed))))
        paused = self._pauses(rule) if self._holds else ()
        if not paused:
            return due if hours is None else hours.move_into(due)
        time = RunningTime(rule.calendar, paused)
        return time.extend(start, due) if hours is None else time.extend_into(hours, start, due)

    def _pauses(self, rule: Rule) -> tuple[Period, ...]:
        found = self._paused.get(rule.pauses_on)
        if found is None:
            found = self._paused[rule.pauses_on] = pauses(self._holds, rule.pauses_on, self._now)
        return found

    def _earliest(self, names: Sequence[Milestone]) -> datetime | None:
        """When the first of them came, or will."""
        earliest: datetime | None = None
        for name in names:
            moment = self._first.get(name)
            if moment is not None and (earliest is None or moment < earliest):
                earliest = moment
        return earliest

    def _by_now(self, names: Sequence[Milestone], since: datetime | None) -> datetime | None:
        """When the first of them came; not before `since`, where there is one."""
        if since is None:
            first = self._earliest(names)
        else:
            times = (one for name in names for one in self._milestones.get(name, ()))
            first = min((local(one) for one in times if one >= since), default=None)
        return first if first is not None and first <= self._now else None

    def _end(self, promise: Promise, since: datetime | None) -> datetime | None:
        """When a promise that still runs becomes void: by a milestone, or with the ticket."""
        end = self._by_now(promise.void_by, since) if promise.void_by else None
        closed = None if promise.outlives_ticket else self._closed_at
        if end is None or closed is None:
            return end or closed
        return min(end, closed)
