"""Which open tickets are told of newly announced workdays, and of which."""

import asyncio
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import asyncpg
import pytest
from temporalio.service import RPCError, RPCStatusCode

from desk import calendar_post
from desk.calendar_post import tell_new_dates, until_told
from domain.calendar_news import CalendarDates
from domain.calendars import Workdays
from domain.case import Case, open_case
from domain.events import Changes, Opening
from domain.policy import Policy
from domain.steps.calendars import extend_calendar
from domain.vocabulary import Stage
from runtime.policy_files import PolicyShelf
from storage.ledger import write
from tests.storage.stories import START, batch

OCTOBER = "2026-10-01..2026-10-07"
NOTICE, NEXT_NOTICE = "三月以前的通知", "全年的通知"
POLICY = """\
name: NAME
title: 按工作日
calendars:
  days: {kind: workdays, dates: DATES}
"""
DATES = """\
source: [SOURCES]
known_from: 2026-01-01
known_until: UNTIL
holidays: [HOLIDAYS]
makeup_workdays: []
"""


def shelf(folder: Path, *, until: str, sources: Iterable[str]) -> PolicyShelf:
    """One policy whose calendar has these dates, beside one of another country's."""
    dates = folder / "calendars"
    dates.mkdir(exist_ok=True)
    for name, known, notices in (
        ("own", until, ", ".join(sources)),
        ("foreign", "2030-12-31", "别国的通知"),
    ):
        text = DATES.replace("UNTIL", known).replace("SOURCES", notices)
        text = text.replace("HOLIDAYS", OCTOBER if known > OCTOBER else "")
        (dates / f"{name}.yaml").write_text(text, encoding="utf-8")
        policy = POLICY.replace("NAME", name).replace("DATES", name)
        (folder / f"{name}.yaml").write_text(policy, encoding="utf-8")
    return PolicyShelf(folder)


class Told:
    """Who was told of what, in order; from the `fails_at`-th on the tickets cannot be reached."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.news: list[tuple[str, CalendarDates]] = []
        self._fails_at = fails_at

    async def __call__(self, ticket_no: str, news: CalendarDates) -> bool:
        if len(self.news) == self._fails_at:
            raise ConnectionError
        self.news.append((ticket_no, news))
        return True

    @property
    def numbers(self) -> list[str]:
        return [number for number, _ in self.news]


def opened(number: str, policy: Policy) -> Case:
    opening = Opening(
        number=number, opened_at=START, policy=policy.name, policy_version=policy.version
    )
    return open_case(opening, policy)


@pytest.fixture
def known(tmp_path: Path) -> PolicyShelf:
    return shelf(tmp_path, until="2026-03-04", sources=[NOTICE])


@pytest.fixture
def announced(known: PolicyShelf, tmp_path: Path, pinned: Policy) -> PolicyShelf:
    """The same shelf, once the whole year is known; what was pinned before is not."""
    assert pinned.name == "own"
    return shelf(tmp_path, until="2026-12-31", sources=[NOTICE, NEXT_NOTICE])


@pytest.fixture
def pinned(known: PolicyShelf) -> Policy:
    return known.get("own")


async def test_every_open_ticket_is_told_once_in_bounded_batches_and_no_other(
    pool: asyncpg.Pool, pinned: Policy, announced: PolicyShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendar_post, "BATCH", 2)
    for number in range(5):
        await write(pool, batch(opened(f"T{number}", pinned), START))
    over = opened("T5", pinned).record("closed", START, changes=Changes(stage=Stage.CLOSED))
    await write(pool, batch(over, START))
    told = Told()
    assert await tell_new_dates(pool, announced, told) == 5
    assert told.numbers == [f"T{number}" for number in range(5)]
    [sent] = {news.model_dump_json() for _, news in told.news}
    dates = CalendarDates.model_validate_json(sent).dates
    assert (dates.known_from, dates.known_until) == (date(2026, 3, 5), date(2026, 12, 31))
    assert (dates.source, dates.holidays) == ((NOTICE, NEXT_NOTICE), (OCTOBER,))


async def test_whoever_knows_already_is_not_told(
    pool: asyncpg.Pool, pinned: Policy, announced: PolicyShelf
) -> None:
    told = Told()
    await write(pool, batch(opened("T1", pinned), START))
    await tell_new_dates(pool, announced, told)
    [(_, news)] = told.news
    later = START + timedelta(minutes=1)
    case = extend_calendar(opened("T2", pinned), news, later)
    assert [event.kind for event in case.events] == ["opened", "calendar_extended"]
    await write(pool, batch(case, later))
    fresh = announced.get("own")
    await write(pool, batch(opened("T3", fresh), START))
    again = Told()
    assert await tell_new_dates(pool, announced, again) == 1
    assert again.numbers == ["T1"]


async def test_what_was_cut_short_is_told_by_the_next_call(
    pool: asyncpg.Pool, pinned: Policy, announced: PolicyShelf
) -> None:
    for number in range(3):
        await write(pool, batch(opened(f"T{number}", pinned), START))
    cut = Told(fails_at=1)
    with pytest.raises(ConnectionError):
        await tell_new_dates(pool, announced, cut)
    whole = Told()
    await tell_new_dates(pool, announced, whole)
    assert whole.numbers == ["T0", "T1", "T2"]


async def test_an_outage_is_tried_again_until_all_are_told(
    pool: asyncpg.Pool, pinned: Policy, announced: PolicyShelf
) -> None:
    await write(pool, batch(opened("T1", pinned), START))
    told, tries = Told(), 0

    async def away_at_first(ticket_no: str, news: CalendarDates) -> bool:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
        return await told(ticket_no, news)

    await until_told(pool, announced, away_at_first, asyncio.Event(), pause=0.01)
    assert (tries, told.numbers) == (3, ["T1"])


@pytest.mark.parametrize("error", [RPCError("away", RPCStatusCode.UNAVAILABLE, b""), KeyError()])
async def test_a_worker_that_cannot_tell_goes_on_and_stops_when_told_to(
    pool: asyncpg.Pool, pinned: Policy, announced: PolicyShelf, error: Exception
) -> None:
    await write(pool, batch(opened("T1", pinned), START))
    stop, tried = asyncio.Event(), 0

    async def fails(ticket_no: str, news: CalendarDates) -> bool:
        nonlocal tried
        tried += 1
        stop.set()
        raise error

    async with asyncio.timeout(10):
        await until_told(pool, announced, fails, stop)
    assert tried == 1


async def test_dates_of_other_announcements_are_no_news(
    pool: asyncpg.Pool, pinned: Policy, tmp_path: Path
) -> None:
    await write(pool, batch(opened("T1", pinned), START))
    other = shelf(tmp_path, until="2026-12-31", sources=["别处的通知"])
    told = Told()
    assert await tell_new_dates(pool, other, told) == 0
    assert told.news == []


async def test_one_faulty_policy_does_not_keep_the_dates_from_the_others(
    pool: asyncpg.Pool, pinned: Policy, announced: PolicyShelf, tmp_path: Path
) -> None:
    (tmp_path / "broken.yaml").write_text("name: broken\n", encoding="utf-8")
    await write(pool, batch(opened("T1", pinned), START))
    assert await tell_new_dates(pool, announced, Told()) == 1
    days = announced.get("own").calendars["days"]
    assert isinstance(days, Workdays)
