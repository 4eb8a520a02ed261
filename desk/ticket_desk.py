"""Sending a command to a ticket: looked up, sent with an id, and waited for.

A ticket looks nothing up itself, so the desk adds what the books say.
"""

import asyncio
import secrets
from collections.abc import Mapping
from datetime import timedelta

import asyncpg
from pydantic import JsonValue
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from desk.looking_up import LOOKS_UP, with_looked_up
from desk.updates import PASSING, PAUSE, WAIT, Addressee, NoAnswer, Updates, WorkflowFailed
from domain.commands import Order, command_named
from domain.procedure import over
from domain.refusals import RefusalType, Refused
from domain.ticket import Actor, Ticket
from domain.vocabulary import ENDED
from runtime.policy_files import PolicyShelf
from storage import tickets
from workflows.messages import TICKET, Answer, TicketView, ticket_workflow_id


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
        self._updates = Updates(client)

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

        Raises: Refused with the domain's word; NoAnswer after `wait`; WorkflowFailed.
        """
        name = command_named(command)
        command_id = command_id or secrets.token_hex(8)
        try:
            async with asyncio.timeout(wait.total_seconds()):
                order = Order(by=by, fields=dict(fields))
                if name in LOOKS_UP:
                    ticket = await self._ticket(number)
                    order = await with_looked_up(self._pool, self._shelf, ticket, name, order)
                to = _ATicket(self._pool, number)
                return await self._updates.send(to, name.value, order, Answer, command_id)
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
            if error.status not in PASSING:
                raise


class _ATicket(Addressee):
    def __init__(self, pool: asyncpg.Pool, number: str) -> None:
        self.workflow_id = ticket_workflow_id(number)
        self.called = f"工单 {number}"
        self._pool = pool
        self._number = number

    async def why_gone(self) -> Exception:
        ticket = await tickets.load(self._pool, self._number)
        if ticket is None:
            return Refused(RefusalType.UNKNOWN_TICKET, f"没有{self.called}")
        if ticket.stage in ENDED:
            return over(ticket)
        return WorkflowFailed(f"{self.called} 的流程已停止;请看 aftercare status")
