"""What a provision counts from, and the time at which it comes round."""

from typing import Any

import pytest
from pydantic import ValidationError

from domain.policy import Policy
from domain.provision import Provision


def provision(**keys: Any) -> Provision:
    made = {"id": "a", "kind": "task", "clauses": ["A1"], "says": "甲", **keys}
    return Provision.model_validate(made)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("delivered", "delivered"),
        (["signed_off", "guided"], "[signed_off, guided]"),
        ("last [installed, tracked]", "last [installed, tracked]"),
        ("accepted_on", "accepted_on"),
        ("last inspected,else accepted_on", "last inspected, else accepted_on"),
    ],
)
def test_a_start_is_read_and_written_again(written: object, text: str) -> None:
    found = provision(starts=written)
    assert found.model_dump(mode="json")["starts"] == text
    assert provision(starts=text) == found


@pytest.mark.parametrize("written", ["daily 20:00", "mon 09:00", "last workday of the month 17:00"])
def test_a_round_time_is_read_and_written_again(written: str) -> None:
    assert provision(at=written).model_dump(mode="json")["at"] == written


@pytest.mark.parametrize(
    ("keys", "message", "fix"),
    [
        ({"starts": "last inspection"}, "没有 inspection", "是否想写 inspected?"),
        ({"starts": "acepted_on"}, "没有 acepted_on", "是否想写 accepted_on?"),
        ({"starts": "inspected, else acepted_on"}, "没有 acepted_on", "是否想写 accepted_on?"),
        ({"starts": "whenever"}, "没有 whenever", "如 delivered"),
        ({"starts": ""}, "是空的", "如 delivered"),
        ({"starts": 5}, "应是里程碑或购买的日期", "如 delivered"),
        ({"at": "20:00"}, "看不懂时间", "写成 daily 20:00"),
        ({"at": "moon 09:00"}, "没有 moon", "是否想写 mon?"),
        ({"at": "mon 25:00"}, "看不懂钟点", "写成 daily 20:00"),
        ({"at": "mon 24:00"}, "24:00 属于次日", "次日的 00:00"),
        ({"at": "mon 09:00", "every": "30 days"}, "every: 30 days 不合", "every: 7 days"),
        ({"at": "last workday of the month 17:00", "every": "30 days"}, "不合", "删去 every"),
    ],
)
def test_a_slip_is_told_with_how_to_mend_it(keys: dict[str, Any], message: str, fix: str) -> None:
    with pytest.raises(ValidationError) as raised:
        provision(**keys)
    (error,) = raised.value.errors()
    assert message in error["msg"]
    assert fix in error["ctx"]["fix"]


def test_the_last_workday_needs_a_calendar_that_knows_workdays() -> None:
    monthly = {"id": "a", "kind": "report", "clauses": ["A1"], "says": "甲"}
    monthly["at"] = "last workday of the month 17:00"
    with pytest.raises(ValidationError, match="always 不知道工作日"):
        Policy.model_validate({"name": "a", "title": "甲", "provisions": [monthly]})
