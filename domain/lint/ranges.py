"""A value in two clauses, or in none: promises that differ in the test of one fact alone."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from domain.conditions import FactTest
from domain.facts import FACTS, FactType, Value
from domain.lint.conditions import accepts, said, values_of
from domain.lint.ends import started
from domain.lint.finding import Fault
from domain.lint.moments import has_number, limit
from domain.lint.naming import clauses_of, named, names
from domain.lint.reading import PromiseView, Reading

_Family = list[tuple[PromiseView, FactTest]]


def value_in_two(reading: Reading) -> Iterator[Fault]:
    """以下 and 以上 both include the number, so at 10 kg two clauses stand (D5-A3.4, A3.5)."""
    for fact, family in families(reading):
        for (one, test), (other, other_test) in combinations(family, 2):
            if limit(one) == limit(other):
                continue
            values = values_of(fact, [test, other_test])
            both = [
                value for value in values if accepts(test, value) and accepts(other_test, value)
            ]
            if both:
                yield Fault(
                    rule="value_in_two",
                    clauses=clauses_of((one, other)),
                    place=other.place,
                    message=f"{_stretch(fact, both)} 时两条同时成立:{named(one)}({limit(one)})"
                    f"与 {named(other)}({limit(other)})",
                    fix="边界值只归一条:以上、以下都含本数,写 min/max 的一边改成 above/below"
                    if FACTS[fact].type is FactType.NUMBER
                    else "同一个值只归一条:从其中一条的 when 里删去它",
                    entries=frozenset({one.place, other.place}),
                )


def value_in_none(reading: Reading) -> Iterator[Fault]:
    """A hole between the ranges, or a choice that no clause names."""
    for fact, family in families(reading):
        tests = [test for _, test in family]
        values = [value for value in values_of(fact, tests) if value is not None]
        kept = [any(accepts(test, value) for test in tests) for value in values]
        if FACTS[fact].type is FactType.NUMBER:
            # Below the first and above the last range is where the document says nothing at all.
            inside = [place for place, covered in enumerate(kept) if covered]
            holes = [
                value
                for place, value in enumerate(values)
                if inside and inside[0] < place < inside[-1] and not kept[place]
            ]
        elif FACTS[fact].type is FactType.TEXT:
            continue
        else:
            holes = [value for value, covered in zip(values, kept, strict=True) if not covered]
        if holes:
            promises = [one for one, _ in family]
            yield Fault(
                rule="value_in_none",
                clauses=clauses_of(promises),
                place=promises[0].place,
                message=f"{names(promises)} 按{FACTS[fact].says}分情形,"
                f"{_stretch(fact, list(holes))} 时一条也不成立",
                fix="写明漏掉的值归哪一条",
                entries=frozenset(one.place for one in promises),
            )


def families(reading: Reading) -> Iterator[tuple[str, _Family]]:
    """Promises of one start and end whose conditions are the same but for the test of one fact."""
    found: dict[tuple[Any, ...], _Family] = defaultdict(list)
    for one in reading.promises:
        if one.of_laxer or len(one.when) != 1 or not has_number(one):
            continue
        (tests,) = one.when
        for fact, test in tests.items():
            rest = frozenset((name, other) for name, other in tests.items() if name != fact)
            found[fact, rest, *same_thing(one)].append((one, test))
    for key, family in found.items():
        if len({one.place for one, _ in family}) > 1:
            yield str(key[0]), family


def same_thing(view: PromiseView) -> tuple[Any, ...]:
    """What two promises have in common that promise the same thing."""
    counted = started(view)
    promise = view.promise
    return (counted.starts, counted.last, counted.ends, promise.kept_by, promise.objective)


def in_one_family(reading: Reading) -> set[frozenset[Any]]:
    """The pairs of places that a rule on ranges has already judged."""
    return {
        frozenset({one.place, other.place})
        for _, family in families(reading)
        for (one, _), (other, _) in combinations(family, 2)
    }


def _stretch(fact: str, values: list[Value | None]) -> str:
    """The values for a message: `净重(公斤)为 10`, `净重(公斤)在 10 与 20 之间`."""
    numbers = [one for one in values if isinstance(one, float)]
    if len(numbers) > 1 and FACTS[fact].type is FactType.NUMBER:
        return f"{FACTS[fact].says}在 {numbers[0]:g} 与 {numbers[-1]:g} 之间"
    return "或".join(said(fact, value) for value in values)
