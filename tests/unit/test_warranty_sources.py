"""Whose word counts: contract, card, policy, default; for each class of part (D5-C1, D5-C11)."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from domain.directory import Device, Entitlement
from domain.policy import Policy
from domain.terms import CoverageKind, TermSource
from domain.vocabulary import Cause, PartClass, PurchaseDate, Warranty
from domain.warranty import (
    PurchaseFacts,
    WarrantyDecision,
    coverages_over,
    coverages_running,
    decide_warranty,
)
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


def policy(
    *terms: dict[str, Any],
    default: dict[str, Any] | None = None,
    extended: dict[str, str] | None = None,
    **more: Any,
) -> Policy:
    """A policy of those terms; `extended`: by key, the calendar that moves their last day."""
    moved = {key: {"extend_over_holidays": days} for key, days in (extended or {}).items()}
    own = [{**one, "clauses": ["X-1"]} for one in terms]
    by_default = [{**default, "clauses": ["X-9"]}] if default else []
    warranties = {"warranty": own, "default_warranty": by_default}
    return Policy.model_validate(
        {
            "name": "tried",
            "title": "试用政策",
            **{
                key: {"coverages": given, **moved.get(key, {})}
                for key, given in warranties.items()
                if given
            },
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


WORKDAYS = {
    "kind": "workdays",
    "source": ["一份公告"],
    "known_from": "2025-01-01",
    "known_until": "2026-12-31",
    "holidays": ["2026-01-01..2026-01-03"],
    "makeup_workdays": [],
}


def test_the_default_extends_over_holidays_by_its_own_key_or_the_warrantys() -> None:
    contract = paper(term(FULL, 12))

    def last_days(ours: list[dict[str, Any]], *extended: str) -> dict[str, str]:
        """Of the terms of a contract, of the policy where it has any, and of the default."""
        days: dict[str, str] = {}
        for source in ("contract", "policy", "default"):
            terms = policy(
                *ours,
                default=term(),
                extended=dict.fromkeys(extended, "workdays"),
                calendars={"workdays": WORKDAYS},
                precedence=[source],
            )
            decision = decide("2025-06-01", terms, contract=contract)
            if decision.ends_on is not None:
                days[source] = str(decision.ends_on)
        return days

    kept, moved = "2026-01-01", "2026-01-05"  # the 4th is a Sunday
    assert last_days([]) == {"contract": kept, "default": kept}
    assert last_days([], "default_warranty") == {"contract": moved, "default": moved}
    by_default = last_days([term()], "default_warranty")
    assert by_default == {"contract": kept, "policy": kept, "default": moved}
    by_policy = last_days([term()], "warranty")
    assert by_policy == {"contract": moved, "policy": moved, "default": moved}


def test_the_calendar_that_extends_the_default_must_know_workdays() -> None:
    with pytest.raises(ValidationError, match="日历 always 不知道工作日"):
        policy(default=term(), extended={"default_warranty": "always"})
    with pytest.raises(ValidationError, match="没有 workday 这个日历"):
        policy(default=term(), extended={"default_warranty": "workday"})


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


def test_what_is_over_on_a_day_is_known_to_be() -> None:
    terms = policy(term(), term("labour", 36), term("lifetime_paid", None))
    bought = PurchaseFacts(invoice_date=date(2025, 1, 1))

    def over(day: str, purchase: PurchaseFacts = bought, by: Policy = terms) -> set[str]:
        return {one.value for one in coverages_over(by, purchase, date.fromisoformat(day))}

    assert over("2026-01-01") == set()
    assert over("2026-01-02") == {FULL}
    assert over("2028-01-02") == {FULL, "labour"}
    assert over("2028-01-02", PurchaseFacts()) == set()
    assert over("2025-01-02", by=policy(term())) == {"labour", "lifetime_paid"}  # never given
    assert over("2028-01-02", by=policy()) == set()  # nobody says anything


def test_a_last_day_that_an_unknown_year_may_move_is_not_over_until_no_holiday_is_so_long() -> None:
    calendar = {**WORKDAYS, "known_until": "2025-12-31", "holidays": []}
    extended = {"warranty": "workdays"}
    terms = policy(term(), extended=extended, calendars={"workdays": calendar})
    bought = PurchaseFacts(invoice_date=date(2025, 1, 1))
    full = CoverageKind.PARTS_AND_LABOUR
    assert full not in coverages_over(terms, bought, date(2026, 1, 16))
    assert full in coverages_over(terms, bought, date(2026, 1, 17))


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
