"""What a ticket has done outside, in its order: loaners asked for and told, another ticket asked.

An errand is in the ticket's state until it is done, so that it survives whatever happens to the
worker. It is tried for as long as it takes; the story does not wait for it, but the ticket does
not leave before.
"""

from datetime import timedelta
from typing import Any, Protocol

from temporalio import workflow
from temporalio.common import RetryPolicy

from activities.signatures import (
    ASK_TO_ABSORB,
    LEDGER_REFUSED,
    START_LOAN,
    TELL_LOAN,
    AskToAbsorb,
    TellLoan,
)
from domain.loan import LoanerStart, TicketNews
from domain.steps.merging import AbsorbAnswer
from domain.ticket import Errand

# Also how long a worker that was killed in the middle holds it up: less than a caller waits.
ONE_TRY = timedelta(seconds=10)
RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    maximum_interval=timedelta(seconds=30),
    non_retryable_error_types=[LEDGER_REFUSED],
)


class Sender(Protocol):
    """The ticket, as its errands see it."""

    def next_errand(self) -> Errand | None:
        """The errand that is to be run first."""

    def loan(self, errand: Errand) -> LoanerStart:
        """The loaner that it asks for."""

    def news(self, errand: Errand) -> TicketNews:
        """What it tells a loaner."""

    def handing_over(self, errand: Errand) -> AskToAbsorb:
        """What another ticket is to take in."""

    def errand_over(self, errand: Errand) -> None:
        """It is done."""

    def merge_answered(self, asked: AskToAbsorb, answer: AbsorbAnswer) -> None:
        """What the other ticket said."""


class Errands:
    """Runs them one after the other."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def run(self) -> None:
        """Never returns. Raises only when the data are refused for good."""
        while True:
            await workflow.wait_condition(lambda: self._sender.next_errand() is not None)
            errand = self._sender.next_errand()
            if errand is not None:
                await self._do(errand)
                self._sender.errand_over(errand)

    async def _do(self, errand: Errand) -> None:
        if errand.kind == "start_loaner":
            await _execute(START_LOAN, self._sender.loan(errand), "申请备机")
        elif errand.kind == "merge":
            asked = self._sender.handing_over(errand)
            answer = await _execute(ASK_TO_ABSORB, asked, "请对方并入", AbsorbAnswer)
            self._sender.merge_answered(asked, answer)
        else:
            told = TellLoan(loan_id=errand.loaner or "", news=self._sender.news(errand))
            await _execute(TELL_LOAN, told, f"告知备机:{errand.kind}")


async def _execute(name: str, argument: Any, summary: str, answer: type | None = None) -> Any:
    return await workflow.execute_activity(
        name,
        argument,
        result_type=answer,
        start_to_close_timeout=ONE_TRY,
        retry_policy=RETRY,
        summary=summary,
    )
