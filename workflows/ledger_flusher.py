"""The one writer of a ticket's ledger.

Handlers and the story record events and go on; this coroutine hands them to Postgres in order.
While Postgres is away it keeps trying, and deadlines go on meanwhile: nobody waits for it but an
operator's answer, which must be durable before it is given.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError

from activities.signatures import LEDGER_REFUSED, RECORD_EVENTS
from domain.ledger import LedgerBatch

# A local activity costs a marker instead of a task of its own. It must give up before the
# workflow task does (statement 2 s < this 3 s < task 10 s); outages are the activity's.
QUICK = timedelta(seconds=3)
QUICK_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=100),
    maximum_attempts=2,
    non_retryable_error_types=[LEDGER_REFUSED],
)
PATIENT = timedelta(seconds=10)
PATIENT_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    maximum_interval=timedelta(seconds=30),
    non_retryable_error_types=[LEDGER_REFUSED],
)


class Books(Protocol):
    """Where the flusher takes its batches from."""

    def next_batch(self) -> LedgerBatch | None:
        """The events that wait, now handed over; None when nothing does."""


class LedgerFlusher:
    """Writes what waits, in order, one batch at a time. `flushed` is the last seq written."""

    def __init__(self, books: Books, waiting: Callable[[], bool]) -> None:
        self._books = books
        self._waiting = waiting
        self.flushed = 0

    async def run(self) -> None:
        """Never returns. Raises only when the ledger refuses the data for good."""
        while True:
            await workflow.wait_condition(self._waiting)
            batch = self._books.next_batch()
            if batch is None:
                continue
            await self._write(batch)
            self.flushed = batch.events[-1].seq

    async def _write(self, batch: LedgerBatch) -> None:
        try:
            await workflow.execute_local_activity(
                RECORD_EVENTS, batch, schedule_to_close_timeout=QUICK, retry_policy=QUICK_RETRY
            )
        except FailureError:
            # A refusal fails again at once here, and is then an activity's failure in the
            # history, which `status` finds.
            await workflow.execute_activity(
                RECORD_EVENTS,
                batch,
                start_to_close_timeout=PATIENT,
                retry_policy=PATIENT_RETRY,
                summary="账本不可用,持续重试",
            )
