"""What changed between two policies, entry by entry, with the clauses that are concerned."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from pydantic import JsonValue

from domain.clause_ids import clause_order
from domain.policy import Policy
from domain.records import Record

_BY_ID = ("promises", "fees", "provisions")
_BY_CLAUSES = ("set_aside",)
_BY_NAME = ("calendars", "ladders", "procedure")
_COVERAGES = ("warranty", "default_warranty")
_IDENTITY = frozenset({"name"})


class ChangeKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class KeyChange(Record):
    """A key of an entry, with what it said and what it says; None where it said nothing."""

    key: str
    old: JsonValue = None
    new: JsonValue = None


class Change(Record):
    """An entry that is new, gone or different. `what` is its kind: promises, coverages, calendars…

    `clauses` are those of both sides; none for what belongs to no clause.
    """

    change: ChangeKind
    what: str
    id: str
    clauses: tuple[str, ...]
    keys: tuple[KeyChange, ...] = ()


Entries = dict[tuple[str, str], Mapping[str, Any]]


def differences(old: Policy, new: Policy) -> tuple[Change, ...]:
    """What changed from one to the other, in the order of the clauses; what has none comes last."""
    found = _changes(_entries(old), _entries(new))
    return tuple(
        sorted(found, key=lambda one: (not one.clauses, list(map(clause_order, one.clauses))))
    )


def _changes(before: Entries, after: Entries) -> Iterator[Change]:
    for (what, name), entry in after.items():
        was = before.get((what, name))
        keys = tuple(_keys(was or {}, entry))
        if was is None:
            yield _change(ChangeKind.ADDED, what, name, {}, entry, keys)
        elif keys:
            yield _change(ChangeKind.CHANGED, what, name, was, entry, keys)
    for (what, name), entry in before.items():
        if (what, name) not in after:
            yield _change(ChangeKind.REMOVED, what, name, entry, {}, tuple(_keys(entry, {})))


def _change(
    kind: ChangeKind,
    what: str,
    id: str,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    keys: tuple[KeyChange, ...],
) -> Change:
    clauses = (*new.get("clauses", ()), *old.get("clauses", ()))
    return Change(change=kind, what=what, id=id, clauses=tuple(dict.fromkeys(clauses)), keys=keys)


def _keys(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[KeyChange]:
    for key in dict.fromkeys((*new, *old)):
        if key != "id" and old.get(key) != new.get(key):
            yield KeyChange(key=key, old=old.get(key), new=new.get(key))


def _entries(policy: Policy) -> Entries:
    """Every entry of the policy by what it is and its name; the keys that stand alone as one."""
    content = policy.model_dump(mode="json")
    found: Entries = {}
    for what in _BY_ID:
        for entry in content.pop(what, ()):
            found[what, entry["id"]] = entry
    for what in _BY_CLAUSES:
        for entry in content.pop(what, ()):
            found[what, " ".join(entry["clauses"])] = entry
    for what in _BY_NAME:
        for name, entry in content.pop(what, {}).items():
            found[what, name] = entry if isinstance(entry, Mapping) else {"": entry}
    for what in _COVERAGES:
        terms = content.pop(what, None) or {}
        _take_coverages(found, what, terms)
    if three := content.pop("three_guarantees", None):
        found["three_guarantees", ""] = three
    for key, value in content.items():
        if key not in _IDENTITY:
            found["policy", key] = {"": value}
    return found


def _take_coverages(found: Entries, what: str, terms: dict[str, Any]) -> None:
    for coverage in terms.pop("coverages", ()):
        parts = " ".join(coverage.get("part_classes", ()))
        name = f"{coverage['kind']} {parts}".strip()
        while (what, name) in found:
            name += "+"  # a second one of the same kind keeps a place of its own
        found[what, name] = coverage
    for paid in terms.pop("paid_causes", ()):
        found[f"{what}.paid_causes", paid["cause"]] = paid
    for key, value in terms.items():
        found[what, key] = {"": value}
