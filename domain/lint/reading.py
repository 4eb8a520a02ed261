"""A policy as the rules look at it: as promised, and as the documents themselves say it.

In the second view each entry's `as_written` is laid over the entry, key by key. A key that the
document leaves out is empty there; a word where a number belongs ("promptly") is kept as a word.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Annotated, Any

from pydantic import JsonValue, TypeAdapter, ValidationError

from domain.calendars import Calendar
from domain.conditions import Condition
from domain.facts import FACTS
from domain.lint.finding import Place
from domain.policy import Policy
from domain.policy_entry import PolicyEntry
from domain.promise import AsWritten, Promise, Start
from domain.provision import Provision
from domain.terms import Coverage, CoverageKind, FeeRule
from domain.time_limits import ClockTarget, Duration
from domain.vocabulary import Milestone, PartClass, PurchaseDate

_WORD = re.compile(r"[a-z]+(_[a-z]+)*")
_CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)
_LENGTHS = {"within": "by", "by": "within"}  # either says when a promise is due


class View(StrEnum):
    PROMISED = "promised"
    WRITTEN = "written"


@dataclass(slots=True)
class Overlaid:
    """The values of an entry in a view, and what its document says otherwise.

    `words` are words where a number or a choice belongs, `absent` the keys that the document leaves
    out, `unread` those whose written value is none that the key can have.
    """

    values: dict[str, Any]
    words: dict[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    unread: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PromiseView:
    """A promise, or a laxer number of one, in a view. `starts` is empty where nothing is written.

    `within` and `by` are both empty where the document has no number.
    """

    place: Place
    id: str
    promise: Promise
    clauses: tuple[str, ...]
    when: Condition
    starts: frozenset[Milestone]
    last: bool
    ends: frozenset[Milestone]
    within: Duration | None
    by: tuple[ClockTarget, ...]
    calendar: str
    of_laxer: bool = False


@dataclass(frozen=True, slots=True)
class CoverageView:
    """A warranty coverage in a view; `months` and `starts` as in the coverage, or empty."""

    place: Place
    clauses: tuple[str, ...]
    kind: CoverageKind
    months: int | None
    starts: tuple[PurchaseDate, ...]
    part_classes: frozenset[PartClass]


@dataclass(frozen=True, slots=True)
class ProvisionView:
    """A provision in a view, as far as steps, duties and hours go."""

    place: Place
    clauses: tuple[str, ...]
    when: Condition
    steps: frozenset[Milestone]
    needs: frozenset[Milestone]
    calendar: str | None


@dataclass(frozen=True, slots=True)
class Reading:
    """A policy in one view."""

    policy: Policy
    view: View
    promises: tuple[PromiseView, ...]
    coverages: tuple[CoverageView, ...]
    provisions: tuple[ProvisionView, ...]

    def calendar(self, name: str) -> Calendar:
        """The calendar of that name; one that only a document names counts as round the clock."""
        return self.policy.calendar(name if name in self.policy.calendars else "always")


def read(policy: Policy, view: View) -> Reading:
    """The policy in that view."""
    return Reading(
        policy=policy,
        view=view,
        promises=tuple(_promises(policy, view)),
        coverages=tuple(
            _coverage(coverage, place, view) for place, coverage in coverages_of(policy)
        ),
        provisions=tuple(
            _provision(one, ("provisions", index), view)
            for index, one in enumerate(policy.provisions)
        ),
    )


def coverages_of(policy: Policy) -> Iterator[tuple[Place, Coverage]]:
    """The coverages that the policy itself promises, each with its place."""
    if policy.warranty is not None:
        for index, coverage in enumerate(policy.warranty.coverages):
            yield ("warranty", "coverages", index), coverage


Entry = Promise | Coverage | FeeRule | Provision


def entries_of(policy: Policy) -> Iterator[tuple[Place, Entry]]:
    """All the entries that may say `as_written`, each with its place."""
    for name in ("promises", "fees", "provisions"):
        for index, entry in enumerate(getattr(policy, name)):
            yield (name, index), entry
    yield from coverages_of(policy)
    if policy.default_warranty is not None:
        for index, coverage in enumerate(policy.default_warranty.coverages):
            yield ("default_warranty", "coverages", index), coverage


def overlaid(entry: PolicyEntry, written: AsWritten) -> Overlaid:
    """The entry with what its document says laid over it."""
    fields = type(entry).model_fields
    made = Overlaid({name: getattr(entry, name) for name in fields})
    absent: set[str] = set()
    for key, said in written.items():
        if key not in fields:
            made.values["when"] = _with_test(made, key, said)
            continue
        if other := _LENGTHS.get(key):
            made.values[other] = None
        made.values[key] = None
        if said is None or said in ([], {}):
            absent.add(key)
            continue
        try:
            made.values[key] = _key(type(entry), key).validate_python(said)
        except ValidationError:
            if isinstance(said, str) and _WORD.fullmatch(said):
                made.words[key] = said
            else:
                made.unread[key] = said
    made.absent = frozenset(absent)
    return made


def _with_test(made: Overlaid, fact: str, said: JsonValue) -> Condition:
    """The condition with that fact's test replaced in each of its alternatives."""
    when: Condition = made.values.get("when") or ()
    if said is None:
        return tuple({name: test for name, test in one.items() if name != fact} for one in when)
    try:
        (tests,) = _CONDITION.validate_python({fact: said})
    except ValidationError:
        made.unread[fact] = said
        return when
    return tuple({**one, **tests} for one in when or ({},))


@cache
def _key(model: type[PolicyEntry], key: str) -> TypeAdapter[Any]:
    """What reads the value of one key of an entry."""
    field_info = model.model_fields[key]
    annotated: Any = field_info.annotation
    for one in field_info.metadata:
        annotated = Annotated[annotated, one]
    return TypeAdapter(annotated)


def _laid(entry: Any, view: View) -> Mapping[str, Any]:
    return overlaid(entry, entry.as_written if view is View.WRITTEN else {}).values


def _promises(policy: Policy, view: View) -> Iterator[PromiseView]:
    for index, promise in enumerate(policy.promises):
        values = _laid(promise, view)
        start: Start | None = values["starts"]
        seen = PromiseView(
            place=("promises", index),
            id=promise.id,
            promise=promise,
            clauses=promise.clauses,
            when=values["when"] or (),
            starts=frozenset(start.milestones if start else ()),
            last=start.last if start else False,
            ends=frozenset(values["met_by"] or ()),
            within=values["within"],
            by=values["by"] or (),
            calendar=values["calendar"] or "always",
        )
        yield seen
        # What the company promises is the stricter number; the documents give the laxer one too.
        if view is View.WRITTEN:
            yield from _laxer(seen)


def _laxer(seen: PromiseView) -> Iterator[PromiseView]:
    for index, laxer in enumerate(seen.promise.laxer):
        yield PromiseView(
            place=(*seen.place, "laxer", index),
            id=seen.id,
            promise=seen.promise,
            clauses=laxer.clauses,
            when=seen.when,
            starts=seen.starts,
            last=seen.last,
            ends=seen.ends,
            within=laxer.within,
            by=(),
            calendar=seen.calendar,
            of_laxer=True,
        )


def _coverage(coverage: Coverage, place: Place, view: View) -> CoverageView:
    values = _laid(coverage, view)
    return CoverageView(
        place=place,
        clauses=coverage.clauses,
        kind=values["kind"] or coverage.kind,
        months=values["months"],
        starts=values["starts"] or (),
        part_classes=frozenset(values["part_classes"] or ()),
    )


def _provision(provision: Provision, place: Place, view: View) -> ProvisionView:
    values = _laid(provision, view)
    return ProvisionView(
        place=place,
        clauses=provision.clauses,
        when=values["when"] or (),
        steps=frozenset(values["steps"] or ()),
        needs=frozenset(values["needs"] or ()),
        calendar=values["calendar"],
    )


def fact_or_key(name: str) -> str:
    """A key of `as_written` as a person reads it."""
    return f"{name}({FACTS[name].says})" if name in FACTS else name
