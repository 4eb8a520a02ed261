"""Waiting while others run beside: their death must be seen, not waited for in silence."""

import asyncio
from collections.abc import Callable, Sequence

from temporalio import workflow


async def until(condition: Callable[[], bool], beside: Sequence[asyncio.Task[None]]) -> None:
    """Until `condition` holds. Raises what one of those beside died of."""
    await workflow.wait_condition(lambda: condition() or any(task.done() for task in beside))
    for task in beside:
        if task.done():
            task.result()
