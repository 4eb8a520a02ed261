"""A value in two clauses, or in none: promises that differ in the test of one fact alone."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any

from domain.conditions import FactTest
from domain.facts import FACTS, FactType, Value
from domain.lint.conditions import said, values_of
from domain.lint.ends import started
from domain.lint.finding import Fault, Place
from domain.lint.moments import has_number, limit
from domain.lint.naming import clauses_of, named, names
from domain.lint.reading import PromiseView, Reading
from domain.policy_phrases import listed

_Family = list[tuple[PromiseView, FactTest]]


def value_in_two(reading: Reading) -> Iterator[Fault]:
    """以下 and 以上 both include the number, so at 10 kg two clauses stand (D5-A3.4, A3.5)."""
    for fact, family in families(reading):
        values, passed = _passed(fact, [test for _, test in family])
        for number, (other, _) in enumerate(family):
            # One finding for each promise with all before it, or there would be one for each pair.
            against = [
                (one, both)
                for (one, _), before in zip(family[:number], passed, strict=False)
                if limit(one) != limit(other) and (both := before & passed[number])
            ]
            if against:
                yield _value_in_two(fact, values, other, against)


def _value_in_two(
    fact: str,
    values: Sequence[Value | None],
    other: PromiseView,
    against: Sequence[tuple[PromiseView, int]],
) -> Fault:
    """Of many the values are those that it shares with the first."""
    first, shared = against[0]
    both = [value for place, value in enumerate(values) if shared >> place & 1]
    rest = [one for one, _ in against[1:]]
    return Fault(
        rule="value_in_two",
        clauses=clauses_of((first, *rest, other)),
        place=other.place,
        message=f"{_stretch(fact, both)} 时两条同时成立:"
        f"{named(first)}({limit(first)})与 {named(other)}({limit(other)})"
        + (f";它与 {names(rest)} 也有相同的值" if rest else ""),
        fix="边界值只归一条:以上、以下都含本数,写 min/max 的一边改成 above/below"
        if FACTS[fact].type is FactType.NUMBER
        else "同一个值只归一条:从其中一条的 when 里删去它",
        entries=frozenset(one.place for one in (first, *rest, other)),
    )


def _passed(fact: str, tests: Sequence[FactTest]) -> tuple[list[Value | None], list[int]]:
    """The values that tell these tests apart; by test, the bits of those that pass it."""
    values = values_of(fact, tests)
    compiled = [test.compiled() for test in tests]
    return values, [
        sum(1 << place for place, value in enumerate(values) if passes(value))
        for passes in compiled
    ]


def value_in_none(reading: Reading) -> Iterator[Fault]:
    """A hole between the ranges, or a choice that no clause names."""
    for fact, family in families(reading):
        tests = [test for _, test in family]
        every, passed = _passed(fact, tests)
        covered_by = reduce(or_, passed)
        values = [value for value in every if value is not None]
        kept = [bool(covered_by >> n & 1) for n, value in enumerate(every) if value is not None]
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


def in_one_family(reading: Reading) -> Mapping[Place, frozenset[int]]:
    """By place, the numbers of the families it is in: a rule on ranges judges those of one."""
    found: dict[Place, set[int]] = defaultdict(set)
    for number, (_, family) in enumerate(families(reading)):
        for one, _ in family:
            found[one.place].add(number)
    return {place: frozenset(numbers) for place, numbers in found.items()}


def _stretch(fact: str, values: list[Value | None]) -> str:
    """The values for a message: `净重(公斤)为 10`, `净重(公斤)在 10 与 20 之间`."""
    numbers = [one for one in values if isinstance(one, float)]
    if len(numbers) > 1 and FACTS[fact].type is FactType.NUMBER:
        return f"{FACTS[fact].says}在 {numbers[0]:g} 与 {numbers[-1]:g} 之间"
    return listed((said(fact, value) for value in values), between="或", each="个")
