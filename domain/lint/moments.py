"""Due times tried out: from many starts in a week, or in a year where workdays matter.

A rule that compares two lengths on two calendars tries them from sample starts instead of knowing
every kind of calendar and unit.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from domain.calendars import Calendar, CalendarNeverOpens, CalendarUnknown, Weekday, Workdays
from domain.civil_time import DAY, start_of_day
from domain.lint.reading import PromiseView, Reading
from domain.policy_phrases import clock, length
from domain.time_limits import Unit

_MONDAY = date(2024, 1, 1)
_HOUR = timedelta(hours=1)
_DAYS = dict(zip(Weekday, "一二三四五六日", strict=True))


def limit(view: PromiseView) -> str:
    """When that promise is due, in Chinese, with its calendar; empty without a number."""
    if view.within is not None:
        on = f"(日历 {view.calendar})" if view.calendar != "always" else ""
        return length(view.within) + on
    return "、".join(map(clock, view.by))


def has_number(view: PromiseView) -> bool:
    """Whether it can be worked out when it is due."""
    return view.within is not None or bool(view.by)


def moment(at: datetime) -> str:
    """A sample moment: its weekday and clock, which is what matters of it."""
    return f"周{_DAYS[tuple(Weekday)[at.weekday()]]} {at:%H:%M}"


def due(reading: Reading, view: PromiseView, start: datetime) -> datetime | None:
    """When the promise is due from that start; None without a number, or past the data."""
    calendar = reading.calendar(view.calendar)
    try:
        if view.within is not None:
            if view.within.unit is Unit.WORKDAY and not isinstance(calendar, Workdays):
                return None
            return view.within.end(calendar, start)
    except (CalendarUnknown, CalendarNeverOpens):
        return None
    moments = [at for target in view.by if (at := target.on(start)) > start]
    return min(moments, default=None)


def days(*calendars: Calendar, all_years: bool = False) -> Iterator[date]:
    """The days that could tell these calendars apart: a week, or the last year that is known.

    `all_years`: all that are known, where workdays matter.
    """
    workdays = [one for one in calendars if isinstance(one, Workdays)]
    if not workdays:
        yield from (_MONDAY + n * DAY for n in range(7))
        return
    last = min(one.known_until for one in workdays)
    first = max(one.known_from for one in workdays)
    if not all_years:
        first = max(first, last - 364 * DAY)
    yield from (first + n * DAY for n in range((last - first).days + 1))


def starts(*calendars: Calendar) -> Iterator[datetime]:
    """Sample starts on those days: each full hour, and each opening and closing."""
    for day in days(*calendars):
        midnight = start_of_day(day)
        edges = {edge for one in calendars for span in one.spans_on(day) for edge in span}
        yield from (midnight + at for at in sorted({n * _HOUR for n in range(24)} | edges))


def next_open(calendar: Calendar, at: datetime) -> datetime | None:
    """The next open moment; None where the data end first, or it never opens."""
    try:
        return calendar.next_open(at)
    except (CalendarUnknown, CalendarNeverOpens):
        return None


def open_only_in(wide: Calendar, narrow: Calendar) -> datetime | None:
    """The first sample moment at which only `wide` is open; None where `narrow` is as wide."""
    for day in days(wide, narrow):
        inside = narrow.spans_on(day)
        for opens, closes in wide.spans_on(day):
            at = opens
            for start, end in inside:
                if start <= at < end:
                    at = end
            if at < closes:
                return start_of_day(day) + at
    return None


def shortest(reading: Reading, view: PromiseView) -> timedelta | None:
    """The least time that lies between a start and its due time, by the clock."""
    calendar = reading.calendar(view.calendar)
    if view.within is not None and view.within.elapsed is not None and view.calendar == "always":
        return view.within.elapsed
    lengths = []
    for start in starts(calendar):
        for begins in (start, start + _HOUR - timedelta(minutes=1)):
            end = due(reading, view, begins)
            if end is not None:
                lengths.append(end - begins)
    return min(lengths, default=None)


class Sooner:
    """Whether one promise can be due before another that starts with it; tried once per pair."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._limits = {one.place: limit(one) for one in reading.promises}
        self._known: dict[tuple[str, str], bool] = {}

    def __call__(self, first: PromiseView, second: PromiseView) -> bool:
        key = self._limits[first.place], self._limits[second.place]
        if key not in self._known:
            self._known[key] = self._tried(first, second)
        return self._known[key]

    def _tried(self, first: PromiseView, second: PromiseView) -> bool:
        reading = self._reading
        if first.calendar == second.calendar and first.within and second.within:
            one, other = first.within, second.within
            if one.unit is other.unit:  # on one calendar the smaller number is never later
                return one.amount < other.amount
        calendars = (reading.calendar(view.calendar) for view in (first, second))
        for start in starts(*calendars):
            sooner, later = due(reading, first, start), due(reading, second, start)
            if sooner is not None and later is not None and sooner < later:
                return True
        return False
