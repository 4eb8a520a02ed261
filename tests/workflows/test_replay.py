"""Every stored history replays: what an open ticket of an older release needs to go on."""

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from runtime.temporal import DATA_CONVERTER, workflow_runner
from tests.histories.record import HERE, STORIES
from workflows.clock_guard import ClockGuard
from workflows.messages import ticket_workflow_id
from workflows.repair_ticket import RepairTicketWorkflow

FILES = sorted(HERE.glob("*/*.json"))


def test_there_is_a_history_for_every_story() -> None:
    for release in {file.parent for file in FILES}:
        assert {file.stem for file in release.glob("*.json")} >= set(STORIES)
    assert FILES


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
async def test_history_replays(file: object) -> None:
    path = next(one for one in FILES if one == file)
    history = WorkflowHistory.from_json(ticket_workflow_id(path.stem), path.read_text())
    replayer = Replayer(
        workflows=[RepairTicketWorkflow],
        data_converter=DATA_CONVERTER,
        workflow_runner=workflow_runner(sandboxed=True),
        interceptors=[ClockGuard()],
    )
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    assert result.replay_failure is None, (
        f"{path.name} does not replay: an open ticket of that release would stop. Put the change "
        "behind workflow.patched(), or record a new release only if no such ticket can be open."
    )
