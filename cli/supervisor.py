"""The process behind `up`: servers, tables, worker, in this order; then it watches over them."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import urlsplit

from cli.connecting import shelf, temporal
from cli.terminal import Failed
from cli.worker_keeper import WorkerKeeper
from runtime.embedded.children import answers
from runtime.settings import Settings
from runtime.stack import Stack, embedded_stack, published, write_stack
from storage import migrate

_LOOK_EVERY = 1.0
_DEAD_AFTER = 5

Progress = Callable[[str, float | None], None]
"""Told what is being done (seconds None), and then how many seconds it took."""


class Stopped(Exception):
    """Somebody asked us to stop before everything was up."""


@contextmanager
def stop_on_signals() -> Iterator[asyncio.Event]:
    """An event that is set by ctrl-c or SIGTERM; a second ctrl-c interrupts at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def stopping() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGINT, stopping)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    with contextlib.suppress(ValueError):
        # A closed terminal is a request to stop, too.
        loop.add_signal_handler(signal.SIGHUP, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)


@asynccontextmanager
async def everything(
    settings: Settings, stop: asyncio.Event, progress: Progress, notice: Callable[[str], None]
) -> AsyncIterator["Running"]:
    """Everything up and published; drained and ended afterwards.

    Raises Stopped, HomeInUse, ChildFailed, MigrationRefused, DatabaseUnavailable, Failed.
    """
    began = time.monotonic()
    policies = shelf(settings)
    for name in policies.names():
        policies.get(name)  # a faulty policy file is told before anything starts
    names = " 与 ".join(
        name
        for name, named in (
            ("Postgres", settings.has_own_database),
            ("Temporal", settings.has_own_temporal),
        )
        if not named
    )
    progress(f"启动 {names}" if names else "准备", None)
    async with embedded_stack(settings, notice) as stack:
        progress(f"{names or '外部服务器'} 就绪", _since(began))
        _check(stop)
        began = time.monotonic()
        progress("更新数据表", None)
        applied = await migrate.apply(stack.database_url.get_secret_value())
        progress(f"数据表就绪({len(applied)} 个迁移)" if applied else "数据表就绪", _since(began))
        _check(stop)
        began = time.monotonic()
        progress("启动 worker", None)
        client = await temporal(stack, settings)
        running = Running(stack)
        keeper = WorkerKeeper(stack, settings, client, running.worker_is)
        try:
            await _unless_stopped(keeper.start(), stop)
            progress("worker 就绪", _since(began))
            with published(stack):
                running.is_published = True
                running.keeping = asyncio.create_task(keeper.keep())
                yield running
        finally:
            running.is_published = False
            if running.keeping is not None:
                running.keeping.cancel()
            await keeper.stop()


class Running:
    """A stack that runs: what it is, and how long it goes well."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.keeping: asyncio.Task[None] | None = None
        self.is_published = False

    def worker_is(self, pid: int | None) -> None:
        """Note the worker's pid, for `status`."""
        self.stack.worker_pid = pid
        if self.is_published:
            write_stack(self.stack)

    async def until(self, stop: asyncio.Event) -> None:
        """Return when asked to stop. Raises Failed when a server of ours has ended by itself."""
        silent: dict[str, int] = {}
        servers = self._ports()
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _LOOK_EVERY)
            for name, port in servers.items():
                silent[name] = 0 if answers(port) else silent.get(name, 0) + 1
                if silent[name] >= _DEAD_AFTER:
                    raise Failed(
                        f"{name} 意外结束;数据都在,重新运行 aftercare up 即可(日志在 "
                        f"{self.stack.home / 'log'})"
                    )
            if self.keeping is not None and self.keeping.done():
                self.keeping.result()

    def _ports(self) -> dict[str, int]:
        ports: dict[str, int] = {}
        if self.stack.embedded_postgres:
            url = urlsplit(self.stack.database_url.get_secret_value())
            if url.port:
                ports["Postgres"] = url.port
        if self.stack.embedded_temporal and self.stack.temporal_address:
            ports["Temporal"] = int(self.stack.temporal_address.rpartition(":")[2])
        return ports


async def _unless_stopped(work: Coroutine[Any, Any, None], stop: asyncio.Event) -> None:
    task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Stopped
        task.result()
    finally:
        for one in (task, stopped):
            one.cancel()


def _check(stop: asyncio.Event) -> None:
    if stop.is_set():
        raise Stopped


def _since(began: float) -> float:
    return time.monotonic() - began
