"""Cancelled or merged, at every stage: what is undone, and what is still owed."""

from collections.abc import Callable

import pytest

from domain.commands import LookedUp, MergeTarget
from domain.loan import LoanProgress
from domain.refusals import RefusalType
from domain.steps.ending import order_owed
from domain.steps.loaners import take_news
from domain.steps.merging import (
    AbsorbAnswer,
    settle_merging,
)
from domain.vocabulary import (
    ENDED,
    HoldReason,
    LoanerState,
    Milestone,
    Outcome,
    QuoteState,
    Stage,
)
from tests.unit.acting import OLD, Desk, line, refused, small_policy

FIRST = small_policy(out_of_warranty="quote_first")
INSPECT = small_policy(out_of_warranty="inspect_first")


def intake() -> Desk:
    return Desk(FIRST)


def assessing() -> Desk:
    desk = intake()
    desk.register(OLD)
    return desk


def awaiting() -> Desk:
    desk = assessing()
    desk.quote()
    return desk


def dispatching() -> Desk:
    desk = awaiting()
    desk.do("decide_fee", "customer", quote=1, decision="approve")
    return desk


def visited(until: str) -> Callable[[], Desk]:
    def made() -> Desk:
        desk = dispatching()
        desk.visit(until=until)
        return desk

    return made


def signed() -> Desk:
    desk = visited("finish")()
    desk.do("sign_off", "customer", "王秀英")
    return desk


def followed() -> Desk:
    desk = signed()
    desk.do("return_order", "technician", "T01")
    return desk


STAGES: dict[str, tuple[Callable[[], Desk], Stage, bool]] = {
    "intake": (intake, Stage.INTAKE, False),
    "assessing": (assessing, Stage.ASSESSING, False),
    "awaiting_consent": (awaiting, Stage.AWAITING_CONSENT, False),
    "dispatching": (dispatching, Stage.DISPATCHING, False),
    "dispatched": (visited("accept"), Stage.SCHEDULED, False),
    "departed": (visited("depart"), Stage.SCHEDULED, False),
    "arrived": (visited("arrive"), Stage.ON_SITE, True),
    "working": (visited("start_work"), Stage.ON_SITE, True),
    "repaired": (visited("finish"), Stage.REPAIRED, True),
    "signed_off": (signed, Stage.SIGNED_OFF, True),
    "follow_up": (followed, Stage.FOLLOW_UP, False),
}
"""How a ticket gets to each stage, and whether a repair order is still out then."""


def cancelled(desk: Desk) -> Outcome:
    desk.do("cancel", "supervisor", "高主管", reason="用户不修了")
    return Outcome.CANCELLED


def asked_to_merge(desk: Desk) -> Desk:
    target = MergeTarget(number="W2")
    looked_up = LookedUp(target=target)
    desk.do("merge_into", "supervisor", "高主管", ticket="W2", looked_up=looked_up)
    return desk


def merged(desk: Desk) -> Outcome:
    asked_to_merge(desk)
    desk.case = settle_merging(desk.case, AbsorbAnswer(accepted=True), desk.now)
    return Outcome.MERGED


@pytest.mark.parametrize("ending", [cancelled, merged])
@pytest.mark.parametrize("name", STAGES)
def test_at_every_stage_it_ends_and_leaves_nobody_out_and_nothing_waiting(
    name: str, ending: Callable[[Desk], Outcome]
) -> None:
    make, stage, owed = STAGES[name]
    desk = make()
    assert desk.ticket.stage is stage
    if stage is not Stage.INTAKE:
        desk.do("hold", "agent", reason="parts")
        desk.do("dispute", "agent", subject="fee", reason="嫌贵")
    outcome = ending(desk)
    ticket = desk.ticket
    assert ticket.outcome is outcome
    assert ticket.stage is (Stage.FOLLOW_UP if owed else Stage.CLOSED)
    assert order_owed(ticket) is owed
    assert (ticket.visit, ticket.open_quote, ticket.dispatch_order, ticket.task) == (None,) * 4
    assert ticket.open_holds == ()
    assert ticket.merging is None
    if owed:
        desk.do("return_order", "technician", "T01")
        assert desk.ticket.stage is Stage.CLOSED
    assert refused(desk, "note", "agent", text="还有") is RefusalType.TICKET_CLOSED
    desk.later(days=60)
    assert desk.ticket.outcome is outcome


@pytest.mark.parametrize("until", ["accept", "depart", "start_work"])
def test_who_was_sent_is_called_off_and_told(until: str) -> None:
    desk = visited(until)()
    cancelled(desk)
    assert desk.ticket.visits[-1].result == "cancelled"
    assert desk.ticket.visits[-1].reason == "用户不修了"
    assert desk.told("cancelled") == ["technician"]
    ended = desk.ticket.last(Milestone.VISIT_ENDED)
    assert (ended is not None) is (until == "start_work")


def test_an_unanswered_quote_is_dropped_and_an_agreed_one_is_history() -> None:
    asked = awaiting()
    cancelled(asked)
    agreed = dispatching()
    cancelled(agreed)
    assert [one.state for one in asked.ticket.quotes] == [QuoteState.VOID]
    assert [one.state for one in agreed.ticket.quotes] == [QuoteState.APPROVED]


def test_cancelling_needs_a_reason_and_a_supervisor_and_is_done_once() -> None:
    desk = visited("arrive")()
    assert refused(desk, "cancel", "supervisor") is RefusalType.INVALID_INPUT
    assert refused(desk, "cancel", "agent", reason="x") is RefusalType.NOT_ALLOWED
    cancelled(desk)
    assert refused(desk, "cancel", "supervisor", reason="x") is RefusalType.INVALID_TRANSITION


def lent(desk: Desk, state: LoanerState = LoanerState.DELIVERED) -> str:
    """Asked for by the supervisor, and so far along."""
    desk.do("request_loaner", "supervisor", "高主管", reason="急用")
    loaner = desk.ticket.loaner
    assert loaner is not None
    news = LoanProgress(id=loaner.id, revision=3, state=state, at=desk.now)
    desk.case = take_news(desk.case, news, desk.now)
    return loaner.id


@pytest.mark.parametrize(
    ("ending", "kind", "target"), [(cancelled, "ended", None), (merged, "merged", "W2")]
)
def test_the_loaner_that_is_out_hears_of_it(
    ending: Callable[[Desk], Outcome], kind: str, target: str | None
) -> None:
    desk = dispatching()
    loaner = lent(desk)
    ending(desk)
    told = [(one.kind, one.loaner, one.target) for one in desk.ticket.errands]
    assert (kind, loaner, target) in told
    back = dispatching()
    lent(back, LoanerState.RETURNED)
    ending(back)
    assert kind not in [one.kind for one in back.ticket.errands]


def test_an_ended_ticket_is_in_no_stage_that_acts() -> None:
    desk = awaiting()
    cancelled(desk)
    assert desk.ticket.stage in ENDED
    assert HoldReason.CONSENT in [one.reason for one in desk.ticket.holds if one.over]
    assert refused(desk, "decide_fee", "customer", quote=1, decision="approve") is (
        RefusalType.TICKET_CLOSED
    )
    assert refused(desk, "quote", "agent", lines=[line()]) is RefusalType.TICKET_CLOSED
