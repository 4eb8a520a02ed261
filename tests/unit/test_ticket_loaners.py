"""备机, seen from the ticket: asked for in time, decided by whom, and told what becomes of it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.civil_time import MILLISECOND
from domain.directory import Loaner
from domain.escalation import standings_of
from domain.loan import LoanProgress
from domain.refusals import RefusalType
from domain.settling import next_wake
from domain.steps.dispatching import NOBODY_LEFT
from domain.steps.loaners import TO_DECIDE, errand_done, loan_of, take_news
from domain.ticket import Ticket, TicketLoaner
from domain.vocabulary import LoanerState, Milestone, Outcome, PromiseState, Stage
from tests.unit.acting import MONDAY, OLD, WINDOW, Desk, promised, refused, small_policy

HOUR = timedelta(hours=1)
DUE, RESERVE = MONDAY + 48 * HOUR, MONDAY + 24 * HOUR
REMEDY = {"provide": "loaner", "grade": "new", "lead": "24 hours"}
FIX = promised(
    "fix_or_lend",
    clauses=["D5-A3.4.a", "D5-A3.4.b"],
    within="48 hours",
    met_by=["resolved", "loaner_delivered"],
    pauses_on="customer",
    remedy=REMEDY,
)
DEVICE = Loaner(id="L01", product_class="window", product="断桥铝窗", grade="new")


def registered(*more: dict[str, Any], old: bool = False) -> Desk:
    desk = Desk(small_policy(FIX, *more))
    desk.register(OLD if old else WINDOW)
    return desk


def asked(desk: Desk | None = None) -> Desk:
    return (desk or registered()).at(RESERVE)


def loaner(desk: Desk) -> TicketLoaner:
    assert desk.ticket.loaner is not None
    return desk.ticket.loaner


def heard(desk: Desk, state: str, revision: int = 3, **moments: datetime) -> Desk:
    """The latest loaner's news, as its workflow tells it."""
    news = LoanProgress(
        id=loaner(desk).id,
        revision=revision,
        state=LoanerState(state),
        at=desk.now,
        device=DEVICE if state != "no_stock" else None,
        milestones={Milestone(name): (at,) for name, at in moments.items()},
    )
    desk.case = take_news(desk.case, news, desk.now)
    return desk


def errands(desk: Desk) -> list[str]:
    return [one.kind for one in desk.ticket.errands]


def test_the_loaner_is_asked_for_at_due_less_lead_to_the_millisecond() -> None:
    desk = registered()
    wakes = []
    while (wake := next_wake(desk.case, desk.now)) is not None and desk.ticket.loaner is None:
        wakes.append(wake.at)
        desk.at(wake.at)
    assert wakes[-1] == RESERVE
    early = registered().at(RESERVE - MILLISECOND)
    assert early.ticket.loaner is None
    desk = asked()
    wanted = loaner(desk)
    assert (wanted.id, wanted.number, wanted.state) == ("loaner/W1/1", 1, LoanerState.REQUESTED)
    assert (wanted.promise, wanted.deadline, wanted.grade) == ("fix_or_lend", DUE, "new")
    assert wanted.clauses == ("D5-A3.4.a", "D5-A3.4.b")
    assert errands(desk) == ["start_loaner"]
    desk.later(hours=20)
    assert errands(desk) == ["start_loaner"]


def test_the_lending_begins_with_what_was_asked() -> None:
    desk = asked()
    loan = loan_of(desk.ticket, "loaner/W1/1")
    assert (loan.wanted.product_class, loan.wanted.product) == ("window", "断桥铝窗")
    assert (loan.wanted.grade, loan.asked.deadline, loan.ticket_no) == ("new", DUE, "W1")


def test_a_pause_puts_off_the_reservation_with_the_deadline() -> None:
    desk = registered().at(MONDAY + HOUR)
    desk.do("hold", "agent", reason="customer")
    desk.at(RESERVE + 5 * HOUR)
    assert desk.ticket.loaner is None
    desk.do("resume", "agent")
    desk.at(RESERVE + 28 * HOUR - MILLISECOND)
    assert desk.ticket.loaner is None
    desk.at(RESERVE + 28 * HOUR)
    assert loaner(desk).state is LoanerState.REQUESTED


def test_repaired_before_that_nobody_asks() -> None:
    desk = registered()
    desk.visit()
    desk.at(DUE + HOUR)
    assert desk.ticket.loaner is None


@pytest.mark.parametrize("answer", [False, "unknown"])
def test_not_known_to_be_in_warranty_the_supervisor_decides(answer: object) -> None:
    desk = registered()
    desk.do("assess", "quality", in_warranty=answer, basis="待查")
    asked(desk)
    assert loaner(desk).state is LoanerState.NEEDS_DECISION
    assert desk.ticket.task == TO_DECIDE
    assert desk.told("loaner_needs_decision") == ["supervisor"]
    assert errands(desk) == []
    desk.at(RESERVE + HOUR).do("request_loaner", "supervisor", "高主管", reason="大客户")
    assert (len(desk.ticket.loaners), loaner(desk).state) == (1, LoanerState.REQUESTED)
    assert desk.ticket.task is None
    assert (errands(desk), loaner(desk).deadline) == (["start_loaner"], DUE)


def test_found_in_warranty_later_it_begins_by_itself() -> None:
    desk = asked(registered(old=True))
    assert loaner(desk).state is LoanerState.NEEDS_DECISION
    desk.at(RESERVE + 3 * HOUR)
    desk.do("assess", "quality", in_warranty=True, basis="查到合同")
    assert loaner(desk).state is LoanerState.REQUESTED
    assert loaner(desk).asked_at == RESERVE + 3 * HOUR
    assert (errands(desk), desk.ticket.task) == (["start_loaner"], None)


def test_repaired_undecided_there_is_nothing_left_to_decide() -> None:
    desk = asked(registered(old=True))
    desk.visit()
    assert loaner(desk).state is LoanerState.RELEASED
    assert (errands(desk), desk.ticket.task) == ([], None)


def test_sending_somebody_does_not_take_the_decision_off_the_supervisors_desk() -> None:
    desk = asked(registered(old=True))
    desk.do("dispatch", "supervisor")
    assert desk.ticket.task == TO_DECIDE


def test_asked_for_before_time_it_is_not_asked_for_again() -> None:
    desk = registered()
    desk.do("request_loaner", "supervisor", "高主管", reason="急用")
    assert (loaner(desk).promise, loaner(desk).grade) == (None, "new")
    assert refused(desk, "request_loaner", "supervisor") is RefusalType.INVALID_TRANSITION
    assert refused(desk, "request_loaner", "agent") is RefusalType.NOT_ALLOWED
    heard(desk, "reserved").at(RESERVE + HOUR)
    assert errands(desk) == ["start_loaner"]


@pytest.mark.parametrize("over", ["lost", "returned", "released"])
def test_asked_for_before_time_and_gone_again_it_is_asked_for_in_time(over: str) -> None:
    desk = registered()
    desk.do("request_loaner", "supervisor", "高主管", reason="急用")
    heard(desk, over)
    wakes = []
    while (wake := next_wake(desk.case, desk.now)) is not None and wake.at <= RESERVE:
        wakes.append(wake.at)
        desk.at(wake.at)
    assert RESERVE in wakes
    assert (loaner(desk).number, loaner(desk).state) == (2, LoanerState.REQUESTED)


def test_no_stock_escalates_at_the_reservation_and_not_again_at_due() -> None:
    desk = heard(asked(), "no_stock")
    [firing] = desk.ticket.firings
    assert (firing.promise, firing.level, firing.early) == ("fix_or_lend", 1, "no_stock")
    assert (firing.fired_at, firing.due, firing.late_seconds) == (RESERVE, DUE, 0)
    assert desk.told("loaner_no_stock") == ["supervisor"]
    desk.at(DUE + MILLISECOND)
    [miss] = [one for one in desk.ticket.firings if one.level]
    assert (miss.level, miss.early, miss.fired_at) == (1, None, DUE + MILLISECOND)
    assert [event.at for event in desk.events("promise_missed")] == [miss.fired_at]
    assert desk.told("promise_missed") == []
    desk.at(DUE + 24 * HOUR + MILLISECOND)
    assert sorted(one.level for one in desk.ticket.firings) == [0, 1, 2]


def test_no_stock_is_told_once_and_stays_told_when_one_comes_after_all() -> None:
    desk = heard(heard(asked(), "no_stock", 3), "no_stock", 4)
    assert desk.told("loaner_no_stock") == ["supervisor"]
    heard(desk.at(RESERVE + 2 * HOUR), "reserved", 5)
    heard(desk, "delivered", 6, loaner_delivered=desk.now)
    desk.at(DUE + HOUR)
    assert [(one.level, one.withdrawn) for one in desk.ticket.firings] == [(1, False)]


def test_a_loaner_that_comes_in_time_keeps_the_promise() -> None:
    desk = heard(asked(), "reserved", 2, loaner_reserved=RESERVE)
    heard(desk.at(DUE), "delivered", 4, loaner_delivered=DUE)
    desk.later(hours=1)
    [fix] = standings_of(desk.ticket, desk.policy, desk.now)
    assert (fix.state, fix.met_at) == (PromiseState.MET, DUE)
    assert loaner(desk).device == DEVICE
    assert desk.ticket.first(Milestone.RESOLVED) is None


def test_news_that_is_older_or_of_another_is_nothing() -> None:
    desk = heard(asked(), "delivered", 5, loaner_delivered=RESERVE)
    before = desk.case
    for revision in (5, 4):
        assert heard(desk, "reserved", revision).case == before
    stray = LoanProgress(id="loaner/W9/1", revision=9, state=LoanerState.LOST, at=desk.now)
    assert take_news(desk.case, stray, desk.now) == before


def test_a_second_loaner_has_its_own_milestones() -> None:
    desk = heard(asked(), "delivered", 5, loaner_delivered=RESERVE)
    heard(desk, "returned", 9, loaner_delivered=RESERVE, loaner_returned=RESERVE + HOUR)
    desk.at(RESERVE + 2 * HOUR).do("request_loaner", "supervisor", reason="再借一台")
    later = RESERVE + 3 * HOUR
    heard(desk.at(later), "delivered", 5, loaner_delivered=later)
    assert desk.ticket.milestones[Milestone.LOANER_DELIVERED] == (RESERVE, later)


def test_no_milestone_comes_later_than_the_tickets_own_clock() -> None:
    desk = heard(asked(), "delivered", 5, loaner_delivered=RESERVE + HOUR)
    assert desk.ticket.last(Milestone.LOANER_DELIVERED) == RESERVE


@pytest.mark.parametrize("state", ["reserved", "no_stock", "delivered", "overdue"])
def test_a_loaner_that_is_not_over_hears_what_became_of_the_ticket(state: str) -> None:
    desk = heard(asked(), state)
    desk.visit()
    desk.do("sign_off", "customer", "王秀英", satisfied=False)
    desk.do("cancel", "supervisor", reason="不修了")
    assert errands(desk) == ["start_loaner", "repaired", "reopened", "ended"]
    assert [one.number for one in desk.ticket.errands] == [1, 2, 3, 4]
    first = desk.ticket.errands[0]
    desk.case = errand_done(desk.case, first, desk.now)
    assert [one.number for one in desk.ticket.errands] == [2, 3, 4]


@pytest.mark.parametrize("state", ["returned", "lost", "released"])
def test_a_loaner_that_is_over_hears_nothing(state: str) -> None:
    desk = heard(asked(), state)
    desk.visit()
    desk.do("cancel", "supervisor", reason="不修了")
    assert errands(desk) == ["start_loaner"]


def test_the_ticket_does_not_wait_for_the_loaner_and_still_hears_of_it() -> None:
    desk = heard(asked(), "delivered", loaner_delivered=RESERVE)
    desk.visit()
    desk.do("sign_off", "customer", "王秀英")
    desk.do("return_order", "technician", "T01")
    desk.do("record_follow_up", "agent", reached=True, satisfied=True)
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.CLOSED, Outcome.REPAIRED)
    heard(desk.later(days=2), "returned", 9, loaner_returned=desk.now)
    assert loaner(desk).state is LoanerState.RETURNED
    assert desk.ticket.stage is Stage.CLOSED


def test_a_ticket_that_is_over_or_kept_does_not_escalate_for_want_of_a_loaner() -> None:
    over = asked()
    over.do("cancel", "supervisor", reason="不修了")
    kept = asked()
    kept.visit()
    for desk in (over, kept):
        heard(desk, "no_stock")
        assert [one for one in desk.ticket.firings if one.level] == []
        assert desk.told("loaner_no_stock") == []


def test_two_duties_of_the_supervisor_stand_side_by_side() -> None:
    desk = Desk(small_policy(FIX), ring=())
    desk.register(OLD)
    desk.do("dispatch", "supervisor")
    desk.at(RESERVE)
    assert desk.ticket.tasks == (NOBODY_LEFT, TO_DECIDE)
    desk.do("request_loaner", "supervisor")
    assert desk.ticket.task == NOBODY_LEFT


def test_a_state_that_was_stored_with_its_one_task_is_read() -> None:
    stored = registered().ticket.model_dump(mode="json", by_alias=True)
    del stored["tasks"]
    assert Ticket.model_validate({**stored, "task": TO_DECIDE}).tasks == (TO_DECIDE,)
    assert Ticket.model_validate({**stored, "task": None}).task is None
