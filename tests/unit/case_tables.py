"""The tables of cases/*.yaml: a policy, and by section rows of what it must say to a case.

Every row has a `case` in words, and may name the clauses that it shows kept (`keeps`) or broken
(`breaks`); docs/clauses.md counts them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime import marked_yaml
from runtime.clause_register import read_register
from runtime.policy_files import PolicyShelf
from runtime.settings import settings

Row = dict[str, Any]
Claim = tuple[str, str]
"""`keeps` or `breaks`, and the clause."""

SHELF = PolicyShelf(settings().policies_dir)
TABLES: dict[str, Row] = {
    path.stem: marked_yaml.read(path).content
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
}
LOANER_CLAUSES = {
    row.id for row in read_register(settings().policies_dir).clauses if row.kind == "loaner"
}


def rows(section: str) -> list[Any]:
    """The section's rows in all tables, as test parameters: the policy's name and the row."""
    return [
        pytest.param(table["policy"], row, id=f"{name}:{row['case']}")
        for name, table in TABLES.items()
        for row in table.get(section, ())
    ]


def claimed(row: Row) -> Iterator[Claim]:
    """What the row claims to show."""
    for word in ("keeps", "breaks"):
        for clause in row.get(word, ()):
            yield word, clause
