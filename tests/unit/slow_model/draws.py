"""Random calendars, promises, milestones, facts and waits for the slow model.

`AFTERCARE_EXAMPLES` sets how many examples each property takes; by default few, always the same.
The long run: `AFTERCARE_EXAMPLES=10000 .venv/bin/pytest -q --timeout 3600 tests/unit/test_model_*`.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy, composite

from tests.unit.slow_model.clock import DAY, Stretch
from tests.unit.slow_model.hours import LAST_DAY, MINUTE_MS, SlowCalendar
from tests.unit.slow_model.promise import Came, Fact, Limit, SlowHold, SlowPromise, SlowTest

EXAMPLES = os.environ.get("AFTERCARE_EXAMPLES")


def examples(usually: int) -> settings:
    """So many examples, or as many as `AFTERCARE_EXAMPLES` says; how long one takes is no proof."""
    return settings(
        max_examples=int(EXAMPLES or usually),
        derandomize=EXAMPLES is None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )


GRAIN = 30
SPAN = 8 * DAY
"""Milestones and waits lie in the first days; every edge on a grain, so that edges often meet."""

grains = st.integers(0, SPAN // GRAIN).map(lambda step: step * GRAIN)
early = st.integers(0, 3 * DAY // GRAIN).map(lambda step: step * GRAIN)
odd = st.integers(0, 3 * DAY)
starts = st.one_of(early, odd)

# --- calendars --------------------------------------------------------------------------------

Week = tuple[tuple[Stretch, ...], ...]
ALL_DAY: tuple[Stretch, ...] = ((0, DAY),)
ALWAYS = SlowCalendar("always", (ALL_DAY,) * 7)
OFFICE = SlowCalendar("office", (((480, 1080),),) * 7)
LUNCH = SlowCalendar("lunch", (((480, 720), (810, 1050)),) * 5 + ((), ()))


def _paired(cuts: list[int]) -> tuple[Stretch, ...]:
    ordered = sorted(cuts)
    return tuple(zip(ordered[::2], ordered[1::2], strict=False))


days_of_windows = st.lists(
    st.integers(0, DAY // GRAIN).map(lambda step: step * GRAIN), unique=True, max_size=6
).map(_paired)


def _week(pattern: tuple[Sequence[Stretch], Sequence[Stretch], list[int]]) -> Week:
    one, other, which = pattern
    return tuple((tuple(one), tuple(other), ())[number] for number in which)


weeks = (
    st.tuples(
        days_of_windows,
        days_of_windows,
        st.lists(st.sampled_from([0, 0, 1, 2]), min_size=7, max_size=7),
    )
    .map(_week)
    # Twenty hours a week at least, so that the model's walk ends in its table.
    .filter(lambda week: sum(closes - opens for day in week for opens, closes in day) >= 1200)
)


@composite
def workday_calendars(draw: DrawFn, known_until: int = LAST_DAY) -> SlowCalendar:
    """Workdays with holidays among the weekdays and make-up days among the weekends."""
    last = min(20, known_until)
    weekdays = st.integers(0, last).filter(lambda day: day % 7 < 5)
    weekend = st.integers(0, last).filter(lambda day: day % 7 >= 5)
    windows = draw(st.sampled_from([ALL_DAY, ((480, 1080),), ((480, 720), (810, 1050))]))
    return SlowCalendar(
        "workdays",
        (windows,) * 7,
        workdays=True,
        holidays=frozenset(draw(st.sets(weekdays, max_size=6))),
        makeup=frozenset(draw(st.sets(weekend, max_size=3))),
        known_until=known_until,
    )


def opening_hours(name: str) -> SearchStrategy[SlowCalendar]:
    return weeks.map(lambda week: SlowCalendar(name, tuple(week)))


calendars = st.one_of(
    st.sampled_from([ALWAYS, OFFICE, LUNCH]),
    opening_hours("hours"),
    workday_calendars(),
    workday_calendars(),
)

# --- promises ---------------------------------------------------------------------------------

minutes = st.one_of(st.integers(1, 1200), st.integers(1, 20).map(lambda hours: hours * 60)).map(
    lambda amount: Limit(amount, "minute")
)
civil_days = st.integers(1, 5).map(lambda amount: Limit(amount, "day"))
workdays = st.integers(1, 5).map(lambda amount: Limit(amount, "workday"))
clock_targets = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, DAY // GRAIN - 1).map(lambda step: step * GRAIN)),
    min_size=1,
    max_size=3,
    unique=True,
).filter(lambda targets: any(days for days, _ in targets))


def limits(calendar: SlowCalendar) -> SearchStrategy[Limit]:
    """Workdays are counted on a calendar that knows workdays."""
    return st.one_of(minutes, civil_days, *([workdays, workdays] if calendar.workdays else []))


choices = st.sets(st.sampled_from(["general", "urgent", "severe"]), min_size=1, max_size=2)
kilograms = st.sampled_from([5.0, 10.0, 20.0, 50.0])
fact_tests = st.fixed_dictionaries(
    {},
    optional={
        "device_fault": st.builds(
            SlowTest, one_of=st.booleans().map(lambda one: (one,)), unknown_will_do=st.booleans()
        ),
        "severity": st.builds(SlowTest, one_of=choices.map(tuple), unknown_will_do=st.booleans()),
        "weight_kg": st.one_of(
            st.builds(SlowTest, most=kilograms, unknown_will_do=st.booleans()),
            st.builds(SlowTest, least=kilograms, unknown_will_do=st.booleans()),
        ),
    },
).filter(bool)
conditions = st.lists(fact_tests, max_size=2).map(tuple)
facts: SearchStrategy[dict[str, Fact]] = st.fixed_dictionaries(
    {},
    optional={
        "device_fault": st.sampled_from([True, False, None]),
        "severity": st.sampled_from(["general", "urgent", "severe", None]),
        "weight_kg": st.sampled_from([4.0, 5.0, 10.0, 10.5, 20.0, 50.0, None]),
    },
)


@composite
def promises(draw: DrawFn, calendar: SlowCalendar | None = None) -> SlowPromise:
    """Any promise form that a policy can write."""
    calendar = calendar or draw(calendars)
    on_the_clock = draw(st.sampled_from([False, False, True]))
    seldom = st.sampled_from([False, False, False, True])
    laxer: dict[int, Limit] = {}
    if draw(seldom):
        laxer[2] = draw(limits(calendar))
    return SlowPromise(
        calendar=calendar,
        within=None if on_the_clock else draw(limits(calendar)),
        clock=tuple(draw(clock_targets)) if on_the_clock else (),
        when=draw(conditions) if draw(seldom) else (),
        starts=draw(st.sampled_from([("reported",), ("signed_off", "guided"), ("visit_ended",)])),
        last=draw(seldom),
        met_by=draw(st.sampled_from([("resolved",), ("resolved", "loaner_delivered")])),
        void_by=draw(st.sampled_from([(), ("disputed",)])),
        pauses_on=draw(st.sampled_from([(), ("customer",), ("customer", "consent")])),
        outlives=draw(seldom),
        not_before=("appointed", draw(st.integers(1, 6)) * 60) if draw(seldom) else None,
        move_into=draw(opening_hours("moved_into")) if draw(seldom) else None,
        lead=draw(st.integers(1, 48)) * 60 if draw(seldom) else None,
        rungs=draw(rungs),
        laxer=laxer,
        quiet_outside=draw(opening_hours("told_within")) if draw(seldom) else None,
    )


rungs = st.one_of(
    st.just(SlowPromise(ALWAYS).rungs),
    st.lists(st.integers(1, 250), min_size=3, max_size=3, unique=True).map(
        lambda percents: tuple(enumerate(sorted(percents)))
    ),
)

# --- what happened ----------------------------------------------------------------------------

STARTS = ("reported", "signed_off", "guided", "visit_ended")
STOPS = ("resolved", "loaner_delivered", "disputed", "appointed")


@composite
def holds(draw: DrawFn, now: int, at_most: int = 4) -> list[SlowHold]:
    """Waits that overlap, touch, lie before the start or outside the hours; all begin by now."""
    edges = st.integers(0, max(now, 0) // GRAIN).map(lambda step: step * GRAIN)
    found: list[SlowHold] = []
    for _ in range(draw(st.integers(0, at_most))):
        reason = draw(st.sampled_from(["customer", "customer", "consent", "parts"]))
        since = draw(edges)
        until = draw(st.one_of(st.none(), st.integers(0, 40).map(lambda n: n * GRAIN)))
        found.append(SlowHold(reason, since, None if until is None else since + until))
    return found


@dataclass(frozen=True)
class Story:
    """What a promise is judged by; `now` in milliseconds, all else in minutes."""

    promise: SlowPromise
    came: Came
    facts: dict[str, Fact]
    holds: list[SlowHold]
    now: int
    closed_at: int | None


@composite
def stories(draw: DrawFn, promise: SlowPromise | None = None) -> Story:
    """A promise, and a life of its ticket up to some moment."""
    promise = promise or draw(promises())
    now = draw(st.one_of(grains, st.integers(0, SPAN)))
    begun_by_now = st.one_of(
        st.integers(0, now // GRAIN).map(lambda step: step * GRAIN), st.integers(0, now)
    )
    unbegun = draw(st.integers(0, 9)) == 9
    came: dict[str, list[int]] = {}
    for name in promise.starts:
        came[name] = [] if unbegun else draw(st.lists(begun_by_now, min_size=1, max_size=3))
    for name in STOPS:
        if draw(st.sampled_from([True, False, False])):
            came[name] = draw(st.lists(grains, min_size=1, max_size=2))
    waits = draw(holds(now, at_most=4))
    still_open = any(one.until is None for one in waits)
    edge = 0 if still_open else draw(st.sampled_from([0, 0, 1, -1]))
    begun = [one for name in promise.starts for one in came[name]]
    closed = draw(st.sampled_from([False, False, True]))
    closed_at = draw(st.integers(max(begun, default=0), SPAN)) if closed else None
    return Story(
        promise=promise,
        came={name: times for name, times in came.items() if times},
        facts=draw(facts),
        holds=waits,
        now=now * MINUTE_MS + edge,
        closed_at=closed_at,
    )


@composite
def in_any_order(draw: DrawFn, came: Came) -> dict[str, list[int]]:
    """The same milestones, told in another order."""
    names = draw(st.permutations(sorted(came)))
    return {name: draw(st.permutations(list(came[name]))) for name in names}
