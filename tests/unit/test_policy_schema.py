"""The JSON schema for editors: up to date, taken by the shipped files, and strict about slips."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from domain.policy_schema import policy_schema
from runtime import marked_yaml
from tests.unit.schema_check import faults

POLICIES = Path(__file__).parents[2] / "policies"
SHIPPED = sorted(POLICIES.glob("*.yaml"))
SCHEMA = policy_schema()


def content(path: Path) -> Any:
    """What the file says, its dates as text, as an editor sees them."""
    return json.loads(json.dumps(marked_yaml.read(path).content, default=str))


def test_the_published_schema_is_up_to_date() -> None:
    published = json.loads((POLICIES / "policy.schema.json").read_text(encoding="utf-8"))
    assert published == SCHEMA, "run: aftercare policy schema > policies/policy.schema.json"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_schema_takes_what_the_shipped_files_write(path: Path) -> None:
    assert list(faults(content(path), SCHEMA, SCHEMA)) == []
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=")


PROMISE: dict[str, Any] = {
    "id": "a",
    "clauses": ["A1"],
    "says": "甲",
    "starts": "reported",
    "met_by": "resolved",
    "within": "2 days",
}


@pytest.mark.parametrize(
    "keys",
    [
        {"starts": "last visit_ended"},
        {"starts": ["signed_off", "guided"]},
        {"starts": "last [signed_off, guided]"},
        {"when": {"weight_kg": {"max": 10, "unknown": "applies"}}},
        {"when": [{"severity": ["general", "unknown"]}, {"urgent": True}]},
        {"pauses_on": "customer", "void_by": ["resolved"]},
        {"as_written": {"within": "promptly", "starts": None}},
    ],
)
def test_every_short_form_is_taken(keys: dict[str, Any]) -> None:
    policy = {"name": "a", "title": "甲", "promises": [PROMISE | keys]}
    assert list(faults(policy, SCHEMA, SCHEMA)) == []


@pytest.mark.parametrize(
    "keys",
    [
        {"starts": "reportd"},
        {"starts": "last visit_endd"},
        {"met_by": "repaird"},
        {"within": "-2 days"},
        {"within": "two days"},
        {"when": {"wieght_kg": {"max": 10}}},
        {"when": {"severity": "grave"}},
        {"when": {"urgent": {"max": 3}}},
        {"when": {"invoice_date": "2026-03-02"}},
        {"pauses_on": "rain"},
        {"withn": "2 days"},
        {"clauses": []},
        {"remedy": {"provide": "cake"}},
    ],
)
def test_a_slip_is_marked(keys: dict[str, Any]) -> None:
    policy = {"name": "a", "title": "甲", "promises": [PROMISE | keys]}
    assert list(faults(policy, SCHEMA, SCHEMA)) != []


def test_a_workday_calendar_has_its_dates_or_names_them() -> None:
    policy: dict[str, Any] = {"name": "a", "title": "甲"}
    named = policy | {"calendars": {"work": {"kind": "workdays", "dates": "cn_workdays"}}}
    assert list(faults(named, SCHEMA, SCHEMA)) == []
    bare = copy.deepcopy(named)
    del bare["calendars"]["work"]["dates"]
    assert list(faults(bare, SCHEMA, SCHEMA)) != []
