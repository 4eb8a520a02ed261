"""Which entry of which policy keeps a clause, where it is written, and which modules do it."""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.mechanisms import MECHANISMS
from domain.vocabulary import Keeper, Milestone
from runtime import marked_yaml
from runtime.marked_yaml import Marked, Place

ROOT = Path(__file__).parents[2]
_ENGINE = ("domain.promises", "domain.escalation")
_WARRANTY = ("domain.warranty",)
_FEES = ("domain.fees",)
_REMEDIES = ("domain.remedies", "domain.steps.remedies")
_LOANER = ("domain.steps.loaners", "domain.lending.reservation")
_OURS = frozenset({Keeper.TICKET, Keeper.LOANER})
"""Whoever keeps the rest is a procedure of its own; the ticket's steps set none of its ends."""
_ASKING = frozenset({"first", "last", "get"})
_HANDS_OVER = "domain.steps.merging"
"""Passes on what another ticket has reached: it names many milestones, and brings about none."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a policy file that cites clauses, or sets them aside (`why`).

    `modules` do what it says; without any, people keep it, or a procedure that is still to come.
    """

    policy: str
    name: str
    kind: str
    line: int
    clauses: tuple[str, ...]
    modules: tuple[str, ...] = ()
    why: str = ""


def entries(policies: Path) -> tuple[Entry, ...]:
    """Every citing entry of every policy file of that folder, each in its own file only."""
    steps = milestone_steps()
    return tuple(
        entry
        for path in sorted(policies.glob("*.yaml"))
        for entry in _entries_of(marked_yaml.read(path), steps)
    )


def _entries_of(marked: Marked, steps: Mapping[str, tuple[str, ...]]) -> Iterator[Entry]:
    policy, content = marked.path.stem, marked.content

    def entry(name: str, kind: str, place: Place, one: Mapping[str, Any], *does: str) -> Entry:
        cited = tuple(one.get("clauses", ()))
        return Entry(policy, name, kind, marked.line(place), cited, does, one.get("why", ""))

    for index, one in enumerate(content.get("promises", ())):
        place: Place = ("promises", index)
        does = promise_modules(one, steps)
        yield entry(one["id"], "promise", place, one, *does)
        for level, laxer in enumerate(one.get("laxer", ())):
            name = f"{one['id']}, level {laxer['level']}"
            yield entry(name, "promise", (*place, "laxer", level), laxer, *does)
    for part in ("warranty", "default_warranty"):
        terms = content.get(part) or {}
        for index, one in enumerate(terms.get("coverages", ())):
            yield entry(_term(one), part, (part, "coverages", index), one, *_WARRANTY)
        for index, one in enumerate(terms.get("paid_causes", ())):
            name = f"paid cause {one['cause']}"
            yield entry(name, part, (part, "paid_causes", index), one, *_WARRANTY)
    for index, one in enumerate(content.get("fees", ())):
        yield entry(one["id"], "fee rule", ("fees", index), one, *_FEES)
    if content.get("three_guarantees"):
        one = content["three_guarantees"]
        yield entry("three_guarantees", "三包", ("three_guarantees",), one, *_REMEDIES)
    for index, one in enumerate(content.get("provisions", ())):
        does = MECHANISMS[one["by"]].modules if "by" in one else ()
        yield entry(one["id"], one["kind"], ("provisions", index), one, *does)
    for index, one in enumerate(content.get("set_aside", ())):
        yield entry("set_aside", "set aside", ("set_aside", index), one)


def _term(coverage: Mapping[str, Any]) -> str:
    parts = " ".join(coverage.get("part_classes", ()))
    months = f" {coverage['months']} months" if "months" in coverage else ""
    return f"{coverage['kind']}{months}{' ' if parts else ''}{parts}"


def promise_modules(
    promise: Mapping[str, Any], steps: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """The engine, the steps that set what keeps it, and the loaner where it is the remedy."""
    keeper = Keeper(promise.get("kept_by", Keeper.TICKET))
    met_by = promise["met_by"]
    words: Sequence[str] = [met_by] if isinstance(met_by, str) else met_by
    found = [*_ENGINE]
    if keeper in _OURS:
        found += [module for word in words for module in steps.get(word, ())]
    if "remedy" in promise:
        found += _LOANER
    return tuple(dict.fromkeys(found))


def milestone_steps() -> dict[str, tuple[str, ...]]:
    """By milestone, the modules of the procedure that set it, found in their source.

    A name inside a question (`ticket.first(Milestone.X)`) or a comparison sets nothing.
    """
    found: dict[str, list[str]] = {}
    for folder in ("domain/steps", "domain/lending"):
        for path in sorted((ROOT / folder).glob("*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            if module == _HANDS_OVER:
                continue
            for name in _set_in(ast.parse(path.read_text(encoding="utf-8"))):
                if module not in found.setdefault(name, []):
                    found[name].append(module)
    return {name: tuple(modules) for name, modules in found.items()}


def _set_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        for one in _offered(node):
            yield from _milestones_of(one)


def _offered(node: ast.AST) -> Iterable[ast.AST | None]:
    """What stands where a milestone is brought about, not asked for."""
    match node:
        case ast.Dict(keys=keys):
            return keys
        case ast.Subscript(slice=index, ctx=ast.Store()):
            return (index,)
        case ast.Call(func=ast.Attribute(attr=name)) if name in _ASKING:
            return ()
        case ast.Call(args=arguments):
            return arguments
        case ast.Assign(value=ast.Tuple(elts=words)):
            return words
        case ast.IfExp(body=one, orelse=other):
            return (one, other)
        case _:
            return ()


def _milestones_of(node: ast.AST | None) -> Iterator[str]:
    """The milestone that a node is, where it is one."""
    if (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Milestone"
        and node.attr in Milestone.__members__
    ):
        yield Milestone[node.attr].value
