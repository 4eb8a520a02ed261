"""保内还是保外: the decision, its basis, its last day."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.policy import Policy
from domain.vocabulary import Cause, PartClass, Warranty
from domain.warranty import PurchaseFacts, WarrantyDecision, decide_warranty, months_later
from runtime.policy_files import PolicyShelf
from runtime.settings import settings as runtime_settings
from tests.unit import slow_model

WEEK_OF_OCTOBER = {
    "kind": "workdays",
    "source": ["一份公告"],
    "known_from": "2026-01-01",
    "known_until": "2026-12-31",
    "holidays": ["2026-10-01..2026-10-07"],
    "makeup_workdays": ["2026-10-10"],
}


def policy(*coverages: dict[str, Any], calendar: bool = False, **terms: Any) -> Policy:
    full = {
        "kind": "parts_and_labour",
        "months": 12,
        "starts": ["invoice_date", "delivered_on"],
        "clauses": ["X-1"],
    }
    warranty = {"coverages": list(coverages) or [full], **terms}
    calendars = {"workdays": WEEK_OF_OCTOBER} if calendar else {}
    if calendar:
        warranty["extend_over_holidays"] = "workdays"
    return Policy.model_validate(
        {"name": "tried", "title": "试用政策", "warranty": warranty, "calendars": calendars}
    )


def decide(
    reported_on: str, terms: Policy | None = None, cause: Cause = Cause.UNKNOWN, **purchase: str
) -> WarrantyDecision:
    days = {name: date.fromisoformat(day) for name, day in purchase.items()}
    facts = PurchaseFacts.model_validate(days)
    return decide_warranty(terms or policy(), facts, date.fromisoformat(reported_on), cause)


@pytest.fixture(scope="module")
def shelf() -> PolicyShelf:
    return PolicyShelf(runtime_settings().policies_dir)


@pytest.mark.parametrize(
    ("bought", "last_day"),
    [
        ("2025-03-02", "2026-03-02"),
        ("2024-02-29", "2025-02-28"),  # no 29th: the month's last day
        ("2025-12-31", "2026-12-31"),
    ],
)
def test_a_term_ends_at_24_of_the_corresponding_day(bought: str, last_day: str) -> None:
    on_it = decide(last_day, invoice_date=bought)
    assert (on_it.in_warranty, str(on_it.ends_on)) == (Warranty.IN, last_day)
    after = (date.fromisoformat(last_day) + timedelta(days=1)).isoformat()
    assert decide(after, invoice_date=bought).in_warranty is Warranty.OUT


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2026-08-31", 1, "2026-09-30"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2026-02-28", 1, "2026-03-28"),  # not the month's last day: the same number
    ],
)
def test_months_end_on_the_same_number_or_the_months_last_day(
    day: str, months: int, later: str
) -> None:
    assert months_later(date.fromisoformat(day), months) == date.fromisoformat(later)


@settings(deadline=None)
@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 120))
def test_months_are_the_slow_models(day: date, months: int) -> None:
    assert months_later(day, months) == slow_model.months_on(day, months)


def test_the_first_start_that_is_known_counts() -> None:
    both = decide("2026-03-01", invoice_date="2025-01-01", delivered_on="2025-06-01")
    assert both.in_warranty is Warranty.OUT
    one = decide("2026-03-01", delivered_on="2025-06-01")
    assert one.in_warranty is Warranty.IN
    assert "交货日" in one.basis


def test_misuse_is_paid_for_even_inside_the_term_and_needs_no_date() -> None:
    inside = decide("2026-03-02", cause=Cause.MISUSE, invoice_date="2026-03-01")
    assert (inside.in_warranty, inside.basis) == (Warranty.OUT, "人为损坏,保修期内也收费")
    assert decide("2026-03-02", cause=Cause.MISUSE).in_warranty is Warranty.OUT
    assert (
        decide("2026-03-02", cause=Cause.QUALITY, invoice_date="2026-03-01").in_warranty == "true"
    )


def test_an_unknown_start_says_what_is_missing() -> None:
    unknown = decide("2026-03-02")
    assert unknown.in_warranty is Warranty.UNKNOWN
    assert [one.value for one in unknown.missing] == ["invoice_date", "delivered_on"]
    assert "开票日、交货日中的任何一个" in unknown.basis
    assert unknown.clauses == ("X-1",)


def test_without_terms_it_is_unknown() -> None:
    nothing = Policy(name="bare", title="没有条款的政策")
    assert decide("2026-03-02", nothing).in_warranty is Warranty.UNKNOWN


@pytest.mark.parametrize(
    ("reported_on", "answer"),
    [
        ("2026-10-03", Warranty.IN),  # the day itself, a holiday
        ("2026-10-08", Warranty.IN),  # moved to the next workday
        ("2026-10-09", Warranty.OUT),
    ],
)
def test_a_last_day_on_a_holiday_moves_to_the_next_workday(
    reported_on: str, answer: Warranty
) -> None:
    extended = decide(reported_on, policy(calendar=True), invoice_date="2025-10-03")
    assert (extended.in_warranty, str(extended.ends_on)) == (answer, "2026-10-08")
    if reported_on != "2026-10-03":
        plain = decide(reported_on, invoice_date="2025-10-03")
        assert (plain.in_warranty, str(plain.ends_on)) == (Warranty.OUT, "2026-10-03")


def test_a_last_day_on_a_weekend_moves_and_on_a_makeup_day_stays() -> None:
    sunday = decide("2026-03-09", policy(calendar=True), invoice_date="2025-03-08")
    assert (sunday.in_warranty, str(sunday.ends_on)) == (Warranty.IN, "2026-03-09")
    makeup = decide("2026-10-11", policy(calendar=True), invoice_date="2025-10-10")
    assert (makeup.in_warranty, str(makeup.ends_on)) == (Warranty.OUT, "2026-10-10")


@pytest.mark.parametrize(
    ("reported_on", "answer"),
    [
        ("2027-01-02", Warranty.IN),  # the last day as written needs no calendar
        ("2027-01-03", Warranty.UNKNOWN),  # moved or not: that year is not announced
        ("2027-01-17", Warranty.UNKNOWN),
        ("2027-01-18", Warranty.OUT),  # no holiday is that long
    ],
)
def test_beyond_the_known_calendar_only_the_days_in_doubt_are_unknown(
    reported_on: str, answer: Warranty
) -> None:
    decision = decide(reported_on, policy(calendar=True), invoice_date="2026-01-02")
    assert decision.in_warranty is answer


def test_a_part_has_the_term_of_its_class_else_that_of_the_whole() -> None:
    whole = {
        "kind": "parts_and_labour",
        "months": 12,
        "starts": ["invoice_date"],
        "clauses": ["X-1"],
    }
    main = {**whole, "months": 24, "clauses": ["X-2"], "part_classes": ["main_part"]}
    terms = policy(whole, main)
    bought = PurchaseFacts(invoice_date=date(2024, 6, 1))
    reported_on = date(2026, 3, 2)

    def decided(part: PartClass | None) -> WarrantyDecision:
        return decide_warranty(terms, bought, reported_on, part_class=part)

    assert decided(PartClass.MAIN_PART).in_warranty is Warranty.IN
    assert decided(PartClass.MAIN_PART).clauses == ("X-2",)
    assert decided(PartClass.WEAR_PART).in_warranty is Warranty.OUT
    assert decided(None).in_warranty is Warranty.OUT


@pytest.mark.parametrize(
    ("reported_on", "answer", "coverage"),
    [
        ("2026-03-02", Warranty.IN, "parts_and_labour"),
        ("2026-03-03", Warranty.OUT, "labour"),  # a year over: labour stays free
        ("2028-03-02", Warranty.OUT, "labour"),
        ("2028-03-03", Warranty.OUT, "lifetime_paid"),
    ],
)
def test_instruments_one_year_then_labour_then_paid(
    shelf: PolicyShelf, reported_on: str, answer: Warranty, coverage: str
) -> None:
    decision = decide(reported_on, shelf.get("instruments"), invoice_date="2025-03-02")
    assert (decision.in_warranty, decision.coverage) == (answer, coverage)
    assert "D5-A3.2.a" in decision.clauses


def test_doors_and_windows_two_years_from_the_acceptance(shelf: PolicyShelf) -> None:
    terms = shelf.get("doors_windows")
    assert decide("2026-03-02", terms, accepted_on="2024-03-02").in_warranty is Warranty.IN
    assert decide("2026-03-03", terms, accepted_on="2024-03-02").in_warranty is Warranty.OUT
    unknown = decide("2026-03-02", terms, invoice_date="2024-03-02")
    assert [one.value for one in unknown.missing] == ["accepted_on"]
