"""报价与同意: who is asked, what a yes allows to the fen, what a no and what silence means."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.civil_time import CHINA, MILLISECOND
from domain.commands import LookedUp, MergeTarget
from domain.fees import charged_fen
from domain.policy import Policy
from domain.refusals import RefusalType
from domain.settling import next_wake
from domain.vocabulary import HoldReason, Milestone, Outcome, QuoteState, Stage
from tests.unit.acting import MONDAY, OLD, Desk, line, promised, refused, small_policy

CONSENT, INVALID = RefusalType.CONSENT_NEEDED, RefusalType.INVALID_INPUT
FIRST = small_policy(out_of_warranty="quote_first")
INSPECT = small_policy(out_of_warranty="inspect_first")
SILENT_UNTIL = datetime(2026, 3, 10, tzinfo=CHINA)  # quoted on 2 March: seven civil days


def asked(policy: Policy = FIRST) -> Desk:
    """Out of warranty, quoted at 09:01 of Monday, not answered."""
    desk = Desk(policy)
    desk.register(OLD)
    desk.quote()
    return desk


def on_site(policy: Policy = INSPECT) -> Desk:
    desk = Desk(policy)
    desk.register(OLD)
    desk.visit(until="start_work")
    return desk


def reasons(desk: Desk) -> list[HoldReason]:
    return [one.reason for one in desk.ticket.open_holds]


def states(desk: Desk) -> list[QuoteState]:
    return [one.state for one in desk.ticket.quotes]


def test_a_quote_is_numbered_asks_the_customer_and_holds_the_ticket() -> None:
    desk = asked()
    assert desk.ticket.stage is Stage.AWAITING_CONSENT
    assert (desk.ticket.quotes[0].number, desk.ticket.quotes[0].total_fen) == (1, 3000)
    assert desk.events("quoted")[0].details["quote"] == 1
    assert reasons(desk) == [HoldReason.CONSENT]
    assert desk.told("quoted") == ["customer"]
    assert refused(desk, "dispatch", "supervisor") is CONSENT


@pytest.mark.parametrize("role", ["customer", "property_manager"])
def test_a_yes_frees_the_dispatch_and_lifts_the_hold(role: str) -> None:
    desk = asked()
    desk.do("decide_fee", role, "王秀英", quote=1, decision="approve")
    assert desk.ticket.stage is Stage.DISPATCHING
    assert reasons(desk) == []
    assert states(desk) == [QuoteState.APPROVED]
    assert desk.ticket.first(Milestone.FEE_DECIDED) == desk.now - timedelta(minutes=1)
    desk.visit(until="start_work")
    desk.do("finish", "technician", "T01", lines=[line()])
    assert charged_fen(desk.ticket) == 3000


def test_a_no_ends_the_ticket_at_once_without_a_follow_up() -> None:
    desk = asked()
    desk.do("decide_fee", "customer", quote=1, decision="refuse", reason="太贵")
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.CLOSED, Outcome.REFUSED)
    assert states(desk) == [QuoteState.REFUSED]
    assert reasons(desk) == []


def test_a_quote_on_site_holds_the_visit_until_it_is_decided() -> None:
    desk = on_site()
    assert desk.quote(role="technician", name="T01") == 1
    assert desk.ticket.stage is Stage.ON_SITE
    assert reasons(desk) == [HoldReason.CONSENT]
    assert refused(desk, "finish", "technician", "T01") is CONSENT
    assert refused(desk, "finish", "technician", "T01", lines=[line()]) is CONSENT
    assert refused(desk, "leave_unfinished", "technician", "T01", reason="等", lines=[line()]) is (
        CONSENT
    )
    assert refused(desk, "resume", "agent", reason="consent") is CONSENT
    desk.do("decide_fee", "customer", quote=1, decision="approve")
    assert reasons(desk) == []
    desk.do("finish", "technician", "T01", lines=[line()])
    assert desk.ticket.stage is Stage.REPAIRED


def test_the_hold_of_an_unanswered_quote_does_not_end_by_the_clock() -> None:
    before = on_site()
    until = (before.now + timedelta(hours=2)).isoformat()
    before.do("hold", "agent", reason="consent", until=until)
    before.quote(role="technician", name="T01")
    before.later(hours=3)
    assert reasons(before) == [HoldReason.CONSENT]
    after = on_site()
    after.quote(role="technician", name="T01")
    assert refused(after, "hold", "agent", reason="consent", until=until) is INVALID


def test_a_no_on_site_ends_the_visit_and_only_its_order_is_owed() -> None:
    desk = on_site()
    desk.quote(role="technician", name="T01")
    desk.do("decide_fee", "customer", quote=1, decision="refuse")
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.FOLLOW_UP, Outcome.REFUSED)
    assert desk.ticket.visits[-1].result == "cancelled"
    assert desk.ticket.last(Milestone.VISIT_ENDED) is not None
    assert desk.told("refused") == ["technician"]
    desk.do("return_order", "technician", "T01")
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.CLOSED, Outcome.REFUSED)


def test_a_no_given_before_the_arrival_ends_no_visit_before_it_began() -> None:
    desk = Desk(INSPECT)
    desk.register(OLD)
    desk.visit(until="depart")
    desk.quote()
    said = desk.now
    visit = desk.ticket.visit
    assert visit is not None
    desk.later(minutes=20)
    desk.do("arrive", "technician", visit.technician.id)
    desk.do("decide_fee", "customer", quote=1, decision="refuse", at=said.isoformat())
    arrived, ended = (desk.ticket.last(m) for m in (Milestone.ARRIVED, Milestone.VISIT_ENDED))
    assert arrived is not None
    assert ended is not None
    assert ended >= arrived


def test_nothing_to_pay_asks_nobody() -> None:
    desk = Desk(FIRST)
    desk.register(OLD)
    assert desk.ticket.stage is Stage.ASSESSING
    desk.quote(line(unit_price_fen=0), line("上门", 0, kind="travel"))
    assert desk.ticket.stage is Stage.DISPATCHING
    assert (states(desk), reasons(desk)) == ([QuoteState.FREE], [])
    assert desk.told("quoted") == []
    assert refused(desk, "decide_fee", "customer", quote=1, decision="approve") is (
        RefusalType.INVALID_TRANSITION
    )
    desk.visit(until="start_work")
    assert refused(desk, "finish", "technician", "T01", lines=[line(unit_price_fen=1)]) is CONSENT


def test_a_new_quote_makes_the_old_one_void_answered_or_not() -> None:
    desk = asked()
    desk.quote(line(unit_price_fen=5000))
    assert states(desk) == [QuoteState.VOID, QuoteState.OPEN]
    assert refused(desk, "decide_fee", "customer", quote=1, decision="approve") is INVALID
    desk.do("decide_fee", "customer", quote=2, decision="approve")
    desk.quote(line(unit_price_fen=7000))
    assert states(desk) == [QuoteState.VOID, QuoteState.VOID, QuoteState.OPEN]
    assert desk.ticket.stage is Stage.AWAITING_CONSENT
    assert refused(desk, "dispatch", "supervisor") is CONSENT


@pytest.mark.parametrize("role", ["technician", "supervisor", "quality", "manager"])
def test_only_the_customers_side_or_the_agent_with_evidence_may_answer(role: str) -> None:
    desk = asked()
    answer: dict[str, Any] = {"quote": 1, "decision": "approve"}
    assert refused(desk, "decide_fee", role, **answer) is RefusalType.NOT_ALLOWED
    assert refused(desk, "decide_fee", "agent", **answer) is INVALID


def test_the_evidence_is_kept_with_who_how_and_when() -> None:
    desk = asked()
    evidence = {"who": "王秀英", "how": "微信", "file": "yes.png", "sha256": "0a" * 32}
    when = (desk.now - timedelta(seconds=30)).isoformat()
    desk.do("decide_fee", "agent", "小何", quote=1, decision="approve", evidence=evidence, at=when)
    quote = desk.ticket.quotes[0]
    assert quote.evidence == evidence
    assert quote.decided_at == datetime.fromisoformat(when)
    assert str(quote.decided_by) == "agent/小何"


def test_an_answer_is_given_once() -> None:
    desk = asked()
    desk.do("decide_fee", "customer", quote=1, decision="approve")
    for decision in ("approve", "refuse"):
        assert refused(desk, "decide_fee", "customer", quote=1, decision=decision) is (
            RefusalType.INVALID_TRANSITION
        )


@pytest.mark.parametrize(("hours", "count"), [(24, 1), (48, 2)])
def test_reminders_come_a_day_and_two_days_after_the_quote_and_once_each(
    hours: int, count: int
) -> None:
    desk = asked()
    due = desk.ticket.quotes[0].at + timedelta(hours=hours)
    desk.at(due)
    assert desk.ticket.quotes[0].reminded == count - 1
    wake = next_wake(desk.case, desk.now)
    assert wake is not None
    assert wake.at == due + MILLISECOND
    desk.at(due + MILLISECOND)
    assert desk.ticket.quotes[0].reminded == count
    desk.later(hours=1)
    assert desk.told("consent_reminded") == ["customer"] * count


def test_reminders_written_in_another_order_come_in_the_order_of_time() -> None:
    """A wake that lies in the past would have the ticket's one timer turn for ever."""
    consent = {"remind_after": ["48 hours", "24 hours"]}
    desk = asked(small_policy(out_of_warranty="quote_first", consent=consent))
    for count in (1, 2):
        wake = next_wake(desk.case, desk.now)
        assert wake is not None
        assert wake.at > desk.now
        desk.at(wake.at)
        assert desk.ticket.quotes[0].reminded == count


@pytest.mark.parametrize("after", [-MILLISECOND, timedelta(0)])
@pytest.mark.parametrize("decision", ["approve", "refuse"])
def test_an_answer_up_to_the_end_of_the_seventh_day_counts(after: timedelta, decision: str) -> None:
    desk = asked()
    desk.at(SILENT_UNTIL + after)
    desk.do("decide_fee", "customer", quote=1, decision=decision)
    outcome = None if decision == "approve" else Outcome.REFUSED
    assert desk.ticket.outcome is outcome


def test_silence_past_the_seventh_day_ends_it_as_no_consent() -> None:
    desk = asked()
    desk.at(SILENT_UNTIL)
    wake = next_wake(desk.case, desk.now)
    assert wake is not None
    assert wake.at == SILENT_UNTIL + MILLISECOND
    desk.at(SILENT_UNTIL + MILLISECOND)
    assert (desk.ticket.stage, desk.ticket.outcome) == (Stage.CLOSED, Outcome.NO_CONSENT)
    assert states(desk) == [QuoteState.EXPIRED]
    assert desk.ticket.first(Milestone.CLOSED) == SILENT_UNTIL
    assert refused(desk, "decide_fee", "customer", quote=1, decision="approve") is (
        RefusalType.TICKET_CLOSED
    )


def test_a_timer_that_comes_late_changes_nothing_of_what_silence_meant() -> None:
    policy = small_policy(promised("fix", within="10 days"), out_of_warranty="quote_first")
    desk = asked(policy)
    desk.at(SILENT_UNTIL + timedelta(days=30))
    assert desk.ticket.first(Milestone.CLOSED) == SILENT_UNTIL
    assert desk.told("consent_reminded") == ["customer"] * 2
    assert "promise_missed" not in desk.kinds


def test_a_new_quote_begins_the_wait_anew() -> None:
    desk = asked()
    desk.at(MONDAY + timedelta(days=3))
    desk.quote(line(unit_price_fen=2000))
    desk.at(SILENT_UNTIL + MILLISECOND)
    assert desk.ticket.stage is Stage.AWAITING_CONSENT
    desk.at(SILENT_UNTIL + timedelta(days=3) + MILLISECOND)
    assert desk.ticket.outcome is Outcome.NO_CONSENT


def test_a_technician_who_declines_leaves_nobody_dispatched_while_the_quote_waits() -> None:
    desk = Desk(INSPECT)
    desk.register(OLD)
    desk.do("dispatch", "supervisor")
    desk.quote()
    desk.do("decline", "technician", "T01", reason="病了")
    assert desk.ticket.stage is Stage.AWAITING_CONSENT
    assert desk.ticket.visit is None


def test_unfinished_with_a_quote_unanswered_waits_for_the_answer() -> None:
    desk = on_site()
    desk.quote(role="technician", name="T01")
    desk.do("leave_unfinished", "technician", "T01", reason="等答复")
    assert desk.ticket.stage is Stage.AWAITING_CONSENT
    assert refused(desk, "dispatch", "supervisor") is CONSENT
    desk.do("decide_fee", "customer", quote=1, decision="approve")
    assert desk.ticket.stage is Stage.DISPATCHING


def test_a_merge_that_is_under_way_is_not_overtaken_by_silence() -> None:
    desk = asked()
    desk.at(SILENT_UNTIL)
    target = LookedUp(target=MergeTarget(number="W2"))
    desk.do("merge_into", "supervisor", ticket="W2", looked_up=target)
    desk.later(days=1)
    assert desk.ticket.stage is Stage.AWAITING_CONSENT
