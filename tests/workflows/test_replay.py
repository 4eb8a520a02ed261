"""Every stored history replays: what an open workflow of an older release needs to go on."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory

from runtime.release import VERSION
from tests.histories.record import HERE
from tests.histories.stories import STORIES
from tests.workflows.replaying import failure_of
from workflows.messages import LOANER, REPAIR_TICKET

FILES = sorted(HERE.glob("*/*.json"))
RELEASES = sorted(
    {file.parent for file in FILES},
    key=lambda folder: tuple(int(part) for part in folder.name.split(".")),
)


def name_of(file: Path) -> str:
    return f"{file.parent.name}-{file.stem}"


def read(file: Path) -> WorkflowHistory:
    """The history, under the id that it began with."""
    history = WorkflowHistory.from_json("", file.read_text())
    begun = history.events[0].workflow_execution_started_event_attributes
    return WorkflowHistory(begun.workflow_id, history.events)


def test_the_latest_release_has_a_history_for_every_story() -> None:
    """Older releases have fewer: what did not exist then has no open ticket of theirs."""
    latest = RELEASES[-1]
    assert latest.name == VERSION
    assert {file.stem for file in latest.glob("*.json")} >= set(STORIES)


def test_both_workflows_are_recorded() -> None:
    begun = [read(file).events[0] for file in RELEASES[-1].glob("*.json")]
    types = {one.workflow_execution_started_event_attributes.workflow_type.name for one in begun}
    assert types == {REPAIR_TICKET, LOANER}


@pytest.mark.parametrize("file", FILES, ids=name_of)
async def test_history_replays(file: Path) -> None:
    failure = await failure_of(read(file))
    assert failure is None, (
        f"{name_of(file)} does not replay: an open ticket of that release would stop. Put the "
        "change behind workflow.patched(), or record a new release only if no such ticket can be "
        f"open. {failure}"
    )
