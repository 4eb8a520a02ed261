"""The dates of a year that is announced after a ticket has pinned its policy.

A workday calendar does not guess: a promise that reaches past what it knows has no due time. The
dates that become known are told to the ticket, kept in its events, and put into its calendars; so
the promise is planned again, and anybody can see by which announcement.
"""

from collections.abc import Iterable
from typing import Any

from domain.calendars import CalendarSpec, Workdays
from domain.civil_time import DAY
from domain.policy import Policy
from domain.policy_entry import PolicyEntry
from domain.records import Record


class CalendarDates(Record):
    """What has become known for the workday calendar of that name in a ticket's policy."""

    name: str
    dates: Workdays


def dates_after(known: Workdays, newer: Workdays) -> Workdays | None:
    """What `newer` says of the days that `known` does not reach; None: nothing of use.

    None also where it begins later still, which would leave days between unknown.
    """
    return newer.known_since(known.known_until + DAY) if _goes_on(known, newer) else None


def extended(policy: Policy, news: Iterable[CalendarDates]) -> Policy:
    """The policy with those dates in its calendars; the very same where they know them already."""
    calendars: dict[str, CalendarSpec] = dict(policy.calendars)
    for one in news:
        known = calendars.get(one.name)
        if isinstance(known, Workdays) and _goes_on(known, one.dates):
            calendars[one.name] = _with(known, one.dates)
    if calendars == policy.calendars:
        return policy
    # Made anew and not copied: a copy would keep what was worked out from the old calendars.
    return Policy.model_validate({**_fields(policy), "calendars": calendars})


def _goes_on(known: Workdays, newer: Workdays) -> bool:
    return newer.known_from <= known.known_until + DAY <= newer.known_until


def _with(known: Workdays, newer: Workdays) -> Workdays:
    ahead = newer.known_since(known.known_until + DAY)
    return Workdays.model_validate(
        {
            **_fields(known),
            "source": tuple(dict.fromkeys((*known.source, *ahead.source))),
            "known_until": ahead.known_until,
            "holidays": (*known.holidays, *ahead.holidays),
            "makeup_workdays": (*known.makeup_workdays, *ahead.makeup_workdays),
        }
    )


def _fields(entry: PolicyEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in type(entry).model_fields}
