"""等待: each reason pauses what its policy says and nothing else, and whoever must be told is."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.civil_time import CHINA, MILLISECOND
from domain.escalation import standings_of
from domain.policy import Policy
from domain.promises import Standing
from domain.refusals import RefusalType
from domain.settling import next_wake
from domain.vocabulary import HoldReason, PromiseState
from tests.unit.acting import MONDAY, Desk, promised, refused, small_policy

INVALID = RefusalType.INVALID_INPUT
HOUR = timedelta(hours=1)
REPORTED = MONDAY


def pausing(*reasons: str, **terms: Any) -> Policy:
    return small_policy(promised("fix", within="8 hours", pauses_on=list(reasons), **terms))


def registered(policy: Policy) -> Desk:
    desk = Desk(policy)
    desk.register()
    return desk


def held(desk: Desk, reason: str, **fields: Any) -> Desk:
    desk.do("hold", "agent", "小何", reason=reason, **fields)
    return desk


def fix(desk: Desk) -> Standing:
    [found] = standings_of(desk.ticket, desk.policy, desk.now)
    return found


def due(desk: Desk) -> datetime:
    found = fix(desk).due
    assert found is not None
    return found


@pytest.mark.parametrize("reason", list(HoldReason))
@pytest.mark.parametrize("pauses", list(HoldReason))
def test_a_hold_pauses_the_promises_that_name_its_reason_and_no_other(
    reason: HoldReason, pauses: HoldReason
) -> None:
    desk = held(registered(pausing(pauses.value)).at(MONDAY + HOUR), reason.value)
    desk.at(MONDAY + 3 * HOUR)
    paused = reason is pauses
    assert fix(desk).state is (PromiseState.PAUSED if paused else PromiseState.RUNNING)
    desk.do("resume", "agent", "小何")
    assert due(desk) == REPORTED + (10 * HOUR if paused else 8 * HOUR)
    assert fix(desk).state is PromiseState.RUNNING


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("weather", ["customer", "technician"]),
        ("customer", ["technician"]),
        ("parts", ["customer", "supervisor"]),
        ("dispute", ["quality"]),
        ("consent", ["customer"]),
    ],
)
def test_whoever_must_know_is_told_at_its_begin_and_its_end(reason: str, told: list[str]) -> None:
    desk = registered(pausing())
    desk.do("dispatch", "supervisor")
    held(desk, reason)
    assert desk.told("held") == told
    desk.do("resume", "supervisor", "高主管")
    assert desk.told("resumed") == told


def test_with_nobody_on_the_way_no_technician_is_told() -> None:
    desk = held(registered(pausing()), "weather")
    assert desk.told("held") == ["customer"]


def test_a_hold_ends_by_itself_at_its_until_to_the_millisecond() -> None:
    desk = registered(pausing("weather"))
    until = MONDAY + 5 * HOUR
    held(desk, "weather", until=until.isoformat())
    wake = next_wake(desk.case, desk.now)
    assert wake is not None
    assert wake.at == until
    desk.at(until - MILLISECOND)
    assert len(desk.ticket.open_holds) == 1
    desk.at(until)
    assert desk.ticket.open_holds == ()
    assert desk.told("resumed") == ["customer"]
    paused = until - (MONDAY + timedelta(minutes=1))
    assert due(desk) == REPORTED + 8 * HOUR + paused


def test_a_timer_that_comes_late_adds_nothing_to_the_pause() -> None:
    desk = registered(pausing("weather"))
    until = MONDAY + 5 * HOUR
    held(desk, "weather", until=until.isoformat())
    desk.at(until + 2 * HOUR)
    assert due(desk) == REPORTED + 8 * HOUR + (until - (MONDAY + timedelta(minutes=1)))


def test_resumed_by_hand_before_its_until_it_is_over() -> None:
    desk = registered(pausing("weather"))
    held(desk, "weather", until=(MONDAY + 5 * HOUR).isoformat())
    desk.at(MONDAY + HOUR)
    desk.do("resume", "agent", "小何")
    desk.at(MONDAY + 6 * HOUR)
    assert desk.told("resumed") == ["customer"]
    assert due(desk) == REPORTED + 9 * HOUR - timedelta(minutes=1)


def test_asked_again_for_the_same_reason_its_end_is_set_anew() -> None:
    desk = registered(pausing("weather"))
    held(desk, "weather", until=(MONDAY + 2 * HOUR).isoformat())
    held(desk, "weather", until=(MONDAY + 4 * HOUR).isoformat())
    assert len(desk.ticket.holds) == 1
    held(desk, "weather")
    desk.at(MONDAY + 30 * HOUR)
    assert len(desk.ticket.open_holds) == 1


def test_two_at_once_add_up_without_counting_any_hour_twice() -> None:
    desk = held(registered(pausing("weather", "customer")).at(MONDAY + HOUR), "weather")
    held(desk.at(MONDAY + 2 * HOUR), "customer")
    assert refused(desk, "resume", "agent") is INVALID
    desk.at(MONDAY + 3 * HOUR).do("resume", "agent", reason="weather")
    assert fix(desk).state is PromiseState.PAUSED
    desk.at(MONDAY + 4 * HOUR).do("resume", "agent")
    assert due(desk) == REPORTED + 11 * HOUR
    held(desk.at(MONDAY + 5 * HOUR), "weather")
    desk.at(MONDAY + 6 * HOUR).do("resume", "agent")
    assert due(desk) == REPORTED + 12 * HOUR


def test_of_two_at_once_only_the_one_that_counts_pauses() -> None:
    desk = held(registered(pausing("customer")).at(MONDAY + HOUR), "parts")
    held(desk.at(MONDAY + 2 * HOUR), "customer")
    desk.at(MONDAY + 4 * HOUR).do("resume", "agent", reason="customer")
    assert due(desk) == REPORTED + 10 * HOUR
    assert [one.reason for one in desk.ticket.open_holds] == [HoldReason.PARTS]


def test_a_hold_across_the_warning_moves_the_warning_and_does_not_lose_it() -> None:
    desk = held(registered(pausing("weather")).at(MONDAY + 5 * HOUR), "weather")
    desk.at(MONDAY + 7 * HOUR)  # the warning would have been at 75 %, after six hours
    assert not desk.ticket.firings
    desk.do("resume", "agent")
    desk.at(MONDAY + 8 * HOUR)
    assert not desk.ticket.firings
    desk.at(MONDAY + 8 * HOUR + MILLISECOND)
    assert [(one.level, one.withdrawn) for one in desk.ticket.firings] == [(0, False)]
    desk.at(MONDAY + 10 * HOUR)
    assert len(desk.ticket.firings) == 1
    desk.at(MONDAY + 10 * HOUR + MILLISECOND)
    assert sorted(one.level for one in desk.ticket.firings) == [0, 1]


def test_a_hold_told_after_the_fact_withdraws_the_warning_that_it_disproves() -> None:
    desk = registered(pausing("weather")).at(MONDAY + 7 * HOUR)
    assert [one.level for one in desk.ticket.firings] == [0]
    held(desk, "weather", at=(MONDAY + 5 * HOUR).isoformat())
    assert [(one.level, one.withdrawn) for one in desk.ticket.firings] == [(0, True)]
    desk.at(MONDAY + 9 * HOUR).do("resume", "agent")
    desk.at(MONDAY + 11 * HOUR)
    assert [(one.level, one.withdrawn) for one in desk.ticket.firings] == [(0, False)]
    assert desk.told("promise_warned") == ["agent"]


def test_outside_opening_hours_a_hold_adds_nothing() -> None:
    owed = promised("fix", within="12 hours", pauses_on="customer", calendar="office")
    policy = Policy.model_validate(
        {
            **small_policy().model_dump(mode="json"),
            "calendars": {"office": {"kind": "opening_hours", "daily": ["08:00-18:00"]}},
            "promises": [owed],
        }
    )
    across = registered(policy)
    plain = due(across)
    assert plain == datetime(2026, 3, 3, 11, tzinfo=CHINA)
    held(across.at(datetime(2026, 3, 2, 16, tzinfo=CHINA)), "customer")
    across.at(datetime(2026, 3, 3, 9, tzinfo=CHINA)).do("resume", "agent")
    assert due(across) == plain + 3 * HOUR  # two in the evening, one in the morning
    night = held(registered(policy).at(datetime(2026, 3, 2, 19, tzinfo=CHINA)), "customer")
    night.at(datetime(2026, 3, 3, 7, tzinfo=CHINA)).do("resume", "agent")
    assert due(night) == plain


def test_a_second_hold_for_the_same_reason_is_a_second_hold() -> None:
    desk = held(registered(pausing("weather")), "weather")
    desk.do("resume", "agent")
    held(desk, "weather")
    desk.do("resume", "agent")
    assert len(desk.ticket.holds) == 2
    assert due(desk) == REPORTED + 8 * HOUR + timedelta(minutes=2)


def test_what_does_not_wait_is_not_resumed() -> None:
    desk = registered(pausing())
    assert refused(desk, "resume", "agent") is RefusalType.INVALID_TRANSITION
    held(desk, "parts")
    assert refused(desk, "resume", "agent", reason="weather") is RefusalType.INVALID_TRANSITION
    early = (desk.now - HOUR).isoformat()
    assert refused(desk, "resume", "agent", at=early) is INVALID


def test_waiting_stops_neither_the_work_nor_the_ticket() -> None:
    desk = held(registered(pausing()), "parts")
    desk.visit(until="start_work")
    assert [one.reason for one in desk.ticket.open_holds] == [HoldReason.PARTS]
    desk.do("cancel", "supervisor", reason="不修了")
    assert desk.ticket.open_holds == ()


def test_what_the_work_waited_for_is_over_with_the_work() -> None:
    desk = held(held(registered(pausing()), "parts"), "customer")
    desk.do("dispute", "agent", subject="fault", reason="各执一词")
    desk.visit()
    assert [one.reason for one in desk.ticket.open_holds] == [HoldReason.DISPUTE]


def test_ninety_days_of_waiting_leave_few_events() -> None:
    desk = held(registered(pausing("customer")), "customer")
    before = len(desk.case.events)
    for _ in range(90):
        desk.later(days=1)
    assert len(desk.case.events) == before
