"""The register of clauses (`clauses.csv`): a row for each sentence of the documents."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from runtime import marked_yaml
from runtime.file_faults import FaultyFile

NAME = "clauses.csv"


@dataclass(frozen=True, slots=True)
class Clause:
    """One row: what the clause says, and the reading that was chosen where there was a choice.

    `line` is its line in the file, from 1.
    """

    id: str
    document: str
    clause: str
    kind: str
    says: str = ""
    reading: str = ""
    line: int = 1


@dataclass(frozen=True)
class ClauseRegister:
    """The clauses in the order of the documents."""

    path: Path
    clauses: tuple[Clause, ...] = ()

    @cached_property
    def kinds(self) -> Mapping[str, str]:
        """The kind of each clause by its id."""
        return {one.id: one.kind for one in self.clauses}

    @cached_property
    def lines(self) -> Mapping[str, int]:
        """The line of each clause by its id."""
        return {one.id: one.line for one in self.clauses}


def read_register(folder: Path) -> ClauseRegister:
    """The register of that folder of policies; without one, an empty one.

    Raises FaultyFile for a file that cannot be read, lacks a column, or has an id twice.
    """
    path = folder / NAME
    if not path.exists():
        return ClauseRegister(path)
    known: dict[str, Clause] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            for row in rows:
                clause = _clause(path, rows.line_num, row)
                if clause.id in known:
                    raise _fault(path, clause.line, f"条款 {clause.id} 写了两次", "请删去一行")
                known[clause.id] = clause
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _fault(path, 1, f"登记册读不懂:{error}", "请存为 UTF-8 的 CSV") from None
    return ClauseRegister(path, tuple(known.values()))


def _clause(path: Path, line: int, row: Mapping[str, str | None]) -> Clause:
    clause_id, kind = row.get("id"), row.get("kind")
    if not clause_id or not kind:
        raise _fault(path, line, "缺少 id 或 kind", "每行写出 id 和 kind")
    document, clause, says, reading = (
        row.get(column) or "" for column in ("document", "clause", "says", "reading")
    )
    return Clause(clause_id, document, clause, kind, says, reading, line)


def _fault(path: Path, line: int, message: str, fix: str) -> FaultyFile:
    return FaultyFile([marked_yaml.fault(path, line, message, fix)])
