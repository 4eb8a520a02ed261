"""Maps by subset, lists and scalars whole, moments as moments."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.civil_time import CHINA
from rehearsal.compare import differences

FOUND: dict[str, Any] = {
    "stage": "dispatching",
    "outcome": None,
    "urges": 1,
    "facts": {"in_warranty": True, "weight_kg": 6.0, "invoice_date": "2025-09-01"},
    "milestones": {
        "reported": "2026-03-02T09:05:00+08:00",
        "registered": "2026-03-02T09:08:00.007+08:00",
    },
    "escalations": [
        {"promise": "phone_guidance", "level": 1, "late_seconds": 0},
        {"promise": "phone_guidance", "level": 2, "late_seconds": 450},
    ],
}


@pytest.mark.parametrize(
    "expected",
    [
        {},
        {"stage": "dispatching"},
        {"outcome": None},
        {"facts": {}},
        {"facts": {"in_warranty": True, "weight_kg": 6}},
        {"facts": {"severity": None}},
        {"facts": {"invoice_date": date(2025, 9, 1)}},
        {"facts": {"invoice_date": "2025-09-01"}},
        {"milestones": {"reported": datetime(2026, 3, 2, 9, 5, tzinfo=CHINA)}},
        {"milestones": {"reported": datetime(2026, 3, 2, 1, 5, tzinfo=UTC)}},
        {"milestones": {"reported": "2026-03-02T01:05:00Z"}},
        {"milestones": {"reported": datetime(2026, 3, 2, 9, 5)}},  # noqa: DTZ001 - as YAML gives it
        {"milestones": {"registered": datetime(2026, 3, 2, 9, 8, tzinfo=CHINA)}},
        {"escalations": [{"level": 1}, {"level": 2}]},
    ],
)
def test_what_is_so(expected: dict[str, Any]) -> None:
    assert differences(expected, FOUND) == []


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ({"stage": "closed"}, "stage: expected closed, found dispatching"),
        ({"outcome": "repaired"}, "outcome: expected repaired, found nothing"),
        ({"stage": None}, "stage: expected nothing, found dispatching"),
        ({"facts": {"in_warranty": False}}, "facts.in_warranty: expected false, found true"),
        ({"facts": {"in_warranty": 1}}, "facts.in_warranty: expected 1, found true"),
        ({"urges": True}, "urges: expected true, found 1"),
        ({"facts": {"severity": "severe"}}, "facts.severity: expected severe, found nothing"),
        ({"urges": "x"}, "urges: expected x, found 1"),
        ({"facts": [1]}, "facts: expected [1], found {in_warranty: true"),
        (
            {"facts": {"invoice_date": date(2025, 9, 2)}},
            "facts.invoice_date: expected 2025-09-02, found 2025-09-01",
        ),
        ({"stage": {"name": 1}}, "stage: expected {name: 1}, found dispatching"),
        (
            {"escalations": []},
            "escalations: expected [], found [{promise: phone_guidance, level: 1",
        ),
        (
            {"escalations": [{"level": 2}, {"level": 1}]},
            "escalations[0].level: expected 2, found 1",
        ),
        ({"stage": ["dispatching"]}, "stage: expected [dispatching], found dispatching"),
    ],
)
def test_what_is_not_is_told_with_its_path(expected: dict[str, Any], told: str) -> None:
    assert str(differences(expected, FOUND)[0]).startswith(told)


def test_a_field_that_does_not_exist_is_never_met() -> None:
    assert "no such field" in str(differences({"stge": None}, FOUND)[0])


@pytest.mark.parametrize("off", [timedelta(seconds=1), timedelta(seconds=-1)])
def test_a_moment_of_another_second_is_another_moment(off: timedelta) -> None:
    reported = datetime(2026, 3, 2, 9, 5, tzinfo=CHINA)
    assert differences({"milestones": {"reported": reported + off}}, FOUND)


def test_an_expectation_in_milliseconds_is_exact() -> None:
    moment = datetime(2026, 3, 2, 9, 8, 0, 8000, tzinfo=CHINA)
    assert differences({"milestones": {"registered": moment}}, FOUND)


def test_every_difference_is_told_in_the_order_of_the_expectation() -> None:
    expected = {"stage": "closed", "urges": 2, "facts": {"weight_kg": 7, "in_warranty": True}}
    assert [one.path for one in differences(expected, FOUND)] == [
        "stage",
        "urges",
        "facts.weight_kg",
    ]
