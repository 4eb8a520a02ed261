"""Calendars: windows of the day, weeks, statutory workdays, and how time limits are written."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import chinese_calendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from domain.calendars import (
    ALWAYS,
    Calendar,
    CalendarNeverOpens,
    CalendarSpec,
    CalendarUnknown,
    OpeningHours,
    Workdays,
)
from domain.civil_time import CHINA, DAY
from domain.time_limits import ClockTarget, Duration
from policies.calendars import seed
from runtime import marked_yaml
from tests.unit import slow_model

POLICIES = Path(__file__).parents[2] / "policies"
DATES = marked_yaml.read(POLICIES / "calendars" / "cn_workdays.yaml").content
WORKDAYS = Workdays(kind="workdays", **DATES)
OFFICE = OpeningHours(kind="opening_hours", daily=("08:00-18:00",))
LUNCH = OpeningHours(kind="opening_hours", daily=("08:00-12:00", "13:30-17:30"))
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def calendar(**written: Any) -> Calendar:
    read: Calendar = TypeAdapter(CalendarSpec).validate_python(written)
    return read


# --- the year's dates ---------------------------------------------------------------------------


def test_the_dates_are_what_the_seed_makes() -> None:
    assert seed.TARGET.read_text(encoding="utf-8") == seed.seed(2008, 2026)


def test_a_year_without_a_notice_is_not_seeded() -> None:
    with pytest.raises(KeyError):
        seed.seed(2026, 2027)


def test_every_known_day_is_a_workday_exactly_when_the_state_council_says_so() -> None:
    day = WORKDAYS.known_from
    while day <= WORKDAYS.known_until:
        assert WORKDAYS.is_workday(day) == chinese_calendar.is_workday(day), day
        day += DAY


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-10-09", True),
        ("2026-10-10", True),  # a Saturday, made up for
        ("2026-10-11", False),  # a Sunday
        ("2026-10-05", False),  # a Monday, holiday
        ("2026-09-20", True),  # a Sunday, made up for
        ("2008-02-02", True),  # a Saturday, made up for
        ("2013-01-05", True),  # a Saturday, made up for
        ("2015-09-04", False),  # by a notice of its own
        ("2015-09-06", True),
        ("2019-04-28", True),  # by the notice that moved Labour Day
        ("2019-05-02", False),
        ("2020-01-31", False),  # by the notice that made the Spring Festival longer
        ("2020-02-01", False),
    ],
)
def test_moved_workdays(day: str, works: bool) -> None:
    assert WORKDAYS.is_workday(date.fromisoformat(day)) is works


@pytest.mark.parametrize("day", ["2007-12-31", "2027-01-01"])
def test_beyond_the_known_years_it_refuses_to_guess(day: str) -> None:
    with pytest.raises(CalendarUnknown) as caught:
        WORKDAYS.is_workday(date.fromisoformat(day))
    assert caught.value.day == date.fromisoformat(day)


@settings(deadline=None)
@given(st.dates(date(2025, 1, 1), date(2026, 11, 30)), st.integers(1, 8))
def test_workdays_count_as_the_slow_model_does(day: date, count: int) -> None:
    start = datetime(day.year, day.month, day.day, 15, 30, tzinfo=CHINA)
    last = slow_model.workdays_after(day, count)
    assert WORKDAYS.end_of_workday(start, count) == WORKDAYS.end_of_day(last)


def test_a_workday_ends_at_the_close_of_business_where_there_is_one() -> None:
    assert WORKDAYS.end_of_workday(at("2026-09-30T10:00"), 1) == at("2026-10-09T00:00")
    office = Workdays(kind="workdays", windows=("08:00-18:00",), **DATES)
    assert office.end_of_workday(at("2026-09-30T10:00"), 1) == at("2026-10-08T18:00")


# --- civil days ---------------------------------------------------------------------------------


@pytest.mark.parametrize("clock", ["00:00", "09:05", "23:59"])
def test_civil_days_leave_out_the_first_and_end_at_24(clock: str) -> None:
    due = Duration.model_validate("2 days").end(ALWAYS, at(f"2026-03-02T{clock}"))
    assert due == at("2026-03-05T00:00")


def test_civil_days_end_at_the_close_of_business_where_there_is_one() -> None:
    due = Duration.model_validate("2 days").end(OFFICE, at("2026-03-02T09:00"))
    assert due == at("2026-03-04T18:00")


def test_only_the_customers_own_windows_move_over_holidays() -> None:
    start = at("2026-09-29T09:00")
    assert WORKDAYS.end_of_civil_day(start, 3) == at("2026-10-03T00:00")
    moved = WORKDAYS.end_of_civil_day(start, 3, extend_over_holidays=True)
    assert moved == at("2026-10-09T00:00")


# --- windows ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-03-02T11:30", 1, "2026-03-02T14:00"),  # over lunch
        ("2026-03-02T11:00", 1, "2026-03-02T12:00"),  # up to lunch, not into the afternoon
        ("2026-03-02T12:15", 1, "2026-03-02T14:30"),  # started in the lunch hour
        ("2026-03-02T17:00", 1, "2026-03-03T08:30"),  # over the night
        ("2026-03-02T00:30", 9, "2026-03-03T09:00"),
    ],
)
def test_lunch_windows(start: str, hours: int, due: str) -> None:
    assert LUNCH.add_open(at(start), hours * HOUR) == at(due)


def test_weekdays_may_have_their_own_windows_or_none() -> None:
    week = calendar(
        kind="opening_hours", daily=["09:00-18:00"], on={"sat": ["10:00-12:00"], "sun": []}
    )
    assert week.add_open(at("2026-03-06T17:00"), 4 * HOUR) == at("2026-03-09T10:00")
    assert not week.is_open(at("2026-03-08T11:00"))
    assert week.is_open(at("2026-03-07T10:00"))
    assert not week.is_open(at("2026-03-07T12:00"))


@pytest.mark.parametrize(
    ("due", "moved"),
    [
        ("2026-03-03T07:59", "2026-03-03T09:00"),
        ("2026-03-03T09:00", "2026-03-03T09:00"),
        ("2026-03-03T20:00", "2026-03-03T20:00"),  # 以内 includes 20:00
        ("2026-03-03T20:01", "2026-03-04T09:00"),
        ("2026-03-03T00:00", "2026-03-03T09:00"),
    ],
)
def test_a_due_time_is_moved_into_the_hours(due: str, moved: str) -> None:
    hours = calendar(kind="opening_hours", daily=["09:00-20:00"])
    assert hours.move_into(at(due)) == at(moved)


def test_midnight_is_the_closing_moment_of_a_day_that_closes_at_24() -> None:
    hours = calendar(kind="opening_hours", daily=["09:00-24:00"])
    assert hours.move_into(at("2026-03-03T00:00")) == at("2026-03-03T00:00")


def test_nothing_is_open_between_two_moments_the_wrong_way_round() -> None:
    for one in (ALWAYS, OFFICE, LUNCH, WORKDAYS):
        nothing = one.open_between(at("2026-03-02T15:00"), at("2026-03-02T14:00"))
        assert nothing == timedelta(0)


def test_a_calendar_that_never_opens_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="从不开放"):
        calendar(kind="opening_hours")
    holidays = {**DATES, "holidays": ["2026-03-01..2026-06-30"], "makeup_workdays": []}
    with pytest.raises(CalendarNeverOpens):
        Workdays(kind="workdays", **holidays).next_open(at("2026-03-02T09:00"))


@pytest.mark.parametrize(
    ("windows", "said"),
    [
        (["8-18"], "看不懂时段"),
        (["18:00-08:00"], "结束不晚于开始"),
        (["08:00-12:00", "11:00-18:00"], "重叠"),
        (["08:00-24:30"], "看不懂时段"),
        (["08:60-12:00"], "看不懂时段"),
    ],
)
def test_windows_that_cannot_be(windows: list[str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        calendar(kind="opening_hours", daily=windows)


def test_dates_that_cannot_be() -> None:
    for holidays, said in (
        (["2026-13-01"], "看不懂日期"),
        (["2026-10-07..2026-10-01"], "早于开始"),
        (["2026-10-10"], "既是假日又是补班日"),
    ):
        with pytest.raises(ValidationError, match=said):
            calendar(kind="workdays", **{**DATES, "holidays": holidays})


@pytest.mark.parametrize(
    "text", ["", "2", "0 days", "-1 hours", "1.5 hours", "3 weeks", "99999 days"]
)
def test_durations_that_cannot_be(text: str) -> None:
    with pytest.raises(ValidationError):
        Duration.model_validate(text)


@pytest.mark.parametrize("text", ["15 minutes", "1 hour", "2 days", "1 workday"])
def test_durations_are_written_as_they_are_read(text: str) -> None:
    assert Duration.model_validate(text).model_dump() == text


@pytest.mark.parametrize("text", ["same day 25:00", "day 18:00", "next day 9"])
def test_clock_targets_that_cannot_be(text: str) -> None:
    with pytest.raises(ValidationError):
        ClockTarget.model_validate(text)
