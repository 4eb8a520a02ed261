"""Newly announced workdays, told to the tickets that began before they were known.

A ticket pins its policy with the dates of that day. When a worker starts it compares what the open
tickets know with the shelf, and tells each what is new; so deploying the dates and restarting the
worker is enough. A ticket that knows them already is not told, and one told twice does nothing.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable

import asyncpg
import structlog
from temporalio.service import RPCError

from domain.calendar_news import CalendarDates, dates_after, extended
from domain.calendars import Workdays
from domain.policy import Policy
from domain.refusals import Refused
from runtime.policy_files import PolicyFileFaulty, PolicyShelf
from storage import policies
from storage.errors import DATABASE_ERRORS

BATCH = 200

log = structlog.get_logger(__name__)

Tell = Callable[[str, CalendarDates], Awaitable[bool]]
"""Tell the ticket of that number; False: it is over, or never was."""


async def tell_new_dates(pool: asyncpg.Pool, shelf: PolicyShelf, tell: Tell) -> int:
    """Tell every open ticket of the workdays that it does not know yet; how many were told.

    Raises database errors, and whatever `tell` raises; then the rest is told by the next call.
    """
    newest = _workdays_of_the_shelf(shelf)
    behind = {
        version: policy
        for version, policy in (await policies.in_use(pool)).items()
        if any(_news(policy, newest))
    }
    told, after = 0, ""
    while lines := await policies.open_under(pool, tuple(behind), after=after, limit=BATCH):
        for line in lines:
            policy = extended(behind[line.policy_version], line.calendars)
            for news in _news(policy, newest):
                told += await tell(line.number, news)
        after = lines[-1].number
    return told


async def until_told(
    pool: asyncpg.Pool, shelf: PolicyShelf, tell: Tell, stop: asyncio.Event, *, pause: float = 30.0
) -> None:
    """Tell them; an outage is tried again, since the next start of a worker may be a year away.

    Returns when all are told, or `stop` is set. `pause`: seconds between tries. Never raises: a
    worker that cannot tell of dates does all its other work.
    """
    while not stop.is_set():
        try:
            told = await tell_new_dates(pool, shelf, tell)
        except (RPCError, *DATABASE_ERRORS) as error:
            log.warning("new_dates_not_told", error=str(error) or type(error).__name__)
        except Exception:
            log.exception("new_dates_not_told")
            return
        else:
            log.info("new_dates_told", tickets=told)
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)


def _news(policy: Policy, newest: Iterable[Workdays]) -> Iterable[CalendarDates]:
    for name, known in policy.calendars.items():
        if not isinstance(known, Workdays):
            continue
        kin = [one for one in newest if set(one.source) & set(known.source)]
        if not kin:
            # Without a notice in common nobody can tell that the shelf's is the same calendar.
            log.warning("calendar_without_kin", policy=policy.name, calendar=name)
        latest = max(kin, key=lambda one: one.known_until, default=None)
        later = dates_after(known, latest) if latest else None
        if later is not None:
            yield CalendarDates(name=name, dates=later)


def _workdays_of_the_shelf(shelf: PolicyShelf) -> list[Workdays]:
    """The workday calendars of all policies; which a ticket's own belongs to, its sources tell."""
    found: list[Workdays] = []
    for name in shelf.names():
        try:
            policy = shelf.get(name)
        except (PolicyFileFaulty, Refused) as fault:
            log.warning("calendars_not_read", policy=name, error=str(fault))
            continue
        found += [one for one in policy.calendars.values() if isinstance(one, Workdays)]
    return found
