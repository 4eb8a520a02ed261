"""Tickets without Temporal: a starter that keeps them in memory and writes their ledger rows."""

from dataclasses import dataclass, field

import asyncpg

from domain.calls import Call, Direction
from domain.intake import TicketOpening
from domain.ticket import earliest_inbound


class Away(Exception):
    """The tickets cannot be reached now."""


@dataclass
class RecordedTicket:
    """One ticket: what it was opened with, its calls, and how often it was urged."""

    opening: TicketOpening
    calls: dict[str, Call] = field(default_factory=dict)
    is_open: bool = True
    urges: int = 0

    def take(self, call: Call) -> None:
        known = self.calls.get(call.call_id)
        if known is None or call.revision > known.revision:
            self.calls[call.call_id] = call

    @property
    def reported(self) -> object:
        earliest = earliest_inbound(tuple(self.calls.values()))
        return earliest.ended_at if earliest else self.opening.opened_at

    @property
    def called_back(self) -> list[object]:
        return [c.answered_at for c in self.calls.values() if c.direction is Direction.OUT]


class TicketRecorder:
    """A `TicketStarter` that behaves as the workflows do.

    `away`: every request fails before it does anything. `lost`: that many requests do their work
    and then fail, as when the connection breaks before the answer. `writes`: whether the ledger
    hears of the tickets at all.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self.tickets: dict[str, RecordedTicket] = {}
        self.away = False
        self.lost = 0
        self.writes = True
        self.starts = 0
        self.signals = 0

    async def start(self, ticket_no: str, opening: TicketOpening, call: Call | None) -> None:
        self._reach()
        self.starts += 1
        if ticket_no not in self.tickets:
            ticket = self.tickets[ticket_no] = RecordedTicket(opening)
            if call is not None:
                ticket.take(call)
            await self._write(ticket)
        self._answer()

    async def signal_call(self, ticket_no: str, call: Call, joined: bool) -> bool:
        self._reach()
        self.signals += 1
        ticket = self.tickets.get(ticket_no)
        if ticket is None or not ticket.is_open:
            return False
        ticket.urges += joined and call.call_id not in ticket.calls
        ticket.take(call)
        await self._write(ticket)
        self._answer()
        return True

    async def detach_call(self, ticket_no: str, call_id: str) -> None:
        self._reach()
        ticket = self.tickets[ticket_no]
        if ticket.is_open:
            ticket.calls.pop(call_id, None)
            await self._write(ticket)
        self._answer()

    async def close(self, ticket_no: str, *, ledger_knows: bool = True) -> None:
        """The ticket ends; without `ledger_knows`, its last row is still on the way."""
        self.tickets[ticket_no].is_open = False
        if ledger_knows:
            await self._write(self.tickets[ticket_no])

    async def register(self, ticket_no: str, caller_phone: str) -> None:
        """An agent writes down another number to call back."""
        await self._pool.execute(
            "UPDATE ticket SET caller_phone = $2 WHERE number = $1", ticket_no, caller_phone
        )

    def partition(self) -> set[tuple[object, ...]]:
        """What the day came to, without the tickets' own numbers."""
        return {
            (
                frozenset(ticket.calls),
                ticket.opening.caller,
                ticket.opening.candidates,
                ticket.opening.policy,
                ticket.reported,
            )
            for ticket in self.tickets.values()
        }

    def _reach(self) -> None:
        if self.away:
            raise Away("no answer")

    def _answer(self) -> None:
        if self.lost:
            self.lost -= 1
            raise Away("the answer was lost")

    async def _write(self, ticket: RecordedTicket) -> None:
        if not self.writes:
            return
        opening = ticket.opening
        await self._pool.execute(
            """
            INSERT INTO ticket (
                number, stage, policy, policy_version, channel, caller, technician_out,
                opened_at, closed_at, last_seq, decided_at, state
            )
            VALUES ($1, $2, $3, '000000000000', $4, $5, false, $6, $7, 1, $6, $8)
            ON CONFLICT (number) DO UPDATE SET stage = $2, closed_at = $7, state = $8
            """,
            opening.number,
            "intake" if ticket.is_open else "closed",
            opening.policy,
            opening.channel.value,
            opening.caller,
            opening.opened_at,
            None if ticket.is_open else opening.opened_at,
            {"calls": [call.model_dump(mode="json") for call in ticket.calls.values()]},
        )
