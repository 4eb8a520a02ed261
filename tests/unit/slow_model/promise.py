"""A whole promise of the slow model: how it stands, from the papers and not from the engine.

Design §4 (states, ladder, pausing, civil days), the decisions under "Time", and what the public
docstrings of `domain.promise` and `domain.promises` say. Times that a test gives are whole minutes;
`now` and the moments of a ladder are milliseconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.unit.slow_model.clock import DAY
from tests.unit.slow_model.hours import MINUTE_MS, NotAnnounced, SlowCalendar

Came = Mapping[str, Sequence[int]]
"""The minutes at which each milestone came."""
Fact = bool | str | float | None


@dataclass(frozen=True)
class SlowTest:
    """What a fact must be: one of some values, or between two that count themselves."""

    one_of: tuple[bool | str, ...] = ()
    least: float | None = None
    most: float | None = None
    unknown_will_do: bool = False

    def passes(self, value: Fact) -> bool:
        if value is None:
            return self.unknown_will_do
        if self.one_of:
            return value in self.one_of
        assert isinstance(value, float)
        return (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        )


@dataclass(frozen=True)
class Limit:
    """So many minutes of running time, civil days, or workdays."""

    amount: int
    unit: str  # minute, day, workday


@dataclass(frozen=True)
class SlowHold:
    """A wait from one minute up to another; without the other it is open."""

    reason: str
    since: int
    until: int | None = None


@dataclass(frozen=True)
class SlowPromise:
    """What a policy says of a promise, in the plainest form."""

    calendar: SlowCalendar
    within: Limit | None = None
    clock: tuple[tuple[int, int], ...] = ()  # days later, minute of the day
    when: tuple[Mapping[str, SlowTest], ...] = ()
    starts: tuple[str, ...] = ("reported",)
    last: bool = False
    met_by: tuple[str, ...] = ("resolved",)
    void_by: tuple[str, ...] = ()
    pauses_on: tuple[str, ...] = ()
    outlives: bool = False
    not_before: tuple[str, int] | None = None  # milestone, minutes before it
    move_into: SlowCalendar | None = None
    lead: int | None = None
    rungs: tuple[tuple[int, int], ...] = ((0, 75), (1, 100), (2, 150), (3, 200))
    laxer: Mapping[int, Limit] = field(default_factory=dict)
    quiet_outside: SlowCalendar | None = None


@dataclass(frozen=True)
class SlowStanding:
    """How it stands, in milliseconds; `told` only where the quiet hours put it off."""

    state: str
    occurrence: int = 1
    starts_at: int | None = None
    due: int | None = None
    met_at: int | None = None
    late_seconds: int | None = None
    remedy_at: int | None = None
    stopped_at: int | None = None
    levels: Mapping[int, int] = field(default_factory=dict)
    told: Mapping[int, int] = field(default_factory=dict)


def stands(
    promise: SlowPromise,
    came: Came,
    facts: Mapping[str, Fact],
    holds: Sequence[SlowHold],
    now: int,
    closed_at: int | None = None,
) -> SlowStanding | None:
    """The standing at `now` (ms); None where its condition does not hold."""
    if promise.when and not any(
        all(test.passes(facts.get(name)) for name, test in tests.items()) for tests in promise.when
    ):
        return None
    starts = sorted(minute for name in promise.starts for minute in came.get(name, ()))
    if not starts:
        return SlowStanding("pending")
    start = starts[-1] if promise.last else starts[0]
    waits = [one for one in holds if one.reason in promise.pauses_on]
    paused = paused_minutes(waits, now)
    due = due_minute(promise, start, came, paused)
    levels = _levels(promise, start, due, paused)
    since = start if promise.last else None
    stop = _first(came, promise.met_by, since, now)
    ends = [_first(came, promise.void_by, since, now)]
    if closed_at is not None and not promise.outlives and closed_at * MINUTE_MS <= now:
        ends.append(closed_at)
    end = min((one for one in ends if one is not None), default=None)
    return SlowStanding(
        **_state(start, due, stop, end, now, _waits_now(waits, now)),
        occurrence=len(starts) if promise.last else 1,
        starts_at=start * MINUTE_MS,
        due=due * MINUTE_MS,
        remedy_at=None if promise.lead is None else (due - promise.lead) * MINUTE_MS,
        levels=levels,
        told=_told(promise, levels),
    )


def _state(
    start: int, due: int, stop: int | None, end: int | None, now: int, waits: bool
) -> dict[str, Any]:
    """Kept at its due time is kept, a stop in the instant of the end too; missed stays missed.

    What was missed and is done at last has its lateness, even after the ticket's end.
    """
    done = None if stop is None else max(stop, start)
    kept_late = {} if done is None else {"met_at": done * MINUTE_MS}
    if done is not None and done > due:
        kept_late["late_seconds"] = (done - due) * 60
    if stop is not None and done is not None and (end is None or stop <= end):
        state = "met" if done <= due else "missed"
        return {"state": state, "stopped_at": done * MINUTE_MS, **kept_late}
    if end is not None and end > due:
        return {"state": "missed", "stopped_at": end * MINUTE_MS, **kept_late}
    if end is not None:
        return {"state": "void", "stopped_at": end * MINUTE_MS}
    if now > due * MINUTE_MS:
        return {"state": "missed"}
    return {"state": "paused" if waits else "running"}


def paused_minutes(waits: Sequence[SlowHold], now: int) -> set[int]:
    """Every minute that lies in a wait; one that is still open lasts until now."""
    minutes: set[int] = set()
    for one in waits:
        if one.until is None:
            assert now % MINUTE_MS == 0, "an open wait needs a now of whole minutes"
        minutes |= set(range(one.since, now // MINUTE_MS if one.until is None else one.until))
    return minutes


def _waits_now(waits: Sequence[SlowHold], now: int) -> bool:
    return any(
        one.since * MINUTE_MS <= now and (one.until is None or now < one.until * MINUTE_MS)
        for one in waits
    )


def due_minute(promise: SlowPromise, start: int, came: Came, paused: set[int]) -> int:
    """When it is due: the limit, put off by an appointment, into the hours, and by pauses.

    Where it is moved into hours: the least due time that is, with all paused minutes before it
    added, in those hours and in no wait. So more waiting never makes it earlier.
    """
    due = _unpaused_due(promise, start, came)
    calendar, hours = promise.calendar, promise.move_into
    if hours is None:
        return calendar.pushed(start, due, paused)
    first = due = hours.within_hours(due)
    while True:
        lost = sum(one in paused and calendar.is_open(one) for one in range(start, due))
        later = calendar.ran_out(first, lost * MINUTE_MS, set()) // MINUTE_MS if lost else first
        later = max(due, later)
        while later in paused and calendar.is_open(later) and later > first:
            later += 1
        later = hours.within_hours(later)
        if later == due:
            return due
        due = later


def _unpaused_due(promise: SlowPromise, start: int, came: Came) -> int:
    if promise.within is not None:
        due = _limit(promise.calendar, promise.within, start, set()) // MINUTE_MS
    else:
        midnight = start // DAY * DAY
        targets = [midnight + days * DAY + clock for days, clock in promise.clock]
        due = min(one for one in targets if one > start)
    if promise.not_before is None:
        return due
    milestone, lead = promise.not_before
    return max([due, *(at - lead for at in came.get(milestone, ()))])


def _limit(calendar: SlowCalendar, limit: Limit, start: int, paused: set[int]) -> int:
    """The end of a length of time, in milliseconds."""
    if limit.unit == "minute":
        return calendar.ran_out(start, limit.amount * MINUTE_MS, paused)
    day = start // DAY
    last = day + limit.amount if limit.unit == "day" else calendar.day_after(day, limit.amount)
    return calendar.pushed(start, calendar.closes_on(last), paused) * MINUTE_MS


def _levels(promise: SlowPromise, start: int, due: int, paused: set[int]) -> dict[int, int]:
    """Shares of the running time from start to due: before due from the start, after it from due.

    A level that a laxer clause gives a number of its own comes when that is over.
    """
    calendar = promise.calendar
    whole = calendar.ran(start, due, paused) * MINUTE_MS
    levels: dict[int, int] = {}
    for level, percent in promise.rungs:
        if level in promise.laxer:
            levels[level] = _limit(calendar, promise.laxer[level], start, paused)
        elif percent == 100:
            levels[level] = due * MINUTE_MS
        elif percent < 100:
            levels[level] = calendar.ran_out(start, whole * percent // 100, paused)
        else:
            more = whole * (percent - 100) // 100
            levels[level] = calendar.ran_out(due, more, paused)
    return levels


def _told(promise: SlowPromise, levels: Mapping[int, int]) -> dict[int, int]:
    """Those levels that come true in quiet hours, and the end of those hours.

    A level comes true once its moment is over, so the closing moment is quiet already.
    """
    hours, told = promise.quiet_outside, {}
    if hours is None:
        return {}
    for level, at in levels.items():
        minute = at // MINUTE_MS
        if not hours.is_open(minute):
            while not hours.is_open(minute):
                minute += 1
            told[level] = minute * MINUTE_MS
    return told


def _first(came: Came, names: Sequence[str], since: int | None, now: int) -> int | None:
    """The earliest of these that has happened by now, and not before `since`."""
    times = (minute for name in names for minute in came.get(name, ()))
    return min(
        (one for one in times if one * MINUTE_MS <= now and (since is None or one >= since)),
        default=None,
    )


__all__ = [
    "Limit",
    "NotAnnounced",
    "SlowHold",
    "SlowPromise",
    "SlowStanding",
    "SlowTest",
    "due_minute",
    "paused_minutes",
    "stands",
]
