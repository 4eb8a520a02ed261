"""Which entry of which policy keeps a clause, where it is written, and which modules do it."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from domain.lint import Place
from domain.lint.clauses import Citing, citing
from domain.mechanisms import MECHANISMS
from domain.policy import Policy
from domain.promise import Laxer, Promise
from domain.provision import Provision, SetAside
from domain.terms import Coverage, FeeRule, PaidCause, ThreeGuarantees
from domain.vocabulary import Keeper, Milestone
from runtime.policy_files import PolicyShelf

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
    steps, shelf = milestone_steps(), PolicyShelf(policies)
    return tuple(
        entry
        for name in shelf.names()
        for entry in sorted(_entries_of(shelf, name, steps), key=lambda one: one.line)
    )


def _entries_of(
    shelf: PolicyShelf, name: str, steps: Mapping[str, tuple[str, ...]]
) -> Iterator[Entry]:
    path = shelf.path(name)
    sourced = shelf.sourced(path)
    for place, one in citing(sourced.policy):
        file, line = sourced.where(place)
        if file == path and one.clauses:  # what it takes over stands in the other file
            said, kind, modules = _told(sourced.policy, place, one, steps)
            why = one.why if isinstance(one, SetAside) else ""
            yield Entry(name, said, kind, line, one.clauses, modules, why)


def _told(
    policy: Policy, place: Place, entry: Citing, steps: Mapping[str, tuple[str, ...]]
) -> tuple[str, str, tuple[str, ...]]:
    """The name of the entry, its kind, and the modules that do what it says."""
    match entry:
        case Promise():
            return entry.id, "promise", promise_modules(entry, steps)
        case Laxer():
            promise = policy.promises[int(place[1])]
            name = f"{promise.id}, level {entry.level}"
            return name, "promise", promise_modules(promise, steps)
        case Coverage():
            return _term(entry), str(place[0]), _WARRANTY
        case PaidCause():
            return f"paid cause {entry.cause}", str(place[0]), _WARRANTY
        case ThreeGuarantees():
            return "three_guarantees", "三包", _REMEDIES
        case FeeRule():
            return entry.id, "fee rule", _FEES
        case Provision():
            modules = MECHANISMS[entry.by].modules if entry.by else ()
            return entry.id, entry.kind.value, modules
        case SetAside():
            return "set_aside", "set aside", ()


def _term(coverage: Coverage) -> str:
    parts = " ".join(coverage.part_classes)
    months = f" {coverage.months} months" if coverage.months else ""
    return f"{coverage.kind}{months}{' ' if parts else ''}{parts}"


def promise_modules(promise: Promise, steps: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The engine, the steps that set what keeps it, and the loaner where it is the remedy."""
    found = [*_ENGINE]
    if promise.kept_by in _OURS:
        found += [module for word in promise.met_by for module in steps.get(word, ())]
    if promise.remedy is not None:
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
