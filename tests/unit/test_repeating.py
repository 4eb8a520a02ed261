"""Who is told again when nobody acts, when, how often, and when it stops."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.civil_time import MILLISECOND
from domain.events import Event
from domain.policy import Policy
from domain.settling import next_wake, settle
from domain.vocabulary import Milestone
from tests.unit.acting import MONDAY, Desk, promised, small_policy

HOUR = timedelta(hours=1)
DUE = MONDAY + 4 * HOUR
RUNGS = [
    {"level": 0, "percent": 75, "tell": "agent"},
    {"level": 1, "percent": 100, "tell": "supervisor"},
    {"level": 2, "percent": 200, "tell": "dept_head"},
]


def repeating(
    *,
    at_most: int = 2,
    tell_within: str | None = None,
    rungs: list[dict[str, Any]] = RUNGS,
    **promise: Any,
) -> Policy:
    """Repaired within four hours; whoever was told last is told again every hour."""
    small = small_policy(promised("fix", **{"within": "4 hours", **promise})).model_dump(
        mode="json"
    )
    ladder: dict[str, Any] = {"rungs": rungs, "repeat": {"every": "1 hour", "at_most": at_most}}
    if tell_within:
        ladder["tell_within"] = tell_within
    day = {"kind": "opening_hours", "daily": ["08:00-20:00"]}
    return Policy.model_validate(
        {**small, "calendars": {"day": day}, "ladders": {"default": ladder}}
    )


def registered(policy: Policy, **given: Any) -> Desk:
    desk = Desk(policy, **given)
    desk.register()
    return desk


def slept(desk: Desk, until: datetime) -> Desk:
    """Woken by the ticket's own timer at each of its moments, as the workflow is."""
    while (wake := next_wake(desk.case, desk.now)) is not None and wake.at <= until:
        assert wake.at > desk.now
        desk.now = wake.at
        desk.case = settle(desk.case, desk.now)
    desk.now = until
    desk.case = settle(desk.case, until)
    return desk


def again(desk: Desk) -> list[Event]:
    return [one for one in desk.events("notice_due") if one.details["about"] == "promise_repeated"]


def told_again(desk: Desk) -> list[tuple[Any, Any, timedelta]]:
    """To whom, for which time, and how long after due."""
    return [(one.details["to"], one.details["repeat"], one.at - DUE) for one in again(desk)]


def test_the_last_level_reached_is_told_again_and_no_more_often_than_it_says() -> None:
    desk = slept(registered(repeating()), DUE + 3 * HOUR + HOUR / 2)
    late = MILLISECOND
    assert told_again(desk) == [
        ("supervisor", 1, HOUR + late),
        ("supervisor", 2, 2 * HOUR + late),
    ]
    assert {one.details["level"] for one in again(desk)} == {1}


def test_a_higher_level_takes_over_and_is_told_again_itself() -> None:
    desk = slept(registered(repeating(at_most=3)), DUE + 30 * HOUR)
    late = MILLISECOND
    higher = [one for one in told_again(desk) if one[0] == "dept_head"]
    assert [one[2] for one in higher] == [(5 + n) * HOUR + late for n in range(3)]
    lower = [one for one in told_again(desk) if one[0] == "supervisor"]
    assert [one[2] for one in lower] == [(1 + n) * HOUR + late for n in range(3)]
    assert next_wake(desk.case, desk.now) is None


@pytest.mark.parametrize(
    ("role", "heard"),
    [
        ("agent", False),
        ("technician", False),
        ("quality", False),
        ("customer", False),
        ("supervisor", True),
        ("dept_head", True),
        ("manager", True),
    ],
)
def test_it_is_told_again_until_somebody_of_that_role_or_a_higher_one_acts(
    role: str, heard: bool
) -> None:
    desk = slept(registered(repeating()), DUE + HOUR / 2)
    desk.do("note", role, text="知道了")
    assert bool(again(slept(desk, DUE + 2 * HOUR))) is not heard


def test_who_acted_before_being_told_has_not_heard() -> None:
    desk = registered(repeating())
    desk.do("note", "supervisor", text="还早")
    assert told_again(slept(desk, DUE + HOUR + HOUR / 2))[0][:2] == ("supervisor", 1)


def test_acting_after_the_first_repeat_stops_the_rest() -> None:
    desk = slept(registered(repeating(at_most=5)), DUE + HOUR + HOUR / 2)
    desk.do("note", "supervisor", text="在路上")
    assert len(again(slept(desk, DUE + 3 * HOUR))) == 1


def test_what_is_done_at_last_is_not_told_again() -> None:
    desk = registered(repeating(at_most=5))
    desk.visit(until="start_work")
    slept(desk, DUE + HOUR / 2)
    desk.do("finish", "technician", "T01")
    assert not again(slept(desk, DUE + 3 * HOUR))


def test_a_cancelled_ticket_tells_nobody_again() -> None:
    desk = slept(registered(repeating(at_most=5, outlives_ticket=True)), DUE + HOUR / 2)
    desk.do("cancel", "supervisor", reason="不修了")
    assert not again(slept(desk, DUE + 30 * HOUR))
    assert next_wake(desk.case, desk.now) is None


def test_a_promise_that_waits_is_not_told_again_and_the_wait_does_not_count() -> None:
    desk = slept(registered(repeating(pauses_on="customer")), DUE + HOUR / 2)
    desk.do("hold", "agent", reason="customer")
    begins = desk.now
    slept(desk, DUE + 9 * HOUR)
    assert not again(desk)
    assert next_wake(desk.case, desk.now) is None
    desk.do("resume", "agent")
    waited = desk.now - begins
    slept(desk, DUE + 11 * HOUR)
    assert told_again(desk)[0] == ("supervisor", 1, HOUR + waited + MILLISECOND)


def test_a_ticket_of_an_earlier_procedure_wakes_as_it_always_did() -> None:
    waits = {}
    for procedure in (2, 3):
        desk = registered(repeating(pauses_on="customer"), procedure=procedure)
        slept(desk, DUE + HOUR / 2)
        desk.do("hold", "agent", reason="customer")
        waits[procedure] = next_wake(desk.case, desk.now)
    assert waits[2] is not None
    assert waits[3] is None


def test_the_night_puts_off_the_telling_and_not_the_record() -> None:
    policy = repeating(tell_within="day", starts="last called_back", within="5 hours")
    desk = registered(policy)
    desk.now = MONDAY + 8 * HOUR  # 17:00: due at 22:00, told at 08:00 of the next day
    desk.do("call_back", "agent")
    due = desk.ticket.milestones[Milestone.CALLED_BACK][-1] + 5 * HOUR
    slept(desk, due + 9 * HOUR)
    [miss] = [one for one in desk.ticket.firings if one.level == 1]
    assert miss.fired_at == due + MILLISECOND
    morning = MONDAY.replace(day=3, hour=8)
    [told] = [one for one in desk.events("notice_due") if one.details.get("level") == 1]
    assert told.at == miss.fired_at
    assert told.details["not_before"] == morning.isoformat()
    slept(desk, morning + HOUR + HOUR / 2)
    assert [one.at for one in again(desk)] == [morning + HOUR]


def test_a_repeat_that_would_fall_into_the_night_waits_for_the_morning() -> None:
    # Due at 18:30, told again at 19:30, and then at 08:00 and 09:00 of the next day.
    policy = repeating(at_most=3, rungs=RUNGS[:2], tell_within="day", within="570 minutes")
    desk = slept(registered(policy), MONDAY + 30 * HOUR)
    evening, late = MONDAY + 10 * HOUR + HOUR / 2, MILLISECOND
    morning = MONDAY.replace(day=3, hour=8)
    assert [one.at for one in again(desk)] == [evening + late, morning, morning + HOUR]
    assert all("not_before" not in one.details for one in again(desk))


def test_looking_late_tells_once_and_not_for_every_hour_that_was_missed() -> None:
    desk = registered(repeating(at_most=5))
    slept(desk, DUE + MILLISECOND)
    desk.now = DUE + 3 * HOUR + HOUR / 2
    desk.case = settle(desk.case, desk.now)
    assert len(again(desk)) == 1
    wake = next_wake(desk.case, desk.now)
    assert wake is not None
    assert wake.at == DUE + 4 * HOUR + MILLISECOND  # the next level comes before the next repeat


def test_a_miss_that_was_taken_back_and_came_true_again_goes_on_counting() -> None:
    desk = registered(repeating(at_most=2, when={"urgent": True}))
    desk.do("amend", "agent", field="urgent", value=True)
    slept(desk, DUE + HOUR + HOUR / 2)
    assert len(again(desk)) == 1
    desk.do("amend", "agent", field="urgent", value=False)
    assert any(one.withdrawn for one in desk.ticket.firings)
    slept(desk, DUE + 2 * HOUR + HOUR / 2)
    assert len(again(desk)) == 1
    desk.do("amend", "agent", field="urgent", value=True)
    first = [one for one in desk.events("notice_due") if one.details["about"] == "promise_missed"]
    assert len(first) == 1
    slept(desk, DUE + 3 * HOUR + HOUR / 2)
    assert [one.details["repeat"] for one in again(desk)] == [1, 2]
