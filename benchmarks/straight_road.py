"""The straight road: a phone-started ticket in warranty, from the answer to `signed_off`.

Counted on one ticket and asserted; timed beside the bare workflow in alternated runs, reported.
"""

import asyncio
import secrets
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psutil
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.worker import Worker

from benchmarks.bare import BareWorkflow, Step, nothing
from desk.temporal_starter import TemporalStarter
from domain.calls import Call, Direction
from domain.civil_time import CHINA
from domain.intake import TicketOpening
from runtime.temporal import workflow_runner
from tests.workflows.driving import (
    CUSTOMER,
    NUMBER,
    SUPERVISOR,
    TECHNICIAN,
    House,
    OnTicket,
)
from workflows.messages import PHONE_CALL

EVENTS_AT_MOST = 64
BYTES_AT_MOST = 12 * 1024
ACTIONS_AT_MOST = 26

# What Temporal bills: the start, signals, updates, timers, attribute upserts, activities; one for
# each workflow task that has local activities is counted apart.
_BILLED = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: "start",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: "signal",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: "update",
    EventType.EVENT_TYPE_TIMER_STARTED: "timer",
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: "search attributes",
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: "activity",
}
_LOCAL = "task with local activities"
VISIT = ("accept", "arrive", "finish")


@dataclass(frozen=True)
class Cost:
    """What one ticket cost: events, bytes of history, billable actions by kind."""

    events: int
    bytes: int
    actions: Counter[str]

    @property
    def total(self) -> int:
        return self.actions.total()


async def drive(house: House, device: str) -> OnTicket:
    """One ticket: answered, hung up, then every command of the road, at `signed_off`."""
    began = datetime.now(CHINA)
    number = f"W{secrets.randbelow(10**9):09d}"
    call = Call(
        call_id=secrets.token_hex(8),
        direction=Direction.IN,
        caller=NUMBER,
        line="4008001234",
        started_at=began,
        answered_at=began,
        answered=True,
    )
    starter = TemporalStarter(house.client, house.shelf, house.task_queue, lambda: began)
    await starter.start(number, TicketOpening(number=number, opened_at=began, caller=NUMBER), call)
    ticket = OnTicket(house, number, call, starter)
    ended = call.model_copy(update={"ended_at": datetime.now(CHINA), "revision": 2})
    await ticket.handle.signal(PHONE_CALL, ended)
    await ticket.register(device)
    # By name: the rotation passes over whoever is out, and here everybody soon is.
    await ticket.do("dispatch", SUPERVISOR, technician="T01", reason="计时")
    for step in VISIT:
        await ticket.do(step, TECHNICIAN)
    await ticket.do("sign_off", CUSTOMER)
    return ticket


async def cost_of(handle: WorkflowHandle[Any, Any]) -> Cost:
    """Counted from the workflow's own history."""
    history = await handle.fetch_history()
    described = await handle.describe()
    size = described.raw_description.workflow_execution_info.history_size_bytes
    return Cost(len(history.events), size, _actions(history))


def _actions(history: WorkflowHistory) -> Counter[str]:
    counted = Counter(
        _BILLED[event.event_type] for event in history.events if event.event_type in _BILLED
    )
    tasks = {
        event.marker_recorded_event_attributes.workflow_task_completed_event_id
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED
    }
    counted[_LOCAL] = len(tasks)
    return counted


def script_of(history: WorkflowHistory) -> list[Step]:
    """The same Temporal commands as a recorded ticket's, message by message, for the bare one.

    A workflow task ends with what the message before it asked for, so commands are counted from
    one start, signal or accepted update to the next.
    """
    steps: list[Step] = []
    for event in history.events:
        kind = event.event_type
        if kind in (
            EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
            EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
            EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
        ):
            steps.append((0, False, None, None))
        activities, moves, stage, technician = steps[-1]
        if kind == EventType.EVENT_TYPE_MARKER_RECORDED:
            activities += 1
        elif kind == EventType.EVENT_TYPE_TIMER_STARTED:
            moves = True
        elif kind == EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
            fields = event.upsert_workflow_search_attributes_event_attributes.search_attributes
            stage = fields.indexed_fields["Stage"].data.decode().strip('"')
            if "Technician" in fields.indexed_fields:
                technician = fields.indexed_fields["Technician"].data.decode().strip('"')
        steps[-1] = (activities, moves, stage, technician)
    return steps


async def drive_bare(client: Client, task_queue: str, script: list[Step]) -> None:
    """One bare workflow through the same messages."""
    handle = await client.start_workflow(
        "Bare", script, id=f"bare/{secrets.token_hex(8)}", task_queue=task_queue
    )
    await handle.signal("hang_up")
    for name in ("register", "dispatch", *VISIT, "sign_off"):
        await handle.execute_update(name, {"by": {"role": "agent", "name": "x"}})


@asynccontextmanager
async def bare_worker(client: Client, *, sandboxed: bool) -> AsyncIterator[str]:
    """A worker for bare workflows; gives its task queue."""
    queue = f"bare-{secrets.token_hex(4)}"
    async with Worker(
        client,
        task_queue=queue,
        workflows=[BareWorkflow],
        activities=[nothing],
        workflow_runner=workflow_runner(sandboxed),
    ):
        yield queue


@dataclass(frozen=True)
class Pace:
    """One timed run: tickets a second, CPU milliseconds a ticket of this process and the server."""

    per_second: float
    cpu_ms: float
    server_ms: float


class Stopwatch:
    """Times a number of tickets, a few at once, with the CPU that it took."""

    def __init__(self, server_pid: int, *, at_once: int = 8) -> None:
        self._own = psutil.Process()
        self._server = psutil.Process(server_pid)
        self._at_once = at_once

    async def time(self, tickets: int, one: Any) -> Pace:
        """`one()` is one ticket."""
        gate = asyncio.Semaphore(self._at_once)

        async def gated() -> None:
            async with gate:
                await one()

        began, own, server = time.perf_counter(), self._cpu(self._own), self._cpu(self._server)
        async with asyncio.TaskGroup() as running:
            for _ in range(tickets):
                running.create_task(gated())
        seconds = time.perf_counter() - began
        return Pace(
            tickets / seconds,
            1000 * (self._cpu(self._own) - own) / tickets,
            1000 * (self._cpu(self._server) - server) / tickets,
        )

    @staticmethod
    def _cpu(process: psutil.Process) -> float:
        spent = process.cpu_times()
        return float(spent.user + spent.system)


def median(paces: Sequence[Pace]) -> Pace:
    """Figure by figure."""
    return Pace(
        statistics.median(pace.per_second for pace in paces),
        statistics.median(pace.cpu_ms for pace in paces),
        statistics.median(pace.server_ms for pace in paces),
    )
