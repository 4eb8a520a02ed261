"""The embedded servers as a person meets them: whoever runs them, wherever, and killed."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from temporalio.client import WorkflowExecutionStatus

from runtime.embedded.identity import SHARED_ROOT, Identity, can_pass
from runtime.embedded.postgres import programs_for
from runtime.stack import running_stack
from runtime.temporal import connect

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_name("stack_program.py")
NOBODY = Identity(65534, 65534)
AS_ROOT = os.geteuid() == 0


@dataclass
class Running:
    """A stack program that is ready."""

    process: subprocess.Popen[str]
    said: dict[str, Any]

    def family(self) -> list[psutil.Process]:
        """The program and all its children, servers and theirs."""
        program = psutil.Process(self.process.pid)
        return [program, *program.children(recursive=True)]

    def stop(self) -> None:
        """End it as a person would; it must leave in good order."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(30) == 0


@contextlib.contextmanager
def running(home: Path, *, plain_user: bool = False) -> Iterator[Running]:
    """The stack program on `home`, killed afterwards if the test has not ended it."""
    command = [sys.executable, str(PROGRAM), str(home)]
    path = [str(ROOT)]
    if plain_user and AS_ROOT:
        command = [*_as_nobody(), *command]
        path = [str(programs_for(NOBODY)), *path]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()  # ends with the program, which the test's time bounds
        assert line, f"the stack did not start (exit {process.wait(5)})"
        yield Running(process, json.loads(line))
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()


def _as_nobody() -> list[str]:
    # The interpreter may lie below a folder that nobody may enter; that is about this machine,
    # not about what is tested, so reading is let through and nothing else. (Postgres asks in a
    # way that this does not help: it gets programs that nobody can reach by right.)
    reading = "+dac_read_search"
    return [
        *("setpriv", "--reuid", str(NOBODY.uid), "--regid", str(NOBODY.gid), "--clear-groups"),
        *("--inh-caps", reading, "--ambient-caps", reading, "--"),
    ]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that anyone may enter, with a space in its name."""
    with tempfile.TemporaryDirectory(prefix="after care ") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


async def _answers(said: dict[str, Any]) -> None:
    connection = await asyncpg.connect(said["database_url"])
    assert await connection.fetchval("SHOW server_version_num") >= "180000"
    await connection.close()
    client = await connect(said["temporal_address"])
    assert await client.count_workflows("Stage = 'intake'") is not None
    page = await asyncio.to_thread(urllib.request.urlopen, said["temporal_ui_url"], None, 10)
    assert page.status == 200


async def _gone(family: list[psutil.Process]) -> list[psutil.Process]:
    """Those still alive after a bounded wait."""
    for _ in range(1500):
        alive = [each for each in family if each.is_running() and each.status() != "zombie"]
        if not alive:
            return []
        await asyncio.sleep(0.01)
    return alive


@pytest.mark.parametrize("plain_user", [False, True], ids=["ourselves", "plain-user"])
async def test_starts_below_a_path_with_spaces(open_folder: Path, plain_user: bool) -> None:
    if plain_user and AS_ROOT:
        os.chown(open_folder, NOBODY.uid, NOBODY.gid)
    with running(open_folder / "home", plain_user=plain_user) as stack:
        await _answers(stack.said)
        assert stack.said["postgres_folder"] == str(open_folder / "home" / "postgres")
        assert stack.said["notices"] == []
        servers = [each for each in stack.family() if each.name() == "postgres"]
        assert servers
        assert all(each.uids().effective != 0 for each in servers)
        stack.stop()


async def test_below_a_closed_folder_the_data_go_where_they_can_be_reached(
    open_folder: Path,
) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    home = closed / "home"
    with running(home) as stack:
        folder = Path(stack.said["postgres_folder"])
        try:
            await _answers(stack.said)
            if AS_ROOT:
                assert folder.is_relative_to(SHARED_ROOT)
                assert can_pass(folder.parent, NOBODY)
                [notice] = stack.said["notices"]
                assert str(folder) in notice
            else:
                assert folder == home / "postgres"
            stack.stop()
        finally:
            shutil.rmtree(folder.parent if AS_ROOT else folder, ignore_errors=True)


async def test_two_homes_side_by_side(open_folder: Path) -> None:
    with running(open_folder / "one") as one, running(open_folder / "two") as two:
        await _answers(one.said)
        await _answers(two.said)
        for what in ("database_url", "temporal_address", "temporal_ui_url"):
            assert one.said[what] != two.said[what]


async def test_a_second_stack_on_the_same_home_is_refused(open_folder: Path) -> None:
    with running(open_folder) as first:
        second = await asyncio.create_subprocess_exec(
            *(sys.executable, PROGRAM, open_folder),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, error = await asyncio.wait_for(second.communicate(), 30)
        assert second.returncode != 0
        assert out == b""
        last = error.decode().strip().splitlines()[-1]
        assert last.startswith("runtime.embedded.home.HomeInUse")
        assert str(first.process.pid) in last
        await _answers(first.said)


async def test_data_outlive_a_stop_and_a_kill_and_no_server_outlives_either(
    open_folder: Path,
) -> None:
    with running(open_folder) as stack:
        connection = await asyncpg.connect(stack.said["database_url"])
        await connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        await connection.close()
        client = await connect(stack.said["temporal_address"])
        await client.start_workflow("waits", id="kept", task_queue="nobody-polls")
        family = stack.family()
        assert {"postgres", "temporal"} <= {each.name() for each in family}
        assert running_stack(open_folder) is not None
        stack.stop()
        assert await _gone(family) == []
    with running(open_folder) as stack:
        await _kept(stack.said)
        family = stack.family()
        stack.process.kill()
        stack.process.wait()
        assert running_stack(open_folder) is None
        with running(open_folder) as again:  # at once, while the old servers still end
            await _kept(again.said)
            assert await _gone(family) == []


async def _kept(said: dict[str, Any]) -> None:
    connection = await asyncpg.connect(said["database_url"])
    assert await connection.fetchval("SELECT number FROM kept") == 7
    await connection.close()
    client = await connect(said["temporal_address"])
    found = await client.get_workflow_handle("kept").describe()
    assert found.status is WorkflowExecutionStatus.RUNNING
