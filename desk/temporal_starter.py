"""How the delivery of calls speaks with Temporal: starting tickets and telling them of calls."""

from collections.abc import Callable
from datetime import datetime

from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.calls import Call
from domain.civil_time import local
from domain.events import PROCEDURE, Opening
from domain.intake import TicketOpening
from domain.vocabulary import Stage
from runtime.policy_files import PolicyShelf
from workflows.messages import (
    DROP_CALL,
    PHONE_CALL,
    REPAIR_TICKET,
    STAGE,
    DropCall,
    TicketStart,
    summary_of,
    ticket_workflow_id,
)


class TemporalStarter:
    """`clock` is the tickets' clock; in a rehearsal a ticket begins with what it shows."""

    def __init__(
        self,
        client: Client,
        shelf: PolicyShelf,
        task_queue: str,
        clock: Callable[[], datetime],
        *,
        rehearsal: bool = False,
    ) -> None:
        self._client = client
        self._shelf = shelf
        self._task_queue = task_queue
        self._clock = clock
        self._rehearsal = rehearsal

    async def start(self, ticket_no: str, opening: TicketOpening, call: Call | None) -> None:
        """Start the ticket's workflow; one that has begun, or ended, already is left alone."""
        policy = self._shelf.get(opening.policy)
        begin = Opening(
            **{**dict(opening), "policy": policy.name, "policy_version": policy.version},
            procedure=PROCEDURE,
        )
        start = TicketStart(
            opening=begin,
            policy=policy.for_ticket(local(opening.opened_at).date()),
            call=call,
            clock_start=self._clock() if self._rehearsal else None,
        )
        try:
            await self._client.start_workflow(
                REPAIR_TICKET,
                start,
                id=ticket_workflow_id(ticket_no),
                task_queue=self._task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                search_attributes=TypedSearchAttributes(
                    [SearchAttributePair(STAGE, Stage.INTAKE.value)]
                ),
                static_summary=summary_of(begin),
            )
        except WorkflowAlreadyStartedError:
            return

    async def signal_call(self, ticket_no: str, call: Call, joined: bool) -> bool:
        """Tell the ticket what is known of a call; False: it has closed, or never was."""
        return await self._signal(ticket_no, PHONE_CALL, call)

    async def detach_call(self, ticket_no: str, call_id: str) -> None:
        """Take back a call that was judged again; a ticket that has closed needs no telling."""
        await self._signal(ticket_no, DROP_CALL, DropCall(call_id=call_id))

    async def _signal(self, ticket_no: str, name: str, message: Call | DropCall) -> bool:
        handle = self._client.get_workflow_handle(ticket_workflow_id(ticket_no))
        try:
            await handle.signal(name, message)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True
