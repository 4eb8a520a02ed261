"""Whose word counts: contract, card, policy, default; for each class of part (D5-C1, D5-C11)."""

from datetime import date
from typing import Any

import pytest

from domain.directory import Device, Entitlement
from domain.policy import CoverageKind, Policy, PurchaseDate, TermSource
from domain.vocabulary import Cause, PartClass, Warranty
from domain.warranty import PurchaseFacts, WarrantyDecision, coverages_running, decide_warranty
from runtime.policy_files import PolicyShelf
from runtime.settings import settings
from tests.unit.acting import MONDAY, Desk

FULL = "parts_and_labour"


def term(kind: str = FULL, months: int | None = 12, *starts: str, **more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"kind": kind, **more}
    return (
        given
        if months is None
        else {**given, "months": months, "starts": starts or ("invoice_date",)}
    )


def policy(*terms: dict[str, Any], default: dict[str, Any] | None = None, **more: Any) -> Policy:
    own = [{**one, "clauses": ["X-1"]} for one in terms]
    return Policy.model_validate(
        {
            "name": "tried",
            "title": "试用政策",
            **({"warranty": {"coverages": own}} if own else {}),
            **(
                {"default_warranty": {"coverages": [{**default, "clauses": ["X-9"]}]}}
                if default
                else {}
            ),
            **more,
        }
    )


def paper(*terms: dict[str, Any], number: str | None = None, stacks: bool = False) -> Entitlement:
    return Entitlement.model_validate({"number": number, "stacks": stacks, "coverages": terms})


def decide(
    reported_on: str,
    terms: Policy,
    part_class: PartClass | None = None,
    *,
    invoice_date: str | None = "2025-01-01",
    cause: Cause = Cause.QUALITY,
    **known: Any,
) -> WarrantyDecision:
    bought = date.fromisoformat(invoice_date) if invoice_date else None
    purchase = PurchaseFacts(invoice_date=bought, **known)
    return decide_warranty(terms, purchase, date.fromisoformat(reported_on), cause, part_class)


ONE_YEAR = policy(term())


def test_the_policy_is_named_where_nobody_else_speaks() -> None:
    decision = decide("2026-01-01", ONE_YEAR)
    assert (decision.in_warranty, decision.source) == (Warranty.IN, TermSource.POLICY)
    assert decision.basis.startswith("开票日 2025-01-01 起 12 个月")


@pytest.mark.parametrize(
    ("given", "source", "last_day", "said"),
    [
        ({}, TermSource.POLICY, "2026-01-01", "开票日"),
        ({"warranty_card": paper(term(FULL, 24))}, TermSource.CARD, "2027-01-01", "按保修卡,"),
        (
            {"warranty_card": paper(term(FULL, 24)), "contract": paper(term(FULL, 6), number="H7")},
            TermSource.CONTRACT,
            "2025-07-01",
            "按合同 H7,",
        ),
    ],
)
def test_contract_before_card_before_policy_and_the_winner_is_named(
    given: dict[str, Any], source: TermSource, last_day: str, said: str
) -> None:
    decision = decide("2025-02-01", ONE_YEAR, **given)
    assert (decision.in_warranty, decision.source) == (Warranty.IN, source)
    assert str(decision.ends_on) == last_day
    assert decision.basis.startswith(said)


def test_a_contract_that_has_run_out_is_not_made_good_by_the_policy() -> None:
    decision = decide("2025-12-01", ONE_YEAR, contract=paper(term(FULL, 6)))
    assert (decision.in_warranty, decision.source) == (Warranty.OUT, TermSource.CONTRACT)


def test_the_default_speaks_where_the_policy_is_silent() -> None:
    bare = policy(default=term(FULL, 12, "delivered_on", "invoice_date"))
    decision = decide("2025-12-01", bare)
    assert (decision.in_warranty, decision.source) == (Warranty.IN, TermSource.DEFAULT)
    assert decision.clauses == ("X-9",)
    assert decision.basis.startswith("按公司默认,开票日")
    missing = decide("2025-12-01", bare, invoice_date=None)
    assert (missing.in_warranty, missing.source) == (Warranty.UNKNOWN, TermSource.DEFAULT)
    both = policy(term(FULL, 6), default=term(FULL, 60))
    assert decide("2025-12-01", both).source is TermSource.POLICY


def test_another_company_may_order_the_sources_otherwise() -> None:
    terms = policy(term(), precedence=["policy", "contract"])
    decision = decide("2025-12-01", terms, contract=paper(term(FULL, 6)))
    assert (decision.in_warranty, decision.source) == (Warranty.IN, TermSource.POLICY)


@pytest.mark.parametrize(
    ("months", "reported_on", "answer", "source"),
    [
        (6, "2025-03-01", Warranty.IN, TermSource.POLICY),  # the better term wins
        (6, "2025-12-01", Warranty.IN, TermSource.POLICY),
        (36, "2025-03-01", Warranty.IN, TermSource.CONTRACT),
        (36, "2027-03-01", Warranty.IN, TermSource.CONTRACT),
        (36, "2028-03-01", Warranty.OUT, TermSource.CONTRACT),
    ],
)
def test_a_contract_that_stacks_adds_to_the_warranty(
    months: int, reported_on: str, answer: Warranty, source: TermSource
) -> None:
    stacked = paper(term(FULL, months), stacks=True)
    decision = decide(reported_on, ONE_YEAR, contract=stacked)
    assert (decision.in_warranty, decision.source) == (answer, source)


def test_the_class_of_the_part_is_looked_for_in_each_source() -> None:
    terms = policy(
        term(FULL, 12),
        term(FULL, 24, part_classes=["main_part"]),
        term(FULL, 3, part_classes=["wear_part"]),
    )
    card = paper(term(FULL, 36, part_classes=["main_part"]))
    day = "2026-06-01"
    answers = {one: decide(day, terms, one, warranty_card=card) for one in PartClass}
    assert answers[PartClass.MAIN_PART].source is TermSource.CARD
    assert answers[PartClass.MAIN_PART].in_warranty is Warranty.IN
    assert answers[PartClass.WEAR_PART].source is TermSource.POLICY
    assert str(answers[PartClass.WEAR_PART].ends_on) == "2025-04-01"
    assert str(answers[PartClass.CONSUMABLE].ends_on) == "2026-01-01"
    assert decide(day, terms, warranty_card=card) == answers[PartClass.WHOLE_UNIT]
    assert decide(day, terms, PartClass.MAIN_PART).in_warranty is Warranty.IN


@pytest.mark.parametrize(
    ("starts", "known", "answer"),
    [
        ("contracted_on", {"contracted_on": "2025-06-01"}, Warranty.IN),
        ("contracted_on", {}, Warranty.UNKNOWN),
        ("exchanged_on", {"exchanged_on": "2025-06-01"}, Warranty.IN),
        ("accepted_on", {"accepted_on": "2024-06-01"}, Warranty.OUT),
        ("delivered_on", {"delivered_on": "2025-06-01"}, Warranty.IN),
    ],
)
def test_a_term_runs_from_the_day_that_it_names(
    starts: str, known: dict[str, str], answer: Warranty
) -> None:
    days: dict[str, Any] = {name: date.fromisoformat(day) for name, day in known.items()}
    decision = decide("2026-02-01", policy(term(FULL, 12, starts)), **days)
    assert decision.in_warranty is answer
    assert (decision.missing == (PurchaseDate(starts),)) is (answer is Warranty.UNKNOWN)


def test_an_exchange_may_begin_the_warranty_anew() -> None:
    terms = policy(term(FULL, 12, "exchanged_on", "invoice_date"))
    exchanged = decide("2026-03-01", terms, exchanged_on=date(2025, 4, 1))
    assert "换机日 2025-04-01" in exchanged.basis
    assert exchanged.in_warranty is Warranty.IN
    assert decide("2026-03-01", terms).in_warranty is Warranty.OUT


def test_misuse_is_paid_for_whoever_gives_the_warranty() -> None:
    contract = paper(term(FULL, 60))
    decision = decide("2025-02-01", ONE_YEAR, contract=contract, cause=Cause.MISUSE)
    assert decision.in_warranty is Warranty.OUT
    alone = decide("2025-02-01", policy(), contract=contract, cause=Cause.MISUSE)
    assert alone.in_warranty is Warranty.OUT
    assert decide("2025-02-01", policy(), cause=Cause.MISUSE).in_warranty is Warranty.UNKNOWN


def test_labour_alone_is_free_after_the_full_term_or_without_one() -> None:
    after = decide("2026-06-01", policy(term(), term("labour", 36)))
    assert (after.in_warranty, after.coverage) == (Warranty.OUT, CoverageKind.LABOUR)
    alone = decide("2026-06-01", policy(term("labour", 36)))
    assert (alone.in_warranty, alone.coverage) == (Warranty.OUT, CoverageKind.LABOUR)
    none = decide("2026-06-01", policy(term("lifetime_paid", None)))
    assert (none.in_warranty, none.source) == (Warranty.OUT, TermSource.POLICY)


@pytest.mark.parametrize(
    ("day", "running"),
    [
        ("2025-06-01", {"parts_and_labour", "labour", "lifetime_paid"}),
        ("2026-06-01", {"labour", "lifetime_paid"}),
        ("2029-06-01", {"lifetime_paid"}),
    ],
)
def test_what_runs_on_a_day_is_told_by_kind(day: str, running: set[str]) -> None:
    terms = policy(term(), term("labour", 36), term("lifetime_paid", None))
    bought = PurchaseFacts(invoice_date=date(2025, 1, 1))
    assert coverages_running(terms, bought, date.fromisoformat(day)) == running
    assert coverages_running(terms, PurchaseFacts(), date.fromisoformat(day)) == {"lifetime_paid"}


def entitled(contract: Entitlement | None = None, **known: Any) -> Desk:
    desk = Desk(ONE_YEAR)
    bought = MONDAY.date().replace(year=MONDAY.year - 2)
    desk.register(Device(product="天平", invoice_date=bought, contract=contract, **known))
    return desk


def test_a_contract_in_the_register_entry_decides_the_ticket() -> None:
    assert entitled().ticket.facts["in_warranty"] is False
    warranty = entitled(paper(term(FULL, 36), number="H7")).ticket.warranty
    assert warranty is not None
    assert (warranty.in_warranty, warranty.source) == (Warranty.IN, TermSource.CONTRACT)


def test_a_contract_found_later_is_judged_again_and_a_cause_after_it() -> None:
    desk = entitled()
    given = paper(term(FULL, 36), number="H7").model_dump(mode="json")
    desk.do("amend", "agent", field="contract", value=given, reason="合同找到了")
    assert desk.ticket.facts["in_warranty"] is True
    assert "contract" not in desk.ticket.facts
    desk.do("assess", "technician", "T01", cause="misuse")
    assert desk.ticket.facts["in_warranty"] is False
    desk.do("assess", "quality", cause="quality")
    assert desk.ticket.facts["in_warranty"] is True


def test_what_a_person_decided_stands_over_a_contract_found_later() -> None:
    desk = entitled()
    desk.do("assess", "quality", in_warranty=False, basis="客户改装过")
    given = paper(term(FULL, 36)).model_dump(mode="json")
    desk.do("amend", "agent", field="contract", value=given, reason="合同找到了")
    assert desk.ticket.facts["in_warranty"] is False


def test_a_coverage_of_one_class_of_product_is_none_of_anothers() -> None:
    terms = PolicyShelf(settings().policies_dir).get("it_reseller")
    day = date(2026, 6, 1)
    computer = PurchaseFacts(invoice_date=date(2025, 1, 1), product_class="microcomputer")
    printer = computer.model_copy(update={"product_class": "printer"})
    main_part = PartClass.MAIN_PART
    assert decide_warranty(terms, computer, day, part_class=main_part).in_warranty is Warranty.IN
    assert decide_warranty(terms, printer, day, part_class=main_part).in_warranty is Warranty.OUT
