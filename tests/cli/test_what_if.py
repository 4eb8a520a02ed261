"""`aftercare what-if`: the figures, the tickets behind them, and what is said of a bad file."""

import asyncio
import csv
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from cli import what_if_work
from cli.app import run
from cli.ledgers import read_since
from cli.terminal import BadUsage
from domain.case import Case
from domain.ledger import LedgerBatch
from domain.policy import Policy
from storage.ledger import write
from tests.ledger_file import ticket_line, write_file
from tests.unit.acting import MONDAY, WINDOW, Desk, promised, small_policy

FAST = small_policy(promised("fixed", within="2 hours", clauses=["D1-1", "D1-2"]))
SLOW = """\
name: small
title: 慢一点
promises:
  - {id: fixed, clauses: [D1-1], says: 修好, starts: reported, met_by: resolved, within: 9 hours}
"""


def repaired(number: str, hours: float, policy: Policy = FAST) -> Desk:
    desk = Desk(policy, number=number)
    desk.register(WINDOW)
    desk.later(hours=hours)
    desk.visit()
    return desk


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five repairs, the later in the list the later the repair."""
    desks = [repaired(f"W{number}", hours) for number, hours in enumerate([1, 3, 5, 12, 30])]
    path = tmp_path_factory.mktemp("ledger") / "ledger.jsonl"
    pinned = {FAST.version: FAST}
    return write_file(path, MONDAY + timedelta(days=9), [one.case for one in desks], pinned)


@pytest.fixture
def slow(tmp_path: Path) -> str:
    path = tmp_path / "slow.yaml"
    path.write_text(SLOW, encoding="utf-8")
    return str(path)


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(["what-if", *arguments])
    told = capsys.readouterr()
    return code, told.out, told.err


def found(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    code, out, err = asked(capsys, *arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_beside_what_happened_with_the_tickets_behind_each_figure(
    capsys: pytest.CaptureFixture[str], ledger: Path, slow: str
) -> None:
    answer = found(capsys, slow, "--ledger", str(ledger))
    (line,) = answer["promises"]
    assert (answer["tickets"], answer["against"], answer["of_other_policies"]) == (5, None, 0)
    assert (line["promise"], line["clauses"]) == ("fixed", ["D1-1", "D1-2"])
    assert line["policy"]["tickets"] == {"met": ["W0", "W1", "W2"], "missed": ["W3", "W4"]}
    assert line["against"]["tickets"] == {"met": ["W0"], "missed": ["W1", "W2", "W3", "W4"]}
    assert line["changes"] == [{"from": "missed", "to": "met", "tickets": ["W1", "W2"]}]
    assert [one["clause"] for one in answer["clauses"]] == ["D1-1", "D1-2"]
    assert answer["clauses"][0]["policy"]["tickets"] == line["policy"]["tickets"]
    assert answer["clauses"][1]["policy"]["applies"] == 0
    late = line["policy"]
    assert late["late_worst_seconds"] > late["late_median_seconds"] > 3 * 3600


def test_against_another_policy(
    capsys: pytest.CaptureFixture[str], ledger: Path, slow: str
) -> None:
    answer = found(capsys, slow, "--against", slow, "--ledger", str(ledger))
    (line,) = answer["promises"]
    assert answer["against"] == answer["policy"]
    assert line["policy"] == line["against"]
    assert line["changes"] == []


def test_several_cores_give_the_same_answer(
    capsys: pytest.CaptureFixture[str],
    ledger: Path,
    slow: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone = found(capsys, slow, "--ledger", str(ledger), "--jobs", "1")
    monkeypatch.setattr(what_if_work, "_WORTH_SHARING", 0)
    monkeypatch.setattr(what_if_work, "_CHUNK", 2)
    assert found(capsys, slow, "--ledger", str(ledger), "--jobs", "2") == alone


def test_a_fault_in_another_process_is_told_as_clearly(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    slow: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write_file(tmp_path / "odd.jsonl", MONDAY, [repaired("W1", 1).case], {})
    monkeypatch.setattr(what_if_work, "_WORTH_SHARING", 0)
    code, _, err = asked(capsys, slow, "--ledger", str(path), "--jobs", "2")
    assert code == 1
    assert err.startswith(f"{path}:2: 工单 W1 所用的政策 small {FAST.version} 不在台账里")


def test_since_and_of_narrow_it(
    capsys: pytest.CaptureFixture[str], ledger: Path, slow: str
) -> None:
    def tickets(*more: str) -> Any:
        return found(capsys, slow, "--ledger", str(ledger), *more)["tickets"]

    assert tickets("--since", "2026-03-02") == tickets("--of", "small") == 5
    assert tickets("--since", "2026-03-02T09:00:01+08:00") == tickets("--of", "house") == 0


def test_a_misspelt_policy_is_not_a_policy_without_tickets(
    capsys: pytest.CaptureFixture[str], slow: str, ledger: Path
) -> None:
    code, out, err = asked(capsys, slow, "--ledger", str(ledger), "--of", "hause")
    assert (code, out) == (2, "")
    assert "--of: 没有政策 hause" in err
    assert "small" in err


def test_people_see_what_changed(
    capsys: pytest.CaptureFixture[str], ledger: Path, slow: str
) -> None:
    code, out, err = asked(capsys, slow, "--ledger", str(ledger))
    assert (code, err) == (0, "")
    assert "若用 慢一点" in out
    assert "3 ← 1" in out
    assert "修好" in out
    assert "fixed 改为兑现:W1 W2" in out


def test_csv_has_a_row_for_each_clause(
    capsys: pytest.CaptureFixture[str], ledger: Path, slow: str, tmp_path: Path
) -> None:
    file = tmp_path / "what_if.csv"
    assert asked(capsys, slow, "--ledger", str(ledger), "--csv", str(file))[0] == 0
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [row["条款"] for row in rows] == ["D1-1", "D1-2"]
    assert rows[0]["若用:已兑现"] == "3"
    assert rows[0]["对照:已超时的工单"] == "W1 W2 W3 W4"
    assert rows[0]["改为兑现的工单"] == "W1 W2"
    code, out, _ = asked(capsys, slow, "--ledger", str(ledger), "--csv", "-")
    assert code == 0
    assert list(csv.DictReader(out.splitlines())) == rows


async def test_the_database_and_its_file_say_the_same(
    capsys: pytest.CaptureFixture[str],
    database_url: str,
    pool: asyncpg.Pool,
    slow: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number, hours in enumerate([1, 3, 30]):
        case = repaired(f"W{number}", hours).case
        await write(pool, LedgerBatch(**batch_of(case)))
    monkeypatch.setenv("DATABASE_URL", database_url)
    file = tmp_path / "ledger.jsonl"

    async def done(*arguments: str) -> str:
        assert await asyncio.to_thread(run, arguments) == 0
        return capsys.readouterr().out

    asked_of_database = await done("what-if", slow, "--json")
    assert await done("ledger", "export", str(file)) == ""
    assert await done("what-if", slow, "--ledger", str(file), "--json") == asked_of_database
    (line,) = json.loads(asked_of_database)["promises"]
    assert line["changes"] == [{"from": "missed", "to": "met", "tickets": ["W1"]}]
    lines = (await done("ledger", "export", "-", "--since", "2026-03-03")).splitlines()
    assert [next(iter(json.loads(one))) for one in lines] == ["ledger", "policy"]


def batch_of(case: Case) -> dict[str, Any]:
    return {
        "ticket_no": case.ticket.number,
        "decided_at": MONDAY,
        "events": case.events,
        "ticket": case.ticket,
        "policies": dict(case.pinned),
    }


async def test_a_file_that_cannot_be_written_is_told(
    capsys: pytest.CaptureFixture[str], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert await asyncio.to_thread(run, ["ledger", "export", "/nowhere/ledger.jsonl"]) == 1
    assert capsys.readouterr().err.startswith("写不了 /nowhere/ledger.jsonl:")


HEAD = '{"ledger": 1, "as_of": "2026-03-02T09:00:00+08:00"}\n'


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("", 1, "文件是空的"),
        ("{\n", 1, "不是合法的 JSON"),
        ('{"ledger": 2, "as_of": "2026-03-02T09:00:00+08:00"}\n', 1, "ledger"),
        (HEAD + '{"policy": "a", "version": "b", "body": {"nam": "a"}}\n', 2, "政策 a 读不懂"),
        (HEAD + "\nnonsense\n", 3, "不是合法的 JSON"),
        (HEAD + '{"ticket": "W1", "events": []}\n', 2, "events"),
        (HEAD + '{"ticket": "W1"}\n', 2, "events"),
    ],
)
def test_a_bad_file_is_told_with_its_line(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    slow: str,
    content: str,
    line: int,
    reason: str,
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(content, encoding="utf-8")
    code, out, err = asked(capsys, slow, "--ledger", str(path))
    assert (code, out) == (1, "")
    assert err.startswith(f"{path}:{line}: ")
    assert reason in err
    assert len(err.splitlines()) == 1


def test_a_ticket_with_a_gap_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, slow: str
) -> None:
    written = json.loads(ticket_line(repaired("W1", 1).case))
    del written["events"][1]
    path = tmp_path / "gap.jsonl"
    path.write_text(HEAD + json.dumps(written) + "\n", encoding="utf-8")
    code, _, err = asked(capsys, slow, "--ledger", str(path))
    assert code == 1
    assert err.startswith(f"{path}:2: 工单 W1:事件有缺号")


def test_a_ticket_that_stands_twice_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, slow: str
) -> None:
    line = ticket_line(repaired("W1", 1).case)
    path = tmp_path / "twice.jsonl"
    path.write_text(f"{HEAD}{line}\n{line}\n", encoding="utf-8")
    code, _, err = asked(capsys, slow, "--ledger", str(path))
    assert code == 1
    assert err.startswith(f"{path}:3: 工单 W1 写了两次")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--ledger", "/nowhere/ledger.jsonl"], "--ledger: 打不开 /nowhere/ledger.jsonl"),
        (["--ledger", "x", "--since", "gestern"], "--since: 'gestern' 不是日期"),
        (["--ledger", "x", "--json", "--csv", "-"], "--json 和 --csv 只能写一个"),
        (["--ledger", "x", "--jobs", "0"], "--jobs"),
    ],
)
def test_bad_usage_is_told(
    capsys: pytest.CaptureFixture[str], slow: str, arguments: list[str], said: str
) -> None:
    code, out, err = asked(capsys, slow, *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_a_day_begins_at_midnight_in_china() -> None:
    day = read_since("2026-03-02")
    assert day is not None
    assert day.isoformat() == "2026-03-02T00:00:00+08:00"
    moment = read_since("2026-03-02T09:00:00")
    assert moment is not None
    assert moment.isoformat() == "2026-03-02T09:00:00+08:00"
    with pytest.raises(BadUsage):
        read_since("1026-03-02")
