"""The rules of a loan: who may ask what, what news and answers do, and what it costs."""

from datetime import timedelta
from typing import Any

import pytest

from domain.lending.case import is_over, progress_of
from domain.lending.deadlines import cleaned_at, loan_standings, next_wake_of
from domain.lending.orders import RULES
from domain.refusals import RefusalType, Refused
from domain.vocabulary import LoanerCommand, LoanerState, Milestone, PromiseState, Role
from tests.unit.lending import (
    DAY,
    DEPT_HEAD,
    HOUR,
    METER,
    OTHER,
    SUPERVISOR,
    TECHNICIAN,
    Lending,
    lending,
)

NOT_LENT = ("requested", "needs_decision", "no_stock", "reserved")
OUT = ("delivered", "recalled", "overdue")
BACK = ("returned", "damaged", "damaged_charged")
OVER = ("released", "in_stock", "lost")
POINTS = (*NOT_LENT, *OUT, *BACK, "lost_charged", *OVER)

# command: who, where, and the fields that make it complete
TABLE: dict[str, tuple[set[str], set[str], dict[str, Any]]] = {
    "reserve": ({"supervisor"}, {"needs_decision", "no_stock", "reserved"}, {"loaner": "L02"}),
    "deliver": ({"technician", "supervisor"}, {"reserved"}, {"signer": "王秀英"}),
    "recall": ({"supervisor"}, {"delivered"}, {"reason": "借给别人"}),
    "take_back": (
        {"technician", "supervisor"},
        {*OUT, "damaged", "damaged_charged", "lost_charged"},
        {"condition": "good"},
    ),
    "report_lost": (
        {"supervisor"},
        {*OUT, "damaged", "damaged_charged"},
        {"reason": "找不到"},
    ),
    "approve_charge": ({"dept_head"}, {"damaged_charged", "lost_charged"}, {}),
}


def refused(made: Lending, command: str, role: str, **fields: Any) -> Refused:
    """How it is refused; nothing of it stays."""
    before = made.case
    with pytest.raises(Refused) as caught:
        made.do(command, role, **fields)
    assert made.case == before
    return caught.value


def test_the_table_knows_every_command() -> None:
    assert set(TABLE) == set(LoanerCommand) == set(RULES)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("command", TABLE)
def test_who_may_ask_what_and_when(command: str, point: str) -> None:
    roles, points, fields = TABLE[command]
    for role in Role:
        made = lending(point)
        if role.value not in roles:
            assert refused(made, command, role.value).type is RefusalType.NOT_ALLOWED
        elif point in OVER:
            assert refused(made, command, role.value).type is RefusalType.TICKET_CLOSED
        elif point not in points:
            assert refused(made, command, role.value).type is RefusalType.INVALID_TRANSITION
        else:
            before = made.case
            assert made.do(command, role.value, **fields).case != before


@pytest.mark.parametrize(
    ("point", "command", "role", "fields", "field"),
    [
        ("reserved", "reserve", SUPERVISOR, {}, "loaner"),
        ("reserved", "reserve", SUPERVISOR, {"loaner": 7}, "loaner"),
        ("reserved", "reserve", SUPERVISOR, {"loaner": ""}, "loaner"),
        ("reserved", "reserve", SUPERVISOR, {"loaner": "L02", "device": "L02"}, "device"),
        ("reserved", "deliver", TECHNICIAN, {"signer": ["甲"]}, "signer"),
        ("reserved", "deliver", TECHNICIAN, {"at": "昨天"}, "at"),
        ("reserved", "deliver", TECHNICIAN, {"at": "2026-03-02T10:00:01+08:00"}, "at"),
        ("reserved", "deliver", TECHNICIAN, {"at": "2026-03-02T08:59:59+08:00"}, "at"),
        ("delivered", "recall", SUPERVISOR, {"until": "x"}, "until"),
        ("delivered", "take_back", TECHNICIAN, {}, "condition"),
        ("delivered", "take_back", TECHNICIAN, {"condition": "broken"}, "condition"),
        ("delivered", "take_back", TECHNICIAN, {"condition": True}, "condition"),
        (
            "delivered",
            "take_back",
            TECHNICIAN,
            {"condition": "damaged", "charge_fen": -1},
            "charge_fen",
        ),
        (
            "delivered",
            "take_back",
            TECHNICIAN,
            {"condition": "damaged", "charge_fen": 1.5},
            "charge_fen",
        ),
        (
            "delivered",
            "take_back",
            TECHNICIAN,
            {"condition": "damaged", "charge_fen": "100"},
            "charge_fen",
        ),
        (
            "delivered",
            "take_back",
            TECHNICIAN,
            {"condition": "damaged", "charge_fen": 10**12},
            "charge_fen",
        ),
        (
            "delivered",
            "take_back",
            TECHNICIAN,
            {"condition": "good", "charge_fen": 100},
            "charge_fen",
        ),
        ("delivered", "report_lost", SUPERVISOR, {}, "reason"),
        ("delivered", "report_lost", SUPERVISOR, {"reason": ""}, "reason"),
        (
            "delivered",
            "report_lost",
            SUPERVISOR,
            {"reason": "丢了", "charge_fen": 0.5},
            "charge_fen",
        ),
        ("lost_charged", "approve_charge", DEPT_HEAD, {"approved": "yes"}, "approved"),
        ("lost_charged", "approve_charge", DEPT_HEAD, {"amount_fen": 80001}, "amount_fen"),
        ("lost_charged", "approve_charge", DEPT_HEAD, {"amount_fen": -1}, "amount_fen"),
        (
            "lost_charged",
            "approve_charge",
            DEPT_HEAD,
            {"approved": False, "amount_fen": 1},
            "amount_fen",
        ),
    ],
)
def test_bad_input_names_its_field_and_changes_nothing(
    point: str, command: str, role: str, fields: dict[str, Any], field: str
) -> None:
    caught = refused(lending(point), command, role, **fields)
    assert (caught.type, caught.field) == (RefusalType.INVALID_INPUT, field)


def test_an_unknown_command_is_told_the_known_ones() -> None:
    caught = refused(lending("reserved"), "register", SUPERVISOR)
    assert caught.type is RefusalType.UNKNOWN_COMMAND
    assert "take_back" in caught.message


def test_a_deed_may_be_recorded_a_day_later_and_by_the_supervisor_a_week() -> None:
    delivered = lending("reserved").now
    made = lending("reserved").later(days=2)
    late: dict[str, Any] = {"at": (delivered + HOUR).isoformat()}
    assert refused(made, "deliver", TECHNICIAN, **late).field == "at"
    made.do("deliver", SUPERVISOR, **late)
    assert made.loan.milestones[Milestone.LOANER_DELIVERED] == (delivered + HOUR,)


# --- asking the stock book ------------------------------------------------------------------------


def test_a_reservation_is_a_milestone_and_the_supervisor_hears_of_it() -> None:
    made = Lending().answer("reserved", METER)
    assert made.state is LoanerState.RESERVED
    assert (made.loan.device, made.loan.holding) == (METER, True)
    assert made.kinds() == ["loaner_requested", "loaner_reserved"]
    assert made.told("loaner_reserved") == ["supervisor"]
    assert Milestone.LOANER_RESERVED in made.loan.milestones


def test_no_stock_is_escalated_once_however_often_it_is_looked_for() -> None:
    made = Lending().answer("no_stock")
    for _ in range(3):
        assert made.look_again().case.asking is not None
        made.answer("no_stock")
    assert made.told("loaner_no_stock") == ["supervisor"]
    assert made.kinds() == ["loaner_requested", "loaner_no_stock"]
    made.look_again().answer("reserved", METER)
    assert made.state is LoanerState.RESERVED


def test_stock_news_during_a_question_asks_once_more() -> None:
    made = Lending()
    first = made.case.asking
    made.look_again().look_again()
    assert made.case.asking == first
    made.answer("no_stock")
    assert made.case.asking is not None
    assert made.case.asking != first
    assert made.answer("no_stock").case.asking is None


@pytest.mark.parametrize("point", [*OUT, *BACK, *OVER, "reserved", "lost_charged"])
def test_who_has_a_device_or_needs_none_does_not_look_again(point: str) -> None:
    made = lending(point)
    asking = made.case.asking
    assert made.look_again().case.asking == asking


def test_the_supervisor_decides_within_the_class() -> None:
    made = lending("needs_decision")
    assert made.loan.task is not None
    made.do("reserve", SUPERVISOR, loaner="L02")
    assert made.state is LoanerState.NEEDS_DECISION
    made.answer("reserved", OTHER)
    assert (made.state, made.loan.device, made.loan.task) == (LoanerState.RESERVED, OTHER, None)
    assert made.case.events[-2].by is not None


def test_a_pick_that_is_not_in_stock_changes_nothing_and_leaves_no_event() -> None:
    made = lending("reserved")
    assert refused(made, "reserve", SUPERVISOR, in_stock=False, loaner="L99").type is (
        RefusalType.NOT_IN_STOCK
    )
    made.do("reserve", SUPERVISOR, loaner="L99")
    asked, before = made.case.asking, made.case.loan
    made.answer("not_in_stock")
    assert asked is not None
    assert made.case.turned_down == asked.number
    assert made.case.loan == before


def test_another_device_takes_the_place_of_the_reserved_one() -> None:
    made = lending("reserved")
    made.later(minutes=5).do("reserve", SUPERVISOR, loaner="L02").answer("reserved", OTHER)
    assert made.loan.device == OTHER
    assert len(made.loan.milestones[Milestone.LOANER_RESERVED]) == 2
    swap = next(event for event in made.case.events if event.details.get("instead_of"))
    assert swap.details["instead_of"] == "L01"


def test_the_same_device_again_is_no_news() -> None:
    made = lending("reserved")
    before = made.loan
    made.do("reserve", SUPERVISOR, loaner="L01").answer("reserved", METER)
    assert made.loan == before


# --- news from the ticket -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["repaired", "ended"])
@pytest.mark.parametrize("point", NOT_LENT)
def test_what_is_not_lent_is_released(point: str, kind: str) -> None:
    made = lending(point).hear(kind)
    assert made.state is LoanerState.RELEASED
    assert is_over(made.loan)
    assert made.loan.task is None
    assert made.hear(kind).kinds().count("loaner_released") == 1


def test_news_wins_against_a_reservation_under_way() -> None:
    made = Lending().hear("repaired").answer("reserved", METER)
    assert (made.state, made.loan.device) == (LoanerState.RELEASED, None)


@pytest.mark.parametrize("kind", ["repaired", "ended"])
def test_what_is_out_is_recalled_and_the_customer_is_told(kind: str) -> None:
    made = lending("delivered").hear(kind)
    assert made.state is LoanerState.RECALLED
    assert made.told("loaner_recalled") == ["supervisor", "customer"]
    assert made.loan.milestones[Milestone.LOANER_RECALLED] == (made.now,)
    before = made.case
    assert made.hear("repaired").hear("ended").case == before


def test_a_recall_counts_from_the_repair_but_not_from_before_the_hand_over() -> None:
    made = lending("delivered")
    delivered = made.loan.milestones[Milestone.LOANER_DELIVERED][0]
    repaired = delivered + HOUR
    assert made.at(delivered + 5 * HOUR).hear("repaired", at=repaired).state == "recalled"
    assert made.loan.milestones[Milestone.LOANER_RECALLED] == (repaired,)
    early = lending("delivered").hear("repaired", at=delivered - HOUR)
    assert early.loan.milestones[Milestone.LOANER_RECALLED] == (delivered,)
    ahead = lending("delivered").hear("repaired", at=delivered + DAY)
    assert ahead.loan.milestones[Milestone.LOANER_RECALLED] == (ahead.now,)


@pytest.mark.parametrize("point", [*BACK, *OVER, "lost_charged"])
@pytest.mark.parametrize("kind", ["repaired", "ended", "reopened"])
def test_what_is_back_or_gone_hears_nothing_new(point: str, kind: str) -> None:
    made = lending(point)
    before = made.loan
    assert made.hear(kind).loan == before


@pytest.mark.parametrize("point", ["recalled", "overdue"])
def test_a_reopened_ticket_keeps_its_loaner_and_a_new_recall_starts_anew(point: str) -> None:
    made = lending(point).hear("reopened")
    assert made.state is LoanerState.DELIVERED
    [promise] = loan_standings(made.loan, made.case.policy, made.now)
    assert promise.state is PromiseState.PENDING
    assert all(one.withdrawn for one in made.loan.firings)
    assert next_wake_of(made.case, made.now) is None
    made.later(days=1).hear("repaired").later(days=4)
    assert made.state is LoanerState.OVERDUE
    fresh = [one for one in made.loan.firings if not one.withdrawn]
    assert [one.level for one in fresh] == [0, 1]
    # Both recalls told their people.
    times = 2 if point == "overdue" else 1
    assert made.told("promise_missed") == ["supervisor"] * times


def test_a_merge_moves_the_loan_and_the_old_tickets_end_is_not_its_own() -> None:
    made = lending("delivered").hear("merged", "W2")
    assert (made.loan.ticket_no, made.loan.former_tickets) == ("W2", ("W1",))
    assert made.hear("merged", "W2").kinds().count("loaner_moved") == 1
    assert made.hear("ended", "W1").state is LoanerState.DELIVERED
    assert made.hear("ended", "W2").state is LoanerState.RECALLED


def test_word_of_an_earlier_merge_that_comes_late_does_not_move_the_loan_back() -> None:
    made = lending("delivered").hear("merged", "W3").hear("merged", "W2").hear("merged", "W3")
    assert made.hear("merged", "W1").loan.ticket_no == "W2"
    assert made.hear("ended", "W2").state is LoanerState.RECALLED


# --- coming back ----------------------------------------------------------------------------------


def test_a_good_one_is_cleaned_and_then_in_stock() -> None:
    made = lending("returned")
    back = made.now
    assert cleaned_at(made.case) == back + DAY
    wake = next_wake_of(made.case, made.now)
    assert wake is not None
    assert wake.at == back + DAY
    assert not is_over(made.loan)
    made.at(back + DAY).give_back()
    assert is_over(made.loan)
    assert made.kinds()[-1] == "loaner_back_in_stock"


def test_a_damaged_one_stays_held_until_it_is_repaired() -> None:
    made = lending("damaged").later(days=90)
    assert made.loan.holding
    assert cleaned_at(made.case) is None
    assert made.loan.task is not None
    assert made.told("loaner_damaged") == ["supervisor"]
    made.do("take_back", SUPERVISOR, condition="good")
    assert made.loan.task is None
    assert cleaned_at(made.case) == made.now + DAY


def test_a_device_whose_damage_is_not_decided_on_does_not_end_the_loan() -> None:
    made = lending("damaged_charged").do("take_back", TECHNICIAN, condition="good")
    made.later(days=1).give_back()
    assert not is_over(made.loan)
    assert refused(made, "report_lost", SUPERVISOR, reason="x").type == "InvalidTransition"
    made.do("approve_charge", DEPT_HEAD)
    assert is_over(made.loan)
    assert made.told("loaner_charge") == ["customer"]


# --- lost, and what it costs ----------------------------------------------------------------------


def test_a_charge_is_due_only_once_approved() -> None:
    made = lending("lost_charged")
    assert made.loan.task is not None
    assert made.told("loaner_charge_proposed") == ["dept_head"]
    assert made.told("loaner_charge") == []
    assert not is_over(made.loan)
    made.do("approve_charge", DEPT_HEAD, amount_fen=60000)
    assert (made.loan.charge_fen, made.loan.charge_approved) == (60000, True)
    assert made.told("loaner_charge") == ["customer"]
    assert is_over(made.loan)
    assert made.loan.holding


@pytest.mark.parametrize("fields", [{"approved": False}, {"amount_fen": 0}])
def test_a_charge_that_is_turned_down_is_told_to_nobody(fields: dict[str, Any]) -> None:
    made = lending("lost_charged").do("approve_charge", DEPT_HEAD, **fields)
    assert made.told("loaner_charge") == []
    assert is_over(made.loan)


def test_found_again_the_charge_is_cancelled() -> None:
    made = lending("lost_charged").later(days=1)
    made.do("take_back", TECHNICIAN, condition="good")
    assert (made.state, made.loan.charge_fen) == (LoanerState.RETURNED, None)
    assert made.loan.task is None


def test_a_damaged_one_that_is_written_off_takes_the_new_charge() -> None:
    made = lending("damaged_charged").do("approve_charge", DEPT_HEAD)
    made.do("report_lost", SUPERVISOR, reason="修不好", charge_fen=90000)
    assert (made.loan.charge_fen, made.loan.charge_approved) == (90000, None)
    assert not is_over(made.loan)


# --- what the ticket is told ----------------------------------------------------------------------


@pytest.mark.parametrize("point", POINTS)
def test_progress_is_how_the_loan_stands(point: str) -> None:
    made = lending(point)
    progress = made.case.progress
    known = progress_of(made.loan, progress.at).model_copy(update={"revision": progress.revision})
    assert progress == known
    assert progress.revision <= made.loan.seq


def test_what_the_ticket_need_not_know_is_no_progress() -> None:
    made = lending("recalled")
    before = made.case.progress
    made.at(made.loan.milestones[Milestone.LOANER_RECALLED][0] + 60 * HOUR)
    assert "promise_warned" in made.kinds()
    assert made.case.progress == before


def test_events_are_numbered_without_a_gap() -> None:
    made = lending("overdue").do("take_back", TECHNICIAN, condition="damaged", charge_fen=10)
    numbers = [event.seq for event in made.case.events]
    assert numbers == list(range(1, made.loan.seq + 1))
    assert timedelta(0) < made.now - made.case.events[0].at
