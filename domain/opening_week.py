"""The open time of a week that comes again and again, added up once.

A week's table answers how much open time lies before a moment, and at which moment so much has
run, by looking up instead of walking over the days. Time is counted in whole microseconds from
00:00 of a Monday at +08:00.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate

from domain.civil_time import CHINA, MICROSECOND

_DAY = 86_400_000_000
# The first day that there is was a Monday.
_FIRST_MONDAY = datetime(1, 1, 1, tzinfo=CHINA)


class OpeningWeek:
    """The table of one week: its spans by weekday, Monday first, each from 00:00 of its day."""

    __slots__ = ("_before", "_by_weekday", "_closes", "_ends", "_whole")

    def __init__(self, week: Sequence[Sequence[tuple[timedelta, timedelta]]]) -> None:
        by_weekday = [
            tuple((opens // MICROSECOND, closes // MICROSECOND) for opens, closes in day)
            for day in week
        ]
        lengths = [closes - opens for day in by_weekday for opens, closes in day]
        of_days = [sum(closes - opens for opens, closes in day) for day in by_weekday]
        self._by_weekday = by_weekday
        self._before = list(accumulate(of_days, initial=0))
        self._whole = self._before[-1]
        # Of every span of the week: when it closes, and the open time of the week by then.
        self._closes = [
            place * _DAY + closes for place, day in enumerate(by_weekday) for _, closes in day
        ]
        self._ends = list(accumulate(lengths))

    def opened_by(self, moment: datetime) -> int:
        """The open time from the beginning of the table's time to that moment."""
        since = moment - _FIRST_MONDAY
        weeks, weekday = divmod(since.days, 7)
        clock = since.seconds * 1_000_000 + since.microseconds
        opened = weeks * self._whole + self._before[weekday]
        for opens, closes in self._by_weekday[weekday]:
            if clock <= opens:
                break
            opened += min(clock, closes) - opens
        return opened

    def moment_of(self, opened: int) -> datetime:
        """The earliest moment by which so much (above zero) is open: a closing, not an opening."""
        weeks, rest = divmod(opened - 1, self._whole)
        span = bisect_left(self._ends, rest + 1)
        clock = self._closes[span] - (self._ends[span] - rest - 1)
        return _FIRST_MONDAY + timedelta(7 * weeks, 0, clock)
