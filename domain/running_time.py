"""The time that counts for one promise: its calendar with the pauses cut out.

This arithmetic is where systems of this field go wrong, so it is in one place and small. A pause
counts only where the calendar is open; overlapping pauses count once.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from domain.calendars import Calendar, Period
from domain.civil_time import to_millisecond
from domain.vocabulary import HoldReason

_Moment = Annotated[AwareDatetime, AfterValidator(to_millisecond)]


class HoldPeriod(BaseModel):
    """A wait beside the stage, from `since` up to `until`; without `until` it is still open."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True
    )
    reason: HoldReason
    since: _Moment = Field(alias="from")
    until: _Moment | None = Field(default=None, alias="to")


def pauses(
    holds: Sequence[HoldPeriod], reasons: Collection[HoldReason], now: datetime
) -> tuple[Period, ...]:
    """The union of the holds for these reasons, in order. An open hold counts as ending now."""
    spans = sorted(
        (hold.since, max(hold.since, now) if hold.until is None else hold.until)
        for hold in holds
        if hold.reason in reasons
    )
    union: list[Period] = []
    for since, until in spans:
        if union and since <= union[-1][1]:
            union[-1] = union[-1][0], max(union[-1][1], until)
        else:
            union.append((since, until))
    return tuple(union)


def is_paused(holds: Sequence[HoldPeriod], reasons: Collection[HoldReason], now: datetime) -> bool:
    """Whether a hold for one of these reasons is open now."""
    return any(
        hold.reason in reasons and hold.since <= now and (hold.until is None or now < hold.until)
        for hold in holds
    )


class RunningTime:
    """Counts open, unpaused time. `pauses` must be in order and apart."""

    __slots__ = ("_calendar", "_pauses")

    def __init__(self, calendar: Calendar, pauses: tuple[Period, ...]) -> None:
        self._calendar = calendar
        self._pauses = pauses

    def extend(self, since: datetime, due: datetime) -> datetime:
        """`due` put off by the open time of every pause between `since` and it.

        A pause that takes open time before the due time lies whole before the extended one, so one
        walk over the pauses in order finds the fixpoint.
        """
        open_between = self._calendar.open_between
        for pause_begins, ends in self._pauses:
            if pause_begins >= due:
                break
            begins = max(pause_begins, since)
            # Due may stand where nothing is open, as at 24:00 of a day off: then a pause that
            # covers only shut hours before it has taken nothing away.
            if open_between(begins, due):
                due = self._calendar.add_open(due, open_between(begins, ends))
        return due

    def extend_into(self, hours: Calendar, since: datetime, due: datetime) -> datetime:
        """`due` moved into those hours, put off by the pauses before it, and moved again.

        The earliest moment in the hours that has all paused time before it added to the moved due
        time, and that no wait covers: so more waiting never makes it earlier.
        """
        first = due = hours.move_into(due)
        while True:
            lost = self._calendar.open_between(since, due) - self.between(since, due)
            later = max(due, self._calendar.add_open(first, lost))
            if later > first:
                later = self._out_of_pause(later)
            later = hours.move_into(later)
            if later == due:
                return due
            due = later

    def _out_of_pause(self, moment: datetime) -> datetime:
        """`moment`, or the first after it at which nothing waits, or nothing is open."""
        for begins, ends in self._pauses:
            if begins <= moment < ends and self._calendar.is_open(moment):
                _, closes = next(self._calendar.periods(moment))
                moment = min(ends, closes)
        return moment

    def add(self, start: datetime, amount: timedelta) -> datetime:
        """The earliest moment by which `amount` of this time has run since `start`."""
        return self.extend(start, self._calendar.add_open(start, amount))

    def between(self, since: datetime, until: datetime) -> timedelta:
        """How much of this time lies between the two."""
        total = self._calendar.open_between(since, until)
        for begins, ends in self._pauses:
            if begins >= until:
                break
            total -= self._calendar.open_between(max(begins, since), min(ends, until))
        return total
