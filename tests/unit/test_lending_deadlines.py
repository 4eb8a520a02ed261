"""When a loaner must be back, and what happens when it is not."""

from datetime import datetime

import pytest

from domain.civil_time import MILLISECOND
from domain.lending.deadlines import loan_standings, next_wake_of
from domain.policy import Policy
from domain.vocabulary import LoanerState, Milestone, PromiseState
from tests.unit.lending import DAY, HOUR, RETURN, SMALL, SUPERVISOR, TECHNICIAN, lending

RECALLED = lending("recalled").loan.milestones[Milestone.LOANER_RECALLED][0]
DUE = RECALLED + 3 * DAY


@pytest.mark.parametrize(
    ("at", "kept", "state"),
    [
        (DUE - MILLISECOND, True, PromiseState.MET),
        (DUE, True, PromiseState.MET),
        (DUE + MILLISECOND, False, PromiseState.MISSED),
    ],
)
def test_exactly_at_due_is_kept(at: datetime, kept: bool, state: PromiseState) -> None:
    made = lending("recalled").at(at)
    assert made.state is (LoanerState.RECALLED if kept else LoanerState.OVERDUE)
    made.do("take_back", TECHNICIAN, condition="good")
    [promise] = loan_standings(made.loan, made.case.policy, made.now)
    assert promise.state is state
    assert ("promise_met" in made.kinds()) == kept
    assert ("promise_met_late" in made.kinds()) != kept


def test_the_wake_is_a_millisecond_past_each_moment() -> None:
    made = lending("recalled")
    wakes = []
    while (wake := next_wake_of(made.case, made.now)) is not None:
        wakes.append(wake.at - RECALLED)
        made.at(wake.at)
    expected = [54 * HOUR, 72 * HOUR, 108 * HOUR, 144 * HOUR]
    assert wakes == [one + MILLISECOND for one in expected]
    assert [one.level for one in made.loan.firings] == [0, 1, 2, 3]
    told = [made.told(about) for about in ("promise_warned", "promise_missed")]
    assert told == [["agent"], ["supervisor"]]
    assert made.told("promise_escalated") == ["dept_head", "manager"]
    assert made.kinds().count("loaner_overdue") == 1


def test_in_quiet_hours_a_miss_is_recorded_and_told_when_they_are_over() -> None:
    """Due at 11:00, and nobody is told after ten; level 2 is due by a laxer clause of its own."""
    ladder = {
        "rungs": [
            {"level": 1, "percent": 100, "tell": "supervisor"},
            {"level": 2, "percent": 150, "tell": "dept_head"},
        ],
        "tell_within": "morning",
    }
    laxer = [{"level": 2, "within": "73 hours", "clauses": ["D4-B1"]}]
    promise = {**RETURN.model_dump(mode="json"), "laxer": laxer}
    policy = Policy.model_validate(
        {
            **SMALL.model_dump(mode="json"),
            "promises": [promise],
            "ladders": {"default": ladder},
            "calendars": {"morning": {"kind": "opening_hours", "daily": ["08:00-10:00"]}},
        }
    )
    made = lending("recalled", policy).at(DUE + MILLISECOND).at(DUE + HOUR + MILLISECOND)
    assert [one.clauses for one in made.loan.firings] == [("D5-A3.4.b",), ("D4-B1",)]
    told = [one for one in made.case.events if "not_before" in one.details]
    assert [one.at for one in told] == [DUE + MILLISECOND, DUE + HOUR + MILLISECOND]
    morning = (DUE + DAY).replace(hour=8, minute=0)
    assert {one.details["not_before"] for one in told} == {morning.isoformat()}


def test_a_return_that_is_written_down_late_undoes_the_miss() -> None:
    made = lending("recalled").at(DUE + HOUR)
    assert made.state is LoanerState.OVERDUE
    made.do("take_back", TECHNICIAN, condition="good", at=DUE.isoformat())
    assert made.state is LoanerState.RETURNED
    missed = [one for one in made.loan.firings if one.level == 1]
    assert [one.withdrawn for one in missed] == [True]


def test_a_loss_before_due_ends_the_promise_and_after_it_does_not_excuse() -> None:
    for point, state in (("recalled", PromiseState.VOID), ("overdue", PromiseState.MISSED)):
        made = lending(point).do("report_lost", SUPERVISOR, reason="找不到", charge_fen=1)
        [promise] = loan_standings(made.loan, made.case.policy, made.now)
        assert promise.state is state
        made.later(days=30)
        assert made.told("promise_escalated") == []
