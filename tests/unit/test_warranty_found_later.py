"""The warranty found later, either way: promises and fees are worked out again."""

from datetime import timedelta

import pytest

from domain.civil_time import MILLISECOND
from domain.escalation import standings_of
from domain.fees import charged_fen
from domain.refusals import RefusalType
from domain.vocabulary import HoldReason, Outcome, PromiseState, QuoteState, Stage
from tests.unit.acting import MONDAY, OLD, Desk, line, promised, refused, small_policy

FREE = promised("free", when={"in_warranty": True}, within="4 hours")
PAID = promised("paid", when={"in_warranty": False}, within="24 hours")


def found(desk: Desk, answer: bool) -> Desk:
    desk.do("assess", "quality", "质检老梁", in_warranty=answer, basis="查到合同")
    return desk


def promises(desk: Desk) -> dict[str, PromiseState]:
    return {one.promise: one.state for one in standings_of(desk.ticket, desk.policy, desk.now)}


def states(desk: Desk) -> list[QuoteState]:
    return [one.state for one in desk.ticket.quotes]


def test_in_warranty_after_all_nobody_waits_for_an_answer_any_more() -> None:
    desk = Desk(small_policy(out_of_warranty="quote_first"))
    desk.register(OLD)
    desk.quote()
    found(desk, True)
    assert states(desk) == [QuoteState.VOID]
    assert desk.ticket.open_holds == ()
    assert desk.ticket.stage is Stage.DISPATCHING
    assert refused(desk, "decide_fee", "customer", quote=1, decision="refuse") is (
        RefusalType.INVALID_TRANSITION
    )
    desk.later(days=20)
    assert desk.ticket.outcome is None
    desk.visit()
    assert charged_fen(desk.ticket) == 0


def test_in_warranty_after_all_what_was_agreed_may_not_be_charged() -> None:
    desk = Desk(small_policy())
    desk.register(OLD)
    desk.agree()
    desk.visit(until="start_work")
    found(desk, True)
    assert refused(desk, "finish", "technician", "T01", lines=[line()]) is (
        RefusalType.CONSENT_NEEDED
    )
    desk.do("finish", "technician", "T01")
    assert desk.told("refund_due") == []


@pytest.mark.parametrize("signed", [False, True])
def test_in_warranty_after_the_work_what_was_charged_is_to_be_paid_back(signed: bool) -> None:
    desk = Desk(small_policy())
    desk.register(OLD)
    desk.agree()
    desk.visit(until="start_work")
    desk.do("finish", "technician", "T01", lines=[line(unit_price_fen=2500)])
    if signed:
        desk.do("sign_off", "customer", "王秀英")
    assert charged_fen(desk.ticket) == 2500
    found(desk, True)
    assert charged_fen(desk.ticket) == 0
    notices = [one.details for one in desk.events("notice_due")]
    assert [one["amount_fen"] for one in notices if one["about"] == "refund_due"] == [2500]


def test_out_of_warranty_after_all_the_quote_comes_first() -> None:
    desk = Desk(small_policy(out_of_warranty="quote_first"))
    desk.register()
    assert desk.ticket.stage is Stage.DISPATCHING
    found(desk, False)
    assert desk.ticket.stage is Stage.ASSESSING
    assert refused(desk, "dispatch", "supervisor") is RefusalType.INVALID_TRANSITION
    desk.agree()
    desk.visit(until="start_work")
    desk.do("finish", "technician", "T01", lines=[line()])
    assert charged_fen(desk.ticket) == 3000


def test_out_of_warranty_found_on_site_is_quoted_on_site() -> None:
    desk = Desk(small_policy(out_of_warranty="quote_first"))
    desk.register()
    desk.visit(until="start_work")
    desk.do("assess", "technician", "T01", cause="misuse")
    assert desk.ticket.stage is Stage.ON_SITE
    assert refused(desk, "finish", "technician", "T01", lines=[line()]) is (
        RefusalType.CONSENT_NEEDED
    )
    desk.quote(role="technician", name="T01")
    assert [one.reason for one in desk.ticket.open_holds] == [HoldReason.CONSENT]
    desk.do("decide_fee", "customer", quote=1, decision="approve")
    desk.do("finish", "technician", "T01", lines=[line()])


def test_out_of_warranty_after_free_work_charges_nothing_of_what_was_done() -> None:
    desk = Desk(small_policy())
    desk.register()
    desk.visit()
    found(desk, False)
    assert (charged_fen(desk.ticket), desk.ticket.stage) == (0, Stage.REPAIRED)


def test_promises_are_worked_out_from_the_report_either_way() -> None:
    desk = Desk(small_policy(FREE, PAID))
    desk.register(OLD)
    desk.at(MONDAY + timedelta(hours=5))
    assert promises(desk) == {"paid": PromiseState.RUNNING}
    found(desk, True)
    assert promises(desk) == {"free": PromiseState.MISSED}
    [missed] = [one for one in desk.ticket.firings if one.level == 1]
    assert (missed.promise, missed.late_seconds) == ("free", 3600)
    found(desk, False)
    assert promises(desk) == {"paid": PromiseState.RUNNING}
    assert all(one.withdrawn for one in desk.ticket.firings if one.promise == "free")


def test_a_promise_that_was_met_stays_met_when_a_fact_would_have_it_due_sooner() -> None:
    desk = Desk(small_policy(promised("fix", within="24 hours"), FREE))
    desk.register(OLD)
    desk.at(MONDAY + timedelta(hours=10))
    desk.visit()
    assert promises(desk) == {"fix": PromiseState.MET}
    found(desk, True)
    assert promises(desk) == {"fix": PromiseState.MET, "free": PromiseState.MISSED}


@pytest.mark.parametrize("after", [-MILLISECOND, timedelta(0), MILLISECOND])
def test_found_in_warranty_in_the_moment_that_silence_ends(after: timedelta) -> None:
    desk = Desk(small_policy(out_of_warranty="quote_first"))
    desk.register(OLD)
    desk.quote()
    expires = MONDAY.replace(hour=0) + timedelta(days=8)
    desk.at(expires + after)
    if after > timedelta(0):
        assert desk.ticket.outcome is Outcome.NO_CONSENT
        assert refused(desk, "assess", "quality", in_warranty=True) is RefusalType.TICKET_CLOSED
    else:
        assert found(desk, True).ticket.stage is Stage.DISPATCHING


def charged() -> Desk:
    desk = Desk(small_policy())
    desk.register(OLD)
    desk.agree()
    desk.visit(until="start_work")
    desk.do("finish", "technician", "T01", lines=[line()])
    assert charged_fen(desk.ticket) == 3000
    return desk


def test_found_free_and_then_not_after_all_the_charge_comes_and_goes() -> None:
    desk = found(charged(), True)
    assert (charged_fen(desk.ticket), states(desk)) == (0, [QuoteState.VOID])
    assert desk.told("refund_due") == ["agent"]
    found(desk, False)
    assert (charged_fen(desk.ticket), states(desk)) == (3000, [QuoteState.APPROVED])
    assert desk.told("fee_due") == ["agent"]


def test_what_was_never_agreed_to_is_not_charged_when_the_warranty_turns_out_over() -> None:
    desk = Desk(small_policy())
    desk.register(OLD)
    desk.quote()
    found(found(desk, True), False)
    assert states(desk) == [QuoteState.VOID]
    desk.visit(until="start_work")
    assert refused(desk, "finish", "technician", "T01", lines=[line()]) is (
        RefusalType.CONSENT_NEEDED
    )
