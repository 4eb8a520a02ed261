"""A whole ticket: however it is told and however often it is looked at, the same end.

Stepping through every deadline equals looking once at the end; the events make the same ticket
again; what fired is what the slow model says; facts and late entries come in any order; an ended
ticket wants to be woken for nothing but what outlives it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy, composite

from domain.directory import Device
from domain.escalation import standings_of
from domain.evolving import fold
from domain.policy import Policy
from domain.settling import next_wake, settle
from domain.ticket import Ticket
from domain.vocabulary import ENDED
from tests.unit.acting import Desk
from tests.unit.life import Life
from tests.unit.slow_model.clock import DAY, minute_of
from tests.unit.slow_model.draws import ALWAYS, GRAIN, conditions, examples, promises
from tests.unit.slow_model.promise import (
    Fact,
    Limit,
    SlowHold,
    SlowPromise,
    SlowStanding,
    SlowTest,
    stands,
)
from tests.unit.slow_model.written import ms_of, policy_of, told_slowly

Deed = tuple[str, str, dict[str, Any]]
"""A command, by whom, and with what."""
THING = Device(product="仪器", product_class="instrument")


@dataclass(frozen=True)
class Course:
    """What is done to a ticket, so many minutes after each other, and the minutes after it all."""

    promises: tuple[SlowPromise, ...]
    deeds: tuple[tuple[int, Deed], ...]
    rest: int


FACTS: SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(dict, severity=st.sampled_from(["general", "urgent", "severe"])),
    st.builds(dict, device_fault=st.booleans()),
    st.builds(dict, weight_kg=st.sampled_from([4.0, 10.0, 10.5, 50.0])),
)
gaps = st.integers(0, DAY // GRAIN).map(lambda step: step * GRAIN)


@composite
def owed(draw: DrawFn) -> SlowPromise:
    """Owed on some facts, or kept by the guidance; not both, since what was kept stays kept.

    Every level above the warning comes at due or later, as in the ladders that the company has.
    """
    on_facts = draw(st.booleans())
    warned, late = draw(st.integers(1, 99)), draw(st.integers(1, 60))
    return replace(
        draw(promises()),
        starts=("reported",),
        last=False,
        move_into=None,
        void_by=(),
        laxer={},
        rungs=((0, warned), (1, 100), (2, 100 + late), (3, 150 + 2 * late)),
        when=draw(conditions) if on_facts else (),
        met_by=("resolved",) if on_facts else ("guidance_started",),
    )


@composite
def courses(draw: DrawFn) -> Course:
    waits, deeds = False, list[tuple[int, Deed]]()
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["wait", "wait", "assess", "guide"]))
        if kind == "wait":
            deed: Deed = ("resume" if waits else "hold", "supervisor", {"reason": "customer"})
            waits = not waits
        elif kind == "assess":
            deed = ("assess", "technician", draw(FACTS))
        else:
            deed = ("start_guidance", "technician", {})
        deeds.append((draw(gaps), deed))
    written = draw(st.lists(owed(), min_size=1, max_size=2))
    return Course(tuple(written), tuple(deeds), draw(gaps) * 4)


def wakes(desk: Desk, until: datetime) -> None:
    """The ticket's one timer, at every moment that it asks for."""
    while (wake := next_wake(desk.case, desk.now)) is not None and wake.at <= until:
        assert wake.at > desk.now, f"wakes at {wake.at} for {wake.what}, and it is {desk.now}"
        desk.at(wake.at)
    desk.at(until)


def now_and_then(desk: Desk, until: datetime) -> None:
    """Looked at every so often, as luck has it."""
    while desk.now + timedelta(minutes=437) < until:
        desk.later(minutes=437)
    desk.at(until)


def not_at_all(desk: Desk, until: datetime) -> None:
    """Time passes and nobody looks, until something is done."""
    desk.now = until


Look = Callable[[Desk, datetime], None]


def act(course: Course, policy: Policy, look: Look = not_at_all) -> Desk:
    desk = Desk(policy)
    desk.register(THING)
    for gap, (command, role, fields) in course.deeds:
        moment = desk.now + timedelta(minutes=gap)
        look(desk, moment)
        desk.do(command, role, **fields)
    end = desk.now + timedelta(minutes=course.rest)
    look(desk, end)
    return desk.at(end)


def fired(ticket: Ticket) -> dict[tuple[str, int, int], datetime]:
    """What came true and stands, and when its promise was due then."""
    return {one.key: one.due for one in ticket.firings if not one.withdrawn}


def modelled(promise: SlowPromise, desk: Desk) -> SlowStanding | None:
    ticket = desk.ticket
    came = {name.value: [*map(minute_of, times)] for name, times in ticket.milestones.items()}
    holds = [
        SlowHold(
            one.reason.value,
            minute_of(one.since),
            None if one.until is None else minute_of(one.until),
        )
        for one in ticket.holds
    ]
    facts: dict[str, Fact] = {
        name: value for name, value in ticket.facts.items() if isinstance(value, bool | str | float)
    }
    return stands(promise, came, facts, holds, ms_of(desk.now))


@examples(50)
@given(courses())
def test_stepping_through_every_deadline_is_looking_once_at_the_end(course: Course) -> None:
    policy = policy_of(*course.promises)
    seldom = act(course, policy)
    stood = standings_of(seldom.ticket, policy, seldom.now)
    assert fold(seldom.case.events) == seldom.ticket
    for look in (wakes, now_and_then):
        often = act(course, policy, look)
        assert fired(often.ticket) == fired(seldom.ticket)
        assert often.ticket.kept == seldom.ticket.kept
        assert standings_of(often.ticket, policy, often.now) == stood
        assert fold(often.case.events) == often.ticket


def _as_recorded(stood: SlowStanding | None) -> SlowStanding | None:
    """What was met is recorded with the due time of that moment; later waits do not move it."""
    if stood is None or stood.state != "met":
        return stood
    return SlowStanding("met", starts_at=stood.starts_at, met_at=stood.met_at)


HOUR = SlowPromise(ALWAYS, within=Limit(60, "minute"))
LIGHT = replace(HOUR, when=({"weight_kg": SlowTest(most=10.0, unknown_will_do=True)},))
WEIGHED = (90, ("assess", "technician", {"weight_kg": 50.0}))


@examples(50)
@given(courses())
# Looked at in the very minute of its due time, and a minute later.
@example(Course((HOUR,), (), 59))
@example(Course((HOUR,), (), 60))
# Missed while its weight was unknown; then it is weighed, and the miss was none.
@example(Course((LIGHT,), (WEIGHED,), 300))
def test_what_fired_and_how_it_stands_is_the_models(course: Course) -> None:
    policy = policy_of(*course.promises)
    desk = act(course, policy, wakes)
    found = {one.promise: told_slowly(one) for one in standings_of(desk.ticket, policy, desk.now)}
    wanted = set[tuple[str, int, int]]()
    for number, promise in enumerate(course.promises):
        stood = modelled(promise, desk)
        assert _as_recorded(found.get(f"p{number}")) == _as_recorded(stood)
        for level, at in stood.levels.items() if stood else ():
            if at < ms_of(desk.now) and not (stood and stood.stopped_at and stood.stopped_at <= at):
                wanted.add((f"p{number}", 1, level))
    assert set(fired(desk.ticket)) == wanted


@examples(50)
@given(st.lists(owed(), min_size=1, max_size=2), st.lists(FACTS, max_size=3), st.data())
def test_late_entries_come_to_the_same_in_any_order(
    written: list[SlowPromise], facts: list[dict[str, Any]], data: st.DataObject
) -> None:
    """One fact of each name; entries of what was done hours ago, each with its own time."""
    policy = policy_of(*written)
    known = {name: value for one in facts for name, value in one.items()}
    minutes = data.draw(st.lists(st.integers(2, 200), min_size=4, max_size=4))
    entries = [("assess", "technician", {name: value}) for name, value in known.items()]
    entries += [("call_back", "agent", {}), ("start_guidance", "technician", {})]
    timed = list(zip(entries, minutes, strict=False))
    ends = []
    for order in (timed, data.draw(st.permutations(timed))):
        desk = Desk(policy)
        opened = desk.now
        desk.register(THING)
        desk.later(hours=4)
        for (command, role, fields), minute in order:
            at = (opened + timedelta(minutes=minute)).isoformat()
            desk.do(command, role, **fields, at=at)
        ends.append(desk.at(opened + timedelta(days=9)))
    one, other = (desk.ticket for desk in ends)
    assert {**one.facts} == {**other.facts}
    assert one.milestones == other.milestones
    assert fired(one) == fired(other)
    stood = [standings_of(desk.ticket, policy, desk.now) for desk in ends]
    assert stood[0] == stood[1]


def test_an_ended_ticket_wakes_only_for_what_outlives_it() -> None:
    ended = 0
    for seed in range(40):
        pick = Random(seed).choice
        life = Life(pick)
        for _ in range(12):
            life.the_story_goes_on(pick)
        if life.ticket.stage not in ENDED:
            continue
        ended += 1
        wake, case = next_wake(life.case, life.now), life.case
        outliving = {one.id for one in case.policy.promises if one.outlives_ticket}
        assert wake is None or any(name in wake.what for name in outliving), (seed, wake)
        later = settle(case.handed_over(), life.now + timedelta(days=400))
        told = {one.changes.firing.promise for one in later.events if one.changes.firing}
        assert told <= outliving, (seed, told)
    assert ended > 5
