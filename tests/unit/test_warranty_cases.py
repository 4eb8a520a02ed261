"""The warranty rows of cases/*.yaml: purchase, cause, part, contract and card → the decision.

A row keeps a clause where it gives what it promises, and breaks it where its term is over, or
another word or the cause stands against it.
"""

from datetime import date
from typing import Any

import pytest

from domain.policy import Policy
from domain.vocabulary import Cause, PartClass, Warranty
from domain.warranty import PurchaseFacts, WarrantyDecision, decide_warranty
from tests.unit.case_tables import SHELF, Row, claimed, rows

ANSWERS = {True: Warranty.IN, False: Warranty.OUT, "unknown": Warranty.UNKNOWN}


def decided(policy: Policy, row: Row) -> WarrantyDecision:
    part_class = row.get("part_class")
    return decide_warranty(
        policy,
        PurchaseFacts.model_validate(row.get("purchase", {})),
        row["reported_on"],
        Cause(row.get("cause", Cause.UNKNOWN)),
        None if part_class is None else PartClass(part_class),
    )


def comparable(field: str, value: Any) -> Any:
    if field == "in_warranty":
        return ANSWERS.get(value, value)
    return tuple(value) if isinstance(value, list) else value


@pytest.mark.parametrize(("policy", "row"), rows("warranty"))
def test_warranty(policy: str, row: Row) -> None:
    decision = decided(SHELF.get(policy), row)
    expected = {field: comparable(field, value) for field, value in row["expect"].items()}
    assert {field: getattr(decision, field) for field in expected} == expected, decision.basis
    assert isinstance(decision.ends_on, date) or decision.ends_on is None


@pytest.mark.parametrize(("policy", "row"), rows("warranty"))
def test_a_row_shows_what_it_claims(policy: str, row: Row) -> None:
    terms = SHELF.get(policy).warranty
    coverages = {
        clause: coverage.kind.value
        for coverage in (terms.coverages if terms else ())
        for clause in coverage.clauses
    }
    given = row["expect"].get("coverage")
    wrong = [
        f"{word} {clause}"
        for word, clause in claimed(row)
        if clause in coverages and (given == coverages[clause]) != (word == "keeps")
    ]
    assert wrong == []
