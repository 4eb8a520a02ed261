"""How a time limit (时限) is written: `15 minutes`, `2 days`, `3 workdays`, `next day 10:00`."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, model_serializer, model_validator

from domain.calendars import Calendar, read_clock
from domain.civil_time import DAY, start_of_day
from domain.policy_entry import mistake

_DURATION = re.compile(r"(-?\d{1,5}) ?(minute|hour|day|workday)s?")
_CLOCK_TARGET = re.compile(r"(same|next) day (\d{1,2}:\d{2})")
LONGEST = 3660 * DAY  # ten years: beyond it, a slip of the pen
_NOTHING = timedelta(0)


class Unit(StrEnum):
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WORKDAY = "workday"


_ELAPSED = {Unit.MINUTE: timedelta(minutes=1), Unit.HOUR: timedelta(hours=1)}


class Duration(BaseModel):
    """A length of time with its unit, written and serialised as text.

    Minutes and hours are elapsed (open) time; days are civil days, whose start day is not counted
    and whose last ends at 24:00 (Civil Code 201, 202, 203(2)); workdays are statutory workdays.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    amount: int
    unit: Unit

    @model_validator(mode="before")
    @classmethod
    def _read(cls, written: Any) -> Any:
        if isinstance(written, dict):
            return written
        match = _DURATION.fullmatch(written.strip()) if isinstance(written, str) else None
        fix = "写成整数加单位,如 15 minutes、24 hours、2 days、3 workdays"
        if match is None:
            raise mistake(f"看不懂时长 {written!r}", fix=fix, rule="unreadable_duration")
        amount, unit = int(match[1]), Unit(match[2])
        if not _NOTHING < amount * _ELAPSED.get(unit, DAY) <= LONGEST:
            raise mistake(
                f"时长 {written!r} 必须大于零、不超过十年", fix=fix, rule="unreadable_duration"
            )
        return {"amount": amount, "unit": unit}

    @model_serializer
    def _write(self) -> str:
        return f"{self.amount} {self.unit}{'s' if self.amount != 1 else ''}"

    def __str__(self) -> str:
        return self._write()

    @property
    def elapsed(self) -> timedelta | None:
        """The length as a plain stretch of time; None for days, which have no fixed length."""
        step = _ELAPSED.get(self.unit)
        return None if step is None else self.amount * step

    def end(self, calendar: Calendar, start: datetime) -> datetime:
        """When it is over, counted from `start` on that calendar. CalendarUnknown may rise."""
        return self.ends_on(calendar)(start)

    def ends_on(self, calendar: Calendar) -> Callable[[datetime], datetime]:
        """`end` on that calendar, made ready to be asked many times."""
        amount, elapsed = self.amount, self.elapsed
        if elapsed is not None:
            return lambda start: calendar.add_open(start, elapsed)
        if self.unit is Unit.DAY:
            return lambda start: calendar.end_of_civil_day(start, amount)
        return lambda start: calendar.end_of_workday(start, amount)


class ClockTarget(BaseModel):
    """A time on the clock of the same or the next day, written `same day 18:00`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    days_later: int
    clock: str

    @model_validator(mode="before")
    @classmethod
    def _read(cls, written: Any) -> Any:
        if isinstance(written, dict):
            return written
        match = _CLOCK_TARGET.fullmatch(written.strip()) if isinstance(written, str) else None
        if match is not None:
            try:
                read_clock(match[2])
                return {"days_later": 1 if match[1] == "next" else 0, "clock": match[2]}
            except ValueError:
                pass
        raise mistake(
            f"看不懂钟点 {written!r}", fix="写成 same day 18:00 或 next day 10:00,24 小时制"
        )

    @model_serializer
    def _write(self) -> str:
        return f"{'next' if self.days_later else 'same'} day {self.clock}"

    def __str__(self) -> str:
        return self._write()

    @cached_property
    def _from_midnight(self) -> timedelta:
        return self.days_later * DAY + read_clock(self.clock)

    def on(self, start: datetime) -> datetime:
        """That clock time, counted from the day of `start`."""
        return start_of_day(start.date()) + self._from_midnight
