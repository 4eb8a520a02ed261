"""A ticket is put under another policy: worked out again, nothing lost, nobody told twice."""

from datetime import timedelta
from typing import Any

import pytest

from domain.civil_time import MILLISECOND
from domain.commands import LookedUp
from domain.escalation import standings_of
from domain.evolving import fold
from domain.policy import Policy
from domain.promises import Standing
from domain.refusals import RefusalType
from domain.settling import next_wake
from domain.terms import Coverage, CoverageKind, WarrantyTerms
from domain.vocabulary import LoanerState, PromiseState, PurchaseDate, Stage, Warranty
from tests.unit.acting import MONDAY, OLD, WINDOW, Desk, attempted, promised, refused, small_policy

HOUR = timedelta(hours=1)
OWN = (promised("call", met_by="called_back", within="2 hours"), promised("fix", within="8 hours"))


def other(*promises: dict[str, Any], **procedure: Any) -> Policy:
    return small_policy(*promises, **procedure).model_copy(update={"name": "other"})


def registered(*promises: dict[str, Any], **given: Any) -> Desk:
    desk = Desk(small_policy(*(promises or OWN)))
    desk.register(**given)
    return desk


def adopt(desk: Desk, policy: Policy, **fields: Any) -> Desk:
    given = {"policy": policy.name, "reason": "换了合同", **fields}
    looked_up = LookedUp(policy=policy, policy_version=policy.version)
    desk.do("adopt_policy", "manager", "许总", looked_up=looked_up, **given)
    return desk


def standing(desk: Desk, promise: str) -> Standing:
    return next(
        one
        for one in standings_of(desk.ticket, desk.case.policy, desk.now)
        if one.promise == promise
    )


def test_the_manager_adopts_it_for_a_reason_and_the_ledger_says_from_what_to_what() -> None:
    desk, policy = registered(), other(*OWN)
    before = f"{desk.ticket.policy} {desk.ticket.policy_version}"
    adopt(desk, policy)
    assert (desk.ticket.policy, desk.ticket.policy_version) == ("other", policy.version)
    [event] = desk.events("policy_adopted")
    assert (event.details["from"], event.details["version"]) == (before, policy.version)
    assert event.by is not None
    assert event.by.name == "许总"
    assert desk.case.pinned[policy.version] == policy
    assert fold(desk.case.events) == desk.ticket


@pytest.mark.parametrize(
    ("role", "fields", "looked_up", "word"),
    [
        ("supervisor", {"reason": "换"}, True, RefusalType.NOT_ALLOWED),
        ("manager", {}, True, RefusalType.INVALID_INPUT),
        ("manager", {"reason": "换"}, False, RefusalType.UNKNOWN_POLICY),
    ],
)
def test_who_may_and_what_must_be_said(
    role: str, fields: dict[str, Any], looked_up: bool, word: RefusalType
) -> None:
    desk, policy = registered(), other(*OWN)
    found = LookedUp(policy=policy) if looked_up else LookedUp()
    assert refused(desk, "adopt_policy", role, policy="other", looked_up=found, **fields) is word


def test_its_own_policy_again_is_no_adoption_and_a_newer_version_of_it_is() -> None:
    desk = registered()
    found = LookedUp(policy=desk.policy)
    again = attempted(desk, "adopt_policy", "manager", policy="small", reason="换", looked_up=found)
    assert again is RefusalType.INVALID_INPUT
    newer = small_policy(promised("fix", within="9 hours"))
    assert adopt(desk, newer).ticket.policy_version == newer.version


def test_neither_before_it_is_registered_nor_after_its_end() -> None:
    desk, policy = Desk(small_policy(*OWN)), other(*OWN)
    asked: dict[str, Any] = {
        "policy": "other",
        "reason": "换",
        "looked_up": LookedUp(policy=policy),
    }
    assert refused(desk, "adopt_policy", "manager", **asked) is RefusalType.INVALID_TRANSITION
    desk.register()
    desk.do("cancel", "supervisor", reason="不修了")
    assert refused(desk, "adopt_policy", "manager", **asked) is RefusalType.TICKET_CLOSED


def test_promises_are_worked_out_again_from_the_report_and_pauses_stay() -> None:
    fix = promised("fix", within="8 hours", pauses_on="customer")
    desk = registered(fix)
    desk.do("hold", "agent", reason="customer")
    desk.later(hours=3)
    desk.do("resume", "agent")
    [hold] = desk.ticket.holds
    assert hold.until is not None
    adopt(desk, other(promised("fix", within="12 hours", pauses_on="customer")))
    due = MONDAY + 12 * HOUR + (hold.until - hold.since)
    assert standing(desk, "fix").due == due
    wake = next_wake(desk.case, desk.now)
    assert wake is not None
    assert wake.at == MONDAY + 9 * HOUR + (hold.until - hold.since) + MILLISECOND


def test_a_met_promise_stays_met_though_the_new_one_would_have_been_missed() -> None:
    desk = registered()
    desk.later(hours=1)
    desk.do("call_back", "agent")
    assert standing(desk, "call").state is PromiseState.MET
    adopt(desk, other(promised("call", met_by="called_back", within="5 minutes")))
    desk.later(hours=5)
    assert standing(desk, "call").state is PromiseState.MET
    assert [one.promise for one in desk.ticket.kept] == ["call"]
    assert not [one for one in desk.ticket.firings if one.promise == "call"]


def test_a_notice_sent_is_not_sent_again_and_what_no_longer_holds_is_taken_back() -> None:
    desk = registered()
    desk.later(hours=3)
    assert desk.told("promise_missed") == ["supervisor"]
    adopt(desk, other(promised("call", met_by="called_back", within="2 hours")))
    assert desk.told("promise_missed") == ["supervisor"]
    longer = other(promised("call", met_by="called_back", within="20 hours"))
    adopt(desk, longer)
    gone = [one.level for one in desk.ticket.firings if one.withdrawn and one.promise == "call"]
    assert sorted(gone) == [0, 1, 2]
    desk.later(hours=30)
    assert [one.level for one in desk.ticket.firings if not one.withdrawn] == [0, 1, 2]
    assert desk.told("promise_missed") == ["supervisor"]


def test_what_the_new_policy_would_have_had_done_by_now_is_missed_now() -> None:
    desk = registered()
    desk.later(minutes=30)
    adopt(desk, other(promised("come", met_by="arrived", within="20 minutes")))
    assert standing(desk, "come").state is PromiseState.MISSED
    assert desk.told("promise_missed") == ["supervisor"]


def without_warranty_of(months: int) -> Policy:
    coverage = Coverage(
        kind=CoverageKind.PARTS_AND_LABOUR,
        clauses=("D1-1",),
        months=months,
        starts=(PurchaseDate.ACCEPTED_ON,),
    )
    return other(*OWN).model_copy(update={"warranty": WarrantyTerms(coverages=(coverage,))})


def test_the_warranty_is_judged_again() -> None:
    desk = registered(device=OLD)
    assert desk.ticket.facts["in_warranty"] is False
    adopt(desk, without_warranty_of(60))
    assert desk.ticket.warranty is not None
    assert desk.ticket.warranty.in_warranty is Warranty.IN
    assert desk.ticket.facts["in_warranty"] is True


def test_a_warranty_that_a_person_decided_stands() -> None:
    desk = registered(device=OLD)
    desk.do("assess", "quality", in_warranty=False, basis="人为损坏")
    adopt(desk, without_warranty_of(60))
    assert desk.ticket.warranty is not None
    assert (desk.ticket.warranty.in_warranty, desk.ticket.warranty.basis) == (
        Warranty.OUT,
        "人为损坏",
    )


def test_a_ticket_that_must_be_priced_first_by_the_new_policy_goes_back_to_be_priced() -> None:
    desk = registered(device=OLD)
    assert desk.ticket.stage is Stage.DISPATCHING
    adopt(desk, other(*OWN, out_of_warranty="quote_first"))
    assert desk.ticket.stage is Stage.ASSESSING


def test_a_visit_and_a_loaner_that_is_asked_for_go_on() -> None:
    lend = {"provide": "loaner", "lead": "1 hour"}
    desk = registered(promised("lend", within="8 hours", remedy=lend), device=WINDOW)
    desk.visit(until="accept")
    desk.at(MONDAY + 7 * HOUR)
    assert desk.ticket.loaner is not None
    errands = desk.ticket.errands_sent
    adopt(desk, other(promised("lend_too", within="8 hours", remedy=lend)))
    desk.later(minutes=5)
    assert desk.ticket.stage is Stage.SCHEDULED
    assert [one.state for one in desk.ticket.loaners] == [LoanerState.REQUESTED]
    assert desk.ticket.errands_sent == errands


def test_an_objective_that_another_policy_promises_is_told_to_those_whom_it_names() -> None:
    aim = promised("fix", within="2 hours", objective=True, escalate="none")
    desk = registered(aim)
    desk.at(MONDAY + 3 * HOUR)
    [missed] = desk.ticket.firings
    assert missed.silent
    adopt(desk, other(promised("fix", within="2 hours")))
    told = [one for one in desk.events("notice_due") if one.details["about"] == "promise_missed"]
    assert [(one.details["to"], one.details["level"]) for one in told] == [("supervisor", 1)]
    assert [(one.level, one.silent) for one in desk.ticket.firings] == [(0, False), (1, False)]
    adopt(desk, desk.policy)
    adopt(desk, other(promised("fix", within="2 hours")))
    assert len(desk.events("notice_due")) == len(
        {str(one.details) for one in desk.events("notice_due")}
    )
