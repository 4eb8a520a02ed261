"""From the phone inbox to the tickets: judge each call, then start its ticket or tell it.

Judging is done in Postgres alone (`desk.which_ticket`) and leaves rows that say what is owed to
whom; this module pays the debt. So a crash between the two loses nothing: the next sweep, in this
worker or another, finds the rows.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any, Protocol

import asyncpg
import structlog
from temporalio.service import RPCError

from desk import which_ticket
from domain.calls import Call, Direction
from domain.civil_time import to_millisecond
from domain.intake import HOUSE, TicketOpening
from domain.vocabulary import Channel
from storage import phone
from storage.errors import DATABASE_ERRORS, is_outage
from storage.phone import CallKey, StoredCall

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 30.0
_OPEN_SECONDS = 20.0
_JUDGED_AT_ONCE = 50

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]


class TicketStarter(Protocol):
    """What delivery asks of the tickets' workflows. Anything that it raises is tried again."""

    async def start(self, ticket_no: str, opening: TicketOpening, call: Call | None) -> None:
        """Start the ticket; one that was started before, even if over by now, is left alone."""

    async def signal_call(self, ticket_no: str, call: Call, joined: bool) -> bool:
        """Tell the ticket of one of its calls; False when it is over or never was.

        `joined`: the call is not the one that opened the ticket, so it is an urge when the ticket
        first hears of it. May come twice with the same revision, never with an older one last.
        """

    async def detach_call(self, ticket_no: str, call_id: str) -> None:
        """Tell the ticket that the call is not its own after all; it may not have heard of it."""


class Delivery:
    """The one delivery task of a worker; several workers may each have one."""

    def __init__(self, pool: asyncpg.Pool, starter: TicketStarter, clock: Clock) -> None:
        self._pool = pool
        self._starter = starter
        self._clock = clock
        self._bell = asyncio.Event()
        self._unfinished = False

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep at start, on the bell and when a call is to be given up, until `stop` is set.

        While something could not be done, sweep again after 0.2 s, then twice as long each time,
        30 s at most. A database that is away is such a failure.
        """
        pause = FIRST_PAUSE
        while not stop.is_set():
            try:
                async with self._listening() as deaf:
                    while not (stop.is_set() or deaf.is_set()):
                        self._bell.clear()
                        await self.sweep()
                        await self._wait(stop, pause if self._unfinished else None)
                        pause = _longer(pause) if self._unfinished else FIRST_PAUSE
            except DATABASE_ERRORS as error:
                log.warning("delivery_waits_for_database", error=str(error), pause=pause)
                await _first_of(pause, stop)
                pause = _longer(pause)

    async def sweep(self) -> int:
        """Judge every waiting call and deliver all that is owed; how many deliveries were made.

        What fails is logged and left for the next sweep; the others are not held up by it.
        Raises database errors when not even the list of what is waiting can be read.
        """
        self._unfinished = False
        delivered, stuck = 0, set[str]()
        waiting = await phone.waiting_calls(self._pool, self._clock())
        # A long day's first tickets need not wait for its last call.
        for first in range(0, len(waiting), _JUDGED_AT_ONCE) or (0,):
            for key in waiting[first : first + _JUDGED_AT_ONCE]:
                await self._judge(key)
            delivered += await self._deliver_due(stuck)
        # Somebody else may have held a row of ours for a moment, and not seen all that we see.
        if stuck.intersection(await phone.tickets_due(self._pool)) or await phone.waiting_calls(
            self._pool, self._clock()
        ):
            self._unfinished = True
        return delivered

    async def _judge(self, key: CallKey) -> None:
        async with (
            self._survive("call_not_judged", provider=key[0], call_id=key[1]),
            self._pool.acquire() as connection,
        ):
            await which_ticket.take_call(connection, key, self._now())

    async def _deliver_due(self, stuck: set[str]) -> int:
        """Deliver until only `stuck` tickets are left; one that got nothing is added to them."""
        delivered = 0
        while due := [no for no in await phone.tickets_due(self._pool) if no not in stuck]:
            for ticket_no in due:
                made = 0
                async with self._survive("call_not_delivered", ticket=ticket_no):
                    made = await self.deliver(ticket_no)
                delivered += made
                if not made:
                    stuck.add(ticket_no)
        return delivered

    async def deliver(self, ticket_no: str) -> int:
        """Start the ticket if that is owed and tell it all that it must hear, in order.

        How many deliveries were made: 0 also when another worker is at this ticket.
        """
        lock = f"ticket:{ticket_no}"
        async with self._pool.acquire() as connection:
            if not await phone.try_hold(connection, lock):
                return 0
            try:
                return await self._deliver(connection, ticket_no)
            finally:
                # A connection that is lost has let go already.
                with contextlib.suppress(*DATABASE_ERRORS):
                    await phone.let_go(connection, lock)

    async def _deliver(self, connection: Any, ticket_no: str) -> int:
        delivered = await self._start(connection, ticket_no)
        for key in await phone.detaches_of(connection, ticket_no):
            await self._starter.detach_call(ticket_no, key[1])
            await phone.remove_detach(connection, key, ticket_no)
            delivered += 1
        for row in await phone.due_calls(connection, ticket_no):
            delivered += await self._tell(connection, ticket_no, row)
        return delivered

    async def _start(self, connection: Any, ticket_no: str) -> int:
        stored = await phone.find_opening(connection, ticket_no)
        if stored is None or stored.started:
            return 0
        opener = await phone.opener_of(connection, ticket_no)
        call = opener.call if opener else None
        await phone.mark_start_tried(connection, ticket_no)
        await self._starter.start(ticket_no, stored.opening, call)
        # An earlier try may have started it with less of the call than is known now; then this
        # start changed nothing, and the call stays owed.
        if opener is not None and not stored.tried:
            await phone.mark_delivered(connection, opener)
        await phone.mark_started(connection, ticket_no)
        return 1

    async def _tell(self, connection: Any, ticket_no: str, row: StoredCall) -> int:
        joined = row.call.direction is Direction.IN and not row.opened_ticket
        if await self._starter.signal_call(ticket_no, row.call, joined):
            await phone.mark_delivered(connection, row)
            return 1
        if row.delivered or row.opened_ticket:
            # It was this ticket's call while the ticket lived; now only the call's row knows more.
            await phone.mark_gone(connection, ticket_no)
            await phone.mark_delivered(connection, row)
        else:
            await which_ticket.decide_again(connection, row, self._now())
        return 0

    def _now(self) -> datetime:
        return to_millisecond(self._clock())

    @contextlib.asynccontextmanager
    async def _survive(self, what: str, **where: str) -> AsyncIterator[None]:
        """One call's or ticket's trouble must not hold up the others."""
        try:
            yield
        except Exception as error:
            self._unfinished = True
            outage = is_outage(error) or isinstance(error, RPCError)
            reason = str(error) or type(error).__name__
            log.warning(what, error=reason, **where, exc_info=not outage)

    @contextlib.asynccontextmanager
    async def _listening(self) -> AsyncIterator[asyncio.Event]:
        """Hear the bell while inside. What is yielded is set when the connection was lost."""
        deaf = asyncio.Event()

        def lost(_: object) -> None:
            deaf.set()
            self._bell.set()

        async with self._pool.acquire() as connection:
            await connection.add_listener(phone.BELL, self._ring)
            connection.add_termination_listener(lost)
            try:
                yield deaf
            finally:
                if not deaf.is_set():
                    connection.remove_termination_listener(lost)
                    await connection.remove_listener(phone.BELL, self._ring)

    def _ring(self, *_: object) -> None:
        self._bell.set()

    async def _wait(self, stop: asyncio.Event, pause: float | None) -> None:
        """Until the bell, `stop`, the pause or the next close, whichever comes first."""
        close = await phone.next_close(self._pool)
        seconds = [] if pause is None else [pause]
        if close is not None:
            seconds.append(max(0.0, (close - self._clock()).total_seconds()))
        await _first_of(min(seconds, default=None), stop, self._bell)


async def open_ticket(
    delivery: Delivery,
    pool: asyncpg.Pool,
    channel: Channel,
    source_id: str,
    *,
    received: datetime,
    caller: str | None = None,
    policy: str = HOUSE,
) -> str:
    """Open a ticket without a call; the same source id again is the same ticket. Its number.

    `received` is the receipt of the paper or message, `caller` a normalised number if it names
    one. Once it returns the ticket's workflow was started; if it raises, the ticket has its
    number and will be started by the delivery task.
    """
    opening = TicketOpening(
        number="",
        opened_at=to_millisecond(received),
        channel=channel,
        source_id=source_id,
        policy=policy,
        caller=caller,
    )
    async with pool.acquire() as connection:
        number = await which_ticket.open_paper(connection, opening)
    async with asyncio.timeout(_OPEN_SECONDS):
        while not await delivery.deliver(number):
            stored = await phone.find_opening(pool, number)
            if stored is None or stored.started:
                break
            await asyncio.sleep(0.05)  # another worker is starting it
    return number


async def _first_of(seconds: float | None, *events: asyncio.Event) -> None:
    """Wait for one of the events, `seconds` at most."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waits:
            one.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


def _longer(pause: float) -> float:
    return min(2 * pause, LONGEST_PAUSE)
