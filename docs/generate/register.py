"""The register of clauses (policies/clauses.csv): every sentence of the documents that is a row."""

import csv
from dataclasses import dataclass
from pathlib import Path

INFO = "info"
"""The kind of a row that promises nothing."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One row: what the clause says, and the reading that was chosen where there was a choice."""

    id: str
    document: str
    clause: str
    kind: str
    says: str = ""
    reading: str = ""


def read_register(path: Path) -> tuple[Clause, ...]:
    """The rows in the order of the documents. ValueError for an id that stands twice."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = tuple(Clause(**row) for row in csv.DictReader(file))
    ids = [row.id for row in rows]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise ValueError(f"{path}: {', '.join(twice)} twice")
    return rows
