"""What the passing of time records on a ticket, to the millisecond."""

from datetime import timedelta

import pytest

from domain.civil_time import MILLISECOND
from domain.escalation import next_wake, standings_of
from domain.events import Changes
from domain.policy import Policy
from domain.settling import settle
from domain.vocabulary import Milestone, PromiseState
from runtime.policy_files import PolicyShelf
from runtime.settings import Settings
from tests.unit.acting import MONDAY, Desk, promised, small_policy

DUE = MONDAY + timedelta(minutes=30)


def registered_in_half_an_hour() -> Policy:
    promise = {
        "id": "register",
        "clauses": ["X-1"],
        "says": "三十分钟内登记",
        "starts": "reported",
        "met_by": "registered",
        "within": "30 minutes",
    }
    small = small_policy().model_dump(mode="json")
    return Policy.model_validate({**small, "promises": [promise]})


@pytest.mark.parametrize(
    ("after_due", "state", "kind"),
    [
        (timedelta(0), PromiseState.MET, "promise_met"),
        (MILLISECOND, PromiseState.MISSED, "promise_met_late"),
        (timedelta(seconds=90), PromiseState.MISSED, "promise_met_late"),
    ],
)
def test_a_millisecond_late_is_missed_and_stays_missed(
    after_due: timedelta, state: PromiseState, kind: str
) -> None:
    desk = Desk(registered_in_half_an_hour())
    desk.now = DUE + after_due
    desk.register()
    (stood,) = standings_of(desk.ticket, desk.policy, desk.now)
    assert (stood.state, stood.due) == (state, DUE)
    assert [one.kind for one in desk.case.events if one.kind.startswith("promise_met")] == [kind]
    missed = [one.level for one in desk.ticket.firings if one.level == 1]
    assert missed == ([] if state is PromiseState.MET else [1])


def test_the_clock_is_armed_a_millisecond_past_each_step_of_the_ladder() -> None:
    desk = Desk(registered_in_half_an_hour())
    seen = []
    while (wake := next_wake(desk.case, desk.now)) is not None:
        seen.append((wake.at - MONDAY - MILLISECOND) / timedelta(minutes=1))
        desk.later(seconds=(wake.at - desk.now).total_seconds())
    assert seen == [22.5, 30, 45, 60]
    assert [one.level for one in desk.ticket.firings] == [0, 1, 2, 3]


def test_a_cancelled_ticket_owes_nothing_but_its_order() -> None:
    desk = Desk(PolicyShelf(Settings().policies_dir).get("doors_windows"))
    desk.register()
    desk.visit(until="arrive")
    desk.do("cancel", "supervisor", reason="用户不修了")
    told = len(desk.ticket.firings)
    desk.later(days=5)
    after = [firing.promise for firing in desk.ticket.firings[told:]]
    assert set(after) == {"order_return"}


def test_a_miss_is_not_unsaid_by_doing_the_work_at_last() -> None:
    desk = Desk(PolicyShelf(Settings().policies_dir).get("doors_windows"))
    desk.register()
    desk.visit(until="start_work")
    desk.do("leave_unfinished", "technician", "T01", reason="缺配件")
    desk.later(days=4)
    desk.visit()
    missed = [one for one in desk.ticket.firings if one.promise == "rearrange_unfinished"]
    assert [one.level for one in missed] == [0, 1, 2, 3]
    assert not any(one.withdrawn for one in missed)


def test_an_objective_that_is_missed_is_written_down_at_its_moment_and_nobody_is_told() -> None:
    promised = registered_in_half_an_hour().model_dump(mode="json")
    aim = {**promised["promises"][0], "objective": True, "escalate": "none"}
    desk = Desk(Policy.model_validate({**promised, "promises": [aim]}))
    wake = next_wake(desk.case, desk.now)
    assert wake is not None
    assert wake.at == DUE + MILLISECOND
    desk.later(seconds=(wake.at - desk.now).total_seconds())
    missed = [one for one in desk.ticket.firings if one.silent]
    assert [(one.level, one.due) for one in missed] == [(1, DUE)]
    told = [one for one in desk.case.events if one.details.get("about") == "promise_missed"]
    assert told == []
    assert next_wake(desk.case, desk.now) is None


def test_a_report_that_moves_back_once_the_ticket_is_over_warns_nobody() -> None:
    fix = promised("fix", within="8 hours")
    desk = Desk(small_policy(fix))
    desk.register()
    desk.later(hours=1)
    desk.do("cancel", "supervisor", reason="不修了")
    earlier = {Milestone.REPORTED: MONDAY - timedelta(hours=5.5)}
    moved = desk.case.record("reported", desk.now, changes=Changes(milestones=earlier))
    desk.case = settle(moved, desk.now + timedelta(hours=1))
    (stood,) = standings_of(desk.ticket, desk.policy, desk.now)
    assert stood.state is PromiseState.VOID
    assert stood.moments[0].at < desk.now
    assert desk.ticket.firings == ()
