"""The ledger's side of a ticket: its events and projection, written in one statement."""

import asyncpg
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.signatures import LEDGER_REFUSED, RECORD_EVENTS
from domain.ledger import LedgerBatch
from storage import ledger


class LedgerActivities:
    """Writes through one pool."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        # Every ticket pins the same few policies: each goes to the ledger once a worker.
        self._stored: set[str] = set()

    @activity.defn(name=RECORD_EVENTS)
    async def record_events(self, batch: LedgerBatch) -> None:
        """Idempotent. Outages raise and are retried; bad data fails the ticket, visibly."""
        try:
            await ledger.write(self._pool, batch, stored=self._stored)
        except ledger.LedgerRefused as refused:
            raise ApplicationError(
                str(refused), type=LEDGER_REFUSED, non_retryable=True
            ) from refused
        self._stored.update(batch.policies)
