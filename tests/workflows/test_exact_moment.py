"""The end of a wait to the millisecond, which no server can be asked to hit.

A message that was accepted is moved, in its recorded history, to the very moment: what a workflow
knows of the time is what its history says. It replays for as long as the same is decided.
"""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowHistory

from domain.civil_time import MILLISECOND
from runtime.embedded.skipping import SkippingEnvironment
from tests.unit.acting import MONDAY
from tests.workflows.driving import House, OnTicket
from tests.workflows.racing import FeeAgainstSilence
from tests.workflows.replaying import failure_of
from tests.workflows.test_promises import Clocked

ACCEPTED = "EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED"
COMPLETED = "EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED"
STARTED = "EVENT_TYPE_WORKFLOW_TASK_STARTED"


async def answered_shortly_before(
    house: House, environment: SkippingEnvironment
) -> tuple[OnTicket, datetime]:
    """A ticket whose customer said yes in time; and when the wait would have been over."""
    contest = await FeeAgainstSilence.begin(house, MONDAY)
    due = await contest.due()
    clocked = await Clocked(contest.ticket, environment).begin()
    await clocked.to(due - timedelta(seconds=10))
    [answer] = contest.messages()
    await answer
    return contest.ticket, due


@pytest.mark.parametrize(
    ("late", "in_time"),
    [(-MILLISECOND, True), (timedelta(0), True), (MILLISECOND, False)],
    ids=["before", "at", "after"],
)
async def test_a_yes_at_the_end_of_the_wait_counts_and_one_after_it_does_not(
    skipping_house: House, skipping_env: SkippingEnvironment, late: timedelta, in_time: bool
) -> None:
    ticket, due = await answered_shortly_before(skipping_house, skipping_env)
    offset = timedelta(milliseconds=(await ticket.view()).clock_offset_ms)
    history = json.loads((await ticket.handle.fetch_history()).to_json())
    moved = WorkflowHistory.from_json(ticket.handle.id, _moved(history, due + late - offset))
    failure = await failure_of(moved, rehearsal=True)
    if in_time:
        assert failure is None
    else:
        assert failure is not None
        assert "Nondeterminism" in failure


def _moved(history: dict[str, Any], moment: datetime) -> str:
    """The history up to the last answer, with the task that gave it at that moment."""
    events = history["events"]
    last = max(place for place, event in enumerate(events) if event["eventType"] == COMPLETED)
    events = events[: last + 1]
    started = [event for event in events if event["eventType"] == STARTED]
    started[-1]["eventTime"] = moment.isoformat()
    assert [event["eventType"] for event in events].count(ACCEPTED) > 0
    return json.dumps({"events": events})
