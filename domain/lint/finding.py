"""A finding of the lint: what does not fit in a policy, where, and how to mend it."""

from dataclasses import dataclass
from enum import StrEnum

Place = tuple[str | int, ...]
"""The keys and indexes that lead to a piece of a policy: `("promises", 3, "within")`."""


class Severity(StrEnum):
    """Error: left open. Warning: the document contradicts itself, and a reading resolves it.

    Note: worth knowing, and nobody has to do anything.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Fault:
    """What a rule found in one view of a policy.

    `clauses` are all that are involved, `place` is the entry where it is told, and `entries` are
    the places of all the entries that take part: by them the same fault is known in both views.
    `severity` is None where the view decides it: an error as promised, a warning as written.
    """

    rule: str
    clauses: tuple[str, ...]
    place: Place
    message: str
    fix: str
    entries: frozenset[Place] = frozenset()
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault with its severity; `place` leads to it in the merged policy."""

    severity: Severity
    rule: str
    clauses: tuple[str, ...]
    place: Place
    message: str
    fix: str
