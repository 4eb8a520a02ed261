"""Whether a recorded history still leads where it led: what every open workflow needs to go on."""

from collections.abc import AsyncIterator, Sequence

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from runtime.temporal import DATA_CONVERTER, workflow_runner
from workflows.clock_guard import ClockGuard
from workflows.loaner import LoanerWorkflow
from workflows.repair_ticket import RepairTicketWorkflow


async def failure_of(*histories: WorkflowHistory, rehearsal: bool = False) -> str | None:
    """Which does not replay, and why; None when all do. `rehearsal`: clocks show another date."""
    replayer = Replayer(
        workflows=[RepairTicketWorkflow, LoanerWorkflow],
        data_converter=DATA_CONVERTER,
        workflow_runner=workflow_runner(sandboxed=True),
        interceptors=[] if rehearsal else [ClockGuard()],
    )
    results = await replayer.replay_workflows(_each(histories), raise_on_replay_failure=False)
    failures = [
        f"{history.workflow_id}: {failure}"
        for history in histories
        if (failure := results.replay_failures.get(history.run_id)) is not None
    ]
    return "\n".join(failures) or None


async def _each(histories: Sequence[WorkflowHistory]) -> AsyncIterator[WorkflowHistory]:
    for history in histories:
        yield history
