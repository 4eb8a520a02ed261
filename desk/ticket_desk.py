"""Sending a command to a ticket: looked up, sent with an id, and waited for.

A ticket looks nothing up itself, so the desk adds what the books say. An update is repeated
under the same id until its answer comes, which makes a time-out harmless.
"""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta

import asyncpg
from pydantic import JsonValue
from temporalio.client import (
    Client,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from desk.looking_up import LOOKS_UP, with_looked_up
from domain.commands import Order, command_named
from domain.refusals import RefusalType, Refused
from domain.ticket import Actor, Ticket
from domain.vocabulary import ENDED
from runtime.policy_files import PolicyShelf
from storage import tickets
from workflows.messages import TICKET, Answer, TicketView, ticket_workflow_id

# The server refuses a ticket's eleventh update in flight.
IN_FLIGHT = 8
PAUSE = 0.2
WAIT = timedelta(seconds=30)

# Worth another try under the same id: the server is away, busy, or was slow to answer.
_PASSING = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.ABORTED,
        RPCStatusCode.CANCELLED,
    }
)


class NoAnswer(Exception):
    """No answer in time. The same command with the same id is harmless."""

    def __init__(self, command_id: str, wait: timedelta) -> None:
        super().__init__(f"{wait.total_seconds():g} 秒内没有回答;用 --id {command_id} 重发无害")
        self.command_id = command_id


class TicketFailed(Exception):
    """The ticket's workflow has failed; its history stays, and `status` says what to do."""


class TicketDesk:
    """Acts on tickets for the CLI, the web and rehearsals."""

    def __init__(
        self,
        client: Client,
        pool: asyncpg.Pool,
        shelf: PolicyShelf,
    ) -> None:
        self._client = client
        self._pool = pool
        self._shelf = shelf
        self._lanes: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(IN_FLIGHT)
        )

    async def send(
        self,
        number: str,
        command: str,
        by: Actor,
        fields: Mapping[str, JsonValue],
        command_id: str | None = None,
        wait: timedelta = WAIT,
    ) -> Answer:
        """Ask it of the ticket; answers once its events are in the ledger.

        Raises: Refused with the domain's word; NoAnswer after `wait`; TicketFailed.
        """
        name = command_named(command)
        command_id = command_id or secrets.token_hex(8)
        try:
            async with asyncio.timeout(wait.total_seconds()):
                order = Order(by=by, fields=dict(fields))
                if name in LOOKS_UP:
                    ticket = await self._ticket(number)
                    order = await with_looked_up(self._pool, self._shelf, ticket, name, order)
                async with self._lanes[number]:
                    return await self._until_answered(number, name.value, order, command_id)
        except TimeoutError:
            raise NoAnswer(command_id, wait) from None

    async def view(self, number: str) -> TicketView:
        """The whole state from the workflow itself."""
        handle = self._client.get_workflow_handle(ticket_workflow_id(number))
        view: TicketView = await handle.query(TICKET, result_type=TicketView)
        return view

    async def _ticket(self, number: str) -> Ticket:
        """The ticket from the ledger; one that has only just begun is waited for."""
        while True:
            ticket = await tickets.load(self._pool, number)
            if ticket is not None:
                return ticket
            await self._must_exist(number)
            await asyncio.sleep(PAUSE / 4)

    async def _must_exist(self, number: str) -> None:
        try:
            await self._client.get_workflow_handle(ticket_workflow_id(number)).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise Refused(RefusalType.UNKNOWN_TICKET, f"没有工单 {number}") from None
            if error.status not in _PASSING:
                raise

    async def _until_answered(
        self, number: str, name: str, order: Order, command_id: str
    ) -> Answer:
        handle = self._client.get_workflow_handle(ticket_workflow_id(number))
        while True:
            try:
                answer = await self._once(handle, number, name, order, command_id)
            except WorkflowUpdateRPCTimeoutOrCancelledError:
                # The client makes one error of two cases; only a time-out is worth another try.
                if (task := asyncio.current_task()) is not None and task.cancelling():
                    raise asyncio.CancelledError from None
                answer = None
            if answer is not None:
                return answer
            await asyncio.sleep(PAUSE)

    async def _once(
        self,
        handle: WorkflowHandle[object, object],
        number: str,
        name: str,
        order: Order,
        command_id: str,
    ) -> Answer | None:
        """One try; None when another may succeed."""
        try:
            answer: Answer = await handle.execute_update(
                name, order, id=command_id, result_type=Answer
            )
        except WorkflowUpdateFailedError as failed:
            raise _as_refused(failed, number) from None
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise await self._why_gone(number) from None
            if error.status not in _PASSING:
                raise
            return None
        return answer

    async def _why_gone(self, number: str) -> Exception:
        ticket = await tickets.load(self._pool, number)
        if ticket is None:
            return Refused(RefusalType.UNKNOWN_TICKET, f"没有工单 {number}")
        if ticket.stage in ENDED:
            return Refused(RefusalType.TICKET_CLOSED, f"工单 {number} 已结束")
        return TicketFailed(f"工单 {number} 的流程已停止;请看 aftercare status")


def _as_refused(failed: WorkflowUpdateFailedError, number: str) -> Exception:
    cause = failed.cause
    if isinstance(cause, ApplicationError) and cause.type in set(RefusalType):
        field = cause.details[0] if cause.details else None
        return Refused(RefusalType(cause.type), cause.message, field)
    return TicketFailed(f"工单 {number} 的流程出错:{cause};请看 aftercare status")
