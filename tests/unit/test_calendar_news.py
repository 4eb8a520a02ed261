"""A year's workdays become known while a ticket is open: what could not be planned is planned."""

from datetime import date, timedelta
from typing import Any

import pytest

from domain.calendar_news import CalendarDates, dates_after, extended
from domain.calendars import Workdays
from domain.civil_time import MILLISECOND, start_of_day
from domain.commands import LookedUp
from domain.escalation import standings_of
from domain.evolving import fold
from domain.policy import Policy
from domain.settling import next_wake, settle
from domain.steps.calendars import extend_calendar
from domain.vocabulary import PromiseState
from tests.unit.acting import MONDAY, Desk, promised, small_policy

KNOWN = date(2026, 3, 4)
LATER = date(2026, 12, 31)


def workdays(until: date, *, since: date = date(2026, 1, 1), **days: Any) -> Workdays:
    return Workdays.model_validate(
        {
            "kind": "workdays",
            "source": [f"{since}起、{until}止的通知"],
            "known_from": since,
            "known_until": until,
            "holidays": (),
            "makeup_workdays": (),
            **days,
        }
    )


def in_five_workdays() -> Policy:
    """Reported on Monday the 2nd; what is known ends on Wednesday."""
    fix = promised("fix", within="5 workdays", calendar="office")
    small = small_policy().model_dump(mode="json")
    calendars = {"office": workdays(KNOWN).model_dump(mode="json")}
    return Policy.model_validate({**small, "calendars": calendars, "promises": [fix]})


def news(calendar: Workdays | None = None, name: str = "office") -> CalendarDates:
    return CalendarDates(name=name, dates=calendar or workdays(LATER))


@pytest.fixture
def desk() -> Desk:
    desk = Desk(in_five_workdays())
    desk.register()
    return desk


def due_day(desk: Desk) -> date | None:
    [fix] = standings_of(desk.ticket, desk.case.policy, desk.now)
    return fix.due.date() if fix.due else None


def test_past_what_is_known_there_is_no_due_and_no_timer(desk: Desk) -> None:
    [fix] = standings_of(desk.ticket, desk.case.policy, desk.now)
    assert (fix.state, fix.due, fix.unknown_from) == (
        PromiseState.RUNNING,
        None,
        date(2026, 3, 5),
    )
    assert next_wake(desk.case, desk.now) is None


def test_once_the_dates_are_known_it_is_due_and_timed_by_them(desk: Desk) -> None:
    # Friday is a day off and Saturday is worked instead: the fifth workday is Monday all the same.
    dates = workdays(LATER, holidays=["2026-03-06"], makeup_workdays=["2026-03-07"])
    desk.case = settle(extend_calendar(desk.case, news(dates), desk.now), desk.now)
    assert due_day(desk) == date(2026, 3, 10)  # 24:00 of Monday the 9th
    assert next_wake(desk.case, desk.now) is not None
    [event] = desk.events("calendar_extended")
    assert event.details == {
        "name": "office",
        "known_until": "2026-12-31",
        "source": list(dates.source),
    }
    desk.at(start_of_day(date(2026, 3, 10)) + MILLISECOND)
    assert [one.level for one in desk.ticket.firings if one.level] == [1]


def test_told_again_or_told_what_it_knows_it_does_nothing(desk: Desk) -> None:
    once = extend_calendar(desk.case, news(), desk.now)
    assert extend_calendar(once, news(), desk.now) is once
    for useless in (
        news(workdays(KNOWN)),
        news(workdays(date(2026, 2, 1))),
        news(name="no_such_calendar"),
        news(workdays(LATER, since=date(2026, 3, 6))),  # the 5th would stay unknown
    ):
        assert extend_calendar(desk.case, useless, desk.now) is desk.case


def test_a_ticket_that_is_over_is_left_alone(desk: Desk) -> None:
    desk.do("cancel", "supervisor", reason="不修了")
    assert extend_calendar(desk.case, news(), desk.now) is desk.case


def test_the_events_alone_make_the_calendar_again(desk: Desk) -> None:
    desk.case = extend_calendar(desk.case, news(), desk.now)
    ticket = fold(desk.case.events)
    assert ticket == desk.ticket
    assert extended(in_five_workdays(), ticket.calendars) == desk.case.policy


def test_a_policy_adopted_later_knows_the_dates_as_well(desk: Desk) -> None:
    desk.case = extend_calendar(desk.case, news(), desk.now)
    older = in_five_workdays().model_copy(update={"name": "other"})
    looked_up = LookedUp(policy=older, policy_version="0123456789ab")
    desk.do("adopt_policy", "manager", policy="other", reason="换合同", looked_up=looked_up)
    assert due_day(desk) == date(2026, 3, 10)
    assert desk.case.pinned["0123456789ab"] == older


def test_of_what_is_known_already_nothing_is_changed_by_a_newer_notice() -> None:
    known = in_five_workdays()
    dates = workdays(LATER, holidays=["2026-03-03", "2026-03-05..2026-03-06"])
    [calendar] = [
        one for one in extended(known, (news(dates),)).calendars.values() if one.kind == "workdays"
    ]
    assert isinstance(calendar, Workdays)
    assert calendar.is_workday(date(2026, 3, 3))
    assert not calendar.is_workday(date(2026, 3, 5))
    assert (calendar.known_from, calendar.known_until) == (date(2026, 1, 1), LATER)
    assert calendar.source == (*workdays(KNOWN).source, *dates.source)


def test_two_years_may_come_one_after_the_other(desk: Desk) -> None:
    next_year = workdays(date(2027, 12, 31), since=date(2026, 12, 1))
    desk.case = extend_calendar(desk.case, news(), desk.now)
    desk.case = extend_calendar(desk.case, news(next_year), desk.now)
    assert len(desk.events("calendar_extended")) == 2
    office = desk.case.policy.calendars["office"]
    assert isinstance(office, Workdays)
    assert office.known_until == date(2027, 12, 31)


def test_only_what_is_new_is_sent() -> None:
    full = workdays(LATER, holidays=["2026-01-01..2026-01-03", "2026-10-01..2026-10-07"])
    sent = dates_after(workdays(KNOWN), full)
    assert sent is not None
    assert (sent.known_from, sent.known_until) == (KNOWN + timedelta(days=1), LATER)
    assert sent.holidays == ("2026-10-01..2026-10-07",)
    assert dates_after(full, full) is None
    assert dates_after(workdays(KNOWN), workdays(LATER, since=date(2026, 4, 1))) is None
    assert MONDAY.date() < KNOWN
