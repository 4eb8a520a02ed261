"""What proves a clause: rehearsals, rows of the case tables, tests that carry its mark.

A rehearsal names its clauses in `proves`, a row of tests/unit/cases/*.yaml in `keeps` and `breaks`,
a test in `@pytest.mark.clause("D1-6.a")`. Nothing else counts: not a comment, not a name.
"""

import ast
import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from runtime import marked_yaml


class ProofKind(StrEnum):
    """Rehearsal: the workflow acted it out. Keeps, breaks: rows of case tables. Test: any other."""

    REHEARSAL = "rehearsal"
    KEEPS = "keeps"
    BREAKS = "breaks"
    TEST = "test"


@dataclass(frozen=True, slots=True, order=True)
class Proof:
    """One proof of one clause; `file` is its path from the root, `name` what is in it."""

    clause: str
    kind: ProofKind
    file: str
    name: str


Proven = Mapping[str, frozenset[ProofKind]]
"""By clause, the kinds of proof that it has."""


def proofs(root: Path) -> tuple[Proof, ...]:
    """Every proof under that root, sorted by clause, kind and file."""
    tests = root / "tests"
    found = [
        *_rehearsals(root, sorted((tests / "rehearsals").glob("*.yaml"))),
        *_case_rows(root, sorted((tests / "unit" / "cases").glob("*.yaml"))),
        *_marked_tests(root, sorted(tests.rglob("test_*.py"))),
    ]
    return tuple(sorted(found))


def _rehearsals(root: Path, paths: Iterable[Path]) -> Iterator[Proof]:
    for path in paths:
        content = marked_yaml.read(path).content
        for clause in content.get("proves", ()):
            yield Proof(clause, ProofKind.REHEARSAL, _from(root, path), content["rehearsal"])


def _case_rows(root: Path, paths: Iterable[Path]) -> Iterator[Proof]:
    for path in paths:
        for row in rows_of(marked_yaml.read(path).content):
            for kind in (ProofKind.KEEPS, ProofKind.BREAKS):
                for clause in row.get(kind.value, ()):
                    yield Proof(clause, kind, _from(root, path), row["case"])


def rows_of(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of every section of a case table."""
    return [row for section in table.values() if isinstance(section, list) for row in section]


def _marked_tests(root: Path, paths: Iterable[Path]) -> Iterator[Proof]:
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for clause in _marks(node.decorator_list):
                    yield Proof(clause, ProofKind.TEST, _from(root, path), node.name)


def _marks(decorators: Iterable[ast.expr]) -> Iterator[str]:
    """The ids in `pytest.mark.clause(...)`, each written out as text."""
    for one in decorators:
        if isinstance(one, ast.Call) and ast.unparse(one.func) == "pytest.mark.clause":
            yield from (ast.literal_eval(argument) for argument in one.args)


def _from(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def by_clause(found: Iterable[Proof]) -> Proven:
    """The kinds of proof of each clause that has any."""
    kinds: dict[str, set[ProofKind]] = {}
    for proof in found:
        kinds.setdefault(proof.clause, set()).add(proof.kind)
    return {clause: frozenset(some) for clause, some in kinds.items()}


def read_proven(path: Path) -> Proven:
    """The committed list: what had proof once, and of which kinds."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["clause"]: frozenset(ProofKind(word) for word in row["proof"].split())
            for row in csv.DictReader(file)
        }


def written_proven(known: Proven, now: Proven, order: Iterable[str]) -> str:
    """The list with what is new added, in that order. It never loses a word by itself."""
    none: frozenset[ProofKind] = frozenset()
    both = {one: known.get(one, none) | now.get(one, none) for one in {*known, *now}}
    ranks = {one: rank for rank, one in enumerate(order)}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("clause", "proof"))
    for clause in sorted(both, key=lambda one: (ranks.get(one, len(ranks)), one)):
        writer.writerow((clause, " ".join(kind for kind in ProofKind if kind in both[clause])))
    return text.getvalue()


def lost(known: Proven, now: Proven) -> list[str]:
    """What had proof and has it no more: `D5-A3.3 keeps`."""
    return [
        f"{clause} {kind.value}"
        for clause, kinds in known.items()
        for kind in ProofKind
        if kind in kinds - now.get(clause, frozenset())
    ]
