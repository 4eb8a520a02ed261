"""The loaner's outside: the stock book, the ledger of loans, and word from workflow to workflow."""

import contextlib
from collections.abc import Iterator
from typing import Protocol

import asyncpg
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.signatures import (
    LEDGER_REFUSED,
    RECORD_LOAN,
    RELEASE_LOANER,
    RESERVE_LOANER,
    START_LOAN,
    TELL_LOAN,
    TELL_TICKET,
    LoanBatch,
    ReserveRequest,
    TellLoan,
    TellTicket,
)
from domain.loan import LoanerStart, LoanProgress, Reservation, TicketNews
from storage import loaners, tickets
from storage.errors import DATABASE_ERRORS, is_outage


class Post(Protocol):
    """How word gets to a workflow. Anything that it raises is tried again."""

    async def start_loan(self, start: LoanerStart) -> None:
        """Start a loan; one that runs, or is over, already is left alone."""

    async def tell_loan(self, loan_id: str, news: TicketNews) -> bool:
        """False: the loan is over, or never was."""

    async def tell_ticket(self, ticket_no: str, progress: LoanProgress) -> bool:
        """False: the ticket is over, or never was."""

    async def look_again(self, loan_id: str) -> bool:
        """False: the loan is over, or never was."""


class LoanerActivities:
    """Through one pool and one post. All are idempotent; outages raise and are retried."""

    def __init__(self, pool: asyncpg.Pool, post: Post) -> None:
        self._pool = pool
        self._post = post
        self.all = (
            self.reserve_loaner,
            self.release_loaner,
            self.record_loan,
            self.start_loan,
            self.tell_loan,
            self.tell_ticket,
        )

    @activity.defn(name=RESERVE_LOANER)
    async def reserve_loaner(self, request: ReserveRequest) -> Reservation:
        """Ask the stock book. Whoever may have what the loan had before is told."""
        with _bad_data_is_final():
            got = await loaners.reserve(
                self._pool, request.loan_id, request.wanted, request.asked_at, request.device
            )
            if request.device is not None and got.answer == "reserved":
                await loaners.call_line(self._pool, self._post.look_again)
        return got

    @activity.defn(name=RELEASE_LOANER)
    async def release_loaner(self, loan_id: str) -> None:
        """The loan is over; those for whom there is something now are told."""
        with _bad_data_is_final():
            await loaners.release(self._pool, loan_id)
            await loaners.call_line(self._pool, self._post.look_again)

    @activity.defn(name=RECORD_LOAN)
    async def record_loan(self, batch: LoanBatch) -> None:
        """Events of one loan, and the loan after them."""
        with _bad_data_is_final():
            await loaners.record(self._pool, batch.loan, batch.events)

    @activity.defn(name=START_LOAN)
    async def start_loan(self, start: LoanerStart) -> None:
        """A workflow of its own, which outlives the ticket."""
        await self._post.start_loan(start)

    @activity.defn(name=TELL_LOAN)
    async def tell_loan(self, message: TellLoan) -> bool:
        """The ticket's news to its loan."""
        return await self._post.tell_loan(message.loan_id, message.news)

    @activity.defn(name=TELL_TICKET)
    async def tell_ticket(self, message: TellTicket) -> bool:
        """The loan's progress to its ticket, or to what that was merged into."""
        if await self._post.tell_ticket(message.ticket_no, message.progress):
            return True
        with _bad_data_is_final():
            other = await tickets.merged_into(self._pool, message.ticket_no)
        return other is not None and await self._post.tell_ticket(other, message.progress)


@contextlib.contextmanager
def _bad_data_is_final() -> Iterator[None]:
    try:
        yield
    except DATABASE_ERRORS as error:
        if is_outage(error):
            raise
        raise ApplicationError(str(error), type=LEDGER_REFUSED, non_retryable=True) from error
