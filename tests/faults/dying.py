"""Running a worker that dies: its process, and a house whose clients do not wait long for it."""

import asyncio
import multiprocessing
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing.process import BaseProcess

from temporalio.client import Client

from domain.evolving import fold
from runtime.temporal import connect
from storage import tickets
from tests.faults.crashing_worker import Death, run
from tests.faults.impatience import Impatience
from tests.workflows.driving import House, OnTicket

KILLED = -9
LONGEST_START = 30
LONGEST_LIFE = 30

# Forked from a process that has loaded everything, and has no threads yet.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["__main__", "tests.faults.crashing_worker"])


async def impatient(client: Client) -> Client:
    """Another client of the same server."""
    address = client.service_client.config.target_host
    return await connect(address, interceptors=(Impatience(),))


class Mortal:
    """A worker's process. `death` is done when it has ended, and says how."""

    def __init__(self, process: BaseProcess) -> None:
        self._process = process
        self.death = asyncio.create_task(self._end())

    def kill(self) -> None:
        self._process.kill()

    async def wait(self) -> int | None:
        """How it ended."""
        return await asyncio.wait_for(asyncio.shield(self.death), LONGEST_LIFE)

    async def _end(self) -> int | None:
        await _readable(self._process.sentinel)
        self._process.join()
        return self._process.exitcode


@asynccontextmanager
async def dying_worker(house: House, database_url: str, death: Death) -> AsyncIterator[Mortal]:
    """The worker's process, polling; ended at the end if it has not ended itself."""
    hears, says = _PROCESSES.Pipe(duplex=False)
    address = house.client.service_client.config.target_host
    process = _PROCESSES.Process(
        target=run, args=(address, database_url, house.task_queue, death, says)
    )
    process.start()
    says.close()
    mortal = Mortal(process)
    try:
        await asyncio.wait_for(_readable(hears.fileno()), LONGEST_START)
        assert hears.recv() is True
        yield mortal
    finally:
        mortal.kill()
        await asyncio.wait((mortal.death,))
        process.close()
        hears.close()


async def _readable(file: int) -> None:
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(file, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(file)


async def agree(ticket: OnTicket) -> None:
    """The workflow and the ledger say the same, and the ledger's events make that state."""
    view = await ticket.view()
    pool = ticket.house.pool
    events = await tickets.events(pool, ticket.number)
    assert fold(events) == view.ticket
    assert await tickets.load(pool, ticket.number) == view.ticket
