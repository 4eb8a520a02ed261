"""What-if: a ticket under its own policy is what happened; under another, what would have been."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar_news import CalendarDates
from domain.calendars import Workdays
from domain.escalation import standings_of
from domain.policy import Policy
from domain.vocabulary import PromiseState
from domain.what_if import Edition, PastTicket, judge_past, lateness, past_ticket
from domain.what_if_tally import ABSENT, Tally
from tests.unit.acting import MONDAY, OLD, WINDOW, Desk, promised, small_policy

MET, MISSED = PromiseState.MET, PromiseState.MISSED
HOUR = timedelta(hours=1)


def desk_of(*promises: dict[str, Any]) -> Desk:
    return Desk(small_policy(*promises))


def past_of(desk: Desk) -> PastTicket:
    return past_ticket(desk.ticket, desk.now)


def own(desk: Desk) -> Edition:
    return Edition(desk.policy, desk.ticket.policy_version)


def other(*promises: dict[str, Any], **more: Any) -> Edition:
    policy = small_policy(*promises)
    return Edition.of(Policy.model_validate({**policy.model_dump(mode="json"), **more}))


def states(past: PastTicket, under: Edition) -> dict[str, PromiseState]:
    return {one.promise.id: one.state for one in judge_past(past, under)}


def repaired_after(hours: float, *promises: dict[str, Any]) -> Desk:
    desk = desk_of(*promises)
    desk.register(WINDOW)
    desk.later(hours=hours)
    desk.visit()
    return desk


FAST, SLOW = promised("fixed", within="2 hours"), promised("fixed", within="9 hours")


def test_under_its_own_policy_it_is_what_happened() -> None:
    desk = repaired_after(3, FAST, promised("seen", met_by="arrived", within="4 hours"))
    judged = judge_past(past_of(desk), own(desk))
    recorded = standings_of(desk.ticket, desk.policy, desk.now)
    assert [(one.promise.id, one.state, one.due, one.met_at) for one in judged] == [
        (one.promise, one.state, one.due, one.met_at) for one in recorded
    ]
    assert {one.state for one in judged} == {MET, MISSED}


def test_another_number_gives_another_answer() -> None:
    past = past_of(repaired_after(3, FAST))
    assert states(past, other(SLOW)) == {"fixed": MET}
    assert states(past, other(promised("fixed", within="1 hour"))) == {"fixed": MISSED}


def test_what_was_met_stays_met_under_its_own_policy_only() -> None:
    """A call found later puts the report earlier, so that the repair came too late for it."""
    desk = repaired_after(1.5, FAST)
    met_at = desk.now
    earlier = {
        name: tuple(one - HOUR for one in times) if name == "reported" else times
        for name, times in desk.ticket.milestones.items()
    }
    moved = desk.ticket.model_copy(update={"milestones": earlier})
    past = past_ticket(moved, met_at)
    assert states(past, own(desk)) == {"fixed": MET}
    again = Edition(desk.policy, "another")
    assert states(past, again) == {"fixed": MISSED}


IN = promised("free", when={"in_warranty": True}, within="4 hours")
OUT = promised("paid", when={"in_warranty": False}, within="4 hours")


def warranty(months: int) -> dict[str, Any]:
    coverage = {"kind": "parts_and_labour", "clauses": ["X"], "months": months}
    return {"coverages": [{**coverage, "starts": ["accepted_on"]}]}


def test_the_warranty_is_judged_again_by_the_other_policys_terms() -> None:
    desk = desk_of(IN, OUT)
    desk.register(OLD)
    past = past_of(desk)
    assert set(states(past, own(desk))) == {"paid"}
    assert set(states(past, other(IN, OUT, warranty=warranty(600)))) == {"free"}
    assert set(states(past, other(IN, OUT, warranty=warranty(1)))) == {"paid"}


def test_what_a_person_decided_of_the_warranty_is_carried_over() -> None:
    desk = desk_of(IN, OUT)
    desk.register(OLD)
    desk.do("assess", "quality", "质检老梁", in_warranty=True, basis="查到合同")
    assert set(states(past_of(desk), other(IN, OUT, warranty=warranty(1)))) == {"free"}


def test_a_ticket_that_was_never_registered_is_judged_by_what_it_has() -> None:
    desk = desk_of(FAST, IN, OUT)
    assert states(past_of(desk), other(SLOW, IN, OUT, warranty=warranty(600))) == {
        "fixed": PromiseState.RUNNING
    }


def workdays(known_until: str) -> Workdays:
    return Workdays(
        kind="workdays",
        source=("公告",),
        known_from=date(2026, 1, 1),
        known_until=date.fromisoformat(known_until),
        holidays=(),
        makeup_workdays=(),
    )


def test_under_its_own_policy_its_calendars_know_what_they_learned() -> None:
    """The promise reaches past the calendar, whose next days were told to the ticket later."""
    ruled = promised("fixed", within="3 workdays", calendar="workdays")
    written = small_policy().model_dump(mode="json")
    calendars = {"workdays": workdays("2026-03-03").model_dump(mode="json")}
    policy = Policy.model_validate({**written, "calendars": calendars, "promises": [ruled]})
    desk = Desk(policy)
    learned = CalendarDates(name="workdays", dates=workdays("2026-12-31"))
    told = desk.ticket.model_copy(update={"calendars": (learned,)})
    past = past_ticket(told, MONDAY + timedelta(days=9))
    (known,) = judge_past(past, own(desk))
    assert (known.state, known.unknown_from) == (MISSED, None)
    (unknown,) = judge_past(past, Edition(policy, "another"))
    assert (unknown.state, unknown.due) == (PromiseState.RUNNING, None)
    assert unknown.unknown_from == date(2026, 3, 4)


def test_lateness_is_to_the_stop_to_the_end_or_as_far_as_is_known() -> None:
    late = repaired_after(3, FAST)
    late_by = judge_past(past_of(late), own(late))[0]
    assert lateness(late_by, past_of(late)) == late_by.late_seconds != 0

    open_ = desk_of(FAST)
    open_.register(WINDOW)
    open_.later(hours=5)
    (missed,) = judge_past(past_of(open_), own(open_))
    assert missed.due is not None
    assert lateness(missed, past_of(open_)) == (open_.now - missed.due).total_seconds()

    at = open_.now
    open_.do("cancel", "supervisor", "高主管", reason="不修了")
    open_.later(days=2)
    (missed,) = judge_past(past_of(open_), own(open_))
    assert missed.due is not None
    assert missed.ended_at == at == past_of(open_).ended_at
    assert lateness(missed, past_of(open_)) == (at - missed.due).total_seconds()


# --- counting -------------------------------------------------------------------------------------


def count(pasts: list[PastTicket], under: Edition, against: Edition) -> Tally:
    tally = Tally(one.id for one in under.policy.promises)
    for past in pasts:
        tally.count(past, judge_past(past, under), judge_past(past, against))
    return tally


def numbered(hours: list[float]) -> list[PastTicket]:
    """One repair for each of those hours, numbered from 0."""
    made = []
    for number, after in enumerate(hours):
        past = past_of(repaired_after(after, FAST))
        made.append(PastTicket(**{**fields(past), "number": f"T{number}"}))
    return made


def fields(past: PastTicket) -> dict[str, Any]:
    return {name: getattr(past, name) for name in PastTicket.__slots__}


HOURS = [1.0, 3.0, 5.0, 12.0, 20.0]


def test_each_figure_names_its_tickets() -> None:
    tally = count(numbered(HOURS), other(SLOW), other(FAST))
    (line,) = tally.lines
    assert tally.tickets == 5
    assert line.clauses == ("D1-1",)
    assert (line.under.of(MET), line.under.of(MISSED)) == (["T0", "T1", "T2"], ["T3", "T4"])
    assert (line.against.of(MET), line.against.of(MISSED)) == (["T0"], ["T1", "T2", "T3", "T4"])
    assert line.changed(MISSED, MET) == ["T1", "T2"]
    assert line.changed(MET, MISSED) == []
    assert line.under.applies == line.against.applies == 5
    assert len(line.under.late) == 2
    assert line.under.late_worst == max(line.under.late) > min(line.under.late)
    assert line.under.late_median == min(line.under.late)


def test_a_promise_that_only_one_policy_has_was_absent_in_the_other() -> None:
    tally = count(numbered([1.0]), other(SLOW, promised("new", within="1 day")), other(FAST, IN))
    by_name = {line.promise: line for line in tally.lines}
    assert by_name["new"].changed(ABSENT, MET) == ["T0"]
    assert by_name["free"].changed(MET, ABSENT) == ["T0"]
    assert list(by_name) == ["fixed", "new", "free"]


def test_by_clause_promises_of_other_names_stand_side_by_side() -> None:
    renamed = promised("mended", within="9 hours", clauses=["D1-1", "D1-2"])
    tally = count(numbered([1.0, 3.0]), other(renamed), other(FAST, promised("s", within="1 day")))
    clauses = tally.by_clause()
    assert list(clauses) == ["D1-1", "D1-2"]
    now, was = clauses["D1-1"]
    assert (now.of(MET), now.of(MISSED)) == (["T0", "T1"], [])
    assert (was.of(MET), was.of(MISSED), was.applies) == (["T0", "T0", "T1"], ["T1"], 4)
    assert clauses["D1-2"][1].applies == 0


@given(st.lists(st.sampled_from(HOURS), max_size=8), st.integers(min_value=0, max_value=8))
def test_parts_add_up_to_the_whole(hours: list[float], cut: int) -> None:
    pasts = [
        PastTicket(**{**fields(REPAIRS[one]), "number": str(n)}) for n, one in enumerate(hours)
    ]
    under, against = other(SLOW, IN), other(FAST, OUT)
    whole = count(pasts, under, against)
    parts = count(pasts[:cut], under, against)
    parts.add(count(pasts[cut:], under, against))
    assert [line.as_json() for line in parts.lines] == [line.as_json() for line in whole.lines]
    assert parts.by_clause() == whole.by_clause()
    assert parts.tickets == len(hours)


REPAIRS = {hours: past_of(repaired_after(hours, FAST)) for hours in HOURS}


@pytest.mark.parametrize("hours", HOURS)
def test_counting_changes_nothing_of_the_ticket(hours: float) -> None:
    past = REPAIRS[hours]
    before = fields(past)
    count([past], other(SLOW), other(FAST))
    assert fields(past) == before
    assert past.as_of > MONDAY
