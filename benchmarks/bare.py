"""The bare limit: a workflow that makes the same Temporal commands as a straight-road ticket.

No models, no rules, no database: what is left is what Temporal itself costs.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from temporalio import activity, workflow
from temporalio.common import RawValue, SearchAttributeKey

STAGE = SearchAttributeKey.for_keyword("Stage")
TECHNICIAN = SearchAttributeKey.for_keyword("Technician")

# Per message: (local activities, whether the timer moves, the stage shown from here, technician).
Step = tuple[int, bool, str | None, str | None]


@activity.defn(name="nothing")
async def nothing() -> None:
    """A local activity that does nothing."""


@workflow.defn(name="Bare")
class BareWorkflow:
    """Does what each message says, in the order of the script in its start."""

    @workflow.init
    def __init__(self, script: list[Step]) -> None:
        self._script = script
        self._done = 0
        self._moves = 0
        self._signalled = 0

    @workflow.run
    async def run(self, script: list[Step]) -> None:
        timer = asyncio.create_task(self._timer())
        await self._step(self._next())
        await workflow.wait_condition(lambda: self._signalled > 0)
        await self._step(self._next())
        await workflow.wait_condition(lambda: self._done == len(self._script))
        await workflow.wait_condition(workflow.all_handlers_finished)
        timer.cancel()

    @workflow.signal
    def hang_up(self) -> None:
        self._signalled += 1

    @workflow.update(dynamic=True)
    async def command(self, name: str, args: Sequence[RawValue]) -> int:
        await self._step(self._next())
        return self._done

    def _next(self) -> Step:
        return self._script[self._done]

    async def _step(self, step: Step) -> None:
        activities, moves, stage, technician = step
        self._done += 1
        self._moves += moves
        if stage is not None:
            changes = [STAGE.value_set(stage)]
            if technician is not None:
                changes.append(
                    TECHNICIAN.value_set(technician) if technician else TECHNICIAN.value_unset()
                )
            workflow.upsert_search_attributes(changes)
        for _ in range(activities):
            await workflow.execute_local_activity(
                "nothing", start_to_close_timeout=timedelta(seconds=3)
            )

    async def _timer(self) -> None:
        while True:
            seen = self._moves
            if not seen:
                await workflow.wait_condition(lambda: self._moves > 0)
                continue
            try:
                await workflow.wait_condition(
                    partial(self._moved_since, seen),
                    timeout=timedelta(hours=seen),
                    timeout_summary="promise D1-10.a",
                )
            except TimeoutError:
                return

    def _moved_since(self, seen: int) -> bool:
        return self._moves != seen
