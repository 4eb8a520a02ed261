"""Faults that the state machine found, each in its shortest form."""

from datetime import timedelta
from typing import Any

import pytest

from domain.commands import LookedUp, MergeTarget
from domain.directory import Device
from domain.loan import LoanProgress
from domain.refusals import RefusalType, Refused
from domain.settling import settle
from domain.steps.calls import take_call
from domain.steps.loaners import take_news
from domain.steps.merging import Absorb, AbsorbAnswer, absorb, settle_merging
from domain.terms import ThreeGuarantees
from domain.ticket import Actor, TicketLoaner, Visit
from domain.vocabulary import LoanerState, Milestone, Outcome, Role, Stage
from runtime.policy_files import PolicyShelf
from runtime.settings import Settings
from tests.unit.acting import MONDAY, WINDOW, Desk, call, small_policy

OLD = WINDOW.model_copy(update={"accepted_on": MONDAY.date() - timedelta(days=1000)})
LOCK = {"item": "换锁", "kind": "part", "quantity": 1, "unit_price_fen": 30000}
MINUTE = timedelta(minutes=1)


def refused(desk: Desk, command: str, role: str, name: str = "甲", **fields: Any) -> Refused:
    before = desk.ticket
    with pytest.raises(Refused) as caught:
        desk.do(command, role, name, **fields)
    assert desk.ticket == before
    return caught.value


def out_of_warranty(road: str = "quote_first") -> Desk:
    desk = Desk(small_policy(out_of_warranty=road))
    desk.register(OLD)
    return desk


def last_visit(desk: Desk) -> Visit:
    return desk.ticket.visits[-1]


def test_nobody_was_sent_before_the_yes_that_was_waited_for() -> None:
    desk = out_of_warranty()
    desk.do("quote", "agent", lines=[LOCK])
    desk.now += timedelta(hours=2)
    desk.do("decide_fee", "customer", quote=1, decision="approve")
    early = (desk.now - timedelta(hours=1)).isoformat()
    fault = refused(desk, "dispatch", "supervisor", at=early)
    assert (fault.type, fault.field) == (RefusalType.INVALID_INPUT, "at")
    agreed = desk.ticket.quotes[0].decided_at
    assert agreed is not None
    desk.do("dispatch", "supervisor", at=agreed.isoformat())
    assert desk.ticket.stage is Stage.SCHEDULED


def test_an_emergency_may_have_been_sent_before_the_yes() -> None:
    desk = out_of_warranty()
    desk.do("quote", "agent", lines=[LOCK])
    desk.now += timedelta(hours=2)
    desk.do("decide_fee", "customer", quote=1, decision="approve")
    early = (desk.now - timedelta(hours=1)).isoformat()
    desk.do("dispatch", "supervisor", at=early, emergency=True, reason="窗扇要掉")
    assert desk.ticket.stage is Stage.SCHEDULED


def test_paid_work_was_not_done_before_the_yes() -> None:
    desk = out_of_warranty("inspect_first")
    desk.visit(until="arrive")
    desk.do("quote", "technician", "T01", lines=[LOCK])
    desk.now += timedelta(hours=2)
    desk.do("decide_fee", "customer", quote=1, decision="approve")
    early = (desk.now - timedelta(hours=1)).isoformat()
    for command in ("finish", "leave_unfinished"):
        fault = refused(desk, command, "technician", "T01", lines=[LOCK], at=early, reason="x")
        assert (fault.type, fault.field) == (RefusalType.INVALID_INPUT, "at")
    desk.do("leave_unfinished", "technician", "T01", at=early, reason="没有收费的活")
    assert last_visit(desk).result == "unfinished"


@pytest.mark.parametrize("command", ["decline", "dispatch"])
def test_a_turn_is_not_given_up_before_it_was_accepted(command: str) -> None:
    desk = Desk()
    desk.register()
    desk.do("dispatch", "supervisor")
    desk.now += timedelta(hours=1)
    desk.do("accept", "technician", "T01")
    early = (desk.now - timedelta(minutes=30)).isoformat()
    role = "technician" if command == "decline" else "supervisor"
    fault = refused(desk, command, role, "T01", at=early, reason="改派")
    assert (fault.type, fault.field) == (RefusalType.INVALID_INPUT, "at")


def test_a_visit_is_not_called_off_before_its_last_step() -> None:
    desk = out_of_warranty("inspect_first")
    desk.do("quote", "agent", lines=[LOCK])
    said = desk.now
    desk.now += timedelta(hours=1)
    desk.do("dispatch", "supervisor", emergency=True, reason="窗扇要掉")
    for step in ("accept", "depart", "arrive", "start_work"):
        desk.do(step, "technician", "T01")
    desk.do("decide_fee", "customer", quote=1, decision="refuse", at=said.isoformat())
    assert last_visit(desk).ended_at == last_visit(desk).started_at
    assert desk.ticket.last(Milestone.VISIT_ENDED) == last_visit(desk).ended_at


def test_the_next_is_not_sent_before_the_one_before_was_called_off() -> None:
    guarantees = ThreeGuarantees(clauses=("D5-C6.1.a",), classes=("window",))
    desk = Desk(small_policy().model_copy(update={"three_guarantees": guarantees}))
    new = Device(product="窗", product_class="window", invoice_date=MONDAY.date())
    desk.register(new)
    desk.do("dispatch", "supervisor")
    sent = desk.now
    desk.now += timedelta(hours=3)
    desk.do("choose_remedy", "customer", remedy="return")
    desk.do("choose_remedy", "customer", remedy="repair")
    fault = refused(desk, "dispatch", "supervisor", at=(sent + MINUTE).isoformat())
    assert (fault.type, fault.field) == (RefusalType.INVALID_INPUT, "at")


def test_what_is_reopened_is_priced_first_where_its_policy_says_so() -> None:
    desk = out_of_warranty()
    desk.do("guide", "agent", outcome="solved")
    desk.do("record_follow_up", "agent", reached=True, satisfied=False)
    assert desk.ticket.stage is Stage.ASSESSING
    assert refused(desk, "dispatch", "supervisor").type is RefusalType.INVALID_TRANSITION


def _repaired_again() -> Desk:
    desk = Desk()
    desk.register()
    desk.visit()
    desk.do("sign_off", "customer", satisfied=False)
    desk.visit(until="arrive")
    return desk


def test_a_cancelled_ticket_is_not_reopened_by_a_verification() -> None:
    desk = _repaired_again()
    desk.do("cancel", "supervisor", reason="顾客自己换了")
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.FOLLOW_UP, Outcome.CANCELLED)
    fault = refused(desk, "verify", "quality", accepted=False, reason="不合格")
    assert fault.type is RefusalType.INVALID_TRANSITION


def _absorb(*loaners: TicketLoaner) -> Absorb:
    return Absorb(
        number="W2",
        at=MONDAY,
        by=Actor(role=Role.SUPERVISOR, name="高主管"),
        registered=True,
        reported=MONDAY,
        loaners=loaners,
    )


def _lent(number: int = 1, state: LoanerState = LoanerState.DELIVERED) -> TicketLoaner:
    return TicketLoaner(
        id=f"loaner/W2/{number}", number=number, state=state, asked_at=MONDAY, revision=3
    )


def test_a_loaner_that_comes_with_a_merge_after_the_repair_is_recalled() -> None:
    desk = Desk()
    desk.register()
    desk.visit()
    case = absorb(desk.case, _absorb(_lent()), desk.now)
    assert [(one.kind, one.loaner) for one in case.ticket.errands] == [("repaired", "loaner/W2/1")]


def test_a_loaner_that_comes_with_a_merge_before_the_repair_stays_out() -> None:
    desk = Desk()
    desk.register()
    assert not absorb(desk.case, _absorb(_lent()), desk.now).ticket.errands


def test_a_loaner_of_ours_is_not_forgotten_behind_one_that_came_with_a_merge() -> None:
    desk = Desk()
    desk.register()
    desk.do("request_loaner", "supervisor")
    desk.case = absorb(desk.case, _absorb(_lent(state=LoanerState.RETURNED)), desk.now)
    assert refused(desk, "request_loaner", "supervisor").type is RefusalType.INVALID_TRANSITION


def test_what_was_missed_before_the_silence_ended_the_ticket_is_missed_however_late_seen() -> None:
    shelf = PolicyShelf(Settings().policies_dir)
    desk = Desk(shelf.get("doors_windows"))
    desk.register(OLD)
    desk.do("dispatch", "supervisor", emergency=True, reason="窗扇要掉")
    for command in ("accept", "arrive", "leave_unfinished"):
        desk.do(command, "technician", "T01", reason="先固定")
    desk.do("dispatch", "supervisor", emergency=True, reason="窗扇要掉")
    for command in ("accept", "arrive"):
        desk.do(command, "technician", "T01")
    desk.do("quote", "technician", "T01", lines=[LOCK])
    desk.later(days=9)  # nobody looked meanwhile, as in an outage
    assert desk.ticket.outcome is Outcome.NO_CONSENT
    missed = [one.occurrence for one in desk.ticket.firings if one.promise == "order_return"]
    assert {1, 2} <= set(missed)


def test_nobody_is_warned_of_what_is_kept_already() -> None:
    desk = Desk(PolicyShelf(Settings().policies_dir).get("house"))
    desk.register()
    earlier = MONDAY - timedelta(minutes=25)
    # A call that came out of order: it was reported earlier, and registered within the time.
    desk.case = settle(take_call(desk.case, call("c2", earlier), desk.now), desk.now)
    assert desk.ticket.first(Milestone.REPORTED) == earlier
    assert not desk.ticket.firings


def test_no_loaner_is_asked_for_while_another_ticket_is_taking_this_one_in() -> None:
    desk = Desk(PolicyShelf(Settings().policies_dir).get("instruments"))
    meter = Device(product="水质仪", product_class="instrument", invoice_date=MONDAY.date())
    desk.register(meter)
    target = LookedUp(target=MergeTarget(number="W2"))
    desk.do("merge_into", "supervisor", ticket="W2", looked_up=target)
    desk.later(days=2)
    assert not desk.ticket.loaners
    refused = AbsorbAnswer(accepted=False, type=RefusalType.TICKET_CLOSED)
    desk.case = settle(settle_merging(desk.case, refused, desk.now), desk.now)
    assert [one.state for one in desk.ticket.loaners] == [LoanerState.REQUESTED]


def test_no_stock_names_the_deadline_that_stands_and_not_the_one_before_a_wait() -> None:
    desk = Desk(PolicyShelf(Settings().policies_dir).get("instruments"))
    meter = Device(product="水质仪", product_class="instrument", invoice_date=MONDAY.date())
    desk.register(meter)
    desk.later(days=1, hours=16)  # asked for a day before it is due, at 24:00 of the second day
    desk.do("hold", "agent", reason="customer")
    desk.later(days=2)
    desk.do("resume", "agent")
    lent = desk.ticket.loaners[-1]
    news = LoanProgress(id=lent.id, revision=1, state=LoanerState.NO_STOCK, at=desk.now)
    desk.case = take_news(desk.case, news, desk.now)
    [early] = [one for one in desk.ticket.firings if one.early]
    assert lent.deadline is not None
    assert early.due > lent.deadline + timedelta(days=2)
