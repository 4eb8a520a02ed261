"""The milestones of an appointment, of a wait for the weather, and of help from afar."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.escalation import standings_of
from domain.vocabulary import Milestone, PromiseState
from tests.unit.acting import MONDAY, Desk, promised, small_policy

HOUR = timedelta(hours=1)
TOMORROW = MONDAY + 24 * HOUR
TELL = promised(
    "weather_notice",
    starts="last held_for_weather",
    met_by="called_back",
    within="30 minutes",
    not_before={"milestone": "appointed", "lead": "2 hours"},
)


def window(begins: datetime) -> dict[str, Any]:
    return {"window": {"from": begins.isoformat(), "to": (begins + 2 * HOUR).isoformat()}}


def sent(begins: datetime | None = TOMORROW, *promises: dict[str, Any]) -> Desk:
    desk = Desk(small_policy(*promises))
    desk.register()
    desk.do("dispatch", "supervisor", **(window(begins) if begins else {}))
    return desk


def times(desk: Desk, milestone: Milestone) -> tuple[datetime, ...]:
    return desk.ticket.milestones.get(milestone, ())


def test_a_window_is_an_appointment_that_may_lie_ahead() -> None:
    assert times(sent(), Milestone.APPOINTED) == (TOMORROW,)
    assert times(sent(None), Milestone.APPOINTED) == ()


@pytest.mark.parametrize("moved", [TOMORROW + 5 * HOUR, TOMORROW - 5 * HOUR])
def test_a_visit_that_is_moved_has_one_appointment_the_new_one(moved: datetime) -> None:
    desk = sent()
    desk.do("dispatch", "supervisor", reason="客户改时间", **window(moved))
    assert times(desk, Milestone.APPOINTED) == (moved,)
    assert desk.ticket.visits[0].window is not None


def test_the_next_in_the_ring_comes_at_the_appointed_time() -> None:
    desk = sent()
    desk.do("decline", "technician", "T01", reason="请假")
    assert times(desk, Milestone.APPOINTED) == (TOMORROW,)
    assert len(desk.ticket.visits) == 2


def test_what_is_dated_after_the_fact_is_not_measured_by_an_appointment_ahead() -> None:
    desk = sent()
    for step in ("accept", "depart", "arrive"):
        desk.do(step, "technician", "T01", at=(desk.now - timedelta(seconds=1)).isoformat())
    assert times(desk, Milestone.ARRIVED) == (desk.now - timedelta(minutes=1, seconds=1),)


def test_bad_weather_is_a_milestone_once_for_each_wait() -> None:
    desk = sent()
    desk.do("hold", "agent", reason="weather")
    first = times(desk, Milestone.HELD_FOR_WEATHER)
    assert first == (desk.now - timedelta(minutes=1),)
    desk.do("hold", "agent", reason="weather", until=(desk.now + 5 * HOUR).isoformat())
    assert times(desk, Milestone.HELD_FOR_WEATHER) == first
    desk.do("hold", "agent", reason="customer")
    assert times(desk, Milestone.HELD_FOR_WEATHER) == first
    desk.do("resume", "agent", reason="weather")
    desk.do("hold", "agent", reason="weather")
    assert len(times(desk, Milestone.HELD_FOR_WEATHER)) == 2


@pytest.mark.parametrize(
    ("begins", "due_in"),
    [(TOMORROW, TOMORROW - 2 * HOUR), (MONDAY + HOUR, None), (None, None)],
)
def test_the_customer_hears_half_an_hour_after_the_wait_or_two_before_the_visit(
    begins: datetime | None, due_in: datetime | None
) -> None:
    desk = sent(begins, TELL)
    desk.do("hold", "agent", reason="weather")
    [held] = times(desk, Milestone.HELD_FOR_WEATHER)
    [notice] = standings_of(desk.ticket, desk.case.policy, desk.now)
    assert notice.due == (due_in or held + HOUR / 2)
    desk.do("call_back", "agent")
    [notice] = standings_of(desk.ticket, desk.case.policy, desk.now)
    assert notice.state is PromiseState.MET


def test_a_visit_moved_to_an_earlier_time_brings_the_notice_forward() -> None:
    desk = sent(TOMORROW, TELL)
    desk.do("hold", "agent", reason="weather")
    desk.do("dispatch", "supervisor", reason="提前", **window(TOMORROW - 6 * HOUR))
    [notice] = standings_of(desk.ticket, desk.case.policy, desk.now)
    assert notice.due == TOMORROW - 8 * HOUR


@pytest.mark.parametrize(
    ("fields", "reached", "kind"),
    [
        ({}, {Milestone.GUIDANCE_STARTED}, "guidance_started"),
        ({"way": "phone"}, {Milestone.GUIDANCE_STARTED}, "guidance_started"),
        (
            {"way": "remote"},
            {Milestone.GUIDANCE_STARTED, Milestone.REMOTE_STARTED},
            "guidance_started",
        ),
        ({"way": "proposal"}, {Milestone.PROPOSED}, "proposed"),
    ],
)
def test_help_from_afar_begins_what_it_is(
    fields: dict[str, str], reached: set[Milestone], kind: str
) -> None:
    desk = Desk()
    desk.register()
    known = set(desk.ticket.milestones)
    desk.do("start_guidance", "technician", "T01", **fields)
    assert set(desk.ticket.milestones) - known == reached
    [event] = desk.events(kind)
    assert event.details.get("way") == (None if fields.get("way") == "phone" else fields.get("way"))
