"""A promise of the slow model as a policy file writes it, and the engine's answer in its terms."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.policy import Policy
from domain.promises import HoldPeriod, Standing, standings
from domain.vocabulary import HoldReason, Milestone
from tests.unit.slow_model.clock import EPOCH, moment
from tests.unit.slow_model.draws import Story
from tests.unit.slow_model.hours import LAST_DAY, SlowCalendar, date_of
from tests.unit.slow_model.promise import Limit, SlowPromise, SlowStanding, SlowTest

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TOLD = ("agent", "supervisor", "dept_head", "manager")
_MILLISECOND = timedelta(milliseconds=1)


def at_ms(ms: int) -> datetime:
    return EPOCH + ms * _MILLISECOND


def ms_of(at: datetime) -> int:
    whole, rest = divmod(at - EPOCH, _MILLISECOND)
    assert not rest, "times are whole milliseconds"
    return whole


def policy_of(*written: SlowPromise) -> Policy:
    """The promises as one policy; ids `p0`, `p1`, …"""
    calendars: dict[str, Any] = {}
    ladders: dict[str, Any] = {}
    entries: list[dict[str, Any]] = []
    for number, one in enumerate(written):
        named: dict[str, str] = {}
        for role, calendar in (
            ("calendar", one.calendar),
            ("move_into", one.move_into),
            ("tell_within", one.quiet_outside),
        ):
            if calendar is not None and calendar.name != "always":
                named[role] = f"{calendar.name}_{role}_{number}"
                calendars[named[role]] = _calendar(calendar)
        ladder = f"ladder_{number}"
        ladders[ladder] = _ladder(one, named.pop("tell_within", None))
        entries.append({"id": f"p{number}", **_promise(one), **named, "escalate": ladder})
    return Policy.model_validate(
        {
            "name": "drawn",
            "title": "试用政策",
            "calendars": calendars,
            "ladders": ladders,
            "promises": entries,
        }
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _windows(stretches: Sequence[tuple[int, int]]) -> list[str]:
    return [f"{_clock(opens)}-{_clock(closes)}" for opens, closes in stretches]


def _calendar(calendar: SlowCalendar) -> dict[str, Any]:
    if calendar.workdays:
        return {
            "kind": "workdays",
            "windows": _windows(calendar.week[0]),
            "source": ["试用"],
            "known_from": date_of(-60).isoformat(),
            "known_until": date_of(min(calendar.known_until, LAST_DAY)).isoformat(),
            "holidays": [date_of(day).isoformat() for day in sorted(calendar.holidays)],
            "makeup_workdays": [date_of(day).isoformat() for day in sorted(calendar.makeup)],
        }
    by_day = dict(zip(_WEEKDAYS, map(_windows, calendar.week), strict=True))
    # What most days have in common is written once, as a policy would.
    common = max(by_day.values(), key=list(by_day.values()).count)
    return {
        "kind": "opening_hours",
        "daily": common,
        "on": {name: windows for name, windows in by_day.items() if windows != common},
    }


def _ladder(promise: SlowPromise, tell_within: str | None) -> dict[str, Any]:
    rungs = [
        {"level": level, "percent": percent, "tell": _TOLD[level]}
        for level, percent in promise.rungs
    ]
    return {"rungs": rungs, **({"tell_within": tell_within} if tell_within else {})}


def _limit(limit: Limit) -> str:
    return f"{limit.amount} {limit.unit}s"


def _hours(minutes: int) -> str:
    return f"{minutes} minutes"


def _promise(one: SlowPromise) -> dict[str, Any]:
    names = ", ".join(one.starts)
    written: dict[str, Any] = {
        "clauses": ["X-1"],
        "says": "试一试",
        "starts": f"last [{names}]" if one.last else list(one.starts),
        "met_by": list(one.met_by),
        "void_by": list(one.void_by),
        "pauses_on": list(one.pauses_on),
        "outlives_ticket": one.outlives,
        "when": [{name: _test(test) for name, test in tests.items()} for tests in one.when],
    }
    if one.within is not None:
        written["within"] = _limit(one.within)
    else:
        written["by"] = [f"{'next' if days else 'same'} day {_clock(at)}" for days, at in one.clock]
    if one.not_before is not None:
        milestone, lead = one.not_before
        written["not_before"] = {"milestone": milestone, "lead": _hours(lead)}
    if one.lead is not None:
        written["remedy"] = {"provide": "loaner", "lead": _hours(one.lead)}
    if one.laxer:
        written["laxer"] = [
            {"level": level, "within": _limit(limit), "clauses": ["X-2"]}
            for level, limit in one.laxer.items()
        ]
    return written


def _test(test: SlowTest) -> dict[str, Any]:
    written: dict[str, Any] = {"one_of": list(test.one_of)} if test.one_of else {}
    if test.least is not None:
        written["min"] = test.least
    if test.most is not None:
        written["max"] = test.most
    return {**written, **({"unknown": "applies"} if test.unknown_will_do else {})}


def raw_standing(story: Story, policy: Policy | None = None) -> Standing | None:
    """What the engine says of that story; None where the promise's condition does not hold."""
    found = standings(
        policy or policy_of(story.promise),
        {Milestone(name): [moment(one) for one in times] for name, times in story.came.items()},
        story.facts,
        [
            HoldPeriod(
                reason=HoldReason(one.reason),
                since=moment(one.since),
                until=None if one.until is None else moment(one.until),
            )
            for one in story.holds
        ],
        at_ms(story.now),
        None if story.closed_at is None else moment(story.closed_at),
    )
    return found[0] if found else None


def engine(story: Story, policy: Policy | None = None) -> SlowStanding | None:
    """What the engine says of that story, in the model's own terms."""
    stood = raw_standing(story, policy)
    return None if stood is None else told_slowly(stood)


def told_slowly(standing: Standing) -> SlowStanding:
    def ms(at: datetime | None) -> int | None:
        return None if at is None else ms_of(at)

    return SlowStanding(
        state=standing.state.value,
        occurrence=standing.occurrence,
        starts_at=ms(standing.starts_at),
        due=ms(standing.due),
        met_at=ms(standing.met_at),
        late_seconds=standing.late_seconds,
        remedy_at=ms(standing.remedy_at),
        stopped_at=ms(standing.stopped_at),
        levels={one.level: ms_of(one.at) for one in standing.moments},
        told={one.level: ms_of(one.tell_at) for one in standing.moments if one.tell_at},
    )
