"""Time that runs and pauses: the engine against a slow model, over random weeks and pauses."""

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from domain.calendars import ALWAYS, Calendar, OpeningHours
from domain.civil_time import CHINA, MILLISECOND
from domain.running_time import HoldPeriod, RunningTime, is_paused, pauses
from domain.vocabulary import HoldReason
from tests.unit import slow_model
from tests.unit.slow_model import SlowClock, Stretch, minute_of, minutes_in, moment

Week = list[list[Stretch]]
OFFICE = OpeningHours(kind="opening_hours", daily=("08:00-18:00",))

# The model is slow on purpose; how long an example takes proves nothing.
unhurried = settings(deadline=None, max_examples=200)

GRAIN = 30  # minutes; every edge lies on it, so that edges often meet
DAYS = 3

edges = st.integers(0, DAYS * slow_model.DAY // GRAIN).map(lambda step: step * GRAIN)
stretches = st.tuples(edges, edges).map(lambda pair: (min(pair), max(pair)))


def _paired(cuts: list[int]) -> list[Stretch]:
    ordered = sorted(cuts)
    return list(zip(ordered[::2], ordered[1::2], strict=False))


spans_of_day = st.lists(
    st.integers(0, slow_model.DAY // GRAIN).map(lambda step: step * GRAIN),
    unique=True,
    max_size=6,
).map(_paired)
weeks = st.lists(spans_of_day, min_size=7, max_size=7).filter(
    # Ten hours a week at least, so that the model's walk ends soon.
    lambda week: sum(closes - opens for day in week for opens, closes in day) >= 600
)
ALL_DAY: Week = [[(0, slow_model.DAY)]] * 7
OFFICE_WEEK: Week = [[(480, 1080)]] * 7
LUNCH_WEEK: Week = [[(480, 720), (810, 1050)]] * 5 + [[], []]
clocks = st.one_of(st.sampled_from([ALL_DAY, OFFICE_WEEK, LUNCH_WEEK]), weeks)
targets = st.integers(1, 600)
pause_lists = st.lists(stretches, max_size=4)


def written(week: Week) -> Calendar:
    def clock(minute: int) -> str:
        return f"{minute // 60:02}:{minute % 60:02}"

    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    on = {
        name: [f"{clock(opens)}-{clock(closes)}" for opens, closes in day]
        for name, day in zip(names, week, strict=True)
    }
    if week is ALL_DAY:
        return ALWAYS
    return OpeningHours.model_validate({"kind": "opening_hours", "on": on})


def holds(stretches: list[Stretch]) -> list[HoldPeriod]:
    return [
        HoldPeriod(reason=HoldReason.CUSTOMER, since=moment(begins), until=moment(ends))
        for begins, ends in stretches
    ]


def running(week: Week, paused: list[Stretch], now: int = 0) -> RunningTime:
    return RunningTime(written(week), pauses(holds(paused), (HoldReason.CUSTOMER,), moment(now)))


@unhurried
@given(clocks, edges, targets, pause_lists)
def test_elapsed_time_is_the_models(
    week: Week, start: int, target: int, paused: list[Stretch]
) -> None:
    due = running(week, paused).add(moment(start), timedelta(minutes=target))
    assert minute_of(due) == SlowClock(week).elapsed(start, target, minutes_in(paused))


@unhurried
@given(clocks, edges, edges, pause_lists)
def test_the_time_between_is_the_models(
    week: Week, one: int, other: int, paused: list[Stretch]
) -> None:
    start, end = min(one, other), max(one, other)
    found = running(week, paused).between(moment(start), moment(end))
    assert found == timedelta(minutes=SlowClock(week).running(start, end, minutes_in(paused)))


ONLY_WEDNESDAYS: Week = [[], [], [(0, 600)], [], [], [], []]


@unhurried
@given(clocks, edges, st.integers(1, 3), pause_lists)
# Due at 24:00 of a shut day: the pause across it has taken nothing away before it.
@example(ONLY_WEDNESDAYS, 0, 1, [(0, 2910)])
def test_a_day_that_pauses_put_off_is_the_models(
    week: Week, start: int, days: int, paused: list[Stretch]
) -> None:
    time = running(week, paused)
    fixed = written(week).end_of_civil_day(moment(start), days)
    due = time.extend(moment(start), fixed)
    assert minute_of(due) == SlowClock(week).pushed(start, minute_of(fixed), minutes_in(paused))


@unhurried
@given(clocks, edges, targets, pause_lists, stretches)
def test_a_pause_never_shortens(
    week: Week,
    start: int,
    target: int,
    paused: list[Stretch],
    more: Stretch,
) -> None:
    amount = timedelta(minutes=target)
    before = running(week, paused).add(moment(start), amount)
    assert running(week, [*paused, more]).add(moment(start), amount) >= before


@unhurried
@given(clocks, edges, targets, stretches)
def test_a_pause_outside_the_hours_adds_nothing(
    week: Week, start: int, target: int, pause: Stretch
) -> None:
    clock = SlowClock(week)
    shut = [
        (minute, minute + GRAIN) for minute in range(*pause, GRAIN) if not clock.is_open(minute)
    ]
    assume(shut)
    amount = timedelta(minutes=target)
    assert running(week, shut).add(moment(start), amount) == running(week, []).add(
        moment(start), amount
    )


@unhurried
@given(clocks, edges, targets, stretches, stretches)
def test_two_pauses_are_their_union(
    week: Week,
    start: int,
    target: int,
    one: Stretch,
    other: Stretch,
) -> None:
    amount = timedelta(minutes=target)
    both = running(week, [one, other]).add(moment(start), amount)
    cuts = sorted({*one, *other})
    pieces = [
        piece
        for piece in pairwise(cuts)
        if any(begins <= piece[0] and piece[1] <= ends for begins, ends in (one, other))
    ]
    assert running(week, pieces).add(moment(start), amount) == both
    assert running(week, [other, one]).add(moment(start), amount) == both


@unhurried
@given(clocks, edges, targets, st.integers(0, 300), pause_lists)
def test_due_grows_with_the_target(
    week: Week,
    start: int,
    target: int,
    more: int,
    paused: list[Stretch],
) -> None:
    time = running(week, paused)
    shorter = time.add(moment(start), timedelta(minutes=target))
    assert time.add(moment(start), timedelta(minutes=target + more)) >= shorter


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def test_a_pause_before_the_start_changes_nothing_on_the_same_day() -> None:
    pause = HoldPeriod(
        reason=HoldReason.CUSTOMER, since=at("2026-03-02T08:30"), until=at("2026-03-02T09:30")
    )
    time = RunningTime(OFFICE, pauses([pause], (HoldReason.CUSTOMER,), at("2026-03-02T15:00")))
    assert time.add(at("2026-03-02T15:00"), timedelta(hours=1)) == at("2026-03-02T16:00")


def test_a_pause_for_another_reason_does_not_pause() -> None:
    parts = HoldPeriod(reason=HoldReason.PARTS, since=at("2026-03-02T09:00"))
    assert pauses([parts], (HoldReason.CUSTOMER,), at("2026-03-02T15:00")) == ()
    assert not is_paused([parts], (HoldReason.CUSTOMER,), at("2026-03-02T15:00"))


def test_an_open_pause_lasts_until_now() -> None:
    waiting = HoldPeriod(reason=HoldReason.CUSTOMER, since=at("2026-03-02T09:00"))
    now = at("2026-03-02T15:00")
    assert pauses([waiting], (HoldReason.CUSTOMER,), now) == ((waiting.since, now),)
    assert is_paused([waiting], (HoldReason.CUSTOMER,), now)
    assert not is_paused([waiting], (HoldReason.CUSTOMER,), waiting.since - MILLISECOND)
