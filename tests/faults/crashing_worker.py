"""A worker in a process of its own that kills itself (SIGKILL) where the test says.

Arguments: Temporal's address, the database, the task queue, and the kind of event after whose
commit it dies: the row is in Postgres then, and the workflow's history does not know it yet.
"""

import asyncio
import os
import signal
import sys

import asyncpg
from temporalio import activity

from activities.ledger import LedgerActivities
from activities.signatures import RECORD_EVENTS
from domain.ledger import LedgerBatch
from runtime.temporal import connect
from storage.pool import open_pool
from worker import build_worker


class DyingLedger(LedgerActivities):
    """Commits as ever, and dies before it can say so."""

    def __init__(self, pool: asyncpg.Pool, dies_after: str) -> None:
        super().__init__(pool)
        self._dies_after = dies_after

    @activity.defn(name=RECORD_EVENTS)
    async def record_events(self, batch: LedgerBatch) -> None:
        await super().record_events(batch)
        if self._dies_after in {event.kind for event in batch.events}:
            os.kill(os.getpid(), signal.SIGKILL)


async def main(address: str, database_url: str, task_queue: str, dies_after: str) -> None:
    client = await connect(address)
    pool = await open_pool(database_url)
    ledger = DyingLedger(pool, dies_after)
    async with build_worker(client, pool, task_queue, ledger=ledger):
        print("polling", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
