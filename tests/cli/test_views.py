"""What a person reads: distances in time, addresses without passwords, the day of the demo."""

from datetime import datetime, timedelta

import pytest
from rich.text import Text

from cli.demo_day import EXAMPLES, moved_to
from cli.status import without_password
from cli.times import remaining, span
from cli.words import actor
from desk.phone_events import read_file
from domain.civil_time import CHINA

NOW = datetime(2026, 11, 24, 16, 0, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=12), "12秒"),
        (timedelta(minutes=35, seconds=59), "35分"),
        (timedelta(hours=2), "2小时"),
        (timedelta(hours=1, minutes=20), "1小时20分"),
        (timedelta(days=2, hours=3, minutes=9), "2天3小时"),
    ],
)
def test_a_span_is_said_in_two_units(length: timedelta, said: str) -> None:
    assert span(length) == said


def test_what_remains_and_what_is_overdue() -> None:
    assert Text.from_markup(remaining(NOW + timedelta(hours=2), NOW)).plain == "还剩 2小时"
    assert Text.from_markup(remaining(NOW - timedelta(minutes=35), NOW)).plain == "超时 35分"
    assert remaining(None, NOW) == ""


def test_a_password_is_not_shown() -> None:
    url = "postgresql://aftercare:s3cret@127.0.0.1:5432/aftercare"
    assert without_password(url) == "postgresql://aftercare:***@127.0.0.1:5432/aftercare"


def test_a_name_that_says_its_role_is_not_said_twice() -> None:
    assert actor("agent/客服小何") == "客服小何"
    assert actor("technician/周师傅") == "维修人员 周师傅"


def test_the_demo_day_ends_just_now_and_keeps_its_distances() -> None:
    events = read_file(EXAMPLES / "calls.jsonl", NOW)
    moved = moved_to(events, NOW)
    assert max(event.at for event in moved) == NOW - timedelta(minutes=3)
    assert all(event.received <= NOW for event in moved)
    assert len({after.at - before.at for before, after in zip(events, moved, strict=True)}) == 1
