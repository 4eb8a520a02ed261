"""What one line may cost: free, at cost, at a discount, by the list; exact to the fen."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.directory import Device
from domain.fees import FeeRuling, check_prices, cover_of, rule_line
from domain.policy import Policy
from domain.refusals import RefusalType, Refused
from domain.terms import Price
from domain.ticket import FeeLine
from domain.vocabulary import Stage, Warranty
from domain.warranty import PurchaseFacts, WarrantyDecision
from tests.unit.acting import MONDAY, Desk, line, refused

COST = {
    "id": "parts_at_cost",
    "clauses": ["D5-B4.3b3"],
    "says": "保外配件只收成本价",
    "price": "cost",
    "when": {"in_warranty": False},
    "kinds": ["part"],
}
MISUSE = {
    "id": "misuse_at_cost",
    "clauses": ["D5-B4.3b4"],
    "says": "人为损坏按成本价",
    "price": "cost",
    "when": {"cause": "misuse"},
}
UPGRADES = {
    "id": "upgrades_free",
    "clauses": ["D5-A3.6.c"],
    "says": "维护期内软件升级免费",
    "price": "free",
    "during": "labour",
    "kinds": ["software_upgrade"],
}
AFTERWARDS = {
    "id": "after_warranty",
    "clauses": ["D2-2.2.c"],
    "says": "保外八折",
    "price": "discount",
    "percent": 80,
    "when": {"in_warranty": False},
    "kinds": ["labour"],
}
TERMS = [
    {"kind": "parts_and_labour", "months": 12, "starts": ["invoice_date"], "clauses": ["W-1"]},
    {
        "kind": "parts_and_labour",
        "months": 24,
        "starts": ["invoice_date"],
        "part_classes": ["main_part"],
        "clauses": ["W-2"],
    },
    {"kind": "labour", "months": 36, "starts": ["invoice_date"], "clauses": ["W-3"]},
]
BOUGHT = date(2025, 1, 1)
INSIDE, AFTER_ONE_YEAR, AFTER_ALL = date(2025, 6, 1), date(2026, 6, 1), date(2029, 6, 1)


def policy(*fees: dict[str, Any], **more: Any) -> Policy:
    return Policy.model_validate(
        {
            "name": "tried",
            "title": "试用政策",
            "warranty": {"coverages": TERMS},
            "fees": list(fees) or [COST, MISUSE, UPGRADES, AFTERWARDS],
            **more,
        }
    )


def fee(kind: str = "part", unit_price_fen: int = 100, **more: Any) -> FeeLine:
    given = {"item": "某项", "kind": kind, "quantity": 1, "unit_price_fen": unit_price_fen}
    return FeeLine.model_validate({**given, **more})


def rule(
    day: date,
    paid: FeeLine,
    terms: Policy | None = None,
    by_person: WarrantyDecision | None = None,
    **facts: Any,
) -> FeeRuling:
    terms = terms or policy()
    purchase = PurchaseFacts(invoice_date=BOUGHT)
    cover = cover_of(terms, purchase, day, facts, paid.part_class, by_person)
    return rule_line(terms, facts, paid, cover)


def fits(ruling: FeeRuling, paid: FeeLine, terms: Policy | None = None) -> str | None:
    """The field at fault when the price is refused; None when it is taken."""
    try:
        check_prices(terms or policy(), [paid], [ruling])
    except Refused as refusal:
        return refusal.field if refusal.type is RefusalType.INVALID_INPUT else refusal.type
    return None


@pytest.mark.parametrize("kind", ["part", "labour", "travel"])
def test_inside_the_warranty_a_quality_fault_costs_nothing(kind: str) -> None:
    ruling = rule(INSIDE, fee(kind), cause="quality")
    assert (ruling.price, ruling.at_most_fen, ruling.clauses) == (Price.FREE, 0, ("W-1",))
    assert fits(ruling, fee(kind)) == "lines.0.unit_price_fen"
    assert fits(ruling, fee(kind, 0)) is None


@pytest.mark.parametrize("known", [{}, {"cause": "unknown"}])
def test_while_nobody_knows_the_cause_a_price_is_not_refused(known: dict[str, Any]) -> None:
    ruling = rule(INSIDE, fee(), **known)
    assert (ruling.price, ruling.certain) == (Price.FREE, False)
    assert fits(ruling, fee()) is None


@pytest.mark.parametrize("cause", ["wear", "force_majeure"])
def test_what_is_no_fault_of_the_product_goes_by_the_list(cause: str) -> None:
    ruling = rule(INSIDE, fee(), cause=cause)
    assert (ruling.price, ruling.clauses) == (None, ())
    assert fits(ruling, fee(unit_price_fen=10**9)) is None


def test_the_line_decides_and_not_the_order() -> None:
    main, other = fee(part_class="main_part"), fee(part_class="wear_part")
    assert rule(AFTER_ONE_YEAR, main, cause="quality").clauses == ("W-2",)
    assert rule(AFTER_ONE_YEAR, main, cause="quality").price is Price.FREE
    assert rule(AFTER_ONE_YEAR, other, cause="quality").rule == "parts_at_cost"


def test_after_the_full_term_labour_is_free_and_parts_are_at_cost() -> None:
    assert rule(AFTER_ONE_YEAR, fee("labour"), cause="quality").price is Price.FREE
    part = rule(AFTER_ONE_YEAR, fee(unit_cost_fen=90), cause="quality")
    assert (part.price, part.at_most_fen, part.clauses) == (Price.COST, 90, ("D5-B4.3b3",))
    travel = rule(AFTER_ONE_YEAR, fee("travel"), cause="quality")
    assert (travel.price, travel.at_most_fen) == (None, None)


def test_misuse_is_at_cost_even_inside_the_warranty() -> None:
    ruling = rule(INSIDE, fee("labour", unit_cost_fen=50), cause="misuse")
    assert (ruling.price, ruling.rule, ruling.at_most_fen) == (Price.COST, "misuse_at_cost", 50)


@pytest.mark.parametrize(
    ("day", "price"),
    [(INSIDE, Price.FREE), (AFTER_ONE_YEAR, Price.FREE), (AFTER_ALL, None)],
)
def test_a_rule_may_last_as_long_as_a_coverage(day: date, price: Price | None) -> None:
    causes: tuple[dict[str, Any], ...] = ({}, {"cause": "quality"}, {"cause": "wear"})
    for known in causes:
        ruling = rule(day, fee("software_upgrade"), **known)
        assert ruling.price is price
        refusal = "lines.0.unit_price_fen" if price is Price.FREE else None
        assert fits(ruling, fee("software_upgrade")) == refusal


def test_a_free_rule_that_hangs_on_the_cause_waits_for_it() -> None:
    goodwill = {
        **UPGRADES,
        "during": None,
        "kinds": ["part"],
        "when": {"cause": ["wear", "unknown"]},
    }
    terms = policy(goodwill)
    assert not rule(AFTER_ALL, fee(), terms).certain
    assert rule(AFTER_ALL, fee(), terms, cause="wear").certain
    assert rule(AFTER_ALL, fee(), terms, cause="quality").price is None


AFTER = {**COST, "id": "after_a_year", "when": (), "after": "parts_and_labour"}
LAST_DAY, DAY_AFTER = date(2026, 1, 1), date(2026, 1, 2)


@pytest.mark.parametrize("cause", [None, "unknown", "quality", "misuse", "wear", "force_majeure"])
def test_a_rule_for_the_time_after_a_coverage_goes_by_the_dates_whatever_the_cause(
    cause: str | None,
) -> None:
    terms = policy(AFTER)
    known: dict[str, Any] = {"cause": cause} if cause else {}
    assert rule(LAST_DAY, fee(), terms, **known).rule is None
    assert rule(DAY_AFTER, fee(), terms, **known).rule == "after_a_year"
    # The main part's own two years count for it, and not the year of the whole.
    assert rule(DAY_AFTER, fee(part_class="main_part"), terms, **known).rule is None
    assert rule(AFTER_ALL, fee(part_class="main_part"), terms, **known).rule == "after_a_year"


def test_a_time_between_two_coverages_ends_with_the_longer() -> None:
    terms = policy({**AFTER, "during": "labour"})
    ruled = {day: rule(day, fee(), terms).rule for day in (INSIDE, AFTER_ONE_YEAR, AFTER_ALL)}
    assert ruled == {INSIDE: None, AFTER_ONE_YEAR: "after_a_year", AFTER_ALL: None}


def test_what_is_not_known_to_be_over_is_not_after() -> None:
    terms, line_ = policy(AFTER), fee()
    for purchase in (PurchaseFacts(), PurchaseFacts(delivered_on=BOUGHT)):
        cover = cover_of(terms, purchase, AFTER_ALL, {"cause": "wear"})
        assert rule_line(terms, {"cause": "wear"}, line_, cover).rule is None
    nobody = policy(AFTER, warranty=None)
    assert rule(AFTER_ALL, fee(), nobody, cause="wear").rule is None


def test_a_person_puts_it_out_of_warranty_and_not_after_it() -> None:
    inside = WarrantyDecision(in_warranty=Warranty.IN, basis="质检认定")
    outside = WarrantyDecision(in_warranty=Warranty.OUT, basis="客户改装过")
    terms = policy(AFTER)
    assert rule(INSIDE, fee(), terms, outside).rule is None
    assert rule(AFTER_ONE_YEAR, fee(), terms, outside).rule == "after_a_year"
    assert rule(AFTER_ONE_YEAR, fee(), terms, inside, cause="wear").rule is None


@pytest.mark.parametrize(
    ("time", "says"),
    [
        ({"after": "lifetime_paid"}, "终身有偿服务没有完的时候"),
        ({"after": "labour", "during": "labour"}, "不会又在期内又已过期"),
    ],
)
def test_a_time_that_never_comes_is_refused(time: dict[str, str], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        policy({**COST, **time})


def test_of_several_rules_the_best_for_the_customer_counts() -> None:
    free = {**COST, "id": "free_parts", "price": "free"}
    cheap = {**COST, "id": "cheap_parts", "price": "discount", "percent": 10}
    assert rule(AFTER_ALL, fee(), policy(cheap, COST, free)).rule == "free_parts"
    assert rule(AFTER_ALL, fee(), policy(cheap, COST)).rule == "parts_at_cost"


def test_a_rule_for_a_class_of_part_needs_to_know_the_class() -> None:
    terms = policy({**COST, "part_classes": ["wear_part"]})
    assert rule(AFTER_ALL, fee(part_class="wear_part"), terms).rule == "parts_at_cost"
    assert rule(AFTER_ALL, fee(), terms).price is None


def test_a_price_above_the_cost_is_refused_and_one_without_a_cost_is_unproven() -> None:
    known = fee(unit_price_fen=91, unit_cost_fen=90)
    assert fits(rule(AFTER_ALL, known), known) == "lines.0.unit_price_fen"
    exact = fee(unit_price_fen=90, unit_cost_fen=90)
    assert fits(rule(AFTER_ALL, exact), exact) is None
    unproven = rule(AFTER_ALL, fee())
    assert (unproven.at_most_fen, unproven.needs) == (None, "unit_cost_fen")
    assert fits(unproven, fee()) is None


def test_a_company_may_require_the_price_that_proves_it() -> None:
    terms = policy(procedure={"cost_price_required": True})
    assert fits(rule(AFTER_ALL, fee(), terms), fee(), terms) == "lines.0.unit_cost_fen"
    labour = fee("labour")
    assert fits(rule(AFTER_ALL, labour, terms), labour, terms) == "lines.0.list_price_fen"
    assert fits(rule(AFTER_ALL, fee(unit_price_fen=0), terms), fee(unit_price_fen=0), terms) is None


def test_what_a_person_decided_stands_for_every_part() -> None:
    inside = WarrantyDecision(in_warranty=Warranty.IN, basis="质检认定")
    outside = WarrantyDecision(in_warranty=Warranty.OUT, basis="质检认定")
    free = rule(AFTER_ALL, fee(), by_person=inside, cause="quality")
    assert (free.price, "质检认定" in free.reason) == (Price.FREE, True)
    assert rule(INSIDE, fee(), by_person=outside, cause="quality").rule == "parts_at_cost"


@settings(deadline=None)
@given(
    listed=st.integers(0, 10**9),
    percent=st.integers(1, 99),
    price=st.integers(0, 10**9),
    quantity=st.integers(1, 1000),
)
def test_a_discount_loses_its_fraction_of_a_fen_for_the_customer(
    listed: int, percent: int, price: int, quantity: int
) -> None:
    terms = policy({**AFTERWARDS, "percent": percent})
    paid = fee("labour", price, list_price_fen=listed, quantity=quantity)
    ruling = rule(AFTER_ALL, paid, terms)
    exact = Fraction(listed * percent, 100)
    assert ruling.at_most_fen is not None
    assert ruling.at_most_fen <= exact < ruling.at_most_fen + 1
    assert (fits(ruling, paid, terms) is None) is (price <= exact)
    if price <= exact:
        assert paid.total_fen <= quantity * exact


@settings(deadline=None)
@given(
    day=st.sampled_from([INSIDE, AFTER_ONE_YEAR, AFTER_ALL]),
    kind=st.sampled_from(["part", "labour", "travel", "software_upgrade", "别的"]),
    part_class=st.sampled_from([None, "whole_unit", "main_part", "wear_part", "consumable"]),
    cause=st.sampled_from([None, "unknown", "quality", "misuse", "wear", "force_majeure"]),
    price=st.integers(0, 10**6),
    cost=st.one_of(st.none(), st.integers(0, 10**6)),
)
def test_a_price_is_taken_exactly_when_nothing_that_is_known_bounds_it_lower(
    day: date,
    kind: str,
    part_class: str | None,
    cause: str | None,
    price: int,
    cost: int | None,
) -> None:
    paid = fee(kind, price, part_class=part_class, unit_cost_fen=cost)
    known: dict[str, Any] = {"cause": cause} if cause else {}
    ruling = rule(day, paid, **known)
    full = day == INSIDE or (day == AFTER_ONE_YEAR and part_class == "main_part")
    labour = not full and day != AFTER_ALL and part_class != "main_part"
    ours = cause == "quality"
    upgrade = kind == "software_upgrade" and day != AFTER_ALL and part_class != "main_part"
    free = (ours and full and kind in ("part", "labour", "travel")) or (
        (ours and labour and kind == "labour") or upgrade
    )
    out = cause == "misuse" or not full
    at_cost = not free and (cause == "misuse" or (out and kind == "part"))
    bound = 0 if free else cost if at_cost else None
    assert (fits(ruling, paid) is None) is (bound is None or price <= bound)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 10**6)), min_size=1, max_size=8))
def test_a_quote_is_the_sum_of_its_lines_to_the_fen(parts: list[tuple[int, int]]) -> None:
    desk = registered()
    lines = [
        line(f"配件{n}", price, quantity, kind="travel")
        for n, (quantity, price) in enumerate(parts)
    ]
    desk.quote(*lines)
    assert desk.ticket.quote is not None
    assert desk.ticket.quote.total_fen == sum(quantity * price for quantity, price in parts)
    [quoted] = desk.events("quoted")
    assert quoted.details["total_fen"] == desk.ticket.quote.total_fen


def registered(terms: Policy | None = None, bought: int = 1000, procedure: int = 3) -> Desk:
    desk = Desk(terms or policy(), procedure=procedure)
    day = date.fromordinal(MONDAY.date().toordinal() - bought)
    desk.register(Device(product="水泵", invoice_date=day))
    return desk


def test_at_the_quote_the_rule_and_its_clause_are_told() -> None:
    desk = registered()
    dear = {**line("密封条", 4000), "unit_cost_fen": 3999}
    with pytest.raises(Refused, match=r"成本价\(D5-B4\.3b3\),单价最多 39\.99 元") as caught:
        desk.do("quote", "agent", lines=[line("路费", 1, kind="travel"), dear])
    assert caught.value.field == "lines.1.unit_price_fen"
    desk.quote(line("路费", 1, kind="travel"), line("密封条", 4000))
    [quoted] = desk.events("quoted")
    assert quoted.details["rulings"] == [
        {
            "item": "密封条",
            "says": "保外配件只收成本价",
            "price": "cost",
            "clauses": ["D5-B4.3b3"],
            "unproven": "unit_cost_fen",
        }
    ]


def test_at_the_end_the_price_is_checked_again_by_what_is_known_then() -> None:
    desk = registered()
    desk.agree(line("密封条", 4000))
    desk.visit(until="start_work")
    dear = {**line("密封条", 4000), "unit_cost_fen": 3999}
    for command, more in (("finish", {}), ("leave_unfinished", {"reason": "缺料"})):
        word = refused(desk, command, "technician", "T01", lines=[dear], **more)
        assert word is RefusalType.INVALID_INPUT
    proven = {**line("密封条", 3999), "unit_cost_fen": 3999}
    desk.do("finish", "technician", "T01", lines=[proven])
    assert desk.ticket.stage is Stage.REPAIRED
    [finished] = desk.events("finished")
    assert finished.details["rulings"] == [
        {
            "item": "密封条",
            "says": "保外配件只收成本价",
            "price": "cost",
            "clauses": ["D5-B4.3b3"],
        }
    ]


def test_the_cause_found_on_site_makes_the_line_free() -> None:
    desk = registered(bought=100)
    desk.agree(line("密封条", 4000))
    desk.visit(until="start_work")
    desk.do("assess", "technician", "T01", cause="quality")
    with pytest.raises(Refused, match="保修免费") as caught:
        desk.do("finish", "technician", "T01", lines=[line("密封条", 4000)])
    assert caught.value.field == "lines.0.unit_price_fen"
    desk.do("finish", "technician", "T01", lines=[line("密封条", 0)])
    assert "rulings" not in desk.events("finished")[0].details


def test_an_older_ticket_is_asked_nothing_about_its_prices() -> None:
    desk = registered(procedure=2)
    desk.quote({**line("密封条", 4000), "unit_cost_fen": 1})
    [quoted] = desk.events("quoted")
    assert "rulings" not in quoted.details


@pytest.mark.parametrize("name", ["unit_cost_fen", "list_price_fen"])
@pytest.mark.parametrize("value", [-1, 1.5, "100", 10**12])
def test_what_bounds_a_price_is_whole_fen(name: str, value: object) -> None:
    desk = registered()
    with pytest.raises(Refused) as caught:
        desk.do("quote", "agent", lines=[{**line(), name: value}])
    assert caught.value.field == f"lines.0.{name}"
