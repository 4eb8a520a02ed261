"""The command line on an embedded stack of its own, in real time, as a newcomer would use it."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from cli.app import run

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "examples"
FRIDAY = {
    "calls": 47,
    "inbound": 43,
    "outbound": 4,
    "answered": 38,
    "missed": 5,
    "tickets": 35,
}


# These are run as a user runs them, in a process of their own; the others in ours, to save time.
AS_PROGRAM = ("up", "down", "status", "calls")


class Shell:
    """Runs `aftercare` with a home of its own, from a folder that is not the source's."""

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command to its end."""
        if arguments[0] in AS_PROGRAM:
            return subprocess.run(
                [sys.executable, str(ROOT / "starter.py"), *arguments],
                capture_output=True,
                text=True,
                timeout=45,
                check=False,
            )
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(arguments)
        return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())

    def done(self, *arguments: str) -> str:
        """One command that must be done; what it printed."""
        finished = self.run(*arguments)
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    def json(self, *arguments: str) -> Any:
        """The one JSON document that a command prints."""
        return json.loads(self.done(*arguments, "--json"))

    def refused(self, *arguments: str) -> str:
        """One command that must be turned down; the one line that says why."""
        finished = self.run(*arguments)
        assert (finished.returncode, finished.stdout) == (1, "")
        assert finished.stderr.count("\n") == 1
        return finished.stderr


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    for name in [one for one in os.environ if one.startswith(("TEMPORAL_", "DATABASE_"))]:
        monkeypatch.delenv(name)
    with tempfile.TemporaryDirectory(prefix="aftercare cli ") as folder:
        Path(folder).chmod(0o755)
        monkeypatch.chdir(folder)
        monkeypatch.setenv("AFTERCARE_HOME", str(Path(folder) / "home"))
        try:
            yield Shell()
        finally:
            Shell().run("down")
            os.chdir(ROOT)


def test_from_up_to_sign_off_and_up_again(shell: Shell) -> None:
    shell.done("up", "-d")
    status = shell.json("status")
    assert set(status) == {
        *("console_url", "phone_url", "temporal_address", "temporal_ui_url"),
        *("database_url", "worker"),
    }
    shell.done("up", "-d")
    assert shell.json("status") == status

    imported = shell.run("directory", "import", str(EXAMPLES / "directory.yaml"))
    assert imported.returncode == 0
    assert "政策还没有" not in imported.stderr
    for _ in range(2):
        assert shell.json("calls", str(EXAMPLES / "calls.jsonl")) == FRIDAY
    assert len(shell.json("ticket", "list")["tickets"]) == 35
    assert "待登记" in shell.done("ticket", "list", "--limit", "3")

    number = _a_ticket_by_fax(shell)
    _register_and_dispatch(shell, number)
    os.kill(status["worker"], signal.SIGKILL)
    _visit_and_sign(shell, number)
    assert _worker(shell) not in (None, status["worker"])

    _lend(shell)

    before, follow_up = _stages_and_dues(shell), _follow_up_due(shell, number)
    assert before[number] == ("signed_off", _next_due(shell, number))
    shell.done("down")
    assert shell.run("ticket", "list").returncode == 1
    shell.done("up", "-d")
    assert _stages_and_dues(shell) == before
    assert _follow_up_due(shell, number) == follow_up
    shell.done("ticket", "return_order", number, "--by", "technician/周师傅", "--minutes", "30")


def test_what_is_killed_leaves_nothing_behind_and_the_demo_day_comes_once(shell: Shell) -> None:
    shown = shell.done("up", "-d", "--demo")
    assert "共 35 张" in shown
    assert "ticket register" in shown
    worker = psutil.Process(shell.json("status")["worker"])
    supervisor = worker.parent()
    assert supervisor is not None
    children = supervisor.children(recursive=True)
    assert len(children) >= 3
    supervisor.kill()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    assert shell.run("status").returncode == 1
    assert "共 35 张" in shell.done("up", "-d", "--demo")


def _a_ticket_by_fax(shell: Shell) -> str:
    paper = ("ticket", "open", "--channel", "fax", "--source-id", "F-7", "--by", "agent/客服小何")
    number: str = shell.json(*paper)["number"]
    assert shell.json(*paper)["number"] == number
    return number


def _register_and_dispatch(shell: Shell, number: str) -> None:
    def ticket(command: str, by: str, *fields: str) -> Any:
        return shell.json("ticket", command, number, "--by", by, *fields)

    early = shell.refused("ticket", "arrive", number, "--by", "technician/周师傅")
    assert early.startswith("拒绝 InvalidTransition: ")
    registered = ticket(
        *("register", "agent/客服小何", "--device", "D101", "--symptom", "[关]不严", "--urgent"),
        *("--with", '{"caller_name": "王秀英", "category": "窗"}'),
    )
    assert registered["stage"] == "dispatching"
    first = ticket("dispatch", "supervisor/高主管", "--id", "send-1")
    again = ticket("dispatch", "supervisor/高主管", "--id", "send-1")
    assert first == again
    assert first["technician"] == "周师傅"
    stranger = shell.refused("ticket", "accept", number, "--by", "technician/吴师傅")
    assert stranger.startswith("拒绝 NotYourVisit: ")
    assert shell.refused("ticket", "show", "W0").startswith("拒绝 UnknownTicket: ")
    adopt = ("ticket", "adopt_policy", number, "--by", "manager/罗总", "--reason", "换合同")
    unknown = shell.refused(*adopt, "--policy", "house", "--version", "0123456789ab")
    assert unknown.startswith("拒绝 UnknownPolicy version: ")
    ticket("accept", "technician/周师傅")


def _visit_and_sign(shell: Shell, number: str) -> None:
    by = ("--by", "technician/周师傅")
    assert shell.json("ticket", "arrive", number, *by)["stage"] == "on_site"
    shell.done("ticket", "finish", number, *by, "--work", "调合页", "--minutes", "30")
    shell.done("ticket", "sign_off", number, "--by", "customer/王秀英", "--satisfied", "true")
    shown = shell.json("ticket", "show", number)
    assert (shown["stage"], shown["policy"]) == ("signed_off", "doors_windows")
    assert shown["facts"]["urgent"] is True
    assert [event["kind"] for event in shown["timeline"]].count("dispatched") == 1
    read = shell.done("ticket", "show", number)
    for words in ("已签署", "王秀英", "[关]不严", "调合页", "order_return"):
        assert words in read


def _lend(shell: Shell) -> None:
    """A loaner before time: reserved, handed over, and written off with a charge."""
    paper = ("ticket", "open", "--channel", "fax", "--source-id", "F-8", "--by", "agent/客服小何")
    number: str = shell.json(*paper)["number"]
    product = {"product": "电子天平", "product_class": "instrument", "weight_kg": 6}
    device = json.dumps({**product, "policy": "instruments"})
    entry = ("--device", device, "--site", "实验室", "--symptom", "读数漂移", "--category", "仪器")
    shell.done("ticket", "register", number, "--by", "agent/客服小何", *entry)
    boss, which = ("--by", "supervisor/高主管"), f"{number}/1"
    early = shell.refused("loaner", "deliver", which, *boss)
    assert early.startswith(f"拒绝 UnknownTicket: 没有这台备机:备机 {which}")
    shell.done("ticket", "request_loaner", number, *boss, "--reason", "客户急用")
    _reserved(shell, which)
    stranger = shell.refused("loaner", "reserve", which, *boss, "--loaner", "L99")
    assert stranger.startswith("拒绝 NotInStock loaner: ")
    assert shell.refused("loaner", "take_back", which, *boss, "--condition", "good").startswith(
        "拒绝 InvalidTransition: "
    )
    sent = ("loaner", "deliver", which, *boss, "--id", "hand-over")
    first, again = shell.json(*sent), shell.json(*sent)
    assert first == again
    assert (first["state"], first["device"]) == ("delivered", "L02")
    held = {one["device"]: one for one in shell.json("loaner", "list")["loaners"]}["L02"]
    assert (held["loaner"], held["state"]) == (f"loaner/{which}", "delivered")
    assert "备机" in shell.done("ticket", "show", number)
    lost = ("loaner", "report_lost", which, *boss, "--reason", "找不到", "--charge-fen", "120000")
    assert "待办" in shell.done(*lost)
    shell.done("loaner", "approve_charge", which, "--by", "dept_head/刘部长", "--approved")
    shown = shell.json("loaner", "show", which)
    assert (shown["state"], shown["charge_fen"], shown["charge_approved"]) == ("lost", 120000, True)
    assert shell.refused(*lost).startswith("拒绝 TicketClosed: ")
    read = shell.done("loaner", "show", which)
    for words in ("已丢失", "1200.00 元(已批准)", "电子天平", "备机已送到"):
        assert words in read
    assert shell.json("ticket", "show", number)["loaner"] == "lost"


def _reserved(shell: Shell, which: str) -> None:
    """Until the stock book has answered."""
    deadline = time.monotonic() + 20
    while shell.json("loaner", "show", which)["state"] != "reserved":
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _stages_and_dues(shell: Shell) -> dict[str, tuple[str, str | None]]:
    lines = shell.json("ticket", "list")["tickets"]
    return {one["number"]: (one["stage"], one["next_due"]) for one in lines}


def _next_due(shell: Shell, number: str) -> str:
    due: str = shell.json("ticket", "show", number)["next_due"]
    return due


def _follow_up_due(shell: Shell, number: str) -> str:
    promises = shell.json("ticket", "show", number)["promise_details"]
    running = {one["promise"]: one for one in promises if one["state"] == "running"}
    due: str = running["follow_up"]["due"]
    return due


def _worker(shell: Shell) -> int | None:
    """The worker's pid, once there is one again."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found: dict[str, Any] = json.loads(shell.run("status", "--json").stdout)
        if found["worker"] is not None:
            return int(found["worker"])
        time.sleep(0.2)
    return None
