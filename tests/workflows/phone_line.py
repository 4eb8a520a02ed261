"""A phone line under test: what the phone system says, and the tickets that come of it."""

from datetime import datetime

from desk.calls import enter
from desk.delivery import Delivery
from desk.temporal_starter import TemporalStarter
from domain.calls import CallEventKind, Direction, PhoneEvent
from domain.civil_time import CHINA
from storage import phone
from tests.workflows.driving import House, OnTicket


class Line:
    """A phone line whose calls are delivered at once."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._starter = TemporalStarter(
            house.client, house.shelf, house.task_queue, lambda: datetime.now(CHINA)
        )
        self._delivery = Delivery(house.pool, self._starter, lambda: datetime.now(CHINA))

    async def say(self, call_id: str, number: str, kind: CallEventKind) -> None:
        now = datetime.now(CHINA)
        event = PhoneEvent(
            call_id=call_id,
            event=kind,
            direction=Direction.IN,
            from_number=number,
            to_number="4008001234",
            cause="normalClearing" if kind is CallEventKind.HANGUP else None,
            at=now,
            received=now,
        )
        await enter(self._house.pool, event)
        await self.deliver()

    async def deliver(self) -> int:
        """All that is owed to tickets; how much that was."""
        return await self._delivery.sweep()

    async def opened(self, call_id: str) -> OnTicket:
        """The ticket of that call, whether or not a worker is there for it."""
        found = await phone.find_call(self._house.pool, ("cti", call_id))
        assert found is not None
        assert found.ticket_no is not None
        return OnTicket(self._house, found.ticket_no, found.call, self._starter)

    async def ticket(self, call_id: str) -> OnTicket:
        """The ticket of that call, with all of it in the ledger."""
        opened = await self.opened(call_id)
        await opened.settled()
        return opened
