"""The one time zone of the business, and how a moment is read and written.

China has kept a single offset since 1991, so a fixed +08:00 is exact for every date that a
ticket can have, and needs no time zone data inside a workflow.
"""

from datetime import date, datetime, time, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "CST")
DAY = timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 2000, 2199
MILLISECOND = timedelta(milliseconds=1)
_MIDNIGHT = time(0, tzinfo=CHINA)
MICROSECOND = timedelta(microseconds=1)


def local(moment: datetime) -> datetime:
    """The same moment on the wall clock of the business."""
    return moment if moment.tzinfo is CHINA else moment.astimezone(CHINA)


def at_clock(day: date, clock: time) -> datetime:
    """That clock time on that day."""
    return datetime.combine(day, clock, CHINA)


def start_of_day(day: date) -> datetime:
    """00:00 of `day`, which is also 24:00 of the day before."""
    return datetime.combine(day, _MIDNIGHT)


def sensible(day: date) -> date:
    """The same date, or ValueError: no promise of ours reaches beyond these years."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"年份要在 {FIRST_YEAR} 到 {LAST_YEAR} 之间")
    return day


def business_time(moment: datetime) -> datetime:
    """A time as somebody gave it; without an offset it is the business's wall clock.

    Raises ValueError for a year out of reach, before any arithmetic can overflow.
    """
    sensible(moment)
    return to_millisecond(moment if moment.tzinfo else moment.replace(tzinfo=CHINA))


def to_millisecond(moment: datetime) -> datetime:
    """`moment` cut to whole milliseconds: the grain of Temporal's timers and of our ledger."""
    return local(moment).replace(microsecond=moment.microsecond // 1000 * 1000)
