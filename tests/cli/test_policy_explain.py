"""`aftercare policy explain` from the command line: a case in a file, the due times on stdout."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.app import DONE, run

SMALL, LARGE = "fixed_or_loaner_small", "fixed_or_loaner_large"
REPORTED = "2026-03-02T09:00:00+08:00"
SECOND_DAY, THIRD_DAY = "2026-03-05T00:00:00+08:00", "2026-03-06T00:00:00+08:00"


@pytest.fixture
def facts_file(tmp_path: Path) -> Path:
    return tmp_path / "facts.json"


def explained(file: Path, facts: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> Any:
    case = {"facts": facts, "milestones": {"reported": REPORTED}, "now": REPORTED}
    file.write_text(json.dumps(case), encoding="utf-8")
    assert run(["policy", "explain", "instruments", "--facts", str(file), "--json"]) == DONE
    return {one["id"]: one for one in json.loads(capsys.readouterr().out)["promises"]}


@pytest.mark.clause("D5-A3.4.a", "D5-A3.5.a")
@pytest.mark.parametrize(
    ("weight", "promise", "other", "due"),
    [
        pytest.param(6, SMALL, LARGE, SECOND_DAY, id="6kg"),
        pytest.param(48, LARGE, SMALL, THIRD_DAY, id="48kg"),
        pytest.param(10, SMALL, LARGE, SECOND_DAY, id="10kg"),
        pytest.param(10.1, LARGE, SMALL, THIRD_DAY, id="over10kg"),
        pytest.param("unknown", SMALL, LARGE, SECOND_DAY, id="unknown"),
        pytest.param(None, SMALL, LARGE, SECOND_DAY, id="null"),
    ],
)
def test_the_weight_says_which_day_it_is_due(
    weight: object,
    promise: str,
    other: str,
    due: str,
    facts_file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = explained(facts_file, {"weight_kg": weight}, capsys)
    assert found[promise]["due"] == due
    assert found[promise]["state"] == "running"
    assert other not in found


def test_a_weight_that_is_not_said_is_unknown(
    facts_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = explained(facts_file, {}, capsys)
    assert found[SMALL]["due"] == SECOND_DAY
    assert LARGE not in found


def test_a_person_reads_the_due_time_and_the_clause(
    facts_file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    case = {
        "facts": {"weight_kg": 6},
        "milestones": {"reported": REPORTED},
        "now": "2026-03-05T09:00:00+08:00",
    }
    facts_file.write_text(json.dumps(case), encoding="utf-8")
    assert run(["policy", "explain", "instruments", "--facts", str(facts_file)]) == DONE
    printed = capsys.readouterr().out
    assert SMALL in printed
    assert "D5-A3.4.a" in printed
    assert "03-05 00:00" in printed


def test_a_person_reads_what_runs_first_and_what_is_void_last(
    facts_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    milestones = {"reported": REPORTED, "registered": "2026-03-02T09:10:00+08:00"}
    case = {"facts": {"weight_kg": 6}, "milestones": milestones, "now": "2026-03-02T10:00:00+08:00"}
    facts_file.write_text(json.dumps(case), encoding="utf-8")
    asked = ["policy", "explain", "instruments", "--all", "--facts", str(facts_file)]
    assert run([*asked, "--json"]) == DONE
    found = json.loads(capsys.readouterr().out)["promises"]
    assert run(asked) == DONE
    printed = capsys.readouterr().out
    order = ["running", "paused", "missed", "met", "pending", "void"]
    places = [(printed.index(f" {one['id']} "), order.index(one["state"])) for one in found]
    states = [state for _, state in sorted(places)]
    assert states == sorted(states)
    assert [state for _, state in places] != states  # the policy's own order is another
