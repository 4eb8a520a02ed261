"""Calendars of the slow model: which minutes are open, told day by day and counted one by one.

A day has a number, 0 for Monday 2026-03-02; a minute too, 0 for 00:00 of that day. The minute n
lasts from n to n + 1. Moments are whole milliseconds since then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from tests.unit.slow_model.clock import DAY, EPOCH, Stretch

MINUTE_MS = 60_000
FIRST_DAY, LAST_DAY = -10, 150
"""The days that the model has a table for; no random promise reaches beyond them."""
_FIRST_MINUTE = FIRST_DAY * DAY


class NotAnnounced(Exception):
    """The count came to a day whose year is not announced; `day` is its number."""

    def __init__(self, day: int) -> None:
        self.day = day
        super().__init__(f"day {day}")


def date_of(day: int) -> date:
    return EPOCH.date() + timedelta(days=day)


@dataclass(frozen=True)
class SlowCalendar:
    """A week of open stretches, Monday first; or, with `workdays`, the same hours each workday.

    `holidays` and `makeup` are numbers of days: weekdays on which nobody works, and weekend days
    on which they do. `known_until` is the last day that is announced.
    """

    name: str
    week: tuple[tuple[Stretch, ...], ...]
    workdays: bool = False
    holidays: frozenset[int] = frozenset()
    makeup: frozenset[int] = frozenset()
    known_until: int = LAST_DAY

    def stretches(self, day: int) -> Sequence[Stretch]:
        """The open stretches of that day, in minutes of the day."""
        if not self.workdays:
            return self.week[day % 7]
        if day > self.known_until:
            raise NotAnnounced(day)
        if day in self.makeup:
            return self.week[0]
        return () if day % 7 >= 5 or day in self.holidays else self.week[0]

    @cached_property
    def _open(self) -> bytes:
        """One byte a minute: 1 when open, 2 when nobody can know."""
        table = bytearray()
        for day in range(FIRST_DAY, LAST_DAY):
            minutes = bytearray(DAY)
            try:
                for opens, closes in self.stretches(day):
                    minutes[opens:closes] = b"\1" * (closes - opens)
            except NotAnnounced:
                minutes = bytearray(b"\2" * DAY)
            table += minutes
        return bytes(table)

    def is_open(self, minute: int) -> bool:
        state = self._open[minute - _FIRST_MINUTE]
        if state == 2:
            raise NotAnnounced(minute // DAY)
        return state == 1

    def ran_out(self, start: int, amount_ms: int, paused: set[int]) -> int:
        """The moment (ms) by which so much open, unpaused time has run since the minute `start`."""
        minute, left = start, amount_ms
        while left > 0:
            if self.is_open(minute) and minute not in paused:
                if left <= MINUTE_MS:
                    return minute * MINUTE_MS + left
                left -= MINUTE_MS
            minute += 1
        return minute * MINUTE_MS

    def ran(self, start: int, end: int, paused: set[int]) -> int:
        """How many minutes between the two are open and unpaused."""
        return sum(self.is_open(one) and one not in paused for one in range(start, end))

    def pushed(self, start: int, due: int, paused: set[int]) -> int:
        """A due time put off by one open minute for every paused open minute before it."""
        minute = start
        while paused and minute < due:
            if minute in paused and self.is_open(minute):
                while not self.is_open(due):
                    due += 1
                due += 1
            minute += 1
        return due

    def closes_on(self, day: int) -> int:
        """The minute at which that day ends: the close of business, or 24:00 where none is."""
        stretches = self.stretches(day)
        return day * DAY + (stretches[-1][1] if stretches else DAY)

    def day_after(self, day: int, count: int) -> int:
        """The n-th day after that one on which it opens at all."""
        while count:
            day += 1
            count -= bool(self.stretches(day))
        return day

    def within_hours(self, minute: int) -> int:
        """That minute, or the next opening; the closing moment itself still counts as inside."""
        while not (self.is_open(minute) or self._just_closed(minute)):
            minute += 1
        return minute

    def _just_closed(self, minute: int) -> bool:
        return self.is_open(minute - 1)
