"""The week's table answers what walking over the days answers, in the same calendars."""

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.calendars import Calendar, OpeningHours, Span, Weekday
from domain.civil_time import CHINA, MILLISECOND

MONDAY = datetime(2026, 3, 2, tzinfo=CHINA)

WINDOWS = st.sampled_from(
    [
        (),
        ("00:00-24:00",),
        ("08:00-18:00",),
        ("08:00-12:00", "13:30-17:30"),
        ("00:00-06:00", "20:00-24:00"),
        ("08:00-12:00", "12:00-18:00"),
    ]
)
HOURS = st.builds(
    lambda daily, on: OpeningHours(kind="opening_hours", daily=daily, on=on),
    WINDOWS.filter(bool),
    st.dictionaries(st.sampled_from(Weekday), WINDOWS, max_size=6),
)
MOMENTS = st.one_of(
    st.integers(min_value=0, max_value=30 * 24 * 60).map(lambda n: MONDAY + timedelta(minutes=n)),
    st.integers(min_value=0, max_value=20 * 86_400_000).map(lambda n: MONDAY + n * MILLISECOND),
)


class Walking(Calendar):
    """The same hours without a table: every calendar can walk over the days."""

    hours: OpeningHours

    def spans_on(self, day: date) -> tuple[Span, ...]:
        return self.hours.spans_on(day)


@given(HOURS, MOMENTS, MOMENTS)
def test_open_time_between_two_moments(
    hours: OpeningHours, since: datetime, until: datetime
) -> None:
    walked = Walking(hours=hours).open_between(since, until)
    assert hours.open_between(since, until) == walked


@given(HOURS, MOMENTS, st.integers(min_value=0, max_value=200 * 60))
def test_the_moment_by_which_so_much_has_run(
    hours: OpeningHours, start: datetime, minutes: int
) -> None:
    amount = timedelta(minutes=minutes)
    assert hours.add_open(start, amount) == Walking(hours=hours).add_open(start, amount)


@given(HOURS, MOMENTS, st.integers(min_value=1, max_value=200 * 60))
def test_one_undoes_the_other(hours: OpeningHours, start: datetime, minutes: int) -> None:
    amount = timedelta(minutes=minutes)
    end = hours.add_open(start, amount)
    assert hours.open_between(start, end) == amount
    assert hours.open_between(start, end - MILLISECOND) == amount - MILLISECOND


@given(HOURS, MOMENTS)
def test_moved_into_the_hours_once_it_stays(hours: OpeningHours, due: datetime) -> None:
    moved = hours.move_into(due)
    assert moved >= due
    assert hours.move_into(moved) == moved
    assert hours.is_open(moved) or hours.is_open(moved - MILLISECOND)
    assert hours.open_between(due, moved) == timedelta(0)
