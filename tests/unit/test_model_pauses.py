"""What waiting may do to a promise, whatever its form: never shorten, and only count once."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.unit.slow_model.clock import DAY
from tests.unit.slow_model.draws import (
    ALWAYS,
    GRAIN,
    OFFICE,
    SPAN,
    Story,
    examples,
    holds,
    limits,
    promises,
    starts,
    stories,
)
from tests.unit.slow_model.hours import MINUTE_MS
from tests.unit.slow_model.promise import Limit, SlowHold, SlowPromise, SlowStanding, stands
from tests.unit.slow_model.written import engine, policy_of

waiting = promises().map(
    # Moved into hours it is judged apart, below.
    lambda one: replace(one, when=(), pauses_on=("customer", "consent"), move_into=None)
)


def stood(promise: SlowPromise, start: int, waits: list[SlowHold]) -> SlowStanding:
    """How it stands eight days on, with nothing done."""
    came = {name: [start] for name in promise.starts}
    found = engine(Story(promise, came, {}, waits, SPAN * MINUTE_MS, None))
    assert found is not None
    return found


def due(promise: SlowPromise, start: int, waits: list[SlowHold]) -> int:
    at = stood(promise, start, waits).due
    assert at is not None
    return at


@examples(50)
@given(waiting, starts, holds(SPAN), holds(SPAN))
def test_pausing_never_shortens(
    promise: SlowPromise, start: int, waits: list[SlowHold], more: list[SlowHold]
) -> None:
    less, much = stood(promise, start, waits), stood(promise, start, waits + more)
    assert less.due is not None
    assert much.due is not None
    assert much.due >= less.due
    assert all(much.levels[level] >= at for level, at in less.levels.items())


EVENING = [SlowHold("customer", DAY + 600, DAY + 780), SlowHold("customer", DAY + 1320, DAY + 1380)]
BETWEEN = [SlowHold("customer", DAY + 780, DAY + 1320)]
A_DAY = SlowPromise(ALWAYS, within=Limit(1440, "minute"))


@examples(50)
@given(promises(), starts, holds(SPAN), holds(SPAN))
# Due 18:00, put off past closing to 08:00; a wait that night, and then one wait from 10:00 on.
@example(A_DAY, 1080, EVENING, BETWEEN)
def test_pausing_never_shortens_what_is_moved_into_hours(
    promise: SlowPromise, start: int, waits: list[SlowHold], more: list[SlowHold]
) -> None:
    promise = replace(promise, when=(), pauses_on=("customer",), move_into=OFFICE)
    assert due(promise, start, waits + more) >= due(promise, start, waits)


@examples(50)
@given(stories())
def test_what_is_moved_into_hours_is_the_models(story: Story) -> None:
    story = replace(story, promise=replace(story.promise, move_into=OFFICE))
    found = stands(story.promise, story.came, story.facts, story.holds, story.now, story.closed_at)
    assert engine(story) == found


@examples(50)
@given(waiting, starts, holds(SPAN))
def test_a_pause_outside_the_hours_adds_nothing(
    promise: SlowPromise, start: int, waits: list[SlowHold]
) -> None:
    shut = [
        SlowHold("customer", minute, minute + GRAIN)
        for minute in range(0, 4 * DAY, GRAIN)
        if not any(promise.calendar.is_open(one) for one in range(minute, minute + GRAIN))
    ]
    assume(shut)
    assert stood(promise, start, waits + shut[:40]) == stood(promise, start, waits)


@examples(50)
@given(waiting, starts, holds(SPAN))
def test_pauses_are_their_union(promise: SlowPromise, start: int, waits: list[SlowHold]) -> None:
    together = [
        replace(one, reason="customer", until=SPAN if one.until is None else one.until)
        for one in waits
        if one.reason in promise.pauses_on
    ]
    cuts = sorted({edge for one in together for edge in (one.since, one.until or 0)})
    pieces = [
        SlowHold("customer", begins, ends)
        for begins, ends in pairwise(cuts)
        if any(one.since <= begins and ends <= (one.until or 0) for one in together)
    ]
    whole, cut = stood(promise, start, together), stood(promise, start, pieces)
    assert (whole.due, whole.levels) == (cut.due, cut.levels)
    given_as_they_were = stood(promise, start, waits)
    assert (given_as_they_were.due, given_as_they_were.levels) == (cut.due, cut.levels)


@examples(50)
@given(waiting, starts, holds(SPAN), st.data())
def test_due_grows_with_the_limit_and_with_the_start(
    promise: SlowPromise, start: int, waits: list[SlowHold], data: st.DataObject
) -> None:
    limit = data.draw(limits(promise.calendar))
    more = replace(limit, amount=limit.amount + data.draw(st.integers(0, 3)))
    later = start + data.draw(st.integers(0, DAY))
    promise = replace(promise, within=limit, clock=())
    longer = replace(promise, within=more)
    # A wait from before the later start takes nothing from what began after it.
    after = [replace(one, since=one.since + 4 * DAY) for one in waits if one.until is not None]
    after = [replace(one, until=(one.until or 0) + 4 * DAY) for one in after]
    assert due(longer, start, waits) >= due(promise, start, waits)
    assert due(promise, later, after) >= due(promise, start, after)


@examples(50)
@given(waiting, starts, st.integers(0, 60), st.integers(1, 200))
def test_nothing_is_missed_while_it_waits(
    promise: SlowPromise, start: int, after: int, minutes: int
) -> None:
    """A wait that began in open hours before due, and goes on: it is paused, however long."""
    begun = start + after
    assume(promise.calendar.is_open(begun))
    assume(due(promise, start, []) > begun * MINUTE_MS)
    came = {name: [start] for name in promise.starts}
    open_wait = [SlowHold("customer", begun)]
    story = Story(promise, came, {}, open_wait, (begun + minutes * GRAIN) * MINUTE_MS, None)
    found = engine(story, policy_of(promise))
    assert found is not None
    assert found.state == "paused"
    assert found.due is not None
    assert found.due > begun * MINUTE_MS
