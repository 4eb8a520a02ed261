"""One real loan under test, acted on through the desk; its clock is the test's to move."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import WorkflowHandle

from desk.loaner_desk import LoanerDesk
from domain.civil_time import CHINA
from domain.loan import Asked, Loan, LoanerStart, TicketNews, Wanted
from domain.policy import Policy
from domain.ticket import Actor
from domain.vocabulary import Keeper, Role
from rehearsal.workflow_clock import LoanerClock
from runtime.embedded.skipping import SkippingEnvironment
from storage import loaners
from storage.statements import statement
from tests.unit.acting import MONDAY
from tests.workflows.driving import House
from workflows.messages import LOANER, LOOK_AGAIN, TICKET_NEWS, LoanAnswer, LoanView

SUPERVISOR, TECHNICIAN, DEPT_HEAD = "supervisor/高主管", "technician/T01", "dept_head/赵经理"
METER = Wanted(product_class="instrument", product="便携水质分析仪", grade="new")
BALANCE = Wanted(product_class="instrument", product="电子天平")
INSTRUMENT = {
    "product": "电子天平",
    "product_class": "instrument",
    "weight_kg": 6,
    "invoice_date": "2026-01-05",
}
"""A customer's device, for which a balance is lent."""
# Three civil days after a recall on Monday at noon: 24:00 of Thursday.
DUE = datetime(2026, 3, 6, tzinfo=CHINA)


@dataclass
class OnLoan:
    """Acting on one loan. Its ticket need not exist: then nobody hears of its progress."""

    house: House
    id: str
    ticket_no: str
    desk: LoanerDesk

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        return self.house.client.get_workflow_handle(self.id)

    async def do(self, command: str, by: str, **fields: Any) -> LoanAnswer:
        role, name = by.split("/", 1)
        actor = Actor(role=Role(role), name=name)
        return await self.desk.send(self.id, command, actor, fields, None, timedelta(seconds=30))

    async def hear(self, kind: str, at: datetime, ticket_no: str | None = None) -> None:
        """The news from its ticket, or from another."""
        news = TicketNews.model_validate(
            {"kind": kind, "ticket_no": ticket_no or self.ticket_no, "at": at}
        )
        await self.handle.signal(TICKET_NEWS, news)

    async def look_again(self) -> None:
        await self.handle.signal(LOOK_AGAIN)

    async def view(self) -> LoanView:
        return await self.desk.view(self.id)

    async def until(self, state: str) -> LoanView:
        """Until it is in that state, and the ledger has everything."""
        async with asyncio.timeout(20):
            while True:
                view = await self.view()
                if view.loan.state == state and not view.unflushed:
                    return view
                await asyncio.sleep(0.02)

    async def at_rest(self) -> LoanView:
        """Until it asks, writes and tells nothing any more."""
        async with asyncio.timeout(20):
            while True:
                server = (await self.handle.describe()).raw_description
                busy = server.pending_activities or server.HasField("pending_workflow_task")
                view = await self.view()
                if not busy and not view.unflushed and view.loan.state != "requested":
                    return view
                await asyncio.sleep(0.02)

    async def ended(self) -> str:
        """How it ended, in the workflow's own word."""
        ended: str = await asyncio.wait_for(self.handle.result(), 20)
        return ended

    async def kinds(self) -> list[str]:
        """Its ledger, without the notices."""
        events = await loaners.events_of(self.house.pool, self.id)
        return [event.kind for event in events if event.kind != "notice_due"]

    async def told(self) -> list[tuple[str, str]]:
        """Who was to be told of what."""
        events = await loaners.events_of(self.house.pool, self.id)
        notices = [event.details for event in events if event.kind == "notice_due"]
        return [(str(one["to"]), str(one["about"])) for one in notices]


async def lend(
    house: House,
    wanted: Wanted = METER,
    *,
    at: datetime | None = None,
    policy: Policy | None = None,
) -> OnLoan:
    """A loan that was asked for at `at`, now unless given; under the house's policy likewise."""
    ticket_no = f"X{secrets.randbelow(10**9):09d}"
    began = at or datetime.now(CHINA)
    loan = Loan(
        id=f"loaner/{ticket_no}/1",
        ticket_no=ticket_no,
        number=1,
        wanted=wanted,
        asked=Asked(at=began, reason="两日内修不好"),
    )
    pinned = (policy or house.shelf.get("house")).kept_by(Keeper.LOANER)
    start = LoanerStart(loan=loan, policy=pinned, clock_start=at)
    await house.client.start_workflow(LOANER, start, id=loan.id, task_queue=house.task_queue)
    return OnLoan(house, loan.id, ticket_no, LoanerDesk(house.client, house.pool))


async def holder_of(house: House, device: str) -> str | None:
    """The loan that has the device; None when it is in stock."""
    return next(one.loan_id for one in await loaners.stock(house.pool) if one.device.id == device)


@asynccontextmanager
async def stock_book_closed(house: House) -> AsyncIterator[None]:
    """Nobody gets an answer from the stock book meanwhile."""
    async with house.pool.acquire() as connection, connection.transaction():
        await connection.execute(statement("loan_stock_lock"))
        yield


class Clocked:
    """A loan whose clock the test moves."""

    def __init__(self, loan: OnLoan, environment: SkippingEnvironment) -> None:
        self.loan = loan
        self.clock = LoanerClock(environment, loan.id)

    async def to(self, moment: datetime) -> None:
        """Every deadline up to `moment` comes by itself; then the clock stands there, at rest."""
        await self.rest()
        while not self.clock.over:
            wake = self.clock.wake
            if wake is None or wake > moment:
                break
            await self.clock.bring(wake)
            await self.rest()
        await self.clock.bring(moment)
        await self.rest()

    async def rest(self) -> None:
        async with asyncio.timeout(20):
            while True:
                if await self.clock.look():
                    return
                await asyncio.sleep(0.02)


async def recalled(house: House, environment: SkippingEnvironment) -> tuple[OnLoan, Clocked]:
    """Reserved and delivered on Monday morning, recalled at noon."""
    loan = await lend(house, at=MONDAY)
    await loan.until("reserved")
    clocked = Clocked(loan, environment)
    await clocked.to(MONDAY + timedelta(hours=1))
    await loan.do("deliver", TECHNICIAN)
    await clocked.to(MONDAY + timedelta(hours=3))
    await loan.hear("repaired", MONDAY + timedelta(hours=3))
    await loan.until("recalled")
    return loan, clocked
