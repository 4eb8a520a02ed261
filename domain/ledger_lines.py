"""The ledger as a file: JSON lines that stand alone, for what-if away from the database.

The first line says what it is and up to when it knows: `{"ledger": 1, "as_of": TIME}`. Then come
the policies that tickets pinned, `{"policy": NAME, "version": VERSION, "body": {…}}`, then a line a
ticket, `{"ticket": NUMBER, "events": […]}`, its events oldest first. A ticket that is still open
is judged as of that time, one that has ended as of its last event.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from domain.civil_time import local
from domain.events import Event
from domain.evolving import fold
from domain.policy import Policy
from domain.records import Record
from domain.vocabulary import ENDED
from domain.what_if import PastTicket, past_ticket

FORMAT: Literal[1] = 1


class LedgerHead(Record):
    """The first line. `as_of`: nothing later is in the file."""

    ledger: Literal[1]
    as_of: datetime


class PolicyLine(Record):
    """A policy as tickets pinned it."""

    policy: str
    version: str
    body: dict[str, JsonValue]

    def snapshot(self) -> Policy:
        """The policy itself. Raises a validation error where it is none."""
        return Policy.model_validate(self.body)


class TicketLine(Record):
    """A ticket's events, oldest first."""

    ticket: str
    events: tuple[Event, ...] = Field(min_length=1)

    def past(self, as_of: datetime | None = None) -> PastTicket:
        """The ticket that they make, without `as_of` at its last event, open or not.

        ValueError where they make none; Refused for a fact of a wrong value.
        """
        if [event.seq for event in self.events] != list(range(1, len(self.events) + 1)):
            raise ValueError("事件有缺号")
        ticket = fold(self.events)
        last = local(self.events[-1].at)
        if as_of is None or ticket.stage in ENDED:
            return past_ticket(ticket, last)
        return past_ticket(ticket, max(last, as_of))
