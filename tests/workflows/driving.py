"""One real ticket under test: a server, a worker, a database, and a desk to act through."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from desk.numbers import normalise
from desk.temporal_starter import TemporalStarter
from desk.ticket_desk import TicketDesk
from domain.calls import Call, Direction
from domain.civil_time import CHINA
from domain.intake import TicketOpening
from domain.ticket import Actor
from domain.vocabulary import Role
from runtime.directory_files import read_directory
from runtime.policy_files import PolicyShelf
from runtime.settings import Settings
from storage import tickets
from storage.directory import replace_directory
from storage.statements import statement
from worker import build_worker
from workflows.messages import Answer, TicketView, ticket_workflow_id

ROOT = Path(__file__).parents[2]
NUMBER = "+8613900010001"
AGENT, SUPERVISOR = "agent/客服小何", "supervisor/高主管"
TECHNICIAN, CUSTOMER = "technician/T01", "customer/王秀英"


@dataclass
class House:
    """Temporal, Postgres and a desk. Every ticket gets a number of its own."""

    client: Client
    pool: asyncpg.Pool
    shelf: PolicyShelf
    task_queue: str
    desk: TicketDesk
    rehearsal: bool

    async def open(
        self, *, policy: str = "house", at: datetime | None = None, ended: bool = True
    ) -> "OnTicket":
        """A ticket from an answered call that began at `at`, now unless given."""
        began = at or datetime.now(CHINA)
        number = f"W{secrets.randbelow(10**9):09d}"
        call = Call(
            call_id=secrets.token_hex(8),
            direction=Direction.IN,
            caller=NUMBER,
            line="4008001234",
            started_at=began,
            answered_at=began,
            ended_at=began if ended else None,
            answered=True,
        )
        starter = TemporalStarter(
            self.client, self.shelf, self.task_queue, lambda: began, rehearsal=self.rehearsal
        )
        opening = TicketOpening(number=number, opened_at=began, policy=policy, caller=NUMBER)
        await starter.start(number, opening, call)
        return OnTicket(self, number, call, starter)


@dataclass
class OnTicket:
    """Acting on one ticket."""

    house: House
    number: str
    call: Call
    starter: TemporalStarter
    technician: str = TECHNICIAN

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        return self.house.client.get_workflow_handle(ticket_workflow_id(self.number))

    async def do(self, command: str, by: str, id: str | None = None, **fields: Any) -> Answer:
        role, name = by.split("/", 1)
        actor = Actor(role=Role(role), name=name)
        answer = await self.house.desk.send(
            self.number, command, actor, fields, id, timedelta(seconds=60)
        )
        if answer.technician is not None:
            self.technician = f"technician/{answer.technician}"
        return answer

    async def register(self, device: str = "D101", **fields: Any) -> Answer:
        return await self.do("register", AGENT, device=device, symptom="关不上", **fields)

    async def road(self, *, until: str = "sign_off") -> None:
        """The straight road up to and including `until`."""
        await self.register()
        if until == "register":
            return
        others = {"dispatch": SUPERVISOR, "sign_off": CUSTOMER}
        for step in ("dispatch", "accept", "depart", "arrive", "finish", "sign_off"):
            await self.do(step, others.get(step, self.technician))
            if step == until:
                return

    async def view(self) -> TicketView:
        return await self.house.desk.view(self.number)

    async def settled(self) -> None:
        """Until the ledger has everything."""
        for _ in range(600):
            if not (await self.view()).unflushed:
                return
            await asyncio.sleep(0.05)
        raise TimeoutError(f"ticket {self.number} does not come to rest")

    async def kinds(self) -> list[str]:
        return [event.kind for event in await tickets.events(self.house.pool, self.number)]


@asynccontextmanager
async def house(
    client: Client, pool: asyncpg.Pool, *, rehearsal: bool = False, polling: bool = True
) -> AsyncIterator[House]:
    """The house with the example's books; `polling` False leaves the worker to the test."""
    shelf = PolicyShelf(Settings().policies_dir)
    await replace_directory(pool, read_directory(ROOT / "examples" / "directory.yaml", normalise))
    # Each test has a database of its own, but the server is one: no workflow's id may come again.
    await pool.execute(statement("ticket_number_begin"), 1000 * (1 + secrets.randbelow(10**9)))
    queue = f"test-{secrets.token_hex(6)}"
    made = House(client, pool, shelf, queue, TicketDesk(client, pool, shelf), rehearsal)
    if not polling:
        yield made
        return
    async with polling_worker(made):
        yield made


@asynccontextmanager
async def polling_worker(house: House) -> AsyncIterator[Worker]:
    """A worker on the house's queue."""
    worker = build_worker(house.client, house.pool, house.task_queue, rehearsal=house.rehearsal)
    async with worker:
        yield worker
