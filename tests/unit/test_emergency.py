"""先抢修后补单: dispatch first, the owed order a promise, and paid lines that wait all the same."""

from datetime import timedelta
from typing import Any

import pytest

from domain.civil_time import MILLISECOND
from domain.escalation import standings_of
from domain.fees import charged_fen
from domain.refusals import RefusalType
from domain.vocabulary import HoldReason, Milestone, Outcome, PromiseState, QuoteState, Stage
from tests.unit.acting import OLD, Desk, line, promised, refused, small_policy

BACKFILL = promised(
    "backfill_order",
    when={"emergency": True},
    starts="arrived",
    met_by="order_issued",
    within="24 hours",
    void_by="order_waived",
    outlives_ticket=True,
)
POLICY = small_policy(BACKFILL, out_of_warranty="quote_first")
EMERGENCY: dict[str, Any] = {"emergency": True, "reason": "漏水"}


def registered() -> Desk:
    desk = Desk(POLICY)
    desk.register(OLD)
    return desk


def out(*, until: str = "start_work") -> Desk:
    """Out of warranty, no quote: somebody was sent before the paper."""
    desk = registered()
    desk.visit(until=until, **EMERGENCY)
    return desk


def backfill(desk: Desk) -> PromiseState | None:
    found = standings_of(desk.ticket, desk.policy, desk.now)
    return next((one.state for one in found if one.promise == "backfill_order"), None)


def test_somebody_goes_before_the_quote_and_the_order() -> None:
    desk = registered()
    assert desk.ticket.stage is Stage.ASSESSING
    assert refused(desk, "dispatch", "supervisor", reason="漏水") is RefusalType.INVALID_TRANSITION
    desk.do("dispatch", "supervisor", **EMERGENCY)
    assert desk.ticket.stage is Stage.SCHEDULED
    assert desk.ticket.facts["emergency"] is True
    assert desk.ticket.first(Milestone.ORDER_ISSUED) is None


def test_somebody_goes_while_a_quote_waits() -> None:
    desk = registered()
    desk.quote()
    assert refused(desk, "dispatch", "supervisor") is RefusalType.CONSENT_NEEDED
    desk.visit(until="start_work", **EMERGENCY)
    assert desk.ticket.stage is Stage.ON_SITE
    assert [one.reason for one in desk.ticket.open_holds] == [HoldReason.CONSENT]


def test_an_emergency_has_its_reason_and_its_supervisor_and_a_registered_ticket() -> None:
    desk = Desk(POLICY)
    assert refused(desk, "dispatch", "supervisor", **EMERGENCY) is RefusalType.INVALID_TRANSITION
    desk.register(OLD)
    assert refused(desk, "dispatch", "supervisor", emergency=True) is RefusalType.INVALID_INPUT
    assert refused(desk, "dispatch", "agent", **EMERGENCY) is RefusalType.NOT_ALLOWED
    desk.do("dispatch", "supervisor", **EMERGENCY)
    assert refused(desk, "dispatch", "supervisor", **EMERGENCY) is RefusalType.INVALID_INPUT


@pytest.mark.parametrize(
    ("after", "state"),
    [
        (-MILLISECOND, PromiseState.MET),
        (timedelta(0), PromiseState.MET),
        (MILLISECOND, PromiseState.MISSED),
    ],
)
def test_the_order_is_owed_within_a_day_of_the_arrival(
    after: timedelta, state: PromiseState
) -> None:
    desk = out()
    arrived = desk.ticket.first(Milestone.ARRIVED)
    assert arrived is not None
    assert backfill(desk) is PromiseState.RUNNING
    desk.at(arrived + timedelta(hours=24) + after)
    desk.do("issue_order", "agent", "小何")
    assert backfill(desk) is state
    missed = [one for one in desk.ticket.firings if one.level == 1]
    assert bool(missed) is (state is PromiseState.MISSED)


def test_an_ordinary_dispatch_has_its_order_and_owes_none() -> None:
    desk = Desk(POLICY)
    desk.register()
    desk.visit(until="arrive")
    assert desk.ticket.first(Milestone.ORDER_ISSUED) is not None
    assert backfill(desk) is None
    assert refused(desk, "issue_order", "agent") is RefusalType.INVALID_TRANSITION


def test_the_owed_order_is_issued_once() -> None:
    desk = out()
    assert refused(desk, "issue_order", "technician", "T01") is RefusalType.NOT_ALLOWED
    desk.do("issue_order", "supervisor", "高主管")
    assert refused(desk, "issue_order", "agent") is RefusalType.INVALID_TRANSITION


def test_the_order_may_be_issued_before_the_arrival_and_after_the_work() -> None:
    early = out(until="depart")
    early.do("issue_order", "agent", "小何")
    late = out(until="finish")
    late.do("issue_order", "agent", "小何")
    visit = early.ticket.visit
    assert visit is not None
    early.do("arrive", "technician", visit.technician.id)
    assert (backfill(early), backfill(late)) == (PromiseState.MET, PromiseState.MET)


def test_making_the_place_safe_is_free_and_waits_for_nobody() -> None:
    desk = registered()
    desk.quote()
    desk.visit(until="start_work", **EMERGENCY)
    assert refused(desk, "finish", "technician", "T01", lines=[line()]) is (
        RefusalType.CONSENT_NEEDED
    )
    desk.do("finish", "technician", "T01", work="关总阀", lines=[line(unit_price_fen=0)])
    assert desk.ticket.stage is Stage.REPAIRED
    assert [one.state for one in desk.ticket.quotes] == [QuoteState.VOID]
    assert desk.ticket.open_holds == ()
    assert charged_fen(desk.ticket) == 0
    desk.later(days=20)
    assert desk.ticket.outcome is None


def test_paid_work_waits_for_the_yes_in_an_emergency_too() -> None:
    desk = out()
    assert refused(desk, "finish", "technician", "T01", lines=[line()]) is (
        RefusalType.CONSENT_NEEDED
    )
    desk.quote(role="technician", name="T01")
    desk.do("decide_fee", "customer", quote=1, decision="approve")
    desk.do("finish", "technician", "T01", lines=[line()])
    assert charged_fen(desk.ticket) == 3000


def test_a_no_on_site_ends_it_and_the_order_is_still_owed_and_taken() -> None:
    desk = out()
    desk.quote(role="technician", name="T01")
    desk.do("decide_fee", "customer", quote=1, decision="refuse")
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.FOLLOW_UP, Outcome.REFUSED)
    desk.do("issue_order", "agent", "小何")
    desk.do("return_order", "technician", "T01")
    assert desk.ticket.stage is Stage.CLOSED


def test_the_ticket_does_not_close_without_the_order_that_is_owed() -> None:
    desk = out(until="finish")
    desk.do("sign_off", "customer", "王秀英")
    desk.do("return_order", "technician", "T01")
    desk.do("record_follow_up", "agent", reached=True, satisfied=True)
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.FOLLOW_UP, Outcome.REPAIRED)
    assert backfill(desk) is PromiseState.RUNNING
    desk.do("issue_order", "agent", "小何")
    assert (desk.ticket.stage, backfill(desk)) == (Stage.CLOSED, PromiseState.MET)


def test_the_supervisor_may_do_without_the_order() -> None:
    desk = out(until="finish")
    desk.do("sign_off", "customer", "王秀英")
    desk.do("waive_order", "supervisor", "高主管", reason="单据遗失,已核实")
    desk.do("record_follow_up", "agent", reached=True, satisfied=True)
    assert (desk.ticket.stage, backfill(desk)) == (Stage.CLOSED, PromiseState.VOID)


def test_made_safe_only_the_rest_of_the_work_waits_for_its_answer() -> None:
    desk = registered()
    desk.quote()
    desk.visit(until="start_work", **EMERGENCY)
    desk.do("leave_unfinished", "technician", "T01", reason="已关阀,等答复")
    assert desk.ticket.stage is Stage.AWAITING_CONSENT
    assert refused(desk, "dispatch", "supervisor") is RefusalType.CONSENT_NEEDED
    desk.do("decide_fee", "customer", quote=1, decision="approve")
    desk.visit(until="start_work")
    desk.do("finish", "technician", "T01", lines=[line()])
    assert desk.ticket.stage is Stage.REPAIRED


def test_the_next_in_the_ring_goes_when_the_first_declines_an_emergency() -> None:
    desk = registered()
    desk.quote()
    desk.do("dispatch", "supervisor", **EMERGENCY)
    desk.do("decline", "technician", "T01", reason="在外地")
    assert desk.ticket.stage is Stage.SCHEDULED
    visit = desk.ticket.visit
    assert visit is not None
    assert (visit.technician.id, visit.emergency) == ("T02", True)
    assert desk.ticket.first(Milestone.ORDER_ISSUED) is None
    desk.do("decline", "technician", "T02", reason="病了")
    assert desk.ticket.stage is Stage.AWAITING_CONSENT
    assert desk.told("nobody_to_dispatch") == ["supervisor"]


def test_silence_ends_an_emergency_on_site_too() -> None:
    desk = registered()
    desk.quote()
    desk.visit(until="start_work", **EMERGENCY)
    desk.later(days=9)
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.FOLLOW_UP, Outcome.NO_CONSENT)


def test_what_was_never_written_cannot_have_come_back() -> None:
    desk = out()
    desk.do("cancel", "supervisor", reason="自己处理")
    desk.do("return_order", "technician", "T01")
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.FOLLOW_UP, Outcome.CANCELLED)
    desk.do("issue_order", "agent", "小何")
    assert desk.ticket.stage is Stage.CLOSED


def test_the_supervisor_may_do_without_the_owed_order() -> None:
    desk = out()
    desk.do("cancel", "supervisor", reason="自己处理")
    desk.do("waive_order", "supervisor", reason="没有动手")
    assert desk.ticket.stage is Stage.CLOSED
