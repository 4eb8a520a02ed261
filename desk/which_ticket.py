"""Which ticket a call belongs to, decided once and in one transaction.

Two locks, always in this order: the call, so that its events make one row; then the outside
number, so that all of that number's calls are judged one after the other.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from desk.numbers import normalise
from domain import intake
from domain.calls import Call, Direction, PhoneEvent
from domain.directory import Candidate
from domain.intake import Join, TicketOpening
from domain.vocabulary import Channel
from storage import directory, phone, tickets
from storage.phone import CallKey, NumberTicket, StoredCall


async def take_call(connection: Any, key: CallKey, now: datetime) -> bool:
    """Bring the call's row up to its events, and judge it; False when there was nothing to take.

    `now` decides whether a call without a hang-up is given up. Raises database errors only;
    then nothing has changed.
    """
    async with connection.transaction():
        claimed = await phone.claim_events(connection, key)
        await phone.lock(connection, f"call:{key[0]}:{key[1]}")
        events = tuple(_spelt(event) for event in await phone.events_of(connection, key))
        stored = await phone.find_call(connection, key)
        given_up = _given_up(events, stored, now)
        if not claimed and (given_up is None or stored is None or stored.call.ended_at is not None):
            return False
        call = intake.assemble(events, given_up)
        if call is None:
            return False
        call = intake.next_revision(call, stored.call if stored else None)
        await phone.save_call(connection, call, intake.closes_at(events))
        await phone.take_events(
            connection, key, [event for event in events if event.event.value in claimed]
        )
        await _judge(connection, call, stored, events, now)
    return True


async def decide_again(connection: Any, row: StoredCall, now: datetime) -> None:
    """The ticket that `row` was to join is over: find the call another."""
    async with connection.transaction():
        await phone.lock(connection, f"call:{row.key[0]}:{row.key[1]}")
        await _lock_number(connection, row.call.caller)
        if row.ticket_no is not None:
            await phone.mark_gone(connection, row.ticket_no)
        stored = await phone.find_call(connection, row.key)
        if stored is None or stored.ticket_no != row.ticket_no:
            return  # judged anew meanwhile
        into = await tickets.merged_into(connection, row.ticket_no) if row.ticket_no else None
        if into is not None:
            await phone.assign(connection, row.key, into, opener=False)
            return
        await phone.assign(connection, row.key, None, opener=False)
        events = await phone.events_of(connection, row.key)
        if stored.call.direction is Direction.IN:
            await _judge_inbound(connection, stored.call, events, now)
        await _judge_outbound(connection, stored.call.caller)


async def open_paper(connection: Any, opening: TicketOpening) -> str:
    """Take a number for a ticket without a call, or find the one of the same source id.

    Of `opening`, `number`, `candidates` and `related` are filled in here.
    """
    async with connection.transaction():
        await phone.lock(connection, f"source:{opening.channel}:{opening.source_id}")
        if opening.source_id is not None:
            known = await phone.ticket_of_source(
                connection, opening.channel.value, opening.source_id
            )
            if known is not None:
                return known
        await _lock_number(connection, opening.caller)
        number = await _open(connection, opening)
        await _judge_outbound(connection, opening.caller)
        await phone.ring(connection)
    return number


def _given_up(
    events: Sequence[PhoneEvent], stored: StoredCall | None, now: datetime
) -> datetime | None:
    """When the call was given up, if it was by `now`; a call given up once stays so."""
    if stored is not None and stored.call.end_assumed:
        return stored.call.ended_at
    moment = intake.closes_at(events)
    return moment if moment <= now else None


async def _judge(
    connection: Any,
    call: Call,
    stored: StoredCall | None,
    events: Sequence[PhoneEvent],
    now: datetime,
) -> None:
    if not intake.number_known(events) and not call.end_assumed:
        return
    await _lock_number(connection, call.caller)
    if intake.ready(call) and (stored is None or stored.ticket_no is None):
        await _judge_inbound(connection, call, events, now)
    # A ticket that opened, or was reported at another time, changes what a call-back is.
    await _judge_outbound(connection, call.caller)


async def _judge_inbound(
    connection: Any, call: Call, events: Sequence[PhoneEvent], now: datetime
) -> None:
    key = (call.provider, call.call_id)
    owners = await _owners(connection, call.caller)
    still_open = await _open_numbers(connection, call.caller)
    verdict = intake.judge_inbound(call.caller, owners, still_open)
    if isinstance(verdict, Join):
        await phone.assign(connection, key, verdict.ticket_no, opener=False)
        return
    opening = TicketOpening(
        number="",
        opened_at=now,
        channel=Channel.PHONE,
        policy=await _policy_of_line(connection, call, events),
        caller=call.caller,
    )
    await phone.assign(connection, key, await _open(connection, opening), opener=True)


async def _judge_outbound(connection: Any, number: str | None) -> None:
    """Judge all calls of ours to the number again: each is a call-back of one ticket or none."""
    if number is None:
        return
    calls = await phone.outbound_calls(connection, number)
    tickets = await phone.tickets_of(connection, number) if calls else []
    still_open = {ticket.ticket_no for ticket in tickets if ticket.is_open}
    for row in calls:
        verdict = intake.judge_outbound(row.call, _open_then(row.call, tickets))
        if verdict not in still_open:
            verdict = None
        if verdict == row.ticket_no:
            continue
        if row.ticket_no is not None:
            await phone.add_detach(connection, row.key, row.ticket_no)
        if verdict is not None:
            await phone.remove_detach(connection, row.key, verdict)
        await phone.assign(connection, row.key, verdict, opener=False)


def _open_then(call: Call, tickets: Sequence[NumberTicket]) -> dict[str, datetime | None]:
    moment = intake.called_back_at(call)
    return {
        ticket.ticket_no: ticket.reported
        for ticket in tickets
        if moment is not None and ticket.was_open(moment)
    }


async def _open(connection: Any, opening: TicketOpening) -> str:
    """Write the duty to start a ticket, under a number of its own."""
    number = await phone.next_number(connection)
    filled = opening.model_copy(
        update={
            "number": number,
            "candidates": await _owners(connection, opening.caller),
            "related": await _open_numbers(connection, opening.caller),
        }
    )
    await phone.add_opening(connection, filled)
    return number


async def _owners(connection: Any, number: str | None) -> tuple[Candidate, ...]:
    return await directory.owners_of(connection, number) if number else ()


async def _open_numbers(connection: Any, number: str | None) -> tuple[str, ...]:
    tickets = await phone.tickets_of(connection, number) if number else []
    return tuple(ticket.ticket_no for ticket in tickets if ticket.is_open)


async def _policy_of_line(connection: Any, call: Call, events: Sequence[PhoneEvent]) -> str:
    """The intake policy of the line that was called, in our spelling or the phone system's."""
    spellings = dict.fromkeys([call.line, *(event.to_number for event in events)])
    for line in filter(None, spellings):
        policy: str | None = await directory.line_policy(connection, line)
        if policy is not None:
            return policy
    return intake.HOUSE


async def _lock_number(connection: Any, number: str | None) -> None:
    if number is not None:
        await phone.lock(connection, f"number:{number}")


def _spelt(event: PhoneEvent) -> PhoneEvent:
    """The event with its numbers normalised; one that was sent and names nobody is WITHHELD."""
    return event.model_copy(
        update={
            "from_number": _spelling(event.from_number),
            "to_number": _spelling(event.to_number),
        }
    )


def _spelling(raw: str | None) -> str | None:
    return None if raw is None else normalise(raw) or intake.WITHHELD
