"""The SQL of the code, one statement a file in `storage/sql/`, known by the file's name."""

import functools
from importlib.resources import files


def names() -> tuple[str, ...]:
    """Every statement's name, sorted: what the test prepares against the migrated database."""
    found = (entry.name for entry in (files("storage") / "sql").iterdir())
    return tuple(sorted(name.removesuffix(".sql") for name in found if name.endswith(".sql")))


@functools.cache
def statement(name: str) -> str:
    """The text of one statement; read once. Raises FileNotFoundError for an unknown name."""
    return (files("storage") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
