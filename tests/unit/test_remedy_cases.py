"""The 三包 rows of cases/*.yaml: the recorded facts → what may be chosen, and until when.

A row keeps a clause where the choice that it gives is open, and breaks it where it is not.
"""

from typing import Any

import pytest

from domain.policy import Policy
from domain.remedies import RemedyDecision, Waiting, decide_remedies
from domain.vocabulary import Proof, Remedy
from tests.unit.case_tables import SHELF, Row, claimed, rows


def decided(policy: Policy, row: Row) -> RemedyDecision:
    waiting = row.get("waiting")
    return decide_remedies(
        policy,
        row["facts"],
        row["reported_on"],
        shown={Proof(name): what for name, what in row.get("shown", {}).items()},
        waiting=None if waiting is None else Waiting(**waiting),
    )


def comparable(field: str, value: Any) -> Any:
    if field in ("open_to", "missing"):
        return {str(word) for word in value}
    return value


@pytest.mark.parametrize(("policy", "row"), rows("remedies"))
def test_remedies(policy: str, row: Row) -> None:
    decision = decided(SHELF.get(policy), row)
    expected = {field: comparable(field, value) for field, value in row["expect"].items()}
    found = {field: comparable(field, getattr(decision, field)) for field in expected}
    assert found == expected, decision.reason
    assert set(decision.open_to) <= set(Remedy)


@pytest.mark.parametrize(("policy", "row"), rows("remedies"))
def test_a_row_shows_what_it_claims(policy: str, row: Row) -> None:
    """A clause is kept only where there is a choice, and it is the clause that gives it."""
    terms = SHELF.get(policy).three_guarantees
    assert terms is not None
    decision = decided(SHELF.get(policy), row)
    kept = {clause for word, clause in claimed(row) if word == "keeps"}
    assert not kept or decision.open_to
    assert not kept & set(terms.clauses) - set(decision.clauses)
