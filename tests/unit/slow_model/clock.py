"""How deadlines ought to come out, worked out the slow way: minute by minute, day by day.

Written apart from the engine and shares no code with it; only the vocabulary of a plain table of
windows is common. A minute is counted from 00:00 of Monday 2026-03-02; the minute n lasts from n to
n + 1. Workdays come from `chinese_calendar`, not from our data.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

import chinese_calendar

DAY = 24 * 60
WEEK = 7 * DAY
EPOCH = datetime(2026, 3, 2, tzinfo=timezone(timedelta(hours=8)))

Stretch = tuple[int, int]
"""From one minute up to, and without, another."""


def moment(minute: int) -> datetime:
    return EPOCH + timedelta(minutes=minute)


def minute_of(at: datetime) -> int:
    whole, rest = divmod(at - EPOCH, timedelta(minutes=1))
    assert not rest, "the model knows whole minutes only"
    return whole


def minutes_in(stretches: Iterable[Stretch]) -> set[int]:
    return {minute for begins, ends in stretches for minute in range(begins, ends)}


@dataclass(frozen=True)
class SlowClock:
    """A week of open minutes, told day by day as stretches of minutes of the day."""

    week: Sequence[Sequence[Stretch]]

    def is_open(self, minute: int) -> bool:
        of_day = minute % DAY
        return any(opens <= of_day < closes for opens, closes in self.week[minute // DAY % 7])

    def elapsed(self, start: int, target: int, paused: set[int]) -> int:
        """The moment by which `target` open, unpaused minutes have run since `start`."""
        minute, left = start, target
        while left:
            if self.is_open(minute) and minute not in paused:
                left -= 1
            minute += 1
        return minute

    def running(self, start: int, end: int, paused: set[int]) -> int:
        """How many minutes between the two are open and unpaused."""
        return sum(
            1 for minute in range(start, end) if self.is_open(minute) and minute not in paused
        )

    def pushed(self, start: int, due: int, paused: set[int]) -> int:
        """A fixed due time put off by one open minute for every paused open minute before it."""
        minute = start
        while minute < due:
            if self.is_open(minute) and minute in paused:
                due = self.elapsed(due, 1, set())
            minute += 1
        return due


def workdays_after(day: date, count: int) -> date:
    """The n-th workday after that day."""
    while count:
        day += timedelta(days=1)
        if chinese_calendar.is_workday(day):
            count -= 1
    return day


def months_on(day: date, months: int) -> date:
    """The same number so many months on, one month at a time; else the last day there is."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    for number in range(day.day, 0, -1):
        try:
            return date(year, month, number)
        except ValueError:
            continue
    raise AssertionError("every month has a first day")
