"""Rules of this house that no linter knows; each failure says why the rule is there."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "workflows", "activities", "storage", "runtime", "desk", "rehearsal", "cli")
TREES = {
    path.relative_to(ROOT): ast.parse(path.read_text(encoding="utf-8"))
    for folder in (*PACKAGES, "tests", "benchmarks", "docs")
    for path in sorted((ROOT / folder).rglob("*.py"))
}
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("time", "time")}
LONGEST = 500


def _calls(tree: ast.AST) -> Iterator[tuple[str, str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            name = owner.id if isinstance(owner, ast.Name) else ""
            yield name, node.func.attr, node.lineno


def _files(*folders: str) -> list[Path]:
    return [path for path in TREES if path.parts[0] in folders]


@pytest.mark.parametrize("path", _files("domain", "workflows"), ids=str)
def test_no_clock_is_read_where_replay_must_give_the_same(path: Path) -> None:
    read = [
        f"{path}:{line}" for owner, name, line in _calls(TREES[path]) if (owner, name) in CLOCKS
    ]
    assert not read, f"{read}: take `now` as an argument; a replayed clock gives another answer"


@pytest.mark.parametrize("path", _files("workflows"), ids=str)
def test_workflows_wait_only_in_ways_that_replay(path: Path) -> None:
    forbidden = {("asyncio", "wait"), ("asyncio", "as_completed"), ("asyncio", "sleep")}
    found = [
        f"{path}:{line}" for owner, name, line in _calls(TREES[path]) if (owner, name) in forbidden
    ]
    assert not found, f"{found}: sets and bare sleeps are not deterministic; use workflow.*"


@pytest.mark.parametrize("path", _files(*PACKAGES), ids=str)
def test_no_error_is_swallowed(path: Path) -> None:
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.ExceptHandler) and isinstance(node.type, ast.Name):
            broad = node.type.id in {"Exception", "BaseException"}
            silent = all(isinstance(one, ast.Pass | ast.Continue) for one in node.body)
            assert not (broad and silent), f"{path}:{node.lineno}: lost work, and nobody knows"


@pytest.mark.parametrize("path", _files("tests"), ids=str)
def test_every_test_can_fail(path: Path) -> None:
    for node in ast.walk(TREES[path]):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not node.name.startswith("test_"):
            continue
        body = ast.dump(node)
        can_fail = any(
            word in body
            for word in ("Assert(", "raises", "agree", "until", "wait_for", "arg='check'")
        )
        assert can_fail, f"{path}:{node.lineno}: {node.name} asserts nothing"


@pytest.mark.parametrize("path", list(TREES), ids=str)
def test_a_file_has_one_subject(path: Path) -> None:
    lines = len((ROOT / path).read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST, f"{path} has {lines} lines: which two subjects are in it?"


def test_money_is_whole_fen_and_says_so() -> None:
    for path in _files("domain"):
        for node in ast.walk(TREES[path]):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                name = node.target.id
                money = any(word in name for word in ("price", "amount", "fee_"))
                floats = "float" in ast.dump(node.annotation)
                assert not (money and floats), f"{path}:{node.lineno}: {name} is money, not float"
