"""The tables of cases/*.yaml: what `policy explain` must say to each, clause by clause."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from domain.civil_time import CHINA
from domain.explain import explain
from domain.policy import Policy
from domain.vocabulary import PromiseState
from runtime import marked_yaml
from runtime.policy_files import PolicyShelf
from runtime.settings import settings

TABLES = {
    path.stem: marked_yaml.read(path).content
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
}
TIMES = {"starts_at", "due", "met_at", "remedy_at"}
SHELF = PolicyShelf(settings().policies_dir)


def comparable(field: str, value: Any) -> Any:
    """A value of the answer or of the table, its times as moments."""
    if field == "escalations":
        steps = value.items() if isinstance(value, dict) else ((s["level"], s["at"]) for s in value)
        return {int(level): comparable("due", at) for level, at in steps}
    if field in TIMES and value is not None:
        at = datetime.fromisoformat(value)
        return at if at.tzinfo else at.replace(tzinfo=CHINA)
    return value


@pytest.mark.parametrize(
    ("policy", "case"),
    [
        pytest.param(table["policy"], case, id=f"{name}:{case['case']}")
        for name, table in TABLES.items()
        for case in table["cases"]
    ],
)
def test_case(policy: str, case: dict[str, Any]) -> None:
    asked = {key: case[key] for key in ("facts", "milestones", "now", "holds") if key in case}
    answer: Any = explain(SHELF.get(policy), asked)
    promises = {one["id"]: one for one in answer["promises"]}
    assert not set(case.get("absent", ())) & promises.keys()
    for promise, expected in case.get("expect", {}).items():
        found = promises[promise]
        assert {field: comparable(field, found[field]) for field in expected} == {
            field: comparable(field, value) for field, value in expected.items()
        }, promise


def own_promises(policy: Policy) -> list[str]:
    """The promises that the policy itself writes, not those it extends."""
    inherited = SHELF.get(policy.extends).promises if policy.extends else ()
    return [promise.id for promise in policy.promises if promise not in inherited]


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("state", [PromiseState.MET, PromiseState.MISSED])
def test_every_deadline_clause_has_a_case_that_keeps_it_and_one_that_breaks_it(
    name: str, state: PromiseState
) -> None:
    shown = {
        promise
        for case in TABLES[name]["cases"]
        for promise, expected in case.get("expect", {}).items()
        if expected["state"] == state
    }
    assert set(own_promises(SHELF.get(TABLES[name]["policy"]))) <= shown


def test_every_policy_that_is_shipped_has_its_table() -> None:
    assert {table["policy"] for table in TABLES.values()} == set(SHELF.names())
