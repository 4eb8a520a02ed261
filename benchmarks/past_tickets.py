"""A policy of twelve promises and tickets of the past, made by a seeded chance: always the same."""

import random
from datetime import datetime, timedelta

from domain.civil_time import CHINA, DAY
from domain.policy import Policy
from domain.running_time import HoldPeriod
from domain.vocabulary import HoldReason, Milestone
from domain.what_if import PastTicket

_SEED = 20260302
_MINUTE = timedelta(minutes=1)
_FIRST = datetime(2026, 1, 5, tzinfo=CHINA)
_HOLIDAYS = ["2026-01-01..2026-01-03", "2026-02-15..2026-02-23", "2026-04-04..2026-04-06"]


def twelve_promises() -> Policy:
    """Every form that the seven policies have: elapsed, civil, workdays, clock times, either-or."""
    promises: list[tuple[str, dict[str, object]]] = [
        ("registered", {"when": {"answered": True}, "within": "30 minutes"}),
        ("called_back", {"when": {"answered": False}, "within": "30 minutes"}),
        ("guided", {"met_by": "guidance_started", "within": "15 minutes", "pauses_on": _PAUSES}),
        ("proposed", {"met_by": "assessed", "within": "4 hours", "calendar": "lunching"}),
        ("arrived", {"within": "8 hours", "calendar": "office", "pauses_on": _PAUSES}),
        ("urgent", {"when": {"severity": "severe"}, "met_by": "arrived", "within": "2 hours"}),
        ("small", {"when": _SMALL, "met_by": _EITHER, "within": "2 days", "pauses_on": _PAUSES}),
        ("large", {"when": {"weight_kg": {"above": 10}}, "met_by": _EITHER, "within": "3 days"}),
        ("ruled", {"starts": "disputed", "within": "3 workdays", "calendar": "workdays"}),
        ("backfilled", {"when": _EMERGENCY, "met_by": "order_issued", "within": "24 hours"}),
        ("order_returned", {"starts": "last visit_ended", "by": _BY, "void_by": "order_waived"}),
        ("followed_up", {"starts": "last [signed_off, guided]", "within": "24 hours", **_CALLS}),
    ]
    usual = {"starts": "reported", "void_by": "resolved"}
    entries = [
        {**usual, "id": name, "met_by": name, **entry, "clauses": [f"X-{place}"], "says": name}
        for place, (name, entry) in enumerate(promises, start=1)
    ]
    written = {"name": "twelve", "title": "十二条", "calendars": _CALENDARS, "promises": entries}
    return Policy.model_validate(written)


_CALLS = {"move_into": "calling", "pauses_on": "customer", "void_by": "reopened"}
_BY = ["same day 18:00", "next day 10:00"]
_EMERGENCY = {"emergency": True}
_PAUSES = ["customer", "weather"]
_EITHER = ["resolved", "loaner_delivered"]
_SMALL = {"weight_kg": {"max": 10, "unknown": "applies"}}
_CALENDARS = {
    "office": {"kind": "opening_hours", "daily": ["08:00-18:00"]},
    "lunching": {
        "kind": "opening_hours",
        "daily": ["08:30-12:00", "13:30-17:30"],
        "on": {"sat": ["09:00-12:00"], "sun": []},
    },
    "calling": {"kind": "opening_hours", "daily": ["09:00-20:00"]},
    "workdays": {
        "kind": "workdays",
        "source": ["国办发明电"],
        "known_from": "2026-01-01",
        "known_until": "2026-12-31",
        "holidays": _HOLIDAYS,
        "makeup_workdays": [],
    },
}


def past_tickets(number: int) -> list[PastTicket]:
    """So many tickets: most in office hours, one in six held, one in eight late, a few open."""
    chance = random.Random(_SEED)
    return [_ticket(chance, f"{place:06d}") for place in range(1, number + 1)]


def _ticket(chance: random.Random, number: str) -> PastTicket:
    reported = _FIRST + chance.randrange(90) * DAY + _minutes(chance, 7 * 60, 21 * 60)
    times = _story(chance, reported)
    # Every twentieth is still open: what it has not reached yet is taken away.
    reached = dict(list(times.items())[: chance.randrange(4, 7)]) if _one_in(chance, 20) else times
    last = max(reached.values())
    since = reported + _minutes(chance, 60, 300)
    held = HoldPeriod(
        reason=chance.choice([HoldReason.CUSTOMER, HoldReason.WEATHER, HoldReason.PARTS]),
        since=since,
        until=since + _minutes(chance, 60, 3000),
    )
    return PastTicket(
        number=number,
        policy="twelve",
        version="0" * 12,
        milestones={name: (moment,) for name, moment in reached.items()},
        facts={
            "answered": not _one_in(chance, 5),
            "weight_kg": chance.choice([None, 0.5, 6.0, 10.0, 48.0]),
            "severity": chance.choice(["general", "general", "urgent", "severe"]),
            "emergency": _one_in(chance, 15),
            "in_warranty": chance.choice([True, False, None]),
        },
        holds=(held,) if _one_in(chance, 6) else (),
        ended_at=reached.get(Milestone.CLOSED),
        as_of=last,
    )


def _story(chance: random.Random, reported: datetime) -> dict[Milestone, datetime]:
    """A repair from the report to its closing, in the order of events."""
    slow = 6 if _one_in(chance, 8) else 1
    steps = [
        (Milestone.CALLED_BACK, 1, 6),
        (Milestone.GUIDANCE_STARTED, 1, 10),
        (Milestone.REGISTERED, 1, 16),
        (Milestone.ASSESSED, 5, 60),
        (Milestone.DISPATCHED, 10, 120),
        (Milestone.ARRIVED, 30, 900),
        (Milestone.RESOLVED, 20, 600),
        (Milestone.VISIT_ENDED, 5, 30),
        (Milestone.SIGNED_OFF, 1, 60),
        (Milestone.ORDER_ISSUED, 5, 60),
        (Milestone.ORDER_RETURNED, 5, 240),
        (Milestone.FOLLOWED_UP, 200, 1300),
        (Milestone.CLOSED, 0, 1),
    ]
    times = {Milestone.REPORTED: reported}
    moment = reported
    for name, least, most in steps:
        moment += slow * _minutes(chance, least, most)
        times[name] = moment
    if _one_in(chance, 10):
        times[Milestone.DISPUTED] = times[Milestone.ASSESSED]
        times[Milestone.RULED] = times[Milestone.DISPUTED] + _minutes(chance, 600, 9000)
    return dict(sorted(times.items(), key=lambda one: one[1]))


def _minutes(chance: random.Random, least: int, most: int) -> timedelta:
    return chance.randint(least, most) * _MINUTE


def _one_in(chance: random.Random, number: int) -> bool:
    return chance.randrange(number) == 0
