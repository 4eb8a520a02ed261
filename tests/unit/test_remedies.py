"""三包: which remedies may be chosen on which day, and the road of each to its end (D5-C6)."""

from datetime import date, timedelta
from typing import Any

import pytest

from domain.directory import Device
from domain.policy import Policy
from domain.refusals import RefusalType, Refused
from domain.remedies import choices
from domain.steps.remedies import TO_APPROVE, TO_CHOOSE
from domain.terms import ThreeGuarantees
from domain.vocabulary import Milestone, Outcome, QuoteState, Remedy, Stage
from tests.unit.acting import MONDAY, Desk, attempted, line, refused, small_policy

TERMS = ThreeGuarantees(clauses=("D5-C6.1.a",), classes=("microcomputer",))
ALL = (Remedy.RETURN, Remedy.EXCHANGE, Remedy.REPAIR)
EXCHANGE = (Remedy.EXCHANGE, Remedy.REPAIR)
BOUGHT = date(2026, 3, 2)
NONE: tuple[Remedy, ...] = ()


def facts(bought: date = BOUGHT, **other: Any) -> dict[str, Any]:
    return {"product_class": "microcomputer", "invoice_date": bought.isoformat(), **other}


@pytest.mark.parametrize(
    ("days", "able"),
    [
        (-1, NONE),
        (0, ALL),
        (1, ALL),
        (7, ALL),
        (8, EXCHANGE),
        (15, EXCHANGE),
        (16, NONE),
        (365, NONE),
    ],
)
def test_days_are_counted_from_the_invoice_whose_day_is_day_zero(
    days: int, able: tuple[Remedy, ...]
) -> None:
    assert choices(TERMS, facts(), BOUGHT + timedelta(days=days)) == able


@pytest.mark.parametrize(
    ("repairs", "reported", "able"),
    [
        (0, date(2026, 6, 1), NONE),
        (1, date(2026, 6, 1), NONE),
        (2, date(2026, 6, 1), EXCHANGE),
        (3, date(2026, 6, 1), EXCHANGE),
        (2, date(2027, 3, 2), EXCHANGE),
        (2, date(2027, 3, 3), NONE),
        (2, date(2026, 3, 5), ALL),
        ("unknown", date(2026, 6, 1), NONE),
    ],
)
def test_two_repairs_within_the_year_give_the_exchange(
    repairs: object, reported: date, able: tuple[Remedy, ...]
) -> None:
    assert choices(TERMS, facts(repairs_done=repairs), reported) == able


@pytest.mark.parametrize(
    ("bought", "months", "last"),
    [
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2023, 2, 28), 12, date(2024, 2, 28)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 12, 31), 12, date(2027, 12, 31)),
    ],
)
def test_a_month_without_that_day_ends_with_its_last(bought: date, months: int, last: date) -> None:
    terms = TERMS.model_copy(update={"exchange_months": months})
    known = facts(bought, repairs_done=2)
    assert choices(terms, known, last) == EXCHANGE
    assert choices(terms, known, last + timedelta(days=1)) == NONE


@pytest.mark.parametrize(
    "known",
    [
        facts(cause="misuse"),
        facts(cause="force_majeure"),
        facts() | {"product_class": "instrument"},
        {"product_class": "microcomputer"},
        {"invoice_date": BOUGHT.isoformat()},
        {},
    ],
)
def test_without_the_facts_there_is_no_choice(known: dict[str, Any]) -> None:
    assert choices(TERMS, known, BOUGHT) == NONE
    assert choices(None, facts(), BOUGHT) == NONE


def bought(days: int, terms: ThreeGuarantees = TERMS, procedure: int = 3, **device: Any) -> Desk:
    """A computer, bought so many days before the report, and registered."""
    policy = Policy.model_validate(
        {**small_policy().model_dump(mode="json"), "three_guarantees": terms.model_dump()}
    )
    on = MONDAY.date() - timedelta(days=days)
    computer = Device(
        product="笔记本", product_class="microcomputer", invoice_date=on, accepted_on=on, **device
    )
    desk = Desk(policy, procedure=procedure)
    desk.register(computer)
    return desk


def choose(desk: Desk, remedy: str) -> Desk:
    desk.do("choose_remedy", "customer", "王秀英", remedy=remedy)
    return desk


def exchanged(desk: Desk, **brought: Any) -> Desk:
    """Somebody goes, and brings the same model, or what is said."""
    desk.visit(until="start_work")
    given = brought or {"product": "笔记本", "same_model": True}
    desk.do("finish", "technician", "T01", exchanged_for=given)
    return desk


def closed(desk: Desk) -> Outcome | None:
    desk.do("record_follow_up", "agent", reached=True, satisfied=True)
    assert desk.ticket.stage is Stage.CLOSED
    return desk.ticket.outcome


@pytest.mark.parametrize(("days", "able"), [(7, "return"), (8, "exchange"), (15, "exchange")])
def test_the_customer_chooses_what_the_day_of_the_report_gives(days: int, able: str) -> None:
    desk = bought(days)
    desk.later(days=3)  # the day of the report counts, not that of the choice
    assert choose(desk, able).ticket.remedy is Remedy(able)


@pytest.mark.parametrize(("days", "remedy"), [(8, "return"), (16, "exchange"), (16, "repair")])
def test_what_is_not_given_is_refused(days: int, remedy: str) -> None:
    word = refused(bought(days), "choose_remedy", "customer", remedy=remedy)
    assert word is RefusalType.NO_CHOICE


def test_only_the_customer_chooses_and_only_the_department_head_approves() -> None:
    desk = bought(3)
    assert refused(desk, "choose_remedy", "agent", remedy="return") is RefusalType.NOT_ALLOWED
    assert refused(desk, "approve_refund", "dept_head", amount_fen=1) is (
        RefusalType.INVALID_TRANSITION
    )
    choose(desk, "return")
    assert refused(desk, "approve_refund", "supervisor", amount_fen=1) is RefusalType.NOT_ALLOWED


def test_a_return_is_approved_paid_back_and_followed_up() -> None:
    desk = choose(bought(7), "return")
    assert desk.ticket.stage is Stage.ASSESSING
    assert desk.ticket.task
    assert desk.told("refund_to_approve") == ["dept_head"]
    emergency: dict[str, Any] = {"emergency": True, "reason": "急"}
    for fields in ({}, emergency):
        assert refused(desk, "dispatch", "supervisor", **fields) is RefusalType.INVALID_TRANSITION
    desk.do("approve_refund", "dept_head", "部门老邓", amount_fen=599_900)
    assert (desk.ticket.stage, desk.ticket.refund_fen) == (Stage.FOLLOW_UP, 599_900)
    assert desk.ticket.first(Milestone.RESOLVED) is not None
    assert desk.ticket.task is None
    assert desk.told("refund_approved") == ["customer"]
    assert closed(desk) is Outcome.REFUNDED


def test_a_return_calls_off_who_was_sent_but_not_who_is_there() -> None:
    desk = bought(3)
    desk.visit(until="depart")
    choose(desk, "return")
    assert (desk.ticket.visit, desk.ticket.stage) == (None, Stage.ASSESSING)
    assert desk.ticket.visits[-1].result == "cancelled"
    there = bought(3)
    there.visit(until="arrive")
    assert refused(there, "choose_remedy", "customer", remedy="return") is (
        RefusalType.INVALID_TRANSITION
    )


def test_nobody_waits_for_an_answer_about_what_is_taken_back() -> None:
    desk = bought(3)
    desk.quote()
    choose(desk, "return")
    assert [one.state for one in desk.ticket.quotes] == [QuoteState.VOID]
    assert desk.ticket.open_holds == ()
    assert refused(desk, "quote", "agent", lines=[line()]) is RefusalType.INVALID_TRANSITION
    desk.later(days=10)
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.ASSESSING, None)


def test_a_later_choice_takes_the_place_of_an_earlier_one() -> None:
    desk = choose(choose(bought(3), "return"), "repair")
    assert (desk.ticket.stage, desk.ticket.task) == (Stage.DISPATCHING, None)
    assert refused(desk, "approve_refund", "dept_head", amount_fen=1) is (
        RefusalType.INVALID_TRANSITION
    )
    desk.visit()
    desk.do("sign_off", "customer", "王秀英")
    desk.do("return_order", "technician", "T01")
    assert closed(desk) is Outcome.REPAIRED


def test_the_phone_solves_nothing_of_what_is_to_be_taken_back() -> None:
    desk = choose(bought(3), "return")
    assert refused(desk, "guide", "agent", outcome="solved") is RefusalType.INVALID_TRANSITION
    desk.do("guide", "agent", outcome="needs_visit")
    choose(desk, "repair").do("guide", "agent", outcome="solved")
    assert closed(desk) is Outcome.GUIDED


def test_a_refund_is_approved_once_for_each_choice() -> None:
    desk = choose(bought(3), "return")
    desk.do("approve_refund", "dept_head", amount_fen=100)
    desk.do("record_follow_up", "agent", reached=True, satisfied=False)
    assert (desk.ticket.stage, desk.ticket.task) == (Stage.ASSESSING, TO_CHOOSE)
    assert refused(desk, "approve_refund", "dept_head", amount_fen=200) is (
        RefusalType.INVALID_TRANSITION
    )
    assert choose(desk, "return").ticket.task == TO_APPROVE
    desk.do("approve_refund", "dept_head", amount_fen=200)
    assert desk.ticket.refund_fen == 200
    assert closed(desk) is Outcome.REFUNDED


@pytest.mark.parametrize("days", [3, 15])
def test_an_exchange_is_brought_by_a_visit_and_ends_exchanged(days: int) -> None:
    desk = choose(bought(days), "exchange")
    assert desk.ticket.stage is Stage.DISPATCHING
    exchanged(desk)
    desk.do("sign_off", "customer", "王秀英")
    desk.do("return_order", "technician", "T01")
    assert closed(desk) is Outcome.EXCHANGED


def test_two_repairs_that_the_books_know_give_the_exchange() -> None:
    assert choose(bought(200, repairs_done=2), "exchange").ticket.remedy is Remedy.EXCHANGE


def test_after_a_visit_the_order_is_owed_though_the_device_is_taken_back() -> None:
    desk = bought(3)
    desk.visit(until="start_work")
    desk.do("leave_unfinished", "technician", "T01", reason="修不了")
    choose(desk, "return")
    desk.do("approve_refund", "dept_head", amount_fen=599_900)
    desk.do("record_follow_up", "agent", reached=True, satisfied=True)
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.FOLLOW_UP, Outcome.REFUNDED)
    desk.do("return_order", "technician", "T01")
    assert desk.ticket.stage is Stage.CLOSED


def test_an_exchange_brings_the_same_model_or_one_that_is_no_worse() -> None:
    desk = choose(bought(3), "exchange")
    desk.visit(until="start_work")
    for brought in (None, {"product": "旧款"}, {"product": "旧款", "same_model": False}):
        fields = {} if brought is None else {"exchanged_for": brought}
        assert refused(desk, "finish", "technician", "T01", **fields) is RefusalType.INVALID_INPUT
    better = {"product": "新款", "not_worse": "同品牌,处理器和内存都更高"}
    desk.do("finish", "technician", "T01", exchanged_for=better)
    assert desk.ticket.stage is Stage.REPAIRED
    [finished] = desk.events("finished")
    assert finished.details["exchanged_for"] == {**better, "same_model": False}
    brought_in = desk.ticket.visits[-1].exchanged_for
    assert brought_in is not None
    assert brought_in.product == "新款"


def test_an_older_ticket_is_not_asked_what_the_exchange_brought() -> None:
    desk = choose(bought(3, procedure=2), "exchange")
    desk.visit()
    assert desk.ticket.stage is Stage.REPAIRED


def test_the_unit_that_an_exchange_brings_costs_nothing() -> None:
    desk = choose(bought(15), "exchange")
    paid = {**line("笔记本", 100), "part_class": "whole_unit"}
    with pytest.raises(Refused, match=r"lines\.0\.unit_price_fen.*三包换机免费\(D5-C6\.1\.a\)"):
        desk.do("quote", "agent", lines=[paid])
    desk.quote(line("鼠标", 100))
    assert desk.ticket.stage is Stage.AWAITING_CONSENT


def test_a_refund_is_the_price_of_the_invoice_and_nothing_else() -> None:
    desk = choose(bought(3, invoice_price_fen=599_900), "return")
    for amount in (599_899, 599_901, 1):
        with pytest.raises(Refused, match=r"5999\.00 元") as caught:
            desk.do("approve_refund", "dept_head", amount_fen=amount)
        assert caught.value.field == "amount_fen"
    desk.do("approve_refund", "dept_head", amount_fen=599_900)
    assert desk.ticket.refund_fen == 599_900


def test_the_choice_is_recorded_with_its_reason_and_its_evidence() -> None:
    desk = bought(200, repairs_done=2)
    desk.do(
        "choose_remedy",
        "customer",
        remedy="exchange",
        evidence={"repair_records": "授权站 S12,两张"},
    )
    [chosen] = desk.events("remedy_chosen")
    assert chosen.details["open_to"] == ["exchange", "repair"]
    assert chosen.details["clauses"] == ["D5-C6.1.a"]
    assert chosen.details["last_day"] == "2026-08-14"
    assert chosen.details["missing"] == ["listed_fault"]
    assert chosen.details["have"] == {
        "invoice": "开票日 2025-08-14",
        "repairs": "已修 2 次",
        "repair_records": "授权站 S12,两张",
    }
    assert desk.ticket.facts["remedy"] == "exchange"


def test_a_fault_that_the_law_does_not_list_gives_no_choice() -> None:
    desk = bought(3)
    desk.do("assess", "quality", listed_fault=False)
    with pytest.raises(Refused, match="所列的性能故障") as caught:
        choose(desk, "return")
    assert caught.value.type is RefusalType.NO_CHOICE
    desk.do("assess", "quality", listed_fault=True)
    choose(desk, "return")
    [chosen] = desk.events("remedy_chosen")
    assert chosen.details["missing"] == []


WAITS = TERMS.model_copy(update={"return_after_exchange_days": 7})


@pytest.mark.parametrize(("days", "able"), [(7, False), (8, True)])
def test_an_exchange_that_nobody_makes_in_time_gives_the_return(days: int, able: bool) -> None:
    desk = choose(bought(15, terms=WAITS), "exchange")
    desk.at((MONDAY + timedelta(days=days)).replace(hour=10))
    word = attempted(desk, "choose_remedy", "customer", remedy="return")
    assert word is (None if able else RefusalType.NO_CHOICE)


def test_an_exchange_that_was_made_gives_no_return_however_late() -> None:
    desk = exchanged(choose(bought(15, terms=WAITS), "exchange"))
    desk.do("sign_off", "customer", "王秀英", satisfied=False)
    desk.later(days=30)
    assert refused(desk, "choose_remedy", "customer", remedy="return") is RefusalType.NO_CHOICE


@pytest.mark.parametrize(("before", "able"), [(None, False), (0, False), (1, True)])
def test_a_repair_of_this_ticket_that_did_not_hold_counts(before: int | None, able: bool) -> None:
    desk = bought(200, repairs_done=before)
    desk.visit()
    desk.do("sign_off", "customer", "王秀英", satisfied=False)
    word = attempted(desk, "choose_remedy", "customer", remedy="exchange")
    assert word is (None if able else RefusalType.NO_CHOICE)
    if not able:
        desk.visit()
        desk.do("sign_off", "customer", "王秀英", satisfied=False)
        assert choose(desk, "exchange").ticket.remedy is Remedy.EXCHANGE
