"""Keeps a worker running beside the servers, and says when it polls.

The worker is a process of its own, so that its crash, or a `kill -9` of it, ends neither the
servers nor the tickets: another one takes over in a moment.
"""

import asyncio
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from runtime.embedded.children import BoundChild, ChildFailed
from runtime.settings import Settings
from runtime.stack import Stack

READY_SECONDS = 60.0
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0
# A worker that ran this long had started well: the next crash is a new one.
_STEADY_SECONDS = 60.0
# What the first worker may try before `up` gives up: a fault that is there to stay.
_FIRST_TRIES = 3
_LOOK_EVERY = 0.05
# Beyond its own drain: closing its connections.
_FAREWELL_SECONDS = 5.0

Told = Callable[[int | None], None]
"""Told the worker's pid once it polls, and None when it has ended."""


class WorkerKeeper:
    """One worker at a time, started again when it ends by itself. Use from the main thread."""

    def __init__(self, stack: Stack, settings: Settings, client: Client, told: Told) -> None:
        self._stack = stack
        self._settings = settings
        self._client = client
        self._told = told
        self._child: BoundChild | None = None
        self.log = stack.home / "log" / "worker.log"

    async def start(self) -> None:
        """Return when a worker polls. Raises ChildFailed with the end of its log."""
        for attempt in range(1, _FIRST_TRIES + 1):
            child = self._launch()
            if await self._polls(child):
                self._told(child.pid)
                return
            if child.running or attempt == _FIRST_TRIES:
                failure = child.failure("没有开始接活")
                child.kill()
                raise failure
            await asyncio.sleep(FIRST_PAUSE)

    async def keep(self) -> None:
        """Start another worker whenever the one ends, for ever."""
        pause, began = FIRST_PAUSE, time.monotonic()
        while True:
            assert self._child is not None
            await self._child.ended()
            self._told(None)
            if time.monotonic() - began > _STEADY_SECONDS:
                pause = FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            began = time.monotonic()
            child = self._launch()
            if await self._polls(child):
                self._told(child.pid)
            elif child.running:
                child.kill()  # it hangs; the next one may not

    async def stop(self) -> None:
        """Let the worker finish what it has in hand, and end it when that takes too long."""
        if self._child is not None:
            grace = self._settings.worker_drain_seconds + _FAREWELL_SECONDS
            await self._child.stop(signal.SIGTERM, grace_seconds=grace)
            self._told(None)

    def _launch(self) -> BoundChild:
        embedded = self._stack.embedded_postgres or self._stack.embedded_temporal
        self._child = BoundChild(
            [sys.executable, program("worker")],
            log=self.log,
            # With its servers gone there is nothing to drain into.
            death_signal=signal.SIGKILL if embedded else signal.SIGTERM,
            environment=worker_environment(self._stack, self._settings),
        )
        return self._child

    async def _polls(self, child: BoundChild) -> bool:
        """Whether it polls before it ends or `READY_SECONDS` are over."""
        deadline = time.monotonic() + READY_SECONDS
        while child.running and time.monotonic() < deadline:
            if any(
                one.startswith(f"{child.pid}@")
                for one in await pollers(self._client, self._settings)
            ):
                return True
            await asyncio.sleep(_LOOK_EVERY)
        return False


async def pollers(client: Client, settings: Settings) -> list[str]:
    """The identities (`pid@host`) that lately polled for workflow tasks; none when unreachable."""
    try:
        answer = await client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=client.namespace,
                task_queue=TaskQueue(name=settings.task_queue),
                task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
            )
        )
    except RPCError:
        return []
    return [poller.identity for poller in answer.pollers]


def program(module: str) -> Path:
    """The file of a module of ours, wherever the source is. Raises ChildFailed."""
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise ChildFailed(f"找不到 {module} 模块:请重新运行 make setup")
    return Path(found.origin)


def worker_environment(stack: Stack, settings: Settings) -> dict[str, str]:
    """Ours, with the servers named outright: the stack is published only once the worker polls."""
    environment = dict(os.environ)
    if stack.embedded_temporal:
        # Whatever else steers a Temporal client means another server than ours.
        for name in [name for name in environment if name.startswith("TEMPORAL_")]:
            del environment[name]
        environment["TEMPORAL_ADDRESS"] = stack.temporal_address or ""
        environment["TEMPORAL_NAMESPACE"] = stack.temporal_namespace
    return environment | {
        "AFTERCARE_HOME": str(stack.home),
        "DATABASE_URL": stack.database_url.get_secret_value(),
        "POLICIES_DIR": str(settings.policies_dir),
        "PYTHONUNBUFFERED": "1",
    }
