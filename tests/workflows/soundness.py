"""What must be true of every ticket at rest, whoever was faster."""

import asyncio
from collections.abc import Sequence

from domain.case import Case
from domain.evolving import begin, fold
from domain.ticket import Ticket
from storage import loaners, tickets
from tests.unit.invariants import faults_of, faults_of_ledger, faults_of_news
from tests.workflows.driving import House, OnTicket
from tests.workflows.replaying import failure_of

RESTS_WITHIN = 20.0


async def sound(one: OnTicket) -> Ticket:
    """The ticket, once it rests. Raises AssertionError unless workflow, events and projection say
    the same, and no invariant is broken."""
    ticket, rows = await _at_rest(one)
    events = rows.events
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert fold(events) == ticket
    assert rows.ticket == ticket
    opening, now = events[0].changes.opening, events[-1].at
    assert opening is not None
    case = Case(ticket, one.house.shelf.get(ticket.policy))
    assert faults_of(case, now) == []
    assert faults_of_news(begin(opening), events, now) == []
    assert faults_of_ledger(ticket, events) == []
    return ticket


async def replayable(*those: OnTicket) -> None:
    """Their histories, and those of their loaners, lead again where they led."""
    house = those[0].house
    ids = [one.handle.id for one in those]
    for one in those:
        ids += [loaner.id for loaner in (await one.view()).ticket.loaners]
    histories = [await house.client.get_workflow_handle(one).fetch_history() for one in ids]
    assert await failure_of(*histories, rehearsal=house.rehearsal) is None


async def nothing_left_over(those: Sequence[OnTicket]) -> bool:
    """All are sound and lead again where they led, and no device is held in vain.

    What is amiss is told by the assertion that finds it.
    """
    await asyncio.gather(*(sound(one) for one in those))
    await replayable(*those)
    await nothing_held_in_vain(those[0].house)
    return True


async def nothing_held_in_vain(house: House) -> None:
    """Whoever has a device by the stock book is a loan that says so itself."""
    for line in await loaners.stock(house.pool):
        if line.loan_id is None:
            continue
        loan = await loaners.load(house.pool, line.loan_id)
        assert loan is not None
        assert loan.holding, loan
        assert loan.device == line.device


async def _at_rest(one: OnTicket) -> tuple[Ticket, tickets.ShowRows]:
    """The ticket, and what the ledger has of the same moment: a loaner may yet have news for it."""
    async with asyncio.timeout(RESTS_WITHIN):
        while True:
            view = await one.view()
            ticket = view.ticket
            busy = view.unflushed or ticket.errands or ticket.dispatch_order or ticket.merging
            rows = await tickets.show_rows(one.house.pool, one.number)
            if not busy and rows is not None and rows.ticket.seq == ticket.seq:
                return ticket, rows
            await asyncio.sleep(0.02)
