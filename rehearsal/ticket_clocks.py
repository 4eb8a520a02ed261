"""The clocks of a rehearsal's tickets: each ticket has one, and only we move it.

A ticket's clock runs on with the real one between our moves, so it stands at the moment that was
asked for or a little past it. The earliest due time of all tickets comes first, one at a time, and
only the ticket that it belongs to is moved (decisions.md, Failing).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle

from domain.civil_time import MILLISECOND, local
from domain.vocabulary import ENDED
from runtime.embedded.skipping import SkippingEnvironment
from workflows.messages import TICKET, TicketView, ticket_workflow_id

# A timer fires up to a second after its workflow's time was moved; look this often, this long.
_LOOK_EVERY = 0.02
_SETTLES_WITHIN = 20.0


class NotSettled(TimeoutError):
    """A ticket did not come to rest: its worker has stopped, or its workflow has failed."""


@dataclass(frozen=True, slots=True)
class Wake:
    """When time alone next changes a ticket."""

    moment: datetime
    number: str


class TicketClocks:
    """Moves the clocks of the tickets that it was told of."""

    def __init__(self, environment: SkippingEnvironment) -> None:
        self._environment = environment
        self._client: Client = environment.client
        self._wakes: dict[str, datetime | None] = {}
        self._ended: set[str] = set()

    @property
    def running(self) -> tuple[str, ...]:
        """The tickets that have not ended, oldest first."""
        return tuple(number for number in self._wakes if number not in self._ended)

    async def take_in(self, number: str) -> None:
        """A ticket has begun: its clock is ours from now on."""
        self._wakes.setdefault(number, None)
        await self.settle([number])

    def wake_of(self, number: str) -> datetime | None:
        """When time alone next changes that ticket, as of its last `settle`."""
        return None if number in self._ended else self._wakes.get(number)

    def next_wake(self, but: str | None = None) -> Wake | None:
        """The earliest moment at which time changes any ticket, `but` that one."""
        ahead = [
            Wake(moment, number)
            for number in self.running
            if number != but and (moment := self._wakes[number]) is not None
        ]
        return min(ahead, key=lambda wake: (wake.moment, wake.number), default=None)

    async def wake(self, wake: Wake) -> None:
        """Let that moment come for its ticket, and all that follows from it."""
        await self.bring(wake.number, wake.moment)
        await self.settle([wake.number])

    async def bring(self, number: str, moment: datetime) -> None:
        """Move a ticket's clock forward to `moment`, unless it is there or the ticket has ended."""
        if number in self._ended or number not in self._wakes:
            return
        handle = self._handle(number)
        view = await self._view(handle)
        ahead = moment - await self._now(handle, view)
        if ahead > timedelta(0):
            await asyncio.wait_for(
                self._environment.fast_forward(handle, ahead + MILLISECOND), _SETTLES_WITHIN
            )

    async def settle(self, numbers: Iterable[str] | None = None) -> None:
        """Wait until nothing is due by now and the ledger has everything. Raises NotSettled."""
        for number in self.running if numbers is None else tuple(numbers):
            if number not in self._ended:
                await self._settle(number)

    async def _settle(self, number: str) -> None:
        handle = self._handle(number)
        async with _bounded(number):
            while True:
                view = await self._view(handle)
                if view.unflushed == 0 and not await self._overdue(handle, view):
                    break
                await asyncio.sleep(_LOOK_EVERY)
        self._wakes[number] = view.next_wake
        if view.ticket.stage in ENDED:
            self._ended.add(number)

    async def _overdue(self, handle: WorkflowHandle[Any, Any], view: TicketView) -> bool:
        if view.next_wake is None:
            return False
        return view.next_wake <= await self._now(handle, view)

    async def _view(self, handle: WorkflowHandle[Any, Any]) -> TicketView:
        view: TicketView = await handle.query(
            TICKET, result_type=TicketView, rpc_timeout=timedelta(seconds=_SETTLES_WITHIN)
        )
        return view

    async def _now(self, handle: WorkflowHandle[Any, Any], view: TicketView) -> datetime:
        moment = await self._environment.get_current_time(handle)
        return local(moment) + timedelta(milliseconds=view.clock_offset_ms)

    def _handle(self, number: str) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(ticket_workflow_id(number))


@asynccontextmanager
async def _bounded(number: str) -> AsyncIterator[None]:
    began = time.monotonic()
    try:
        async with asyncio.timeout(_SETTLES_WITHIN):
            yield
    except TimeoutError:
        waited = time.monotonic() - began
        raise NotSettled(f"工单 {number} 等了 {waited:.0f} 秒仍没有停下来") from None
