"""What changes for an open ticket while it is open: its policy, the calendar, who is told again."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from desk.workflow_post import WorkflowPost
from domain.calendar_news import CalendarDates
from domain.calendars import Workdays
from domain.civil_time import CHINA
from storage import tickets
from tests.histories.story import Story, Under, until
from tests.workflows.driving import AGENT, SUPERVISOR, OnTicket

MANAGER = "manager/许总"
A_DAY = timedelta(days=1)


async def _adopted(ticket: OnTicket) -> None:
    await ticket.register()
    await ticket.do("adopt_policy", MANAGER, policy="house", reason="客户另签了合同")


async def _extended(ticket: OnTicket) -> None:
    """The dates are made up; that there are more of them is what a replay must go through."""
    await ticket.register()
    pinned = ticket.house.shelf.get("doors_windows").calendars["workdays"]
    assert isinstance(pinned, Workdays)
    begins = pinned.known_until + A_DAY
    dates = Workdays(
        kind="workdays",
        source=(*pinned.source[-1:], "试录的一年"),
        known_from=begins,
        known_until=date(begins.year, 12, 31),
        holidays=(f"{begins.year}-10-01..{begins.year}-10-07",),
        makeup_workdays=(),
    )
    post = WorkflowPost(ticket.house.client, ticket.house.task_queue)
    await post.tell_dates(ticket.number, CalendarDates(name="workdays", dates=dates))
    await until(lambda: _happened(ticket, "calendar_extended"))


async def _told_again(ticket: OnTicket) -> None:
    """Late by all levels when it begins; the last is told again, until somebody acts."""
    await until(lambda: _told_twice(ticket), within=90)
    await ticket.do("note", MANAGER, text="知道了")


async def _from_afar(ticket: OnTicket) -> None:
    await ticket.register()
    await ticket.do("start_guidance", ticket.technician, way="remote")
    await ticket.do("start_guidance", ticket.technician, way="proposal")


async def _put_off(ticket: OnTicket) -> None:
    """Bad weather before an appointment, which is then moved."""
    begins = datetime.now(CHINA) + A_DAY
    await ticket.register()
    await ticket.do("dispatch", SUPERVISOR, window=_window(begins))
    await ticket.do("hold", AGENT, reason="weather")
    await ticket.do("dispatch", SUPERVISOR, reason="大风", window=_window(begins + A_DAY))
    await ticket.do("resume", AGENT)


def _window(begins: datetime) -> dict[str, str]:
    return {"from": begins.isoformat(), "to": (begins + timedelta(hours=2)).isoformat()}


async def _happened(ticket: OnTicket, kind: str) -> bool:
    return kind in await ticket.kinds()


async def _told_twice(ticket: OnTicket) -> bool:
    happened = await tickets.events(ticket.house.pool, ticket.number)
    return any(one.details.get("about") == "promise_repeated" for one in happened)


POLICY_STORIES: Mapping[str, Story] = {
    "policy_adopted": Story(_adopted),
    "calendar_extended": Story(_extended),
    "told_again": Story(_told_again, Under.SHORT_LIMITS, timedelta(hours=3)),
    "guided_from_afar": Story(_from_afar),
    "put_off_by_weather": Story(_put_off),
}
