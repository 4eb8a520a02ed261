"""Sending a command to a loaner: looked up, sent with an id, and waited for."""

import asyncio
import secrets
from collections.abc import Mapping
from datetime import timedelta

import asyncpg
from pydantic import JsonValue
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from desk.updates import PASSING, WAIT, Addressee, NoAnswer, Updates, WorkflowFailed
from domain.commands import LookedUp, Order
from domain.lending.orders import loaner_command_named, over
from domain.refusals import RefusalType, Refused
from domain.ticket import Actor
from domain.vocabulary import LoanerCommand, LoanerState
from storage import loaners, tickets
from workflows.messages import LOAN, LoanAnswer, LoanView, loaner_workflow_id


class LoanerDesk:
    """Acts on loaners for the CLI, the web and rehearsals."""

    def __init__(self, client: Client, pool: asyncpg.Pool) -> None:
        self._client = client
        self._pool = pool
        self._updates = Updates(client)

    async def send(
        self,
        loan_id: str,
        command: str,
        by: Actor,
        fields: Mapping[str, JsonValue],
        command_id: str | None = None,
        wait: timedelta = WAIT,
    ) -> LoanAnswer:
        """Ask it of the loaner of that workflow id; answers once its events are in the ledger.

        Raises: Refused with the domain's word; NoAnswer after `wait`; WorkflowFailed.
        """
        name = loaner_command_named(command)
        command_id = command_id or secrets.token_hex(8)
        to = _ALoaner(self._client, self._pool, loan_id)
        try:
            async with asyncio.timeout(wait.total_seconds()):
                order = Order(by=by, fields=dict(fields))
                if name is LoanerCommand.RESERVE:
                    order = await self._with_stock(loan_id, order)
                return await self._updates.send(to, name.value, order, LoanAnswer, command_id)
        except TimeoutError:
            raise NoAnswer(command_id, wait) from None

    async def view(self, loan_id: str) -> LoanView:
        """The whole state from the workflow itself."""
        handle = self._client.get_workflow_handle(loan_id)
        view: LoanView = await handle.query(LOAN, result_type=LoanView)
        return view

    async def _with_stock(self, loan_id: str, order: Order) -> Order:
        """The order with what the stock book says of the device; a loaner looks nothing up."""
        device = order.fields.get("loaner")
        loan = await loaners.load(self._pool, loan_id)
        if loan is None or not isinstance(device, str):
            return order
        # What it has already may be named again: that is no other's.
        mine = loan.device is not None and loan.device.id == device
        there = mine or await loaners.in_stock(self._pool, device, loan.wanted)
        return order.model_copy(update={"looked_up": LookedUp(in_stock=there)})


def loan_named(written: str) -> str:
    """The workflow id of `TICKET/N`. Raises Refused UnknownTicket for what is no such name."""
    number, slash, place = written.removeprefix("loaner/").rpartition("/")
    if not slash or not number or not place.isascii() or not place.isdigit():
        raise Refused(RefusalType.UNKNOWN_TICKET, f"备机要写成 工单号/第几台,如 W1/1:{written}")
    return loaner_workflow_id(number, int(place))


class _ALoaner(Addressee):
    def __init__(self, client: Client, pool: asyncpg.Pool, loan_id: str) -> None:
        self.workflow_id = loan_id
        self.called = f"备机 {loan_id.removeprefix('loaner/')}"
        self._client = client
        self._pool = pool

    async def why_gone(self) -> Exception | None:
        loan = await loaners.load(self._pool, self.workflow_id)
        if loan is None:
            return await self._why_never()
        if await self._failed():
            return WorkflowFailed(f"{self.called} 的流程已停止;请看 aftercare status")
        return over(loan)

    async def _why_never(self) -> Refused | None:
        """No workflow: nobody asked for it, the supervisor has not said yes, or any moment now."""
        ticket_no = self.workflow_id.removeprefix("loaner/").rpartition("/")[0]
        ticket = await tickets.load(self._pool, ticket_no)
        known = {one.id: one for one in ticket.loaners} if ticket else {}
        loaner = known.get(self.workflow_id)
        if loaner is None:
            return Refused(RefusalType.UNKNOWN_TICKET, f"没有这台备机:{self.called}")
        if loaner.state is LoanerState.NEEDS_DECISION:
            fix = f"{self.called} 等客服主管决定;主管用 ticket request_loaner {ticket_no} 准予"
            return Refused(RefusalType.INVALID_TRANSITION, fix)
        if loaner.state is LoanerState.RELEASED:
            return Refused(RefusalType.TICKET_CLOSED, f"{self.called} 已结束")
        return None

    async def _failed(self) -> bool:
        """Whether its workflow ended otherwise than by itself; one long gone ended well."""
        try:
            told = await self._client.get_workflow_handle(self.workflow_id).describe()
        except RPCError as error:
            if error.status in (RPCStatusCode.NOT_FOUND, *PASSING):
                return False
            raise
        return told.status is not WorkflowExecutionStatus.COMPLETED
