"""How a promise stands: its start, its due time, its ladder, what keeps it, what makes it void."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.civil_time import CHINA, MILLISECOND
from domain.policy import Policy
from domain.promises import HoldPeriod, Milestones, Standing, standings
from domain.refusals import Refused
from domain.vocabulary import HoldReason, Milestone, PromiseState
from runtime.policy_files import PolicyShelf
from runtime.settings import settings as runtime_settings
from tests.unit.slow_model import DAY, SlowClock, Stretch, minute_of, minutes_in, moment

START = datetime(2026, 3, 2, 9, 0, tzinfo=CHINA)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
CALENDARS = {
    "office": {"kind": "opening_hours", "daily": ["08:00-18:00"]},
    "calling": {"kind": "opening_hours", "daily": ["09:00-20:00"]},
}
TWO_HOURS = {"starts": "reported", "met_by": "resolved", "within": "2 hours"}


@pytest.fixture(scope="module")
def shelf() -> PolicyShelf:
    return PolicyShelf(runtime_settings().policies_dir)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def one_promise(**promise: Any) -> Policy:
    """A policy of one promise: two hours from the report, unless said otherwise."""
    entry = {"id": "tried", "clauses": ["X-1"], "says": "试一试", **TWO_HOURS, **promise}
    if "by" in promise:
        del entry["within"]
    return Policy.model_validate(
        {"name": "tried", "title": "试用政策", "calendars": CALENDARS, "promises": [entry]}
    )


def came(**milestones: datetime | Sequence[datetime]) -> Milestones:
    return {
        Milestone(name): [times] if isinstance(times, datetime) else list(times)
        for name, times in milestones.items()
    }


def hold(since: datetime, until: datetime | None = None, reason: str = "customer") -> HoldPeriod:
    return HoldPeriod(reason=HoldReason(reason), since=since, until=until)


def standing(
    policy: Policy,
    now: datetime,
    milestones: Milestones,
    *holds: HoldPeriod,
    closed_at: datetime | None = None,
    promise: str = "tried",
    **facts: Any,
) -> Standing:
    found = standings(policy, milestones, facts, holds, now, closed_at)
    return next(one for one in found if one.promise == promise)


def levels(one: Standing) -> dict[int, datetime]:
    return {step.level: step.at for step in one.moments}


# --- at the due time ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after_due", "state"),
    [
        (-MILLISECOND, PromiseState.RUNNING),
        (timedelta(0), PromiseState.RUNNING),
        (MILLISECOND, PromiseState.MISSED),
    ],
)
def test_it_runs_up_to_and_at_due_and_is_missed_a_millisecond_later(
    after_due: timedelta, state: PromiseState
) -> None:
    due = START + 2 * HOUR
    stood = standing(one_promise(), due + after_due, came(reported=START))
    assert (stood.state, stood.due, stood.late_seconds) == (state, due, None)


@pytest.mark.parametrize(
    ("after_due", "state", "late"),
    [
        (-MILLISECOND, PromiseState.MET, None),
        (timedelta(0), PromiseState.MET, None),
        (MILLISECOND, PromiseState.MISSED, 0),
        (90 * MINUTE, PromiseState.MISSED, 5400),
    ],
)
def test_met_at_due_is_kept_and_later_is_missed_with_its_lateness(
    after_due: timedelta, state: PromiseState, late: int | None
) -> None:
    stop = START + 2 * HOUR + after_due
    stood = standing(one_promise(), stop + HOUR, came(reported=START, resolved=stop))
    assert (stood.state, stood.met_at, stood.late_seconds) == (state, stop, late)
    assert stood.stopped_at == stop


def test_a_stop_before_the_start_keeps_it_met_at_the_start() -> None:
    stood = standing(one_promise(), START, came(reported=START, resolved=START - HOUR))
    assert (stood.state, stood.met_at) == (PromiseState.MET, START)


def test_what_comes_after_now_has_not_happened_yet() -> None:
    milestones = came(reported=START, resolved=START + HOUR)
    early = standing(one_promise(), START + HOUR - MILLISECOND, milestones)
    assert (early.state, early.met_at) == (PromiseState.RUNNING, None)
    assert standing(one_promise(), START + HOUR, milestones).state is PromiseState.MET


def test_without_its_start_it_is_pending() -> None:
    stood = standing(one_promise(), START, came(resolved=START))
    assert (stood.state, stood.due, stood.moments) == (PromiseState.PENDING, None, ())


def test_either_of_two_keeps_an_or_deadline_the_earlier_one() -> None:
    policy = one_promise(met_by=["resolved", "loaner_delivered"])
    milestones = came(
        reported=START, loaner_delivered=START + HOUR, resolved=START + timedelta(days=4)
    )
    stood = standing(policy, START + timedelta(days=5), milestones)
    assert (stood.state, stood.met_at) == (PromiseState.MET, START + HOUR)


def test_the_remedy_starts_its_lead_before_due() -> None:
    policy = one_promise(within="2 days", remedy={"provide": "loaner", "lead": "24 hours"})
    stood = standing(policy, START, came(reported=START))
    assert (stood.due, stood.remedy_at) == (at("2026-03-05T00:00"), at("2026-03-04T00:00"))


def test_a_condition_that_does_not_hold_leaves_it_out_or_with_all_void() -> None:
    policy = one_promise(when={"severity": "severe"})
    assert standings(policy, came(reported=START), {}, (), START) == ()
    (void,) = standings(policy, came(reported=START), {}, (), START, all=True)
    assert (void.state, void.due) == (PromiseState.VOID, None)
    with pytest.raises(Refused):
        standings(policy, came(reported=START), {"severity": "dreadful"}, (), START)


# --- which start, which stop ----------------------------------------------------------------------


def test_the_first_start_counts_in_whatever_order_they_came() -> None:
    milestones = came(reported=[START + HOUR, START, START + 3 * HOUR])
    stood = standing(one_promise(), START + HOUR, milestones)
    assert (stood.starts_at, stood.occurrence) == (START, 1)


def test_last_counts_the_latest_start_and_forgets_the_stops_before_it() -> None:
    policy = one_promise(starts="last visit_ended", met_by="order_returned")
    once = came(visit_ended=START, order_returned=START + HOUR)
    assert standing(policy, START + HOUR, once).state is PromiseState.MET
    again = START + 24 * HOUR
    twice = {**once, Milestone.VISIT_ENDED: [START, again]}
    stood = standing(policy, again + MINUTE, twice)
    assert (stood.state, stood.occurrence) == (PromiseState.RUNNING, 2)
    assert (stood.starts_at, stood.due) == (again, again + 2 * HOUR)
    back = {**twice, Milestone.ORDER_RETURNED: [START + HOUR, again + HOUR]}
    assert standing(policy, again + HOUR, back).met_at == again + HOUR


def test_last_of_several_is_the_latest_of_them_all() -> None:
    policy = one_promise(starts="last [signed_off, guided]", met_by="followed_up")
    milestones = came(guided=START, signed_off=[START + HOUR, START + 5 * HOUR])
    stood = standing(policy, START + 6 * HOUR, milestones)
    assert (stood.starts_at, stood.occurrence) == (START + 5 * HOUR, 3)


# --- void -----------------------------------------------------------------------------------------


def test_void_by_a_milestone_while_it_runs() -> None:
    policy = one_promise(met_by="called_back", void_by="resolved")
    milestones = came(reported=START, resolved=START + HOUR, called_back=START + 90 * MINUTE)
    stood = standing(policy, START + 5 * HOUR, milestones)
    assert (stood.state, stood.met_at) == (PromiseState.VOID, None)
    assert stood.stopped_at == START + HOUR


def test_a_stop_in_the_same_instant_as_the_end_keeps_it() -> None:
    policy = one_promise(met_by="called_back", void_by="resolved")
    milestones = came(reported=START, resolved=START + HOUR, called_back=START + HOUR)
    assert standing(policy, START + HOUR, milestones).state is PromiseState.MET


def test_missed_then_void_stays_missed_and_climbs_no_further() -> None:
    policy = one_promise(met_by="called_back", void_by="resolved")
    milestones = came(reported=START, resolved=START + 2.5 * HOUR)
    stood = standing(policy, START + 9 * HOUR, milestones)
    assert (stood.state, stood.met_at) == (PromiseState.MISSED, None)
    assert stood.stopped_at == START + 2.5 * HOUR
    assert [level for level, reached in levels(stood).items() if reached < stood.stopped_at] == [
        0,
        1,
    ]


def test_the_end_of_the_ticket_voids_what_runs_and_stops_what_was_missed() -> None:
    closed_at = START + HOUR
    stood = standing(one_promise(), START + 9 * HOUR, came(reported=START), closed_at=closed_at)
    assert (stood.state, stood.stopped_at) == (PromiseState.VOID, closed_at)
    before = standing(one_promise(), START + MINUTE, came(reported=START), closed_at=closed_at)
    assert (before.state, before.stopped_at) == (PromiseState.RUNNING, None)
    late = START + 3.5 * HOUR
    missed = standing(one_promise(), START + 9 * HOUR, came(reported=START), closed_at=late)
    assert (missed.state, missed.stopped_at) == (PromiseState.MISSED, late)


# --- the ladder, and pauses -----------------------------------------------------------------------


def test_the_ladder_is_in_percent_of_the_time_from_start_to_due() -> None:
    stood = standing(one_promise(), START, came(reported=START))
    assert levels(stood) == {
        0: START + 1.5 * HOUR,
        1: START + 2 * HOUR,
        2: START + 3 * HOUR,
        3: START + 4 * HOUR,
    }


def test_the_ladder_counts_on_the_promises_own_calendar() -> None:
    stood = standing(one_promise(calendar="office"), START, came(reported=at("2026-03-02T17:00")))
    assert levels(stood) == {
        0: at("2026-03-03T08:30"),
        1: at("2026-03-03T09:00"),
        2: at("2026-03-03T10:00"),
        3: at("2026-03-03T11:00"),
    }


def test_a_due_time_in_shut_hours_is_its_own_first_level() -> None:
    policy = one_promise(by=["same day 20:00", "next day 10:00"], calendar="office")
    stood = standing(policy, START, came(reported=START))
    assert levels(stood) == {
        0: at("2026-03-02T15:45"),
        1: at("2026-03-02T20:00"),
        2: at("2026-03-03T12:30"),
        3: at("2026-03-03T17:00"),
    }


def test_a_pause_across_the_warning_puts_it_off_and_does_not_lose_it() -> None:
    policy = one_promise(pauses_on="customer")
    across = hold(START + 80 * MINUTE, START + 140 * MINUTE)
    stood = standing(policy, START + 150 * MINUTE, came(reported=START), across)
    assert levels(stood) == {
        0: START + 2.5 * HOUR,
        1: START + 3 * HOUR,
        2: START + 4 * HOUR,
        3: START + 5 * HOUR,
    }


def test_a_pause_after_due_puts_off_the_levels_that_are_still_ahead() -> None:
    policy = one_promise(pauses_on="customer")
    stood = standing(
        policy,
        START + 9 * HOUR,
        came(reported=START),
        hold(START + 2.5 * HOUR, START + 3.5 * HOUR),
    )
    assert stood.due == START + 2 * HOUR
    assert levels(stood)[2] == START + 4 * HOUR
    assert levels(stood)[3] == START + 5 * HOUR


def test_while_paused_it_says_so_and_due_moves_with_now() -> None:
    policy = one_promise(pauses_on="customer")
    waiting = hold(START + HOUR)
    for hours in (2, 5, 30):
        stood = standing(policy, START + hours * HOUR, came(reported=START), waiting)
        assert stood.state is PromiseState.PAUSED
        assert stood.due == START + (hours + 1) * HOUR


def test_parts_never_pause_unless_the_promise_says_so() -> None:
    parts = hold(START + HOUR, reason="parts")
    stood = standing(
        one_promise(pauses_on="customer"), START + 3 * HOUR, came(reported=START), parts
    )
    assert (stood.state, stood.due) == (PromiseState.MISSED, START + 2 * HOUR)


def test_a_pause_outside_the_hours_adds_nothing() -> None:
    policy = one_promise(calendar="office", pauses_on="customer")
    reported = at("2026-03-02T17:00")
    night = hold(at("2026-03-02T18:00"), at("2026-03-03T08:00"))
    stood = standing(policy, at("2026-03-03T08:30"), came(reported=reported), night)
    assert stood.due == at("2026-03-03T09:00")


def test_civil_days_are_put_off_by_the_paused_time() -> None:
    policy = one_promise(within="2 days", pauses_on="customer")
    pauses = (hold(START + HOUR, START + 2 * HOUR), hold(START + 1.5 * HOUR, START + 3 * HOUR))
    stood = standing(policy, START + 4 * HOUR, came(reported=START), *pauses)
    assert stood.due == at("2026-03-05T02:00")


WEEKS = {
    "always": [[(0, DAY)]] * 7,
    "office": [[(480, 1080)]] * 7,
}
steps = st.integers(0, 2 * DAY // 30).map(lambda step: step * 30)
pause_lists = st.lists(st.tuples(steps, steps).map(lambda pair: (min(pair), max(pair))), max_size=3)


@settings(deadline=None)
@given(st.sampled_from(sorted(WEEKS)), steps, st.integers(1, 20), pause_lists)
def test_due_and_ladder_are_the_slow_models(
    calendar: str, start: int, hours: int, paused: list[Stretch]
) -> None:
    policy = one_promise(within=f"{hours} hours", calendar=calendar, pauses_on="customer")
    holds = [hold(moment(begins), moment(ends)) for begins, ends in paused]
    stood = standing(policy, moment(9 * DAY), came(reported=moment(start)), *holds)
    clock, shut = SlowClock(WEEKS[calendar]), minutes_in(paused)
    assert {level: minute_of(reached) for level, reached in levels(stood).items()} == {
        level: clock.elapsed(start, hours * 60 * percent // 100, shut)
        for level, percent in ((0, 75), (1, 100), (2, 150), (3, 200))
    }


@settings(deadline=None)
@given(st.sampled_from(sorted(WEEKS)), steps, st.integers(1, 20), pause_lists)
def test_every_promise_is_kept_at_due_and_missed_a_millisecond_later(
    calendar: str, start: int, hours: int, paused: list[Stretch]
) -> None:
    policy = one_promise(within=f"{hours} hours", calendar=calendar, pauses_on="customer")
    holds = [hold(moment(begins), moment(ends)) for begins, ends in paused]
    reported = came(reported=moment(start))
    due = standing(policy, moment(9 * DAY), reported, *holds).due
    assert due is not None
    at_due = standing(policy, moment(9 * DAY), {**reported, **came(resolved=due)}, *holds)
    assert at_due.state is PromiseState.MET
    late = came(resolved=due + MILLISECOND)
    assert standing(policy, moment(9 * DAY), {**reported, **late}, *holds).state == "missed"


# --- due times on the clock -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ended", "due"),
    [
        ("2026-03-07T17:59", "2026-03-07T18:00"),
        ("2026-03-07T18:00", "2026-03-08T10:00"),
        ("2026-03-07T18:01", "2026-03-08T10:00"),
        ("2026-03-08T00:30", "2026-03-08T18:00"),
    ],
)
def test_d1_10a_an_order_comes_back_by_18_that_day_or_by_10_the_next(
    shelf: PolicyShelf, ended: str, due: str
) -> None:
    stood = standing(
        shelf.get("doors_windows"),
        at(ended),
        came(visit_ended=at(ended)),
        promise="order_return",
    )
    assert stood.due == at(due)


@pytest.mark.parametrize(
    ("signed", "due"),
    [
        ("2026-03-02T15:00", "2026-03-03T15:00"),
        ("2026-03-02T20:00", "2026-03-03T20:00"),
        ("2026-03-02T21:00", "2026-03-04T09:00"),
        ("2026-03-02T06:00", "2026-03-03T09:00"),
    ],
)
def test_a_due_time_is_moved_into_the_hours(signed: str, due: str) -> None:
    policy = one_promise(starts="signed_off", within="24 hours", move_into="calling")
    assert standing(policy, at(signed), came(signed_off=at(signed))).due == at(due)


def test_a_pause_that_pushes_due_out_of_the_hours_moves_it_in_again() -> None:
    policy = one_promise(
        starts="signed_off", within="24 hours", move_into="calling", pauses_on="customer"
    )
    signed = at("2026-03-02T19:00")
    waiting = hold(at("2026-03-03T10:00"), at("2026-03-03T13:00"))
    stood = standing(policy, at("2026-03-03T14:00"), came(signed_off=signed), waiting)
    assert stood.due == at("2026-03-04T09:00")


# --- where the calendar ends ----------------------------------------------------------------------


def disputed(shelf: PolicyShelf, when: str, now: str) -> Standing:
    policy = shelf.get("doors_windows")
    return standing(policy, at(now), came(disputed=at(when)), promise="dispute_ruling")


def test_a_workday_beyond_the_known_year_is_not_guessed(shelf: PolicyShelf) -> None:
    stood = disputed(shelf, "2026-12-31T10:00", "2026-12-31T11:00")
    assert (stood.state, stood.due) == (PromiseState.RUNNING, None)
    assert (stood.moments, stood.unknown_from) == ((), date(2027, 1, 1))


def test_a_ladder_that_leaves_the_known_year_keeps_its_due_and_what_it_knows(
    shelf: PolicyShelf,
) -> None:
    stood = disputed(shelf, "2026-12-30T10:00", "2026-12-31T11:00")
    assert (stood.state, stood.due) == (PromiseState.RUNNING, at("2027-01-01T00:00"))
    assert (list(levels(stood)), stood.unknown_from) == ([0, 1], date(2027, 1, 1))
    assert disputed(shelf, "2026-12-30T10:00", "2027-01-01T00:01").state is PromiseState.MISSED


def test_a_dispute_before_a_holiday_is_ruled_on_after_it(shelf: PolicyShelf) -> None:
    assert disputed(shelf, "2026-09-30T10:00", "2026-09-30T11:00").due == at("2026-10-09T00:00")
    assert disputed(shelf, "2026-10-09T10:00", "2026-10-09T11:00").due == at("2026-10-11T00:00")
