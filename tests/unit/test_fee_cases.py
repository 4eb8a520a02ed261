"""The fee rows of cases/*.yaml: a line and its price → the ruling, and whether it may be asked.

`fees`: a row keeps a clause where the price stays within what the clause allows, and breaks it
where a higher one is refused. `consent`: what was agreed to, and a final amount.
"""

from datetime import datetime
from typing import Any

import pytest

from domain.case import open_case
from domain.civil_time import CHINA
from domain.events import Opening
from domain.fees import FeeRuling, check_agreed, check_prices, cover_of, rule_line
from domain.policy import Policy
from domain.refusals import RefusalType, Refused
from domain.ticket import Actor, FeeLine, Quote, QuoteLine, Ticket
from domain.vocabulary import FeeKind, QuoteState, Role
from domain.warranty import PurchaseFacts
from tests.unit.case_tables import SHELF, Row, claimed, rows

AT = datetime(2026, 3, 2, 9, 0, tzinfo=CHINA)


def line_of(row: Row) -> FeeLine:
    return FeeLine.model_validate({"item": "一项", "quantity": 1, **row["line"]})


def ruled(policy: Policy, row: Row) -> FeeRuling:
    purchase = PurchaseFacts.model_validate(row.get("purchase", {}))
    facts, line = row.get("facts", {}), line_of(row)
    cover = cover_of(policy, purchase, row["reported_on"], facts, line.part_class)
    return rule_line(policy, facts, line, cover)


def comparable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@pytest.mark.parametrize(("policy", "row"), rows("fees"))
def test_ruling(policy: str, row: Row) -> None:
    ruling = ruled(SHELF.get(policy), row)
    expected = {field: comparable(value) for field, value in row["expect"].items()}
    assert {field: getattr(ruling, field) for field in expected} == expected, ruling.reason


@pytest.mark.parametrize(("policy", "row"), rows("fees"))
def test_price(policy: str, row: Row) -> None:
    ruling = ruled(SHELF.get(policy), row)
    if row["accepted"]:
        check_prices(SHELF.get(policy), [line_of(row)], [ruling])
        binding = ruling.at_most_fen is not None and ruling.certain
        assert not binding or line_of(row).unit_price_fen <= (ruling.at_most_fen or 0)
        return
    with pytest.raises(Refused) as refused:
        check_prices(SHELF.get(policy), [line_of(row)], [ruling])
    assert (refused.value.type, refused.value.field) == (
        RefusalType.INVALID_INPUT,
        "lines.0.unit_price_fen",
    )


@pytest.mark.parametrize(("policy", "row"), rows("fees"))
def test_a_row_shows_what_it_claims(policy: str, row: Row) -> None:
    """A clause of a fee rule is kept by a price that it rules, and broken by one refused for it."""
    ruling = ruled(SHELF.get(policy), row)
    of_rules = {clause for rule in SHELF.get(policy).fees for clause in rule.clauses}
    wrong = [
        f"{word} {clause}"
        for word, clause in claimed(row)
        if clause in of_rules
        and not (clause in ruling.clauses and row["accepted"] == (word == "keeps"))
    ]
    assert wrong == []


def agreed_to(policy: Policy, fen: int | None) -> Ticket:
    """A ticket whose customer has said yes to that amount, or to none."""
    opening = Opening(number="W1", opened_at=AT, policy=policy.name, policy_version=policy.version)
    ticket = open_case(opening, policy).ticket
    if fen is None:
        return ticket
    quote = Quote(
        number=1,
        lines=(QuoteLine(item="一项", kind=FeeKind.PART, quantity=1, unit_price_fen=fen),),
        at=AT,
        by=Actor(role=Role.AGENT, name="客服小何"),
        state=QuoteState.APPROVED,
    )
    return ticket.model_copy(update={"quotes": (quote,)})


@pytest.mark.parametrize(("policy", "row"), rows("consent"))
def test_final_amount(policy: str, row: Row) -> None:
    rules = SHELF.get(policy)
    ticket = agreed_to(rules, row["agreed_fen"])
    final = FeeLine(item="一项", kind="part", quantity=1, unit_price_fen=row["final_fen"])
    tolerance = rules.procedure.quote_tolerance
    if row["accepted"]:
        check_agreed(ticket, tolerance, [final])
        assert "breaks" not in row
        return
    with pytest.raises(Refused) as refused:
        check_agreed(ticket, tolerance, [final])
    assert refused.value.type is RefusalType.CONSENT_NEEDED
    assert "keeps" not in row
