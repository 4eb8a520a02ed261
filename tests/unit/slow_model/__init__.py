"""How deadlines ought to come out, worked out the slow way and written apart from the engine.

`clock` walks one week of hours; `hours` knows calendars with holidays and make-up days; `promise`
is a whole promise, simulated minute by minute and day by day; `draws` are random ones.
"""

from tests.unit.slow_model.clock import (
    DAY,
    EPOCH,
    WEEK,
    SlowClock,
    Stretch,
    minute_of,
    minutes_in,
    moment,
    months_on,
    workdays_after,
)

__all__ = [
    "DAY",
    "EPOCH",
    "WEEK",
    "SlowClock",
    "Stretch",
    "minute_of",
    "minutes_in",
    "moment",
    "months_on",
    "workdays_after",
]
