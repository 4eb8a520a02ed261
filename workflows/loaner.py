"""备机: one lending, from asking for a device until it is in stock again or written off.

A workflow of its own, since it outlives the ticket. The story (`run`) asks the stock book and gives
back; handlers only change state, by the rules in `domain.lending`. Beside the story run the promise
clock, the writer of the ledger, and the teller that keeps the ticket informed.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from temporalio import workflow
from temporalio.common import RawValue

from activities.signatures import RELEASE_LOANER, RESERVE_LOANER, LoanBatch, ReserveRequest
from domain.commands import Order
from domain.escalation import Wake
from domain.lending.case import NOT_LENT, Asking, LoanCase, is_over, open_loan
from domain.lending.deadlines import (
    in_stock_again,
    loan_standings,
    may_be_lent_again,
    next_wake_of,
    settle_loan,
)
from domain.lending.news import take_news
from domain.lending.orders import decide_loan, not_in_stock, over
from domain.lending.readable import loan_in_lines
from domain.lending.reservation import answered, look_again
from domain.loan import Loan, LoanerStart, LoanProgress, Reservation, TicketNews
from domain.refusals import Refused
from domain.vocabulary import LoanerState
from workflows.beside import until
from workflows.incoming import as_failure, read_message, read_order
from workflows.ledger_flusher import PATIENT, PATIENT_RETRY
from workflows.loan_messengers import LoanWriter, TicketTeller
from workflows.messages import LOAN, LOANER, LOOK_AGAIN, TICKET_NEWS, LoanAnswer, LoanView
from workflows.promise_clock import PromiseClock
from workflows.ticket_clock import TicketClock


@workflow.defn(name=LOANER)
class LoanerWorkflow:
    """All state is in `_case`; whatever changes it goes through `_become`."""

    @workflow.init
    def __init__(self, start: LoanerStart) -> None:
        self._shown_time = TicketClock(start.clock_start)
        self._case = open_loan(start.loan, start.policy, self.now())
        self._wake: Wake | None = None
        self._writer = LoanWriter(self._next_batch, self._has_news)
        self._teller = TicketTeller(self._progress, self._ticket_is_over)
        self._clock = PromiseClock(lambda: self._wake, self.now, self._settle)
        self._beside: list[asyncio.Task[None]] = []
        self._become(self._case)

    @workflow.run
    async def run(self, start: LoanerStart) -> str:
        """The life of a loan. Answers how it ended: released, returned or lost."""
        self._beside = [
            asyncio.create_task(self._writer.run()),
            asyncio.create_task(self._teller.run()),
            asyncio.create_task(self._clock.run()),
        ]
        await self._hand_over()
        await self._come_back()
        await self._give_back()
        await self._decide_on_charge()
        return await self._close()

    # --- the story ------------------------------------------------------------------------------

    async def _hand_over(self) -> None:
        """Ask for a device, again when there is reason to, until it is lent or not needed."""
        while self._loan.state in NOT_LENT:
            await self._until(lambda: self._asks or self._loan.state not in NOT_LENT)
            if self._case.asking is not None:
                await self._ask(self._case.asking)

    async def _come_back(self) -> None:
        """Out until it is recalled and back, inspected and cleaned; or written off."""
        await self._until(
            lambda: may_be_lent_again(self._case, self.now()) or is_over(self._case.loan)
        )

    async def _give_back(self) -> None:
        """The next in line may have it. A lost one is never anybody's again."""
        if self._loan.state is LoanerState.LOST:
            return
        # Also where nothing was reserved: then it leaves the line.
        await workflow.execute_activity(
            RELEASE_LOANER,
            self._loan.id,
            start_to_close_timeout=PATIENT,
            retry_policy=PATIENT_RETRY,
        )
        self._become(in_stock_again(settle_loan(self._case, self.now()), self.now()))

    async def _decide_on_charge(self) -> None:
        """The damage to a device that is in stock again may still be waiting for its charge."""
        await self._until(lambda: is_over(self._loan))

    async def _close(self) -> str:
        """Leave only when every answer is given, and ledger and ticket know everything."""
        await self._until(
            lambda: (
                workflow.all_handlers_finished()
                and self._writer.flushed >= self._loan.seq
                and self._teller.up_to_date
            )
        )
        for task in self._beside:
            task.cancel()
        return self._loan.state.value

    async def _ask(self, asking: Asking) -> None:
        loan = self._loan
        answer = await workflow.execute_activity(
            RESERVE_LOANER,
            ReserveRequest(
                loan_id=loan.id,
                ticket_no=loan.ticket_no,
                number=loan.number,
                wanted=loan.wanted,
                asked_at=loan.asked.at,
                device=asking.device,
            ),
            result_type=Reservation,
            start_to_close_timeout=PATIENT,
            retry_policy=PATIENT_RETRY,
        )
        now = self.now()
        # News may have come meanwhile, and then wins.
        self._become(answered(settle_loan(self._case, now), answer, now))

    # --- messages -------------------------------------------------------------------------------

    @workflow.update(dynamic=True)
    async def command(self, name: str, args: Sequence[RawValue]) -> LoanAnswer:
        """Every command of the contract; the update's name is the command's."""
        order = self._read_order(args)
        # A device that is being asked for may take the place of the one that would be handed over.
        # Another handler may have asked anew in the meantime.
        while self._asks:
            await self._until(lambda: not self._asks)
        self._become(self._decide(name, order))
        if self._case.asking is not None:
            await self._answer_to(self._case.asking)
        seq = self._loan.seq
        await self._until(lambda: self._writer.flushed >= seq)
        device = self._loan.device
        return LoanAnswer(
            state=self._loan.state,
            seq=self._loan.seq,
            device=device.id if device else None,
            task=self._loan.task,
        )

    @command.validator
    def _validate(self, name: str, args: Sequence[RawValue]) -> None:
        # Judged on a settled copy (a case is immutable): a refusal leaves no event behind.
        self._decide(name, self._read_order(args))

    async def _answer_to(self, asking: Asking) -> None:
        """Wait for the stock book. A pick that is not to be had is refused, and nothing changed."""
        await self._until(lambda: not self._asks)
        if self._case.turned_down == asking.number:
            raise as_failure(not_in_stock(asking.device or ""))
        if is_over(self._loan):
            raise as_failure(over(self._loan))

    @workflow.signal(dynamic=True)
    def heard(self, name: str, args: Sequence[RawValue]) -> None:
        """What arrives by itself: accepted in any state, any number of times, never raised."""
        try:
            self._hear(name, args)
        except Exception as error:
            # Nothing has changed: a state is worked out whole before it takes the old one's place.
            workflow.logger.warning("signal %s dropped: %s", name, error)

    def _hear(self, name: str, args: Sequence[RawValue]) -> None:
        now = self.now()
        if name == LOOK_AGAIN:
            self._become(look_again(settle_loan(self._case, now)))
        elif name == TICKET_NEWS:
            [message] = args
            news = read_message(message, TicketNews)
            if news is not None:
                self._become(take_news(settle_loan(self._case, now), news, now))

    @workflow.query(name=LOAN)
    def view(self) -> LoanView:
        """The whole state, as of its last change."""
        return LoanView(
            loan=self._loan,
            standings=loan_standings(self._loan, self._case.policy, self.now()),
            next_wake=self._wake.at if self._wake else None,
            clock_offset_ms=self._shown_time.offset_ms,
            unflushed=self._loan.seq - self._writer.flushed,
        )

    # --- how the state changes, and what waits on it ---------------------------------------------

    def now(self) -> datetime:
        """The loan's time, whole milliseconds at +08:00. The only clock it reads."""
        return self._shown_time.now()

    @property
    def _loan(self) -> Loan:
        return self._case.loan

    @property
    def _asks(self) -> bool:
        """Whether a question is out whose answer still matters."""
        return self._case.asking is not None and not is_over(self._case.loan)

    def _become(self, case: LoanCase) -> None:
        """The only way the state changes: settled by what changed, with the next wake known."""
        now = self.now()
        self._case = settle_loan(case, now)
        self._wake = next_wake_of(self._case, now)
        workflow.set_current_details(
            loan_in_lines(self._loan, self._wake.at if self._wake else None)
        )

    def _settle(self) -> None:
        self._become(self._case)

    def _decide(self, name: str, order: Order) -> LoanCase:
        now = self.now()
        try:
            return decide_loan(settle_loan(self._case, now), name, order, now)
        except Refused as refused:
            raise as_failure(refused) from None

    def _read_order(self, args: Sequence[RawValue]) -> Order:
        try:
            return read_order(args)
        except Refused as refused:
            raise as_failure(refused) from None

    def _progress(self) -> tuple[str, LoanProgress]:
        return self._loan.ticket_no, self._case.progress

    def _ticket_is_over(self, ticket_no: str) -> None:
        now = self.now()
        settled = settle_loan(self._case, now)
        self._become(settled.record("ticket_over", now, details={"ticket": ticket_no}))

    def _has_news(self) -> bool:
        # A question and its answer go to the ledger together: one write, not two.
        return bool(self._case.events) and not self._asks

    def _next_batch(self) -> LoanBatch:
        """For the writer: what waits, with the loan as it is after it."""
        case, self._case = self._case, self._case.handed_over()
        return LoanBatch(loan=case.loan, events=case.events)

    async def _until(self, condition: Callable[[], bool]) -> None:
        await until(condition, self._beside)
