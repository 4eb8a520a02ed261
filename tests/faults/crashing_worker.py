"""A worker in a process of its own that kills itself (SIGKILL) where the test says."""

import asyncio
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Literal

from temporalio import activity
from temporalio.client import (
    Interceptor,
    OutboundInterceptor,
    SignalWorkflowInput,
    StartWorkflowUpdateInput,
    WorkflowUpdateHandle,
)
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput
from temporalio.worker import Interceptor as WorkerInterceptor

from activities.signatures import LoanBatch
from domain.ledger import LedgerBatch
from runtime.temporal import connect
from storage.pool import open_pool
from tests.faults.impatience import Impatience
from worker import build_worker


@dataclass(frozen=True)
class Death:
    """When the worker dies: the first time that it comes there.

    `deed`: an activity's name, for one that writes events also with an event's kind
    (`record_events:registered`), or a message that an activity sends (`update:absorb`,
    `signal:look_again`). `whose`: the workflow that has it done, or to which the message goes;
    empty: any. After an activity, the outside has it and the workflow's history does not.
    """

    when: Literal["before", "after"]
    deed: str
    whose: str = ""

    def comes(self, when: str, deeds: Sequence[str], whose: str) -> None:
        """Die, if this is the moment."""
        if when == self.when and self.deed in deeds and self.whose in ("", whose):
            os.kill(os.getpid(), signal.SIGKILL)


class Mortality(Interceptor, WorkerInterceptor):
    """Lays the death in wait before and after all that the worker does outside."""

    def __init__(self, death: Death) -> None:
        self.death = death

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return _Sending(next, self.death)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Doing(next, self.death)


class _Doing(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, death: Death) -> None:
        super().__init__(next)
        self._death = death

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        deeds, whose = _deeds(info.activity_type, input.args), info.workflow_id or ""
        self._death.comes("before", deeds, whose)
        result = await super().execute_activity(input)
        self._death.comes("after", deeds, whose)
        return result


class _Sending(OutboundInterceptor):
    def __init__(self, next: OutboundInterceptor, death: Death) -> None:
        super().__init__(next)
        self._death = death

    async def signal_workflow(self, input: SignalWorkflowInput) -> None:
        deeds = [f"signal:{input.signal}"]
        self._death.comes("before", deeds, input.id)
        await super().signal_workflow(input)
        self._death.comes("after", deeds, input.id)

    async def start_workflow_update(
        self, input: StartWorkflowUpdateInput
    ) -> WorkflowUpdateHandle[Any]:
        deeds = [f"update:{input.update}"]
        self._death.comes("before", deeds, input.id)
        handle = await super().start_workflow_update(input)
        self._death.comes("after", deeds, input.id)
        return handle


def _deeds(name: str, args: Sequence[Any]) -> list[str]:
    batch = args[0] if args else None
    if isinstance(batch, LedgerBatch | LoanBatch):
        return [name, *(f"{name}:{event.kind}" for event in batch.events)]
    return [name]


def run(
    address: str, database_url: str, task_queue: str, death: Death, polling: Connection
) -> None:
    """The process. Says on `polling` when the worker is there."""
    asyncio.run(_run(address, database_url, task_queue, death, polling))


async def _run(
    address: str, database_url: str, task_queue: str, death: Death, polling: Connection
) -> None:
    client = await connect(address, interceptors=(Mortality(death), Impatience()))
    pool = await open_pool(database_url, max_size=4)
    async with build_worker(client, pool, task_queue):
        polling.send(True)
        await asyncio.Event().wait()
