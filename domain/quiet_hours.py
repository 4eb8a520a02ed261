"""Quiet hours: what comes true in the night is recorded in the night, and told in the morning."""

from datetime import datetime

from domain.calendars import CalendarUnknown
from domain.civil_time import MILLISECOND
from domain.policy import Policy
from domain.promise import Ladder


def telling_time(policy: Policy, ladder: Ladder, moment: datetime) -> datetime:
    """When what is to be told at `moment` may be: at once, or when the quiet hours are over.

    A calendar that does not know the day keeps nobody waiting: what is late must be heard.
    """
    if ladder.tell_within is None:
        return moment
    try:
        # What wakes us is a millisecond past its moment, which may be the last of the open hours.
        opens = policy.calendar(ladder.tell_within).next_open(moment - MILLISECOND)
    except CalendarUnknown:
        return moment
    return max(moment, opens)
