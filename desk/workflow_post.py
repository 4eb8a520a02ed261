"""Word between tickets and their loaners, carried by Temporal: a start, or a signal."""

from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.calendar_news import CalendarDates
from domain.loan import LoanerStart, LoanProgress, TicketNews
from domain.refusals import RefusalType
from domain.steps.merging import Absorb, AbsorbAnswer
from workflows.messages import (
    ABSORB,
    CALENDAR_NEWS,
    LOANER,
    LOANER_NEWS,
    LOOK_AGAIN,
    TICKET_NEWS,
    ticket_workflow_id,
)


class WorkflowPost:
    """The activities' `Post`. `task_queue`: where a loaner's worker polls."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue

    async def start_loan(self, start: LoanerStart) -> None:
        """Start the loan's workflow; one that runs, or is over, already is left alone."""
        loan = start.loan
        try:
            await self._client.start_workflow(
                LOANER,
                start,
                id=loan.id,
                task_queue=self._task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                static_summary=f"备机 {loan.number} · 工单 {loan.ticket_no}",
            )
        except WorkflowAlreadyStartedError:
            return

    async def tell_loan(self, loan_id: str, news: TicketNews) -> bool:
        """False: the loan is over, or never was."""
        return await self._signal(loan_id, TICKET_NEWS, news)

    async def tell_ticket(self, ticket_no: str, progress: LoanProgress) -> bool:
        """False: the ticket is over, or never was."""
        return await self._signal(ticket_workflow_id(ticket_no), LOANER_NEWS, progress)

    async def tell_dates(self, ticket_no: str, news: CalendarDates) -> bool:
        """False: the ticket is over, or never was."""
        return await self._signal(ticket_workflow_id(ticket_no), CALENDAR_NEWS, news)

    async def look_again(self, loan_id: str) -> bool:
        """False: the loan is over, or never was."""
        return await self._signal(loan_id, LOOK_AGAIN)

    async def absorb(self, into: str, other: Absorb) -> AbsorbAnswer:
        """Ask that ticket to take the other in; its refusal is an answer."""
        handle = self._client.get_workflow_handle(ticket_workflow_id(into))
        asked = f"absorb/{other.number}/{other.at.isoformat()}"
        try:
            await handle.execute_update(ABSORB, other, id=asked)
        except WorkflowUpdateFailedError as failed:
            cause = failed.cause
            if isinstance(cause, ApplicationError) and cause.type in set(RefusalType):
                return AbsorbAnswer(
                    accepted=False, type=RefusalType(cause.type), message=cause.message
                )
            raise
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            closed = RefusalType.TICKET_CLOSED
            return AbsorbAnswer(accepted=False, type=closed, message=f"工单 {into} 已结束")
        return AbsorbAnswer(accepted=True)

    async def _signal(self, workflow_id: str, name: str, *message: object) -> bool:
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            await handle.signal(name, args=list(message))
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True
