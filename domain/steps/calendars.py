"""A year's workdays are announced while a ticket is open: what could not be planned is planned."""

from datetime import datetime

from domain.calendar_news import CalendarDates, extended
from domain.case import Case
from domain.events import Changes
from domain.vocabulary import ENDED


def extend_calendar(case: Case, news: CalendarDates, now: datetime) -> Case:
    """The case once its ticket knows these dates (event `calendar_extended`).

    What it knows already, or has no use for, changes nothing: it may be told any number of times.
    """
    if case.ticket.stage in ENDED or extended(case.policy, (news,)) is case.policy:
        return case
    case = case.record(
        "calendar_extended",
        now,
        changes=Changes(calendar=news),
        details={
            "name": news.name,
            "known_until": news.dates.known_until.isoformat(),
            "source": list(news.dates.source),
        },
    )
    return case.under(case.policy)
