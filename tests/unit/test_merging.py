"""合并: one fault that was reported twice becomes one ticket, whoever asks whom and when."""

from datetime import timedelta
from typing import Any

import pytest

from domain.commands import LookedUp, MergeTarget
from domain.directory import Device
from domain.loan import LoanProgress
from domain.refusals import RefusalType, Refused
from domain.steps.calls import take_call
from domain.steps.loaners import take_news
from domain.steps.merging import Absorb, AbsorbAnswer, absorb, handed_over, settle_merging
from domain.vocabulary import LoanerState, Milestone, Outcome, Stage
from tests.unit.acting import MONDAY, OLD, WINDOW, Desk, call, refused

YES = AbsorbAnswer(accepted=True)


def registered(number: str, device: Device = WINDOW) -> Desk:
    desk = Desk(number=number)
    desk.register(device)
    return desk


def asked_to_merge(desk: Desk, into: str = "W2") -> Desk:
    looked_up = LookedUp(target=MergeTarget(number=into))
    desk.do("merge_into", "supervisor", "高主管", ticket=into, looked_up=looked_up)
    return desk


def merged(desk: Desk) -> Desk:
    asked_to_merge(desk)
    desk.case = settle_merging(desk.case, YES, desk.now)
    return desk


def lent(desk: Desk, state: LoanerState = LoanerState.DELIVERED) -> str:
    """Asked for by the supervisor, and so far along."""
    desk.do("request_loaner", "supervisor", "高主管", reason="急用")
    loaner = desk.ticket.loaner
    assert loaner is not None
    news = LoanProgress(id=loaner.id, revision=3, state=state, at=desk.now)
    desk.case = take_news(desk.case, news, desk.now)
    return loaner.id


def test_a_merge_waits_for_the_other_and_may_be_refused() -> None:
    desk = asked_to_merge(registered("W1"))
    assert desk.ticket.stage is Stage.DISPATCHING
    assert [(one.kind, one.target) for one in desk.ticket.errands] == [("merge", "W2")]
    assert refused(desk, "dispatch", "supervisor") is RefusalType.INVALID_TRANSITION
    assert refused(desk, "cancel", "supervisor", reason="x") is RefusalType.INVALID_TRANSITION
    desk.do("note", "agent", text="还在等")
    no = AbsorbAnswer(accepted=False, type=RefusalType.TICKET_CLOSED, message="已结束")
    desk.case = settle_merging(desk.case, no, desk.now)
    assert (desk.ticket.merging, desk.ticket.outcome) == (None, None)
    desk.visit()
    assert desk.ticket.stage is Stage.REPAIRED


def test_a_merged_ticket_points_on() -> None:
    desk = merged(registered("W1"))
    assert desk.ticket.merged_into == "W2"
    with pytest.raises(Refused, match="W2"):
        desk.do("dispatch", "supervisor")
    answered_again = settle_merging(desk.case, YES, desk.now)
    assert answered_again == desk.case


def taken(desk: Desk, other: Desk) -> Absorb:
    """What `other` hands over when it is merged into `desk`."""
    errand = asked_to_merge(other).ticket.errands[-1]
    handed = handed_over(other.ticket, errand)
    desk.case = absorb(desk.case, handed, desk.now)
    return handed


def test_calls_milestones_and_the_earlier_report_go_along() -> None:
    desk, other = registered("W2"), Desk(number="W1")
    first = MONDAY - timedelta(hours=1)
    other.case = take_call(other.case, call("c0", first), other.now)
    other.register(urgent=True)
    other.do("call_back", "agent", agreed="周六去")
    taken(desk, other)
    assert [one.call_id for one in desk.ticket.calls] == ["c0", "c1", "c2"]
    assert desk.ticket.first(Milestone.REPORTED) == first
    assert desk.ticket.merged_from == ("W1",)
    assert desk.ticket.facts["urgent"] is True
    assert desk.ticket.first(Milestone.CALLED_BACK) == other.ticket.first(Milestone.CALLED_BACK)
    assert desk.ticket.first(Milestone.REGISTERED) == other.ticket.first(Milestone.REGISTERED)
    assert desk.told("absorbed") == ["supervisor"]


def test_taken_in_twice_it_is_taken_in_once() -> None:
    desk, other = registered("W2"), registered("W1")
    lent(other)
    handed = taken(desk, other)
    once = desk.case
    assert absorb(once, handed, desk.now) == once
    late = handed.model_copy(update={"calls": (*handed.calls, call("c9", MONDAY.replace(hour=10)))})
    again = absorb(once, late, desk.now)
    assert [one.call_id for one in again.ticket.calls] == ["c1", "c2", "c9"]
    assert len(again.ticket.loaners) == 1


def test_the_loaner_that_is_out_is_the_others_from_then_on() -> None:
    desk, other = registered("W2"), registered("W1")
    loaner = lent(other)
    taken(desk, other)
    assert desk.ticket.loaner is not None
    assert desk.ticket.loaner.id == loaner
    desk.visit()
    assert ("repaired", loaner) in [(one.kind, one.loaner) for one in desk.ticket.errands]
    news = LoanProgress(id=loaner, revision=9, state=LoanerState.RETURNED, at=desk.now)
    heard = take_news(desk.case, news, desk.now).ticket.loaner
    assert heard is not None
    assert heard.state is LoanerState.RETURNED


@pytest.mark.parametrize(
    ("target", "word", "says"),
    [
        (MergeTarget(number="W1"), RefusalType.INVALID_INPUT, "自己"),
        (MergeTarget(number="W2", ended=True), RefusalType.TICKET_CLOSED, "已结束"),
        (MergeTarget(number="W2", ended=True, into="W3"), RefusalType.TICKET_CLOSED, "W3"),
        (MergeTarget(number="W2", ended=True, into="W1"), RefusalType.INVALID_INPUT, "本工单"),
        (MergeTarget(number="W2", registered=False), RefusalType.INVALID_INPUT, "登记"),
        (None, RefusalType.UNKNOWN_TICKET, "W2"),
    ],
)
def test_merges_that_make_no_sense(
    target: MergeTarget | None, word: RefusalType, says: str
) -> None:
    desk = registered("W1")
    number = target.number if target else "W2"
    fields: dict[str, Any] = {"ticket": number, "looked_up": LookedUp(target=target)}
    before = desk.case
    with pytest.raises(Refused, match=says) as caught:
        desk.do("merge_into", "supervisor", **fields)
    assert caught.value.type is word
    assert desk.case == before


def test_no_circle_closes_when_two_ask_each_other() -> None:
    one, two = Desk(number="W1"), Desk(number="W2")
    for desk, into in ((one, "W2"), (two, "W1")):
        desk.register()
        looked_up = LookedUp(target=MergeTarget(number=into))
        desk.do("merge_into", "supervisor", ticket=into, looked_up=looked_up)
    for desk, other in ((one, two), (two, one)):
        handed = handed_over(other.ticket, other.ticket.errands[-1])
        with pytest.raises(Refused) as caught:
            absorb(desk.case, handed, desk.now)
        assert caught.value.type is RefusalType.INVALID_TRANSITION


def test_what_has_ended_takes_nobody_in() -> None:
    other = asked_to_merge(registered("W1"))
    handed = handed_over(other.ticket, other.ticket.errands[-1])
    for until in ("accept", "arrive"):
        desk = Desk(number="W2")
        desk.register()
        desk.visit(until=until)
        desk.do("cancel", "supervisor", reason="不修了")
        with pytest.raises(Refused) as caught:
            absorb(desk.case, handed, desk.now)
        assert caught.value.type is RefusalType.TICKET_CLOSED


def test_the_earlier_report_of_a_paper_stays_though_somebody_rings_again() -> None:
    desk, other = registered("W2"), registered("W1")
    handed = handed_over(asked_to_merge(other).ticket, other.ticket.errands[-1])
    paper = MONDAY - timedelta(hours=3)
    faxed = handed.model_copy(update={"calls": (), "reported": paper})
    desk.case = absorb(desk.case, faxed, desk.now)
    assert desk.ticket.first(Milestone.REPORTED) == paper
    desk.case = take_call(desk.case, call("c9", MONDAY + timedelta(hours=1)), desk.now)
    assert desk.ticket.first(Milestone.REPORTED) == paper


def test_a_later_report_changes_nothing() -> None:
    desk, other = registered("W2"), registered("W1")
    handed = handed_over(asked_to_merge(other).ticket, other.ticket.errands[-1])
    late = handed.model_copy(update={"calls": (), "reported": MONDAY + timedelta(minutes=1)})
    desk.case = absorb(desk.case, late, desk.now)
    assert desk.ticket.first(Milestone.REPORTED) == MONDAY


def test_silence_does_not_end_what_another_is_taking_in_but_counts_when_it_refuses() -> None:
    desk = Desk(number="W1")
    desk.register(OLD)
    desk.quote()
    desk.later(days=7)
    asked_to_merge(desk)
    desk.later(days=3)
    assert desk.ticket.outcome is None
    no = AbsorbAnswer(accepted=False, type=RefusalType.TICKET_CLOSED, message="已结束")
    refused_case = settle_merging(desk.case, no, desk.now)
    desk.case = settle_merging(desk.case, YES, desk.now)
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.CLOSED, Outcome.MERGED)
    desk.case = refused_case
    desk.later(minutes=1)
    assert desk.ticket.outcome is Outcome.NO_CONSENT
