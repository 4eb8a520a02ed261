"""On a real ticket: another policy, another year's workdays, and telling again who does nothing."""

import dataclasses
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from desk.calendar_post import tell_new_dates
from desk.ticket_desk import TicketDesk
from desk.workflow_post import WorkflowPost
from domain.calendar_news import CalendarDates
from domain.calendars import Workdays
from domain.civil_time import CHINA, local
from domain.refusals import RefusalType, Refused
from domain.vocabulary import PromiseState
from runtime.embedded.skipping import SkippingEnvironment
from runtime.policy_files import PolicyShelf
from runtime.settings import Settings
from storage import tickets
from storage.rebuild import rebuild
from tests.unit.acting import MONDAY
from tests.workflows.driving import AGENT, SUPERVISOR, House, OnTicket
from tests.workflows.replaying import failure_of
from tests.workflows.test_promises import Clocked

MANAGER = "manager/许总"
HOUR = timedelta(hours=1)

NAGGING = """\
name: nagging
title: 催到有人管
extends: house
ladders:
  nag:
    rungs: [{level: 1, percent: 100, tell: supervisor}]
    repeat: {every: 30 minutes, at_most: 9}
promises:
  - id: fix
    clauses: [X-1]
    says: 两小时内修好
    starts: reported
    met_by: resolved
    within: HOURS hours
    escalate: nag
"""
OFFICE = """\
name: office
title: 按工作日
extends: house
calendars:
  days: {kind: workdays, dates: short}
promises:
  - id: fix
    clauses: [X-2]
    says: 五个工作日内修好
    starts: reported
    met_by: resolved
    within: 5 workdays
    calendar: days
"""
DATES = """\
source: [LIST]
known_from: 2026-01-01
known_until: UNTIL
holidays: []
makeup_workdays: []
"""


class Shelf:
    """The shipped policies and two of our own, whose files the test may change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shipped = Settings().policies_dir
        shutil.copytree(shipped, folder, ignore=shutil.ignore_patterns("*.csv", "*.py"))
        self.dates(until="2026-03-04", sources="三月的通知")
        (folder / "office.yaml").write_text(OFFICE, encoding="utf-8")
        self.nagging(hours=2)

    def nagging(self, *, hours: int) -> None:
        text = NAGGING.replace("HOURS", str(hours))
        (self.folder / "nagging.yaml").write_text(text, encoding="utf-8")

    def dates(self, *, until: str, sources: str) -> None:
        text = DATES.replace("UNTIL", until).replace("LIST", sources)
        (self.folder / "calendars" / "short.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "policies")


@pytest.fixture
def own_house(skipping_house: House, shelf: Shelf) -> House:
    policies = PolicyShelf(shelf.folder)
    desk = TicketDesk(skipping_house.client, skipping_house.pool, policies)
    return dataclasses.replace(skipping_house, shelf=policies, desk=desk)


async def registered(house: House, environment: SkippingEnvironment, policy: str) -> Clocked:
    ticket = await house.open(policy=policy, at=MONDAY)
    clocked = await Clocked(ticket, environment).begin()
    device = {"product": "窗", "product_class": "other", "policy": policy}
    await ticket.do("register", AGENT, device=device, site="江南花园", symptom="关不上")
    return clocked


async def due(ticket: OnTicket, promise: str) -> datetime | None:
    view = await ticket.view()
    moment = next(one.due for one in view.standings if one.promise == promise)
    return local(moment) if moment is not None else None


async def told(ticket: OnTicket, about: str) -> list[dict[str, Any]]:
    happened = await tickets.events(ticket.house.pool, ticket.number)
    notices = [one.details for one in happened if one.kind == "notice_due"]
    return [one for one in notices if one["about"] == about]


async def rebuilt_alike(house: House) -> bool:
    """The projection made anew from the events and the pinned policies has the same rows."""
    read = "SELECT (t.*)::text, (p.*)::text FROM ticket t LEFT JOIN ticket_promise p ON true"
    before = sorted(map(str, await house.pool.fetch(read)))
    await rebuild(house.pool)
    return sorted(map(str, await house.pool.fetch(read))) == before


async def replays(ticket: OnTicket) -> bool:
    history = await ticket.handle.fetch_history()
    return await failure_of(history, rehearsal=ticket.house.rehearsal) is None


async def test_an_open_ticket_goes_on_under_a_newer_version_or_one_of_before(
    own_house: House, skipping_env: SkippingEnvironment, shelf: Shelf
) -> None:
    clocked = await registered(own_house, skipping_env, "nagging")
    ticket, first = clocked.ticket, own_house.shelf.get("nagging").version
    await clocked.to(MONDAY + HOUR)
    shelf.nagging(hours=4)
    newer = own_house.shelf.get("nagging").version
    await ticket.do("adopt_policy", MANAGER, policy="nagging", reason="新合同")
    assert await due(ticket, "fix") == MONDAY + 4 * HOUR
    await clocked.to(MONDAY + 3 * HOUR)
    assert await clocked.state("fix") is PromiseState.RUNNING
    assert await told(ticket, "promise_missed") == []
    await ticket.do("adopt_policy", MANAGER, policy="nagging", version=first, reason="改回")
    assert await due(ticket, "fix") == MONDAY + 2 * HOUR
    assert await clocked.state("fix") is PromiseState.MISSED
    assert len(await told(ticket, "promise_missed")) == 1
    rows = await tickets.show_rows(own_house.pool, ticket.number)
    assert rows is not None
    adopted = [one.details for one in rows.events if one.kind == "policy_adopted"]
    assert [one["version"] for one in adopted] == [newer, first]
    assert adopted[0]["from"] == f"nagging {first}"
    assert rows.ticket.policy_version == first
    assert await rebuilt_alike(own_house)
    assert await replays(ticket)


@pytest.mark.parametrize(
    ("fields", "word", "says"),
    [
        ({"policy": "nagging", "version": "0123456789ab"}, RefusalType.UNKNOWN_POLICY, "有 "),
        ({"policy": "nonesuch"}, RefusalType.UNKNOWN_POLICY, "可用:"),
        ({"policy": "nonesuch", "version": "0123456789ab"}, RefusalType.UNKNOWN_POLICY, "没有"),
        ({"policy": 7}, RefusalType.INVALID_INPUT, "policy"),
        ({}, RefusalType.INVALID_INPUT, "缺少"),
    ],
)
async def test_what_is_no_policy_is_refused_and_names_what_there_is(
    own_house: House,
    skipping_env: SkippingEnvironment,
    fields: dict[str, Any],
    word: RefusalType,
    says: str,
) -> None:
    clocked = await registered(own_house, skipping_env, "nagging")
    with pytest.raises(Refused) as refused:
        await clocked.ticket.do("adopt_policy", MANAGER, reason="换", **fields)
    assert refused.value.type is word
    assert says in f"{refused.value.field} {refused.value.message}"
    assert "policy_adopted" not in await clocked.ticket.kinds()


async def test_nobody_acts_so_it_is_told_again_until_somebody_does(
    own_house: House, skipping_env: SkippingEnvironment
) -> None:
    clocked = await registered(own_house, skipping_env, "nagging")
    ticket, missed = clocked.ticket, MONDAY + 2 * HOUR
    await clocked.to(missed + HOUR + timedelta(minutes=10))
    again = [one for one in await told(ticket, "promise_repeated") if one["promise"] == "fix"]
    assert [(one["to"], one["repeat"]) for one in again] == [("supervisor", 1), ("supervisor", 2)]
    await ticket.do("note", SUPERVISOR, text="已安排")
    await clocked.to(missed + 5 * HOUR)
    after = [one for one in await told(ticket, "promise_repeated") if one["promise"] == "fix"]
    assert after == again
    assert await replays(ticket)


async def test_a_year_that_is_announced_later_is_told_and_what_waited_for_it_is_planned(
    own_house: House, skipping_env: SkippingEnvironment, shelf: Shelf
) -> None:
    clocked = await registered(own_house, skipping_env, "office")
    ticket = clocked.ticket
    view = await ticket.view()
    fix = next(one for one in view.standings if one.promise == "fix")
    assert (fix.state, fix.due, str(fix.unknown_from)) == (
        PromiseState.RUNNING,
        None,
        "2026-03-05",
    )
    tell = WorkflowPost(own_house.client, own_house.task_queue).tell_dates
    assert await tell_new_dates(own_house.pool, own_house.shelf, tell) == 0
    shelf.dates(until="2026-12-31", sources="三月的通知, 全年的通知")
    assert await tell_new_dates(own_house.pool, own_house.shelf, tell) == 1
    await ticket.settled()
    assert await due(ticket, "fix") == datetime(2026, 3, 10, tzinfo=CHINA)
    [event] = [
        one
        for one in await tickets.events(own_house.pool, ticket.number)
        if one.kind == "calendar_extended"
    ]
    assert event.details["known_until"] == "2026-12-31"
    assert event.details["source"] == ["三月的通知", "全年的通知"]
    assert await tell_new_dates(own_house.pool, own_house.shelf, tell) == 0
    await clocked.to(datetime(2026, 3, 10, 0, 0, 5, tzinfo=CHINA))
    assert await clocked.state("fix") is PromiseState.MISSED
    assert await rebuilt_alike(own_house)
    assert await replays(ticket)


async def test_a_ticket_that_is_over_is_not_told_of_new_dates(
    own_house: House, skipping_env: SkippingEnvironment, shelf: Shelf
) -> None:
    clocked = await registered(own_house, skipping_env, "office")
    await clocked.ticket.do("cancel", SUPERVISOR, reason="不修了")
    await clocked.ticket.handle.result()
    shelf.dates(until="2026-12-31", sources="三月的通知, 全年的通知")
    tell = WorkflowPost(own_house.client, own_house.task_queue).tell_dates
    assert await tell_new_dates(own_house.pool, own_house.shelf, tell) == 0
    days = own_house.shelf.get("office").calendars["days"]
    assert isinstance(days, Workdays)
    assert not await tell(clocked.ticket.number, CalendarDates(name="days", dates=days))
