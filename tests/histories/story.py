"""What a story is: the way of one new ticket that is recorded for later releases to replay."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from tests.workflows.driving import OnTicket

Others = Mapping[str, OnTicket]
"""The other tickets of a story, by the names that they are recorded under."""

Act = Callable[[OnTicket], Awaitable[Others | None]]


class Under(StrEnum):
    """What a story needs besides the ordinary: deadlines within a minute, or a server that
    suggests a new run soon."""

    ORDINARY = "ordinary"
    SHORT_LIMITS = "short_limits"
    SHORT_RUNS = "short_runs"


@dataclass(frozen=True, slots=True)
class Story:
    """`began`: how long ago the call was that opens it."""

    act: Act
    under: Under = Under.ORDINARY
    began: timedelta = timedelta(0)


async def until(holds: Callable[[], Awaitable[bool]], within: float = 30) -> None:
    """Wait for what comes by itself. `within`: seconds; raises TimeoutError."""
    async with asyncio.timeout(within):
        while not await holds():  # noqa: ASYNC110  a workflow elsewhere has no event of ours
            await asyncio.sleep(0.05)
