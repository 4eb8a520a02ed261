"""What a loan tells: its events to the ledger, how it stands to its ticket. Neither is waited for.

Regular activities: a loan has few events, what is written then stands in the history already, and
one that cannot be done keeps being tried while the loan's own deadlines go on.
"""

from collections.abc import Callable

from temporalio import workflow

from activities.signatures import RECORD_LOAN, TELL_TICKET, LoanBatch, TellTicket
from domain.loan import LoanProgress
from workflows.ledger_flusher import PATIENT, PATIENT_RETRY


class LoanWriter:
    """Writes what waits, in order, one batch at a time. `flushed` is the last seq written."""

    def __init__(self, next_batch: Callable[[], LoanBatch], waiting: Callable[[], bool]) -> None:
        self._next_batch = next_batch
        self._waiting = waiting
        self.flushed = 0

    async def run(self) -> None:
        """Never returns. Raises only when the ledger refuses the data for good."""
        while True:
            await workflow.wait_condition(self._waiting)
            batch = self._next_batch()
            await workflow.execute_activity(
                RECORD_LOAN, batch, start_to_close_timeout=PATIENT, retry_policy=PATIENT_RETRY
            )
            self.flushed = batch.loan.seq


class TicketTeller:
    """Tells the ticket how the loan stands, the latest only, in order.

    `current`: the ticket's number and what it should know. `gone` hears of a ticket that is over;
    such a one is told no more, but another that the loan moves to is.
    """

    def __init__(
        self, current: Callable[[], tuple[str, LoanProgress]], gone: Callable[[str], None]
    ) -> None:
        self._current = current
        self._on_gone = gone
        ticket_no, progress = current()
        # The ticket that asked for the loan knows that it did.
        self._told = (ticket_no, progress.revision)
        self._gone: str | None = None

    @property
    def up_to_date(self) -> bool:
        ticket_no, progress = self._current()
        return ticket_no == self._gone or self._told == (ticket_no, progress.revision)

    async def run(self) -> None:
        """Never returns."""
        while True:
            await workflow.wait_condition(lambda: not self.up_to_date)
            ticket_no, progress = self._current()
            heard = await workflow.execute_activity(
                TELL_TICKET,
                TellTicket(ticket_no=ticket_no, progress=progress),
                result_type=bool,
                start_to_close_timeout=PATIENT,
                retry_policy=PATIENT_RETRY,
            )
            self._told = (ticket_no, progress.revision)
            if not heard:
                self._gone = ticket_no
                self._on_gone(ticket_no)
