"""Sending an update to a workflow: with an id, again until it is answered, a few at a time.

Repeating under the same id makes a time-out harmless: the workflow does it once.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import defaultdict
from datetime import timedelta
from typing import TypeVar

from temporalio.client import (
    Client,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from domain.commands import Order
from domain.records import Record
from domain.refusals import RefusalType, Refused

A = TypeVar("A", bound=Record)

# The server refuses a workflow's eleventh update in flight.
IN_FLIGHT = 8
PAUSE = 0.2
WAIT = timedelta(seconds=30)

# Worth another try under the same id: the server is away, busy, or was slow to answer.
PASSING = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.ABORTED,
        RPCStatusCode.CANCELLED,
    }
)


class NoAnswer(Exception):
    """No answer in time. The same command with the same id is harmless."""

    def __init__(self, command_id: str, wait: timedelta) -> None:
        super().__init__(f"{wait.total_seconds():g} 秒内没有回答;用 --id {command_id} 重发无害")
        self.command_id = command_id


class WorkflowFailed(Exception):
    """Whoever was asked has failed; its history stays, and `status` says what to do."""


class Addressee(ABC):
    """Whom an update is for. `called`: what people call it, as in 工单 W1."""

    workflow_id: str
    called: str

    @abstractmethod
    async def why_gone(self) -> Exception | None:
        """What to say when no such workflow runs; None: it is about to, ask again."""


class Updates:
    """Sends updates, at most so many in flight for one workflow as the server takes."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lanes: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(IN_FLIGHT)
        )

    async def send(
        self, to: Addressee, name: str, order: Order, answer: type[A], command_id: str
    ) -> A:
        """The answer, however long it takes.

        Raises: Refused with the domain's word; WorkflowFailed; what `to.why_gone` says.
        """
        handle = self._client.get_workflow_handle(to.workflow_id)
        async with self._lanes[to.workflow_id]:
            while True:
                try:
                    answered = await _once(handle, to, name, order, answer, command_id)
                except WorkflowUpdateRPCTimeoutOrCancelledError:
                    # The client makes one error of two cases; only a time-out is worth another try.
                    if (task := asyncio.current_task()) is not None and task.cancelling():
                        raise asyncio.CancelledError from None
                    answered = None
                if answered is not None:
                    return answered
                await asyncio.sleep(PAUSE)


async def _once(
    handle: WorkflowHandle[object, object],
    to: Addressee,
    name: str,
    order: Order,
    answer: type[A],
    command_id: str,
) -> A | None:
    """One try; None when another may succeed."""
    try:
        answered: A = await handle.execute_update(name, order, id=command_id, result_type=answer)
    except WorkflowUpdateFailedError as failed:
        raise _as_refused(failed, to.called) from None
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            if (gone := await to.why_gone()) is not None:
                raise gone from None
        elif error.status not in PASSING:
            raise
        return None
    return answered


def _as_refused(failed: WorkflowUpdateFailedError, called: str) -> Exception:
    cause = failed.cause
    if isinstance(cause, ApplicationError) and cause.type in set(RefusalType):
        field = cause.details[0] if cause.details else None
        return Refused(RefusalType(cause.type), cause.message, field)
    return WorkflowFailed(f"{called} 的流程出错:{cause};请看 aftercare status")
