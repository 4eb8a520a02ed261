"""The clock of one workflow: a ticket's or a loaner's. It stands still unless it is moved.

It runs on with the real one between our moves, so it stands at the moment that was asked for or a
little past it.
"""

import asyncio
from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import WorkflowExecutionStatus

from domain.civil_time import MILLISECOND, local
from domain.ticket import Ticket
from domain.vocabulary import ENDED, LoanerState
from runtime.embedded.skipping import SkippingEnvironment
from workflows.messages import LOAN, TICKET, LoanView, TicketView, ticket_workflow_id

SETTLES_WITHIN = 20.0
"""Seconds of ours in which anything comes to rest."""

# Without a device: another's that comes back may be theirs.
_IN_LINE = (LoanerState.NO_STOCK, LoanerState.NEEDS_DECISION)
_PATIENCE = timedelta(seconds=SETTLES_WITHIN)


class WorkflowClock(ABC):
    """`wake`: when time alone next changes it, as of the last `look`; `seq`: its events by then.

    `over`: nothing changes it any more.
    """

    def __init__(self, environment: SkippingEnvironment, workflow_id: str) -> None:
        self._environment = environment
        self._handle = environment.client.get_workflow_handle(workflow_id)
        self._offset: timedelta | None = None
        self.wake: datetime | None = None
        self.seq = 0
        self.over = False

    @abstractmethod
    async def look(self) -> bool:
        """Look how it stands. True: nothing is due by now, and nothing is under way."""

    async def bring(self, moment: datetime) -> None:
        """Move it forward to `moment`, unless it is there or over."""
        if self.over or self._offset is None:
            return
        ahead = moment - await self._now()
        if ahead > timedelta(0):
            await asyncio.wait_for(
                self._environment.fast_forward(self._handle, ahead + MILLISECOND), SETTLES_WITHIN
            )

    async def _now(self) -> datetime:
        return self._own_time(await self._environment.get_current_time(self._handle))

    def _own_time(self, server_time: datetime) -> datetime:
        return local(server_time) + (self._offset or timedelta(0))

    async def _query(self, name: str, shape: type[Any]) -> Any:
        return await self._handle.query(name, result_type=shape, rpc_timeout=_PATIENCE)

    def _saw(self, view: TicketView | LoanView, seq: int) -> None:
        self.wake, self.seq = view.next_wake, seq
        self._offset = timedelta(milliseconds=view.clock_offset_ms)


class TicketClock(WorkflowClock):
    """A ticket's clock; `ticket` is the ticket as of the last `look`."""

    def __init__(self, environment: SkippingEnvironment, number: str) -> None:
        super().__init__(environment, ticket_workflow_id(number))
        self.ticket: Ticket | None = None

    async def look(self) -> bool:
        view: TicketView = await self._query(TICKET, TicketView)
        self._saw(view, view.ticket.seq)
        self.ticket = view.ticket
        if view.unflushed > 0 or view.ticket.errands:
            return False
        if self.wake is not None and self.wake <= await self._now():
            return False
        self.over = view.ticket.stage in ENDED
        return True


class LoanerClock(WorkflowClock):
    """A loaner's clock. `waits`: it has no device, and one that comes back may be its."""

    def __init__(self, environment: SkippingEnvironment, workflow_id: str) -> None:
        super().__init__(environment, workflow_id)
        self.waits = False

    async def look(self) -> bool:
        view: LoanView = await self._query(LOAN, LoanView)
        self._saw(view, view.loan.seq)
        self.waits = view.loan.state in _IN_LINE
        told = await self._handle.describe(rpc_timeout=_PATIENCE)
        if told.status is not WorkflowExecutionStatus.RUNNING:
            self.over = True
            return True
        server = told.raw_description
        # What it writes, asks and tells is all activities: none left, and its ticket knows.
        if view.unflushed > 0 or server.pending_activities:
            return False
        if server.HasField("pending_workflow_task"):
            return False
        skipped = server.workflow_extended_info.time_skipping_info
        now = skipped.current_time.ToDatetime(told.start_time.tzinfo)
        return self.wake is None or self.wake > self._own_time(now)
