"""The clocks of a rehearsal: each ticket and each loaner has one, and only we move them.

The earliest due time of all comes first, one at a time (decisions.md, Failing). Only the party that
it belongs to is moved: the ticket, its loaners, and what it was merged into. They speak with each
other, so they stand at the same moment and come to rest together.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from domain.ticket import Ticket, TicketLoaner
from domain.vocabulary import LoanerState
from rehearsal.workflow_clock import SETTLES_WITHIN, LoanerClock, TicketClock, WorkflowClock
from runtime.embedded.skipping import SkippingEnvironment

# A timer fires up to a second after its workflow's time was moved; look this often.
_LOOK_EVERY = 0.02
# So near does one who only looks on come to a deadline of its own.
_SHORT_OF = timedelta(milliseconds=250)


class NotSettled(TimeoutError):
    """Somebody did not come to rest: the worker has stopped, or a workflow has failed."""


@dataclass(frozen=True, slots=True)
class Wake:
    """When time alone next changes a ticket, or a loaner of its party."""

    moment: datetime
    number: str


class TicketClocks:
    """Moves the clocks of the tickets that it was told of, and of their loaners."""

    def __init__(self, environment: SkippingEnvironment) -> None:
        self._environment = environment
        self._tickets: dict[str, TicketClock] = {}
        self._loaners: dict[str, LoanerClock] = {}

    async def take_in(self, number: str) -> None:
        """A ticket has begun: its clock is ours from now on."""
        if number not in self._tickets:
            self._tickets[number] = TicketClock(self._environment, number)
        await self.settle([number])

    def loaner(self, number: str, place: int) -> str | None:
        """The id of a ticket's n-th loaner, those of a ticket merged into it included."""
        ticket = self._tickets[number].ticket if number in self._tickets else None
        known = ticket.loaners if ticket else ()
        return known[place - 1].id if place <= len(known) else None

    @property
    def loaners(self) -> tuple[str, ...]:
        """The workflow ids of the loaners so far, oldest first."""
        return tuple(self._loaners)

    def wake_of(self, number: str) -> datetime | None:
        """When time alone next changes that ticket's party, as of its last `settle`."""
        wakes = [clock.wake for clock in self._party(number) if clock.wake is not None]
        return min(wakes, default=None)

    def next_wake(self, but: str | None = None) -> Wake | None:
        """The earliest moment at which time changes any party, `but` that ticket's."""
        spared = self._party(but) if but is not None else []
        ahead = [
            Wake(clock.wake, number)
            for number in self._tickets
            for clock in self._party(number)
            if clock.wake is not None and clock not in spared
        ]
        return min(ahead, key=lambda wake: (wake.moment, wake.number), default=None)

    async def wake(self, wake: Wake) -> None:
        """Let that moment come for its party, and all that follows from it."""
        await self.bring(wake.number, wake.moment)
        await self.settle([wake.number])

    async def bring(self, number: str, moment: datetime) -> None:
        """Move a ticket and its party forward to `moment`; who is there already stays."""
        for other in self._others_in_line(number):
            # It looks on, and its own deadline is not to come because of us.
            wake = self.wake_of(other)
            await _bring(self._party(other), min(moment, wake - _SHORT_OF) if wake else moment)
        await _bring(self._party(number), moment)

    async def settle(self, numbers: Iterable[str] | None = None) -> None:
        """Wait until nothing is due by now and nothing is under way. Raises NotSettled."""
        for number in tuple(self._tickets) if numbers is None else tuple(numbers):
            if number in self._tickets:
                async with _bounded(number):
                    await self._settle(number)

    async def _settle(self, number: str) -> None:
        """Look until all rest. Those who speak with others must rest twice: news may be between."""
        before: dict[WorkflowClock, int] | None = None
        while True:
            party = self._concerned(number)
            resting = [await clock.look() for clock in party]
            self._take_in_loaners()
            seen = {clock: clock.seq for clock in party}
            if all(resting) and set(self._concerned(number)) <= set(party):
                if len(party) <= 1 or seen == before:
                    return
                before = seen
            else:
                before = None
            await asyncio.sleep(_LOOK_EVERY)

    def _party(self, number: str) -> list[WorkflowClock]:
        """The clocks of a ticket, its loaners and what it was merged into, but for those over."""
        if number not in self._tickets:
            return []
        clock = self._tickets[number]
        members: list[WorkflowClock] = [clock]
        if clock.ticket is not None:
            lent = (self._loaners.get(one.id) for one in clock.ticket.loaners)
            members += [one for one in lent if one is not None]
            if clock.ticket.merged_into is not None:
                members += self._party(clock.ticket.merged_into)
        return [one for one in dict.fromkeys(members) if not one.over]

    def _concerned(self, number: str) -> list[WorkflowClock]:
        """The party, and those of others whom a device that it gives back may go to."""
        others = (self._party(other) for other in self._others_in_line(number))
        return list(dict.fromkeys((*self._party(number), *chain.from_iterable(others))))

    def _others_in_line(self, number: str) -> list[str]:
        party = self._party(number)
        if not any(isinstance(clock, LoanerClock) for clock in party):
            return []
        return [
            other
            for other in self._tickets
            if any(
                isinstance(clock, LoanerClock) and clock.waits and clock not in party
                for clock in self._party(other)
            )
        ]

    def _take_in_loaners(self) -> None:
        for clock in self._tickets.values():
            for loaner in clock.ticket.loaners if clock.ticket else ():
                if loaner.id not in self._loaners and _has_begun(loaner, clock.ticket):
                    self._loaners[loaner.id] = LoanerClock(self._environment, loaner.id)


async def _bring(clocks: Iterable[WorkflowClock], moment: datetime) -> None:
    """Those who will have something to tell come last: who hears of it must be there already."""
    for clock in sorted(clocks, key=lambda one: one.wake is not None and one.wake <= moment):
        await clock.bring(moment)


def _has_begun(loaner: TicketLoaner, ticket: Ticket | None) -> bool:
    """Whether it has a workflow: one that waits for the supervisor's word alone has none."""
    starting = any(
        errand.kind == "start_loaner" and errand.loaner == loaner.id
        for errand in (ticket.errands if ticket else ())
    )
    return not starting and (loaner.revision > 0 or loaner.state is LoanerState.REQUESTED)


@asynccontextmanager
async def _bounded(number: str) -> AsyncIterator[None]:
    began = time.monotonic()
    try:
        async with asyncio.timeout(SETTLES_WITHIN):
            yield
    except TimeoutError:
        waited = time.monotonic() - began
        raise NotSettled(f"工单 {number} 等了 {waited:.0f} 秒仍没有停下来") from None
