"""The clauses, acted out: every script of tests/rehearsals on one stage."""

import asyncio
import csv
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from temporalio.worker import Replayer

from rehearsal.faults import ScriptFault
from rehearsal.result import Result
from rehearsal.script import load
from rehearsal.stage import Stage, load_all, open_stage
from runtime.policy_files import PolicyShelf
from runtime.settings import settings
from runtime.temporal import workflow_runner
from tests.judged_again import Row, judged_again
from workflows.loaner import LoanerWorkflow
from workflows.messages import ticket_workflow_id
from workflows.repair_ticket import RepairTicketWorkflow

FOLDER = Path(__file__).parent / "rehearsals"
SCRIPTS = sorted(FOLDER.glob("*.yaml"))

CALL = """\
rehearsal: 试演
policy: instruments
start: 2026-03-02T09:00:00+08:00
steps:
  - at: 0m
    call: {event: newCall, from: "13900000001", to: "4000000000", callId: c1, direction: in}
  - at: 1m
    call: {event: answer, callId: c1}
  - at: 5m
    call: {event: hangup, callId: c1, cause: normalClearing}
"""


@pytest.fixture(scope="module")
def shelf() -> PolicyShelf:
    return PolicyShelf(settings().policies_dir)


@pytest.fixture(scope="module")
async def stage(shelf: PolicyShelf) -> AsyncIterator[Stage]:
    async with open_stage(shelf) as opened:
        yield opened


class Playbill:
    """The scripts in their order: while one is waited for, the next two are acted already."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._acts: dict[Path, asyncio.Task[Result]] = {}
        self.judged: dict[Path, dict[str, tuple[list[Row], list[Row]]]] = {}

    async def result(self, path: Path) -> Result:
        now = SCRIPTS.index(path)
        for one in SCRIPTS[now : now + 3]:
            if one not in self._acts:
                self._acts[one] = asyncio.create_task(self._act(one))
        result = await self._acts[path]
        if result.passed:
            return result
        # The clocks of a skipped-time server go on while a busy machine keeps us waiting, so a deed
        # may come too late through no fault of ours: what fails must fail again, acted alone.
        others = [act for one, act in self._acts.items() if one != path]
        await asyncio.gather(*others, return_exceptions=True)
        return await self._act(path)

    async def _act(self, path: Path) -> Result:
        async def judge(pool: asyncpg.Pool) -> None:
            self.judged[path] = await judged_again(pool)

        return await self._stage.act(load(path), afterwards=judge)

    async def close(self) -> None:
        for act in self._acts.values():
            act.cancel()
        await asyncio.gather(*self._acts.values(), return_exceptions=True)


@pytest.fixture(scope="module")
async def playbill(stage: Stage) -> AsyncIterator[Playbill]:
    bill = Playbill(stage)
    yield bill
    await bill.close()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
async def test_rehearsal(stage: Stage, playbill: Playbill, path: Path) -> None:
    result = await playbill.result(path)
    assert [str(failure) for failure in result.failures] == []
    # What-if under a ticket's own policy says exactly what happened.
    judged = playbill.judged[path]
    assert set(result.tickets) <= set(judged)
    for again, recorded in judged.values():
        assert again == recorded
    for workflow_id in (*map(ticket_workflow_id, result.tickets), *result.loaners):
        await replay(stage, workflow_id)


async def replay(stage: Stage, workflow_id: str) -> None:
    """A new worker makes of the workflow's history what the first one made."""
    history = await stage.client.get_workflow_handle(workflow_id).fetch_history()
    replayer = Replayer(
        workflows=[RepairTicketWorkflow, LoanerWorkflow],
        data_converter=stage.client.data_converter,
        workflow_runner=workflow_runner(sandboxed=True),
    )
    await replayer.replay_workflow(history)


def test_every_clause_that_a_rehearsal_names_exists() -> None:
    with (settings().policies_dir / "clauses.csv").open(encoding="utf-8-sig", newline="") as file:
        known = {row["id"] for row in csv.DictReader(file)}
    named = {clause for path in SCRIPTS for clause in load(path).proves}
    assert len(SCRIPTS) >= 10
    assert named - known == set()


async def failures(stage: Stage, tmp_path: Path, steps: str) -> list[str]:
    path = tmp_path / "script.yaml"
    path.write_text(CALL + steps, encoding="utf-8")
    result = await stage.act(load(path))
    assert not result.passed
    return [str(failure).removeprefix(f"{path}:") for failure in result.failures]


async def test_a_wrong_expectation_fails_and_says_where(stage: Stage, tmp_path: Path) -> None:
    steps = """\
  - at: 40h
    expect: {stage: dispatching, promises: {answered_registered: met}, escalations: []}
  - {at: 41h, refused: sign_off, by: customer/王秀英, because: NotAllowed}
expect: {stage: intake, outcome: repaired}
"""
    told = await failures(stage, tmp_path, steps)
    assert told[0] == "11: step 4 (at 40h, expect): stage: expected dispatching, found intake"
    assert any(one.startswith("11: step 4 (at 40h, expect): escalations: ") for one in told)
    assert any(
        one.startswith("13: step 5 (at 41h, refused sign_off): because: expected NotAllowed, found")
        for one in told
    )
    assert told[-1] == "14: at the end (41h, expect): outcome: expected repaired, found nothing"


async def test_a_command_that_is_turned_down_ends_the_play(stage: Stage, tmp_path: Path) -> None:
    steps = """\
  - {at: 6m, do: accept, by: technician/马工}
  - {at: 7m, expect: {stage: closed}}
"""
    told = await failures(stage, tmp_path, steps)
    assert len(told) == 1
    assert told[0].startswith("11: step 4 (at 6m, do accept): refused: InvalidTransition")


async def test_a_command_that_should_be_turned_down_and_is_not(
    stage: Stage, tmp_path: Path
) -> None:
    steps = "  - {at: 6m, refused: note, by: agent/何, with: {text: 记}, because: NotAllowed}\n"
    told = await failures(stage, tmp_path, steps)
    assert told == [
        "11: step 4 (at 6m, refused note): because: expected NotAllowed, found accepted"
    ]


async def test_a_loaner_that_there_is_not_is_told(stage: Stage, tmp_path: Path) -> None:
    steps = "  - {at: 41h, do: deliver, on: loaner/2, by: supervisor/高主管}\n"
    told = await failures(stage, tmp_path, steps)
    assert told[0].startswith("11: step 4 (at 41h, do deliver): refused: UnknownTicket: ")


def test_faulty_books_are_told_with_their_line(shelf: PolicyShelf, tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    given = "given:\n  technicians:\n    - {id: T01, name: 周师傅, skils: [window]}\n"
    path.write_text(CALL + given, encoding="utf-8")
    other = tmp_path / "other.yaml"
    other.write_text(CALL.replace("instruments", "instrumnts"), encoding="utf-8")
    with pytest.raises(ScriptFault) as raised:
        load_all([path, other], shelf)
    told = "\n".join(str(fault) for fault in raised.value.faults)
    assert f"{path}:13: given.technicians[0]" in told
    assert f"{other}:2: policy: 没有政策 instrumnts" in told
