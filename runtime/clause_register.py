"""The register of clauses (`clauses.csv`): a row for each sentence of the documents."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runtime import marked_yaml
from runtime.file_faults import FaultyFile

NAME = "clauses.csv"


@dataclass(frozen=True, slots=True)
class ClauseRegister:
    """The clauses in the order of the documents: their kinds and their lines, by id."""

    path: Path
    kinds: Mapping[str, str]
    lines: Mapping[str, int]


def read_register(folder: Path) -> ClauseRegister:
    """The register of that folder of policies; without one, an empty one.

    Raises FaultyFile for a file that cannot be read, lacks a column, or has an id twice.
    """
    path = folder / NAME
    kinds: dict[str, str] = {}
    lines: dict[str, int] = {}
    if not path.exists():
        return ClauseRegister(path, kinds, lines)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            for row in rows:
                _take(path, rows.line_num, row, kinds, lines)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        message = f"登记册读不懂:{error}"
        raise FaultyFile([marked_yaml.fault(path, 1, message, "请存为 UTF-8 的 CSV")]) from None
    return ClauseRegister(path, kinds, lines)


def _take(
    path: Path,
    line: int,
    row: Mapping[str, str | None],
    kinds: dict[str, str],
    lines: dict[str, int],
) -> None:
    clause, kind = row.get("id"), row.get("kind")
    if not clause or not kind:
        fault = marked_yaml.fault(path, line, "缺少 id 或 kind", "每行写出 id 和 kind")
        raise FaultyFile([fault])
    if clause in kinds:
        message = f"条款 {clause} 写了两次"
        raise FaultyFile([marked_yaml.fault(path, line, message, "请删去一行")])
    kinds[clause], lines[clause] = kind, line
