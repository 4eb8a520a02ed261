"""Phone events put in: one as it comes, or a whole day from a file, until the ledger has it."""

import asyncio
import time
from collections.abc import Callable, Sequence

import asyncpg

from domain.calls import Direction, PhoneEvent
from domain.records import Record
from storage import phone
from storage.phone import CallKey, CallProgress

_LOOK_EVERY = 0.1
_MOST_CALLS_A_LOOK = 1000

Progress = Callable[[int, int], None]
"""Told how many of how many calls are in the ledger, whenever that changes."""


class CallsReport(Record):
    """What a file of events came to: its distinct calls, and the tickets of the inbound ones.

    `answered` and `missed` count inbound calls only.
    """

    calls: int
    inbound: int
    outbound: int
    answered: int
    missed: int
    tickets: int


class NotInLedger(TimeoutError):
    """The events are safe in the inbox, but nothing has moved for too long. One Chinese line."""


async def enter(pool: asyncpg.Pool, event: PhoneEvent) -> None:
    """Put one event in the inbox and ring; a resend changes nothing."""
    async with pool.acquire() as connection:
        await phone.put_events(connection, [event])


async def play(
    pool: asyncpg.Pool,
    events: Sequence[PhoneEvent],
    progress: Progress | None = None,
    *,
    stalled_after: float = 60.0,
) -> CallsReport:
    """Put the events in the inbox, all or none, and wait until every call is in the ledger.

    In the ledger is a call that belongs to no ticket, or whose ticket's projection has it as its
    events make it. Playing the same events again gives the same report. Raises `NotInLedger` when
    nothing more arrives there for `stalled_after` seconds: as a rule no worker is running.
    """
    keys = sorted({(event.provider, event.call_id) for event in events})
    async with pool.acquire() as connection:
        await phone.put_events(connection, events)
    report = progress or (lambda _done, _all: None)
    done, moved = -1, time.monotonic()
    while True:
        calls = await _look(pool, keys)
        arrived = sum(call.done for call in calls)
        if arrived != done:
            done, moved = arrived, time.monotonic()
            report(done, len(keys))
        if done == len(keys):
            return _report(calls)
        if time.monotonic() - moved > stalled_after:
            raise NotInLedger(
                f"{len(keys)} 通电话中有 {len(keys) - done} 通迟迟未进台账;"
                "事件已保存,不会丢失。请用 aftercare status 查看 worker 是否在运行"
            )
        await asyncio.sleep(_LOOK_EVERY)


async def _look(pool: asyncpg.Pool, keys: Sequence[CallKey]) -> list[CallProgress]:
    calls: list[CallProgress] = []
    for first in range(0, len(keys), _MOST_CALLS_A_LOOK):
        calls += await phone.progress_of(pool, keys[first : first + _MOST_CALLS_A_LOOK])
    return calls


def _report(calls: Sequence[CallProgress]) -> CallsReport:
    inbound = [call for call in calls if call.direction == Direction.IN]
    answered = sum(bool(call.answered) for call in inbound)
    return CallsReport(
        calls=len(calls),
        inbound=len(inbound),
        outbound=len(calls) - len(inbound),
        answered=answered,
        missed=len(inbound) - answered,
        tickets=len({call.ticket_no for call in inbound if call.ticket_no is not None}),
    )
