"""Every promise form, over random lives of a ticket: the engine says what the slow model says."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import chinese_calendar
from hypothesis import given
from hypothesis import strategies as st

from domain.vocabulary import PromiseState
from runtime.policy_files import PolicyShelf
from runtime.settings import Settings
from tests.unit.slow_model.clock import DAY, moment
from tests.unit.slow_model.draws import (
    ALL_DAY,
    Story,
    examples,
    in_any_order,
    limits,
    promises,
    starts,
    stories,
    workday_calendars,
)
from tests.unit.slow_model.hours import (
    FIRST_DAY,
    LAST_DAY,
    MINUTE_MS,
    NotAnnounced,
    SlowCalendar,
    date_of,
)
from tests.unit.slow_model.promise import Limit, SlowPromise, SlowStanding, due_minute, stands
from tests.unit.slow_model.written import engine, ms_of, policy_of, raw_standing


def model(story: Story) -> SlowStanding | None:
    return stands(story.promise, story.came, story.facts, story.holds, story.now, story.closed_at)


@examples(150)
@given(stories())
def test_the_engine_is_the_model(story: Story) -> None:
    assert engine(story) == model(story)


def test_the_stories_reach_every_state_and_form() -> None:
    seen: Counter[str] = Counter()

    @examples(600)
    @given(stories())
    def collect(story: Story) -> None:
        stood, promise = engine(story), story.promise
        seen[stood.state if stood else "left out"] += 1
        if stood is None or stood.due is None:
            return
        seen[promise.within.unit if promise.within else "on the clock"] += 1
        seen["told later"] += bool(stood.told)
        seen["moved into"] += promise.move_into is not None
        seen["appointed"] += promise.not_before is not None and "appointed" in story.came
        seen["laxer"] += bool(promise.laxer)
        unpaused = engine(replace(story, holds=[]))
        seen["put off"] += unpaused is not None and stood.due > (unpaused.due or 0)

    collect()
    wanted = {*map(str, PromiseState), "left out", "minute", "day", "workday", "on the clock"}
    wanted |= {"told later", "moved into", "appointed", "laxer", "put off"}
    assert {name for name, times in seen.items() if times} >= wanted, seen


@examples(60)
@given(stories(), st.data())
def test_the_order_in_which_things_are_told_changes_nothing(
    story: Story, data: st.DataObject
) -> None:
    shuffled = replace(
        story,
        came=data.draw(in_any_order(story.came)),
        holds=data.draw(st.permutations(story.holds)),
        facts=dict(data.draw(st.permutations(list(story.facts.items())))),
    )
    assert engine(shuffled) == engine(story)


# --- what is exact at its edge --------------------------------------------------------------------


@examples(60)
@given(promises(), starts)
def test_kept_at_due_and_missed_a_millisecond_later(promise: SlowPromise, start: int) -> None:
    promise = replace(promise, when=(), not_before=None)
    came = {name: [start] for name in promise.starts}
    running = Story(promise, came, {}, [], start * MINUTE_MS, None)
    stood = engine(running)
    assert stood is not None
    assert stood.due is not None
    at_edges = [engine(replace(running, now=stood.due + edge)) for edge in (-1, 0, 1)]
    assert [one and one.state for one in at_edges] == ["running", "running", "missed"]
    stops = {**came, promise.met_by[0]: [stood.due // MINUTE_MS]}
    kept = engine(replace(running, came=stops, now=stood.due + 1))
    assert kept is not None
    assert (kept.state, kept.met_at, kept.late_seconds) == ("met", stood.due, None)


@examples(80)
@given(workday_calendars(known_until=11), st.integers(0, 9 * DAY), st.data())
def test_past_the_announced_days_nothing_is_guessed(
    calendar: SlowCalendar, start: int, data: st.DataObject
) -> None:
    promise = SlowPromise(calendar, within=data.draw(limits(calendar)))
    story = Story(promise, {"reported": [start]}, {}, [], start * MINUTE_MS, None)
    stood = raw_standing(story, policy_of(promise))
    assert stood is not None
    try:
        due, unknown_from = due_minute(promise, start, {}, set()), None
    except NotAnnounced as unknown:
        due, unknown_from = None, date_of(unknown.day)
    assert (stood.due and ms_of(stood.due) // MINUTE_MS) == due
    if due is None:
        assert (stood.state, stood.unknown_from) == (PromiseState.RUNNING, unknown_from)
        end = moment((calendar.known_until + 1) * DAY)
        assert all(one.at <= end for one in stood.moments)


def _statutory() -> SlowCalendar:
    """The workdays of 2026 as another publisher tells them."""
    days = range(FIRST_DAY, LAST_DAY)
    off = {day for day in days if not chinese_calendar.is_workday(date_of(day))}
    return SlowCalendar(
        "workdays",
        (ALL_DAY,) * 7,
        workdays=True,
        holidays=frozenset(day for day in off if day % 7 < 5),
        makeup=frozenset(day for day in days if day % 7 >= 5 and day not in off),
    )


STATUTORY = _statutory()
SHIPPED = PolicyShelf(Settings().policies_dir).get("doors_windows")


@examples(60)
@given(st.integers(0, 110 * DAY), st.integers(1, 15))
def test_the_shipped_workdays_are_those_of_another_publisher(start: int, count: int) -> None:
    promise = SlowPromise(STATUTORY, within=Limit(count, "workday"))
    policy = policy_of(promise)
    shipped = policy.model_copy(
        update={"calendars": {"workdays_calendar_0": SHIPPED.calendars["workdays"]}}
    )
    story = Story(promise, {"reported": [start]}, {}, [], start * MINUTE_MS, None)
    assert engine(story, shipped) == model(story)


# --- as time goes by ------------------------------------------------------------------------------

FINAL = {"met", "missed", "void"}


@examples(60)
@given(stories(), st.lists(st.integers(0, 12 * DAY), min_size=1, max_size=6))
def test_what_is_settled_stays_as_it_is(story: Story, later: list[int]) -> None:
    # What comes after `now` in the story has not happened yet; here nothing more happens.
    happened = {
        name: [one for one in times if one * MINUTE_MS <= story.now or name == "appointed"]
        for name, times in story.came.items()
    }
    closed = story.closed_at
    if closed is not None and closed * MINUTE_MS > story.now:
        closed = None
    calm = replace(story, came=happened, closed_at=closed)
    stood = engine(calm)
    for minutes in sorted(later):
        then = engine(replace(calm, now=calm.now + minutes * MINUTE_MS))
        if stood is None or then is None:
            assert stood is then
        elif stood.state in FINAL:
            assert then.state == stood.state
            assert (then.met_at, then.stopped_at) == (stood.met_at, stood.stopped_at)
        else:
            assert then.state not in ("met", "void")
            assert (then.state == "pending") == (stood.state == "pending")


@examples(60)
@given(stories())
def test_a_shift_of_whole_weeks_shifts_everything(story: Story) -> None:
    """The clock time of a week is all that a calendar without holidays knows of a date."""
    promise, week = story.promise, 7 * DAY
    shifted = replace(
        story,
        promise=replace(promise, calendar=_moved(promise.calendar, 7)),
        came={name: [one + week for one in times] for name, times in story.came.items()},
        holds=[
            replace(one, since=one.since + week, until=one.until and one.until + week)
            for one in story.holds
        ],
        now=story.now + week * MINUTE_MS,
        closed_at=None if story.closed_at is None else story.closed_at + week,
    )
    before, after = engine(story), engine(shifted)
    assert (before and before.state) == (after and after.state)
    if before is not None and after is not None and before.due is not None:
        assert after.due == before.due + timedelta(days=7).total_seconds() * 1000


def _moved(calendar: SlowCalendar, days: int) -> SlowCalendar:
    return replace(
        calendar,
        holidays=frozenset(day + days for day in calendar.holidays),
        makeup=frozenset(day + days for day in calendar.makeup),
    )
