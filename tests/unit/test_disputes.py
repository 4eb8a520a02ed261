"""报修争议 and 返修验证: a ruling each way, and rework that may not close unverified."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.civil_time import CHINA, MILLISECOND
from domain.escalation import standings_of
from domain.refusals import RefusalType
from domain.vocabulary import HoldReason, Milestone, Outcome, PromiseState, QuoteState, Stage
from tests.unit.acting import MONDAY, OLD, WINDOW, Desk, promised, refused, small_policy

FIX = promised("fix", within="24 hours")
QUALITY = ("quality", "质检老梁")


def disputed(desk: Desk, subject: str = "warranty") -> Desk:
    desk.do("dispute", "agent", subject=subject, reason="顾客说还在保修期内")
    return desk


def quoted() -> Desk:
    desk = Desk(small_policy(out_of_warranty="quote_first"))
    desk.register(OLD)
    desk.quote()
    return desk


def reasons(desk: Desk) -> set[HoldReason]:
    return {one.reason for one in desk.ticket.open_holds}


def test_a_dispute_waits_for_quality_and_pauses_nothing_by_default() -> None:
    desk = Desk(small_policy(FIX))
    desk.register()
    disputed(desk)
    assert reasons(desk) == {HoldReason.DISPUTE}
    assert desk.told("disputed") == ["quality"]
    assert refused(desk, "dispute", "agent", subject="fee", reason="又一个") is (
        RefusalType.INVALID_TRANSITION
    )
    assert refused(desk, "resume", "supervisor") is RefusalType.INVALID_TRANSITION
    desk.at(MONDAY + timedelta(hours=24) + MILLISECOND)
    [fix] = standings_of(desk.ticket, desk.policy, desk.now)
    assert fix.state is PromiseState.MISSED


def test_only_quality_rules_and_only_what_is_in_dispute() -> None:
    desk = Desk()
    desk.register()
    assert refused(desk, "rule", *QUALITY, in_warranty=True) is RefusalType.INVALID_TRANSITION
    disputed(desk)
    assert refused(desk, "rule", "supervisor", in_warranty=True) is RefusalType.NOT_ALLOWED
    assert refused(desk, "rule", *QUALITY) is RefusalType.INVALID_INPUT
    desk.do("rule", *QUALITY, in_warranty=True, reason="合同约定三年")
    assert refused(desk, "rule", *QUALITY, in_warranty=False) is RefusalType.INVALID_TRANSITION


def test_ruled_in_warranty_the_quote_is_void_and_somebody_may_go() -> None:
    desk = disputed(quoted())
    desk.do("rule", *QUALITY, in_warranty=True, reason="合同约定三年")
    assert [one.state for one in desk.ticket.quotes] == [QuoteState.VOID]
    assert reasons(desk) == set()
    assert desk.ticket.stage is Stage.DISPATCHING
    assert desk.ticket.warranty is not None
    assert desk.ticket.warranty.basis == "合同约定三年"
    assert desk.ticket.first(Milestone.RULED) is not None
    assert desk.told("ruled") == ["agent"]


def test_ruled_out_of_warranty_the_quote_still_waits_for_its_answer() -> None:
    desk = disputed(quoted())
    desk.do("rule", *QUALITY, in_warranty=False, reason="已过保")
    assert reasons(desk) == {HoldReason.CONSENT}
    assert desk.ticket.stage is Stage.AWAITING_CONSENT
    desk.do("decide_fee", "customer", quote=1, decision="approve")
    assert desk.ticket.stage is Stage.DISPATCHING


@pytest.mark.parametrize("ruling", [{"in_warranty": True}, {"cause": "quality"}])
def test_a_fee_asked_inside_the_warranty_falls_with_the_ruling(ruling: dict[str, Any]) -> None:
    desk = Desk()
    desk.register(WINDOW)
    desk.visit(until="start_work")
    desk.quote(role="technician", name="T01")
    disputed(desk, "fee")
    desk.do("rule", *QUALITY, reason="不是人为", **ruling)
    assert [one.state for one in desk.ticket.quotes] == [QuoteState.VOID]
    assert reasons(desk) == set()
    desk.do("finish", "technician", "T01")


def test_ruled_misuse_the_customer_pays_inside_the_warranty() -> None:
    desk = Desk(small_policy(out_of_warranty="quote_first"))
    desk.register()
    disputed(desk, "fault")
    desk.do("rule", *QUALITY, cause="misuse", reason="撞击痕迹")
    assert desk.ticket.facts["in_warranty"] is False
    assert desk.ticket.facts["cause"] == "misuse"
    assert desk.ticket.stage is Stage.ASSESSING


def test_what_is_in_dispute_is_no_silence() -> None:
    desk = disputed(quoted())
    desk.later(days=30)
    assert desk.ticket.stage is Stage.AWAITING_CONSENT
    assert desk.told("consent_reminded") == []
    ruled = desk.now
    desk.do("rule", *QUALITY, in_warranty=False, reason="已过保")
    desk.at(ruled.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=8))
    assert desk.ticket.outcome is None
    desk.later(seconds=0.001)
    assert desk.ticket.outcome is Outcome.NO_CONSENT


@pytest.mark.parametrize(("after", "kept"), [(-1, True), (0, True), (1, False)])
def test_the_ruling_is_a_promise_of_its_own(after: int, kept: bool) -> None:
    owed = promised("ruling", starts="last disputed", met_by="ruled", within="1 day")
    desk = Desk(small_policy(owed))
    desk.register()
    disputed(desk)
    desk.at(datetime(2026, 3, 4, tzinfo=CHINA) + after * MILLISECOND)
    desk.do("rule", *QUALITY, in_warranty=True, reason="在保")
    [ruling] = standings_of(desk.ticket, desk.policy, desk.now)
    assert (ruling.state is PromiseState.MET) is kept


def test_a_second_dispute_is_a_second_promise() -> None:
    desk = Desk()
    desk.register()
    disputed(desk)
    desk.do("rule", *QUALITY, reason="维持原判")
    disputed(desk, "fault")
    assert len(desk.ticket.disputes) == 2
    assert reasons(desk) == {HoldReason.DISPUTE}


def repaired_again(after: timedelta) -> Desk:
    """Repaired, reopened at sign-off, and repaired again that long after the first time."""
    desk = Desk()
    desk.register()
    desk.visit()
    first = desk.now - timedelta(minutes=1)
    desk.do("sign_off", "customer", "王秀英", satisfied=False)
    desk.visit(until="start_work")
    desk.at(first + after)
    desk.do("finish", "technician", "T01")
    desk.do("sign_off", "customer", "王秀英")
    desk.do("return_order", "technician", "T01")
    desk.do("record_follow_up", "agent", reached=True, satisfied=True)
    return desk


def test_rework_does_not_close_before_quality_has_verified_it() -> None:
    desk = repaired_again(timedelta(days=3))
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.FOLLOW_UP, Outcome.REPAIRED)
    assert desk.told("rework_to_verify") == ["quality"]
    assert refused(desk, "verify", "agent", accepted=True) is RefusalType.NOT_ALLOWED
    desk.do("verify", *QUALITY, accepted=True)
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.CLOSED, Outcome.REPAIRED)
    assert desk.ticket.first(Milestone.VERIFIED) is not None


@pytest.mark.parametrize(("beyond", "owed"), [(0 * MILLISECOND, True), (MILLISECOND, False)])
def test_it_is_rework_up_to_thirty_days(beyond: timedelta, owed: bool) -> None:
    desk = repaired_again(timedelta(days=30) + beyond)
    assert (desk.ticket.stage is Stage.CLOSED) is not owed


def test_rework_that_is_not_accepted_goes_round_again_and_is_verified_again() -> None:
    desk = repaired_again(timedelta(days=3))
    assert refused(desk, "verify", *QUALITY, accepted=False) is RefusalType.INVALID_INPUT
    desk.do("verify", *QUALITY, accepted=False, reason="仍漏风")
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.DISPATCHING, None)
    assert desk.ticket.reopened == 2
    desk.visit()
    desk.do("sign_off", "customer", "王秀英")
    desk.do("return_order", "technician", "T01")
    desk.do("record_follow_up", "agent", reached=True, satisfied=True)
    assert desk.ticket.stage is Stage.FOLLOW_UP
    desk.do("verify", *QUALITY, accepted=True)
    assert desk.ticket.stage is Stage.CLOSED


def test_one_repair_is_no_rework() -> None:
    desk = Desk()
    desk.register()
    assert refused(desk, "verify", *QUALITY, accepted=True) is RefusalType.INVALID_TRANSITION
    desk.visit(until="start_work")
    desk.do("leave_unfinished", "technician", "T01", reason="缺件")
    desk.visit()
    desk.do("sign_off", "customer", "王秀英")
    desk.do("return_order", "technician", "T01")
    desk.do("record_follow_up", "agent", reached=True, satisfied=True)
    assert desk.ticket.stage is Stage.CLOSED


def test_a_ticket_does_not_close_before_the_ruling() -> None:
    desk = Desk(small_policy(FIX))
    desk.register()
    disputed(desk)
    desk.visit()
    desk.do("sign_off", "customer")
    desk.do("return_order", "technician", "T01")
    desk.do("record_follow_up", "agent", reached=True, satisfied=True)
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.FOLLOW_UP, Outcome.REPAIRED)
    desk.do("rule", *QUALITY, reason="双方都清楚了")
    assert desk.ticket.stage is Stage.CLOSED


def test_what_ends_at_once_ends_its_dispute_as_well() -> None:
    desk = disputed(quoted())
    desk.do("cancel", "supervisor", reason="不修了")
    assert desk.ticket.stage is Stage.CLOSED
