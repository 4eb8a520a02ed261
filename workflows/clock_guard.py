"""A ticket or a loaner may show another date only in a rehearsal: outside it, `clock_start` is
refused.

In a real one it would move every deadline of a promise made to a customer.
"""

from typing import Any

from temporalio.exceptions import ApplicationError
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from domain.loan import LoanerStart
from workflows.messages import TicketStart


class _RefuseClockStart(WorkflowInboundInterceptor):
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        start = input.args[0] if input.args else None
        if isinstance(start, TicketStart | LoanerStart) and start.clock_start is not None:
            raise ApplicationError(
                "clock_start 只能用于演练", type="InvalidInput", non_retryable=True
            )
        return await super().execute_workflow(input)


class ClockGuard(Interceptor):
    """For every worker but a rehearsal's."""

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor] | None:
        return _RefuseClockStart
