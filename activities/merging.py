"""合并: asking another ticket to take one in, and giving it the calls that come late."""

from typing import Protocol

import asyncpg
from temporalio import activity

from activities.signatures import ASK_TO_ABSORB, AskToAbsorb
from domain.steps.merging import Absorb, AbsorbAnswer
from storage import phone


class Taker(Protocol):
    """How another ticket is asked. Anything that it raises is tried again."""

    async def absorb(self, into: str, other: Absorb) -> AbsorbAnswer:
        """Its word is final."""


class MergingActivities:
    """Through one pool and one taker."""

    def __init__(self, pool: asyncpg.Pool, taker: Taker) -> None:
        self._pool = pool
        self._taker = taker

    @activity.defn(name=ASK_TO_ABSORB)
    async def ask_to_absorb(self, request: AskToAbsorb) -> AbsorbAnswer:
        """Idempotent. The calls' rows move last: what the phone system says from then on goes to
        the taker, and what it said meanwhile is told to it again."""
        answer = await self._taker.absorb(request.into, request.other)
        if answer.accepted:
            async with self._pool.acquire() as connection, connection.transaction():
                await phone.move_calls(connection, request.other.number, request.into)
                await phone.ring(connection)
        return answer
