"""`aftercare policy check`, `diff`, `show` and `schema` from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.app import BAD_USAGE, DONE, MODULES, REFUSED, build, run
from runtime.policy_check import PlacedFinding, check_files
from runtime.policy_files import PolicyShelf

POLICIES = Path(__file__).parents[2] / "policies"

NEVER_OPENS = "calendar_never_opens"
CLEAN = """\
name: clean
title: 虚构
promises:
  - id: arrive
    clauses: [X1]
    says: 两小时到场
    starts: reported
    met_by: arrived
    within: 2 hours
"""


def checked(
    capsys: pytest.CaptureFixture[str], *arguments: str, code: int = DONE
) -> list[dict[str, Any]]:
    assert run(["policy", "check", *arguments, "--json"]) == code
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["findings"]
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "clean.yaml"
    path.write_text(CLEAN, encoding="utf-8")
    return path


def test_a_clean_policy_yields_none(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(capsys, str(file)) == []


def test_the_shipped_policies_have_no_error_and_keep_every_clause(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = checked(capsys)
    assert [one for one in found if one["severity"] == "error"] == []
    assert {"severity", "rule", "clauses", "file", "line", "message", "fix"} == found[0].keys()


@pytest.fixture(scope="module")
def of_the_shipped() -> list[PlacedFinding]:
    return list(check_files(PolicyShelf(POLICIES), sorted(POLICIES.glob("*.yaml"))))


@pytest.mark.parametrize(
    ("rule", "clauses"),
    [
        ("end_before_step", {"D4-F1", "D4-F2", "D4-R1.b"}),
        ("value_in_two", {"D5-A3.4.a", "D5-A3.5.a"}),
        ("two_terms", {"D5-A3.2.a", "D5-A3.6.a"}),
        ("two_numbers", {"D5-C9.a", "D5-C10.a", "D5-C0.a"}),
        ("narrow_calendar", {"D5-C7.3.b", "D5-C8.b", "D5-C9.a"}),
        ("two_numbers", {"D4-R2.1", "D4-F3"}),
        ("narrow_calendar", {"D1-5.2.3.c1", "D1-6.b"}),
        ("missing_start_basis", {"D4-Q6"}),
        ("missing_start_basis", {"D5-A3.2.a"}),
        ("missing_start_basis", {"D5-B4.3b1"}),
        ("undefined_word", {"D1-5.2.2.c"}),
    ],
)
def test_the_contradictions_of_the_documents_are_warnings(
    rule: str, clauses: set[str], of_the_shipped: list[PlacedFinding]
) -> None:
    found = [one for one in of_the_shipped if one.rule == rule]
    (told,) = [one for one in found if clauses <= set(one.clauses)]
    assert told.severity == "warning"
    assert told.fix


def test_what_several_policies_inherit_is_told_once(of_the_shipped: list[PlacedFinding]) -> None:
    inherited = [one.line for one in of_the_shipped if one.file.endswith("house.yaml")]
    assert inherited
    by_house_alone = check_files(PolicyShelf(POLICIES), [POLICIES / "house.yaml"])
    assert len(inherited) == len(by_house_alone)


def test_a_finding_stands_at_the_line_of_its_entry(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = CLEAN + "    escalate: none\n"
    file.write_text(text, encoding="utf-8")
    (found,) = checked(capsys, str(file), code=REFUSED)
    assert (found["rule"], found["file"], found["line"]) == ("no_consequence", str(file), 10)
    assert found["clauses"] == ["X1"]


@pytest.mark.parametrize(
    ("old", "new", "rule", "line"),
    [
        ("within: 2 hours", "within: -2 hours", "unreadable_duration", 9),
        ("met_by: arrived", "met_by: arived", "unknown_milestone", 8),
        ("says: 两小时到场", "says: 到\n    wihtin: 3", "unknown_key", 7),
        ("within: 2 hours", "within: 2 hours\n    when: {wieght_kg: {max: 3}}", "unknown_fact", 10),
        ("within: 2 hours", "within: 2 hours\n    calendar: nigth", "unknown_calendar", 10),
        ("title: 虚构", "title: 虚构\nextends: hous", "unknown_policy", 3),
        ("name: clean", "calendars: {c: {kind: opening_hours}}\nname: a", NEVER_OPENS, 1),
        ("    starts: reported\n", "", "missing_key", 4),
        ("name: clean", "name: [clean", "malformed", 2),
    ],
)  # fmt: skip
def test_a_policy_that_does_not_load_is_a_finding_with_its_line(
    old: str, new: str, rule: str, line: int, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(CLEAN.replace(old, new), encoding="utf-8")
    found = checked(capsys, str(file), code=REFUSED)
    told = [(one["severity"], one["rule"], one["line"]) for one in found]
    assert ("error", rule, line) in told
    assert all(one["fix"] and one["message"] for one in found)


def test_a_holiday_outside_the_known_years_is_refused(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calendar = """\
calendars:
  work:
    kind: workdays
    source: [通知]
    known_from: 2026-01-01
    known_until: 2026-12-31
    holidays: ["2026-10-01..2026-10-07", "2027-01-01"]
    makeup_workdays: []
"""
    file.write_text(CLEAN + calendar, encoding="utf-8")
    (found,) = checked(capsys, str(file), code=REFUSED)
    assert (found["rule"], found["line"]) == ("outside_calendar_data", 16)
    assert "2027-01-01" in found["message"]


def test_a_policy_that_extends_itself_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POLICIES_DIR", str(tmp_path))
    for name, base in (("a", "b"), ("b", "a")):
        text = CLEAN.replace("name: clean", f"name: {name}\nextends: {base}")
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    found = checked(capsys, code=REFUSED)
    assert {one["rule"] for one in found} == {"cycle"}


def test_a_file_of_the_folder_bears_the_name_of_its_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POLICIES_DIR", str(tmp_path))
    (tmp_path / "other.yaml").write_text(CLEAN, encoding="utf-8")
    (found,) = checked(capsys, code=REFUSED)
    assert (found["line"], found["fix"]) == (1, "写成 other")


def test_a_clause_that_nobody_covers_is_told_at_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POLICIES_DIR", str(tmp_path))
    rows = (
        "id,document,clause,kind\nX1,X,1,sla_deadline\nX2,X,2,info\nX3,X,3,record\nY1,Y,1,record\n"
    )
    (tmp_path / "clauses.csv").write_text(rows, encoding="utf-8")
    text = CLEAN.replace("title: 虚构", "title: 虚构\ncovers: [X]")
    (tmp_path / "clean.yaml").write_text(text, encoding="utf-8")
    found = checked(capsys, code=REFUSED)
    assert [
        (one["rule"], one["clauses"], Path(one["file"]).name, one["line"]) for one in found
    ] == [
        ("unkept_clause", ["Y1"], "clauses.csv", 5),
        ("unkept_clause", ["X3"], "clean.yaml", 3),
    ]


def test_for_people_it_says_where_what_and_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["policy", "check", "it_network"]) == DONE
    shown = capsys.readouterr().out
    assert "policies/it_network.yaml" in shown
    assert "end_before_step" in shown
    assert "0 个错误" in shown
    assert "no_consequence" not in shown
    assert run(["policy", "check", "it_network", "--notes"]) == DONE
    assert "no_consequence" in capsys.readouterr().out


def test_a_folder_stands_for_the_files_in_it(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checked(capsys, str(file.parent)) == []
    other = CLEAN.replace("name: clean", "name: other\nextends: house") + "    escalate: none\n"
    file.with_name("other.yaml").write_text(other, encoding="utf-8")
    found = checked(capsys, str(file.parent), code=REFUSED)
    assert [Path(one["file"]).name for one in found if one["severity"] == "error"] == ["other.yaml"]


def test_a_folder_without_policies_is_bad_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["policy", "check", str(tmp_path)]) == BAD_USAGE
    assert "没有 .yaml 文件" in capsys.readouterr().err


def test_an_unknown_policy_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "check", "instrumnts"]) == REFUSED
    assert "UnknownPolicy" in capsys.readouterr().err


def test_diff_tells_old_and_new(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = file.with_name("other.yaml")
    other.write_text(CLEAN.replace("2 hours", "1 hour"), encoding="utf-8")
    assert run(["policy", "diff", str(file), str(other), "--json"]) == DONE
    told = json.loads(capsys.readouterr().out)
    assert told["changes"] == [
        {
            "change": "changed",
            "what": "promises",
            "id": "arrive",
            "clauses": ["X1"],
            "keys": [{"key": "within", "old": "2 hours", "new": "1 hour"}],
        }
    ]
    assert told["from"]["version"] != told["to"]["version"]
    assert run(["policy", "diff", str(file), str(other)]) == DONE
    assert "2 hours → 1 hour" in capsys.readouterr().out
    assert run(["policy", "diff", str(file)]) == BAD_USAGE


def test_show_has_all_that_a_policy_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "show", "it_reseller"]) == DONE
    shown = capsys.readouterr().out
    for part in (
        "D5-C10.a",
        "2 小时到 L2",
        "只在日历 site_hours 内",
        "合同 > 保修卡",
        "再告知,最多",
    ):
        assert part in shown


def test_show_says_what_is_taken_over_and_from_where(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "show", "it_reseller"]) == DONE
    lines = capsys.readouterr().out.splitlines()
    (calendar,) = [line for line in lines if line.startswith("日历 follow_up_hours")]
    (own,) = [line for line in lines if line.startswith("日历 site_hours")]
    assert calendar.rstrip().endswith("继承自 house")
    assert "继承自" not in own
    assert run(["policy", "show", "house"]) == DONE
    assert "继承自" not in capsys.readouterr().out


def test_the_schema_is_printed_as_it_is_published(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "schema"]) == DONE
    published = (POLICIES / "policy.schema.json").read_text(encoding="utf-8")
    assert capsys.readouterr().out == published


@pytest.mark.parametrize("command", MODULES)
def test_a_command_is_where_the_command_line_looks_for_it(command: str) -> None:
    assert command in build(command)
    assert command in build()
