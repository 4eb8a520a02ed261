"""Shorter waits for what died: how soon the server gives up a worker that is gone.

Only the waits; what is tried again, and how often, is as it always is.
"""

from datetime import timedelta
from typing import Any

from temporalio.client import Interceptor, OutboundInterceptor, StartWorkflowInput, WorkflowHandle
from temporalio.worker import Interceptor as WorkerInterceptor
from temporalio.worker import (
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.workflow import ActivityHandle

TASK = timedelta(seconds=3)
ACTIVITY = timedelta(seconds=2)


class Impatience(Interceptor, WorkerInterceptor):
    """For a client, and the workers on it."""

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return _ShortTasks(next)

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor] | None:
        return _Inbound


class _ShortTasks(OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        input.task_timeout = TASK
        return await super().start_workflow(input)


class _Inbound(WorkflowInboundInterceptor):
    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_ShortActivities(outbound))


class _ShortActivities(WorkflowOutboundInterceptor):
    def start_activity(self, input: StartActivityInput) -> ActivityHandle[Any]:
        input.start_to_close_timeout = ACTIVITY
        return super().start_activity(input)
