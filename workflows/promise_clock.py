"""The one timer of a ticket: it wakes at the nearest moment of any promise's ladder.

One re-armed timer costs less than one for each deadline, and cannot forget one: after every
change the nearest moment is worked out anew from the state. It is armed a millisecond past the
moment, because a promise met exactly at its due time is kept.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow

from domain.escalation import Wake


class PromiseClock:
    """`next_wake`: the nearest moment; `now`: the ticket's time; `settle` records what is due."""

    def __init__(
        self,
        next_wake: Callable[[], Wake | None],
        now: Callable[[], datetime],
        settle: Callable[[], None],
    ) -> None:
        self._next_wake = next_wake
        self._now = now
        self._settle = settle

    async def run(self) -> None:
        """Never returns."""
        while True:
            armed = self._next_wake()
            if armed is None:
                await workflow.wait_condition(lambda: self._next_wake() is not None)
                continue
            # A timeout of zero or less would never yield: what is due already is settled now.
            left = armed.at - self._now()
            if left > timedelta(0):
                await self._sleep(armed, left)
            if self._now() >= armed.at:
                self._settle()

    async def _sleep(self, armed: Wake, left: timedelta) -> None:
        try:
            await workflow.wait_condition(
                lambda: self._moved(armed.at), timeout=left, timeout_summary=armed.what
            )
        except TimeoutError:
            return

    def _moved(self, moment: datetime) -> bool:
        wake = self._next_wake()
        return wake is None or wake.at != moment
