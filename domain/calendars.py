"""When the clock of a promise runs: always, in opening hours, or on statutory workdays.

Calendars are data, and each is self-contained: a policy snapshot that carries a workday calendar
carries its public holidays too, so a ticket never looks a date up elsewhere. Times are aware
datetimes at +08:00 in whole milliseconds. An open period includes its opening moment and excludes
its closing moment; a due time may stand on either.
"""

import re
from abc import abstractmethod
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from domain.civil_time import DAY, MICROSECOND, sensible, start_of_day
from domain.opening_week import OpeningWeek
from domain.policy_entry import PolicyEntry, mistake

# Longer than any closure that a calendar can hold: beyond it, the calendar never opens.
LONGEST_CLOSURE_DAYS = 60

Span = tuple[timedelta, timedelta]
"""An opening and a closing, counted from 00:00 of their day."""
Period = tuple[datetime, datetime]
"""The same on a certain day."""

_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")

WHOLE_DAY: tuple[Span, ...] = ((timedelta(0), DAY),)


class CalendarUnknown(Exception):
    """A workday was asked for whose year nobody has announced yet: we refuse to guess."""

    def __init__(self, day: date, known_from: date, known_until: date) -> None:
        super().__init__(f"工作日历的数据从 {known_from} 到 {known_until},不知道 {day} 是否上班")
        self.day = day


class CalendarNeverOpens(Exception):
    """No open moment within `LONGEST_CLOSURE_DAYS`; a count of open time would not end."""

    def __init__(self, moment: datetime) -> None:
        super().__init__(f"日历从 {moment} 起 {LONGEST_CLOSURE_DAYS} 天内没有开放时间")


class Weekday(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


WEEK: tuple[Weekday, ...] = tuple(Weekday)
_SATURDAY = 5


def read_clock(text: str) -> timedelta:
    """`08:30` as the time since 00:00; `24:00` is the end of the day. ValueError if it is none."""
    hours, colon, minutes = text.partition(":")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2):
        raise ValueError(text)
    clock = timedelta(hours=int(hours), minutes=int(minutes))
    if int(minutes) > 59 or clock > DAY:
        raise ValueError(text)
    return clock


def _read_window(text: str) -> Span:
    opens, _, closes = text.partition("-")
    try:
        span = read_clock(opens.strip()), read_clock(closes.strip())
    except ValueError:
        raise mistake(f"看不懂时段 {text!r}", fix='写成 "08:00-18:00",一天之内,24 小时制') from None
    if span[0] >= span[1]:
        raise mistake(f"时段 {text!r} 的结束不晚于开始", fix="跨零点的时段拆成当天和次日两段")
    return span


def _check_windows(windows: tuple[str, ...]) -> tuple[str, ...]:
    spans = [_read_window(text) for text in windows]
    for (_, closes), (opens, _), text in zip(spans, spans[1:], windows[1:], strict=False):
        if opens < closes:
            raise mistake(f"时段 {text!r} 与前一段重叠或次序颠倒", fix="按时间先后写,互不重叠")
    return windows


Windows = Annotated[tuple[str, ...], AfterValidator(_check_windows)]
"""The open windows of a day in order, such as `["08:00-12:00", "13:30-17:30"]`; none: shut."""


class Calendar(PolicyEntry):
    """What all calendars can answer. Only `spans_on` differs from kind to kind."""

    @abstractmethod
    def spans_on(self, day: date) -> tuple[Span, ...]:
        """The open spans of that day, in order. CalendarUnknown where the data end."""

    def periods(self, since: datetime, until: datetime | None = None) -> Iterator[Period]:
        """Open periods that end after `since`, in order, of days that begin before `until`."""
        day, closed_days = since.date(), 0
        while closed_days <= LONGEST_CLOSURE_DAYS:
            midnight = start_of_day(day)
            if until is not None and midnight >= until:
                return
            spans = self.spans_on(day)
            for opens, closes in spans:
                if midnight + closes > since:
                    yield midnight + opens, midnight + closes
            closed_days = 0 if spans else closed_days + 1
            day += DAY
        raise CalendarNeverOpens(since)

    def next_open(self, moment: datetime) -> datetime:
        """`moment` itself when open, else the next opening."""
        opens, _ = next(self.periods(moment))
        return max(opens, moment)

    def is_open(self, moment: datetime) -> bool:
        midnight = start_of_day(moment.date())
        return any(
            midnight + opens <= moment < midnight + closes
            for opens, closes in self.spans_on(moment.date())
        )

    def move_into(self, due: datetime) -> datetime:
        """A due time outside the hours moved to the next opening; a closing moment may stay.

        "Within 09:00-20:00" includes 20:00 (以内 includes the number, Civil Code 1259).
        """
        day = due.date()
        midnight = start_of_day(day)
        # 00:00 is the closing moment of the day before, when that day closes at 24:00.
        if due == midnight and any(closes == DAY for _, closes in self.spans_on(day - DAY)):
            return due
        for opens, closes in self.spans_on(day):
            if midnight + opens <= due <= midnight + closes:
                return due
        return self.next_open(due)

    def add_open(self, start: datetime, amount: timedelta) -> datetime:
        """The earliest moment by which `amount` of open time has run since `start`."""
        if not amount:
            return start
        left = amount
        for opens, closes in self.periods(start):
            begins = max(opens, start)
            if closes - begins >= left:
                return begins + left
            left -= closes - begins
        raise AssertionError("periods without `until` do not end")

    def open_between(self, since: datetime, until: datetime) -> timedelta:
        """How much open time lies between the two; nothing when they are the wrong way round."""
        total = timedelta(0)
        if until <= since:
            return total
        for opens, closes in self.periods(since, until):
            if opens >= until:
                break
            total += min(closes, until) - max(opens, since)
        return total

    def end_of_day(self, day: date) -> datetime:
        """24:00, or the close of business where there is one (Civil Code 203)."""
        spans = self.spans_on(day)
        return start_of_day(day) + (spans[-1][1] if spans else DAY)

    def end_of_civil_day(
        self, start: datetime, days: int, *, extend_over_holidays: bool = False
    ) -> datetime:
        """The end of the n-th day; the day of `start` is not counted (Civil Code 201, 202).

        `extend_over_holidays` moves a last day on which nobody works to the next workday. That is
        for the customer's own windows (warranty, 三包), never for what we promise.
        """
        day = start.date() + days * DAY
        return self.end_of_day(self.workday_from(day) if extend_over_holidays else day)

    def workday_from(self, day: date) -> date:
        """That day, or the first one after it on which the calendar opens at all."""
        for later in range(LONGEST_CLOSURE_DAYS + 1):
            if self.spans_on(day + later * DAY):
                return day + later * DAY
        raise CalendarNeverOpens(start_of_day(day))

    def end_of_workday(self, start: datetime, workdays: int) -> datetime:
        """The end of the n-th day with opening hours after the day of `start`."""
        day = start.date()
        for _ in range(workdays):
            day = self.workday_from(day + DAY)
        return self.end_of_day(day)


class Always(Calendar):
    """Round the clock, every day."""

    kind: Literal["always"]

    def spans_on(self, day: date) -> tuple[Span, ...]:
        return WHOLE_DAY

    # The common case by far, and the arithmetic is trivial: no walk over days.

    def add_open(self, start: datetime, amount: timedelta) -> datetime:
        return start + amount

    def open_between(self, since: datetime, until: datetime) -> timedelta:
        return max(until - since, timedelta(0))


ALWAYS = Always(kind="always")


class OpeningHours(Calendar):
    """The same hours every week: `daily`, and other windows `on` certain weekdays."""

    kind: Literal["opening_hours"]
    daily: Windows = ()
    on: dict[Weekday, Windows] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _opens_sometime(self) -> Self:
        if not any(self._spans_of_week):
            fix = "写出 daily,或在 on 下写出某天的时段"
            raise mistake("这个日历从不开放", fix=fix, rule="calendar_never_opens")
        return self

    @cached_property
    def _spans_of_week(self) -> tuple[tuple[Span, ...], ...]:
        return tuple(
            tuple(_read_window(text) for text in self.on.get(weekday, self.daily))
            for weekday in WEEK
        )

    @cached_property
    def _table(self) -> OpeningWeek:
        return OpeningWeek(self._spans_of_week)

    @property
    def open_a_week(self) -> timedelta:
        """How much of a week is open."""
        spans = (span for day in self._spans_of_week for span in day)
        return sum((closes - opens for opens, closes in spans), timedelta(0))

    def spans_on(self, day: date) -> tuple[Span, ...]:
        return self._spans_of_week[day.weekday()]

    # Every week is the same, so the week's table spares the walk over days.

    def add_open(self, start: datetime, amount: timedelta) -> datetime:
        if not amount:
            return start
        return self._table.moment_of(self._table.opened_by(start) + amount // MICROSECOND)

    def open_between(self, since: datetime, until: datetime) -> timedelta:
        if until <= since:
            return timedelta(0)
        table = self._table
        return timedelta(microseconds=table.opened_by(until) - table.opened_by(since))


def _check_year(*days: date, at: tuple[str, ...] = ()) -> None:
    """Raises the mistake for a year so far off that counting from it would run out of dates."""
    try:
        for day in days:
            sensible(day)
    except ValueError as wrong:
        raise mistake(str(wrong), fix="请改正年份", at=at) from None


def _read_days(text: str) -> Iterator[date]:
    first, dots, last = text.partition("..")
    try:
        day, end = date.fromisoformat(first), date.fromisoformat(last if dots else first)
    except ValueError:
        raise mistake(
            f"看不懂日期 {text!r}", fix='写成 "2026-10-10" 或 "2026-10-01..2026-10-07"'
        ) from None
    _check_year(day, end)
    if end < day:
        raise mistake(f"日期段 {text!r} 的结束早于开始")
    while day <= end:
        yield day
        day += DAY


def _check_days(written: tuple[str, ...]) -> tuple[str, ...]:
    for text in written:
        for _ in _read_days(text):
            pass
    return written


def _is_of(source: str, year: int) -> bool:
    """Whether a notice is of that year or later; one that names no year is."""
    named = [int(text) for text in _YEAR.findall(source)]
    return not named or max(named) >= year


def _days_since(written: tuple[str, ...], day: date) -> tuple[str, ...]:
    """The dates from that day on; a run that begins before it is cut."""
    runs = [list(_read_days(text)) for text in written]
    return tuple(
        text if run[0] >= day else f"{day}..{run[-1]}"
        for text, run in zip(written, runs, strict=True)
        if run[-1] >= day
    )


Days = Annotated[tuple[str, ...], AfterValidator(_check_days)]
"""Dates or runs of dates, as text: `2026-10-10`, `2026-10-01..2026-10-07`."""


class Workdays(Calendar):
    """Statutory workdays: Monday to Friday and make-up days, less public holidays (调休).

    The State Council announces one year at a time, so the data say from and until when they are
    known; outside that, CalendarUnknown.
    """

    kind: Literal["workdays"]
    windows: Windows = ("00:00-24:00",)
    source: tuple[str, ...]
    known_from: date
    known_until: date
    holidays: Days
    makeup_workdays: Days

    @cached_property
    def _days_off(self) -> frozenset[date]:
        return frozenset(day for text in self.holidays for day in _read_days(text))

    @cached_property
    def _days_made_up(self) -> frozenset[date]:
        return frozenset(day for text in self.makeup_workdays for day in _read_days(text))

    @cached_property
    def _spans(self) -> tuple[Span, ...]:
        return tuple(_read_window(text) for text in self.windows)

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if not self._spans:
            fix = "写出 windows,或删去它(默认全天)"
            raise mistake("这个日历从不开放", fix=fix, at=("windows",), rule="calendar_never_opens")
        self._check_known()
        both = self._days_off & self._days_made_up
        if both:
            raise mistake(f"{min(both)} 既是假日又是补班日", at=("makeup_workdays",))
        return self

    def _check_known(self) -> None:
        """Every date lies inside the data: outside them it would silently count for nothing."""
        _check_year(self.known_from, at=("known_from",))
        _check_year(self.known_until, at=("known_until",))
        if self.known_until < self.known_from:
            raise mistake(f"known_until {self.known_until} 早于 known_from", at=("known_until",))
        for key, written in (
            ("holidays", self.holidays),
            ("makeup_workdays", self.makeup_workdays),
        ):
            for place, text in enumerate(written):
                days = list(_read_days(text))
                if days[0] < self.known_from or days[-1] > self.known_until:
                    raise mistake(
                        f"{text} 在这份日历的数据({self.known_from} 到 {self.known_until})之外",
                        fix="改正日期,或连同该年一起改 known_from、known_until",
                        at=(key, place),
                        rule="outside_calendar_data",
                    )

    def known_since(self, day: date) -> Self:
        """The same calendar without what lies before that day, nor the notices of years before."""
        if day <= self.known_from:
            return self
        shortened = self.model_dump() | {
            "source": tuple(text for text in self.source if _is_of(text, day.year)),
            "known_from": min(day, self.known_until),
            "holidays": _days_since(self.holidays, day),
            "makeup_workdays": _days_since(self.makeup_workdays, day),
        }
        return type(self).model_validate(shortened)

    def is_workday(self, day: date) -> bool:
        if not self.known_from <= day <= self.known_until:
            raise CalendarUnknown(day, self.known_from, self.known_until)
        if day in self._days_made_up:
            return True
        return day.weekday() < _SATURDAY and day not in self._days_off

    def spans_on(self, day: date) -> tuple[Span, ...]:
        return self._spans if self.is_workday(day) else ()


CalendarSpec = Annotated[Always | OpeningHours | Workdays, Field(discriminator="kind")]
"""A calendar as a policy writes it, told apart by `kind`."""
