"""The promises in cases/*.yaml: what `policy explain` must say to each, clause by clause."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from domain.civil_time import CHINA
from domain.explain import explain
from domain.policy import Policy
from domain.promise import Promise
from domain.refusals import Refused
from domain.vocabulary import Milestone, PromiseState
from tests.unit.case_tables import LOANER_CLAUSES, SHELF, TABLES, Claim, Row, claimed, rows

TIMES = {"starts_at", "due", "met_at", "remedy_at"}
WORDS = {PromiseState.MET: "keeps", PromiseState.MISSED: "breaks"}


def comparable(field: str, value: Any) -> Any:
    """A value of the answer or of the table, its times as moments."""
    if field == "escalations":
        steps = value.items() if isinstance(value, dict) else ((s["level"], s["at"]) for s in value)
        return {int(level): comparable("due", at) for level, at in steps}
    if field in TIMES and value is not None:
        at = datetime.fromisoformat(value)
        return at if at.tzinfo else at.replace(tzinfo=CHINA)
    return value


@pytest.mark.parametrize(("policy", "case"), rows("cases"))
def test_case(policy: str, case: Row) -> None:
    asked = {key: case[key] for key in ("facts", "milestones", "now", "holds") if key in case}
    answer: Any = explain(SHELF.get(policy), asked)
    promises = {one["id"]: one for one in answer["promises"]}
    assert not set(case.get("absent", ())) & promises.keys()
    for promise, expected in case.get("expect", {}).items():
        found = promises[promise]
        assert {field: comparable(field, found[field]) for field in expected} == {
            field: comparable(field, value) for field, value in expected.items()
        }, promise


@pytest.mark.parametrize(("policy", "case"), rows("not_asked"))
def test_what_no_promise_may_depend_on_is_not_a_fact(policy: str, case: Row) -> None:
    asked = {key: case[key] for key in ("facts", "milestones", "now") if key in case}
    with pytest.raises(Refused) as refused:
        explain(SHELF.get(policy), asked)
    assert refused.value.field == case["refused"]


@pytest.mark.parametrize(("policy", "case"), rows("cases"))
def test_a_case_shows_what_it_claims(policy: str, case: Row) -> None:
    shown = {
        claim
        for name, expected in case.get("expect", {}).items()
        for claim in shows(SHELF.get(policy).promise(name), expected, case)
    }
    assert [claim for claim in claimed(case) if claim not in shown] == []


def shows(promise: Promise | None, expected: Row, case: Row) -> Iterator[Claim]:
    """Which clauses that expectation shows kept or broken: its promise is met or missed.

    A loaner that the promise provides, and is not met by, keeps the clauses of kind loaner where it
    was there in time. A laxer clause of a level is broken when that level is reached.
    """
    assert promise is not None
    word = WORDS.get(expected["state"])
    lent = promise.remedy is not None and Milestone.LOANER_DELIVERED not in promise.met_by
    for clause in promise.clauses if word else ():
        if lent and clause in LOANER_CLAUSES:
            in_time = word == "keeps" or came_in_time(promise, expected, case)
            yield "keeps" if in_time else "breaks", clause
        else:
            yield str(word), clause
    for one in promise.laxer:
        reached = one.level in {int(level) for level in expected["escalations"]}
        for clause in one.clauses:
            yield "breaks" if reached else "keeps", clause


def came_in_time(promise: Promise, expected: Row, case: Row) -> bool:
    """Whether the loaner came by due; one without a lead is asked for at due, and comes after."""
    assert expected["remedy_at"] is not None
    assert promise.remedy is not None
    came = case["milestones"].get("loaner_delivered")
    if came is None or promise.remedy.lead is None:
        return came is not None
    return bool(comparable("due", came) <= comparable("due", expected["due"]))


def own_promises(policy: Policy) -> list[str]:
    """The promises that the policy itself writes, not those it extends."""
    inherited = SHELF.get(policy.extends).promises if policy.extends else ()
    return [promise.id for promise in policy.promises if promise not in inherited]


@pytest.mark.parametrize("name", SHELF.names())
@pytest.mark.parametrize("state", [PromiseState.MET, PromiseState.MISSED])
def test_every_promise_has_a_case_that_keeps_it_and_one_that_breaks_it(
    name: str, state: PromiseState
) -> None:
    tables = [table for table in TABLES.values() if table["policy"] == name]
    shown = {
        promise
        for table in tables
        for case in table.get("cases", ())
        for promise, expected in case.get("expect", {}).items()
        if expected["state"] == state
    }
    assert set(own_promises(SHELF.get(name))) - shown == set()


def test_every_policy_that_is_shipped_has_its_table() -> None:
    assert {table["policy"] for table in TABLES.values()} == set(SHELF.names())
