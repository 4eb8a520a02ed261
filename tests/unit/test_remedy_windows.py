"""三包: each window to its last day, moved past holidays, and the evidence behind it (D5-C6)."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.policy import Policy
from domain.remedies import RemedyDecision, Waiting, decide_remedies
from domain.vocabulary import Proof, Remedy

ALL = [Remedy.RETURN, Remedy.EXCHANGE, Remedy.REPAIR]
EXCHANGE = [Remedy.EXCHANGE, Remedy.REPAIR]
OCTOBER = {
    "kind": "workdays",
    "source": ["一份公告"],
    "known_from": "2026-01-01",
    "known_until": "2026-12-31",
    "holidays": ["2026-10-01..2026-10-07"],
    "makeup_workdays": ["2026-10-10"],
}


def policy(*, calendar: bool = False, **terms: Any) -> Policy:
    given: dict[str, Any] = {"clauses": ["D5-C6.0"], "classes": ["microcomputer"], **terms}
    if calendar:
        given["extend_over_holidays"] = "workdays"
    return Policy.model_validate(
        {
            "name": "tried",
            "title": "试用政策",
            "calendars": {"workdays": OCTOBER} if calendar else {},
            "three_guarantees": given,
        }
    )


def facts(invoice_date: str = "2026-03-02", **other: Any) -> dict[str, Any]:
    return {"product_class": "microcomputer", "invoice_date": invoice_date, **other}


def decide(
    reported_on: str, known: dict[str, Any] | None = None, terms: Policy | None = None, **more: Any
) -> RemedyDecision:
    day = date.fromisoformat(reported_on)
    return decide_remedies(terms or policy(), facts() if known is None else known, day, **more)


@pytest.mark.parametrize(
    ("reported_on", "open_to", "last_day"),
    [
        ("2026-03-02", ALL, "2026-03-09"),
        ("2026-03-09", ALL, "2026-03-09"),
        ("2026-03-10", EXCHANGE, "2026-03-17"),
        ("2026-03-17", EXCHANGE, "2026-03-17"),
        ("2026-03-18", [], "2026-03-17"),
    ],
)
def test_each_window_says_its_last_day(
    reported_on: str, open_to: list[Remedy], last_day: str
) -> None:
    decision = decide(reported_on)
    assert (list(decision.open_to), str(decision.last_day)) == (open_to, last_day)
    assert last_day in decision.reason
    assert decision.clauses == ("D5-C6.0",)


@pytest.mark.parametrize(
    ("reported_on", "open_to"),
    [
        ("2026-10-08", ALL),  # the seventh day was 3 October, a holiday
        ("2026-10-09", EXCHANGE),
        ("2026-10-12", EXCHANGE),  # the fifteenth was Sunday the 11th
        ("2026-10-13", []),
    ],
)
def test_a_last_day_on_a_holiday_moves_to_the_next_workday(
    reported_on: str, open_to: list[Remedy]
) -> None:
    moved = decide(reported_on, facts("2026-09-26"), policy(calendar=True))
    assert list(moved.open_to) == open_to
    plain = decide("2026-10-08", facts("2026-09-26"))
    assert list(plain.open_to) == EXCHANGE


def test_a_year_that_nobody_announced_says_so() -> None:
    terms = policy(calendar=True)
    on_it = decide("2027-01-02", facts("2026-12-26"), terms)
    assert (list(on_it.open_to), on_it.may_move) == (ALL, True)
    over = decide("2027-01-11", facts("2026-12-26"), terms)
    assert (list(over.open_to), over.may_move) == ([], True)
    assert "尚不知道" in over.reason
    long_over = decide("2027-02-11", facts("2026-12-26"), terms)
    assert (list(long_over.open_to), long_over.may_move) == ([], False)


@pytest.mark.parametrize(
    ("known", "reported_on", "open_to"),
    [
        ({"repairs_done": 2}, "2027-03-02", EXCHANGE),
        ({"repairs_done": 2}, "2027-03-03", []),
        ({"repairs_done": 2, "days_in_repair": 20}, "2027-03-22", EXCHANGE),
        ({"repairs_done": 2, "days_in_repair": 20}, "2027-03-23", []),
        ({"repairs_done": 2, "exchanged_on": "2026-06-01"}, "2027-06-01", EXCHANGE),
        ({"repairs_done": 2, "exchanged_on": "2026-06-01"}, "2027-06-02", []),
        ({"repairs_done": 1, "days_in_repair": 20}, "2026-06-01", []),
        ({"repairs_done": 2, "exchanged_on": "2026-12-01"}, "2026-11-30", EXCHANGE),
        ({"repairs_done": 2, "exchanged_on": "2026-01-01"}, "2027-03-03", []),
    ],
)
def test_the_year_leaves_out_days_in_repair_and_begins_anew_with_an_exchange(
    known: dict[str, Any], reported_on: str, open_to: list[Remedy]
) -> None:
    assert list(decide(reported_on, facts(**known)).open_to) == open_to


def test_an_exchange_does_not_begin_the_short_windows_anew() -> None:
    exchanged = facts(exchanged_on="2026-04-01")
    assert list(decide("2026-04-03", exchanged).open_to) == []


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (facts(product_class="printer"), "不适用三包"),
        (facts(cause="misuse"), "不是质量原因"),
        (facts(cause="unknown"), "原因还没有判定"),
        (facts(listed_fault=False), "所列的性能故障"),
        ({"product_class": "microcomputer"}, "不知道开票日"),
        (facts("2026-03-04"), "早于开票日"),
    ],
)
def test_no_choice_says_why(known: dict[str, Any], said: str) -> None:
    decision = decide("2026-03-03", known)
    assert decision.open_to == ()
    assert said in decision.reason


def test_the_evidence_of_an_early_choice_is_the_invoice_and_the_fault() -> None:
    unknown = decide("2026-03-03")
    assert list(unknown.open_to) == ALL
    assert [(one.proof, one.have) for one in unknown.evidence] == [
        (Proof.INVOICE, True),
        (Proof.LISTED_FAULT, False),
    ]
    assert unknown.missing == (Proof.LISTED_FAULT,)
    assert decide("2026-03-03", facts(listed_fault=True)).missing == ()
    lost = decide("2026-03-03", {"product_class": "microcomputer"})
    assert lost.missing == (Proof.INVOICE, Proof.LISTED_FAULT)


def test_the_evidence_of_the_year_is_the_repairs_and_their_records() -> None:
    known = facts(listed_fault=True, repairs_done=2)
    decision = decide("2026-08-01", known)
    assert [one.proof for one in decision.evidence] == list(Proof)
    assert decision.missing == (Proof.REPAIR_RECORDS,)
    shown = decide("2026-08-01", known, shown={Proof.REPAIR_RECORDS: "授权站 S12"})
    assert shown.missing == ()
    assert shown.evidence[-1].what == "授权站 S12"
    once = decide("2026-08-01", facts(repairs_done=1))
    assert Proof.REPAIRS in once.missing
    assert "不足 2 次" in once.reason


@pytest.mark.parametrize(("today", "able"), [("2026-03-27", False), ("2026-03-28", True)])
def test_an_exchange_not_made_in_time_opens_the_return(today: str, able: bool) -> None:
    waiting = Waiting(since=date(2026, 3, 20), today=date.fromisoformat(today))
    terms = policy(return_after_exchange_days=7)
    decision = decide("2026-03-17", None, terms, waiting=waiting)
    assert (Remedy.RETURN in decision.open_to) is able
    assert "没有换成" in decision.reason or not able
    never = decide("2026-03-17", None, policy(), waiting=waiting)
    assert list(never.open_to) == EXCHANGE


@settings(deadline=None, max_examples=200)
@given(
    age=st.integers(-3, 800),
    repairs=st.one_of(st.none(), st.integers(0, 4)),
    spent=st.integers(0, 60),
)
def test_the_windows_are_those_of_a_count_on_the_fingers(
    age: int, repairs: int | None, spent: int
) -> None:
    bought = date(2026, 3, 2)
    known = facts(days_in_repair=spent, repairs_done=repairs)
    decision = decide_remedies(policy(), known, bought + timedelta(days=age))
    expected: list[Remedy] = []
    if 0 <= age <= 7:
        expected = ALL
    elif 0 <= age <= 15 or (0 <= age <= 365 + spent and (repairs or 0) >= 2):
        expected = EXCHANGE
    assert list(decision.open_to) == expected
