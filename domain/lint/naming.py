"""How entries and their clauses are named in a message."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from domain.clause_ids import clause_order
from domain.lint.finding import Place
from domain.policy_phrases import listed


class Cited(Protocol):
    """Anything with clauses and a place."""

    @property
    def clauses(self) -> tuple[str, ...]: ...

    @property
    def place(self) -> Place: ...


def clauses_of(entries: Iterable[Cited]) -> tuple[str, ...]:
    """All their clauses, in order, once each."""
    return tuple(sorted({one for entry in entries for one in entry.clauses}, key=clause_order))


def named(entry: Cited) -> str:
    """An entry by its clauses; of many, the first few."""
    return listed(entry.clauses)


def names(entries: Sequence[Cited]) -> str:
    """Several entries by their clauses; of many, the first few."""
    return listed(clause for one in entries for clause in one.clauses)
