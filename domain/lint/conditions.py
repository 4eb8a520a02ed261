"""What two conditions have in common, worked out on representative values of each fact.

An alternative of a condition is a conjunction of tests, each on one fact, so facts can be looked at
one by one: two alternatives hold together when every fact has a value that satisfies both.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise, product

from domain.conditions import Condition, FactTest
from domain.facts import FACTS, FactType, Value

Tests = Mapping[str, FactTest]
Case = dict[str, Value | None]
"""A value for each fact that matters; None is unknown."""

_OTHER = "(其他)"  # a text that no test names


def accepts(test: FactTest, value: Value | None) -> bool:
    """Whether that value of its fact passes the test."""
    return test.compiled()(value)


def values_of(fact: str, tests: Iterable[FactTest]) -> list[Value | None]:
    """One value for each stretch of the fact that these tests could tell apart; unknown is last."""
    known = FACTS[fact]
    named = tuple(tests)
    match known.type:
        case FactType.FLAG:
            return [True, False, None]
        case FactType.CHOICE:
            return [*known.choices, None]
        case FactType.NUMBER:
            return [*_numbers(named), None]
        case _:
            return [*dict.fromkeys(str(word) for one in named for word in one.one_of), _OTHER, None]


def _numbers(tests: Iterable[FactTest]) -> list[float]:
    bounds = sorted(
        {
            float(bound)
            for test in tests
            for bound in (test.min, test.max, test.above, test.below, *test.one_of)
            if bound is not None
        }
    )
    if not bounds:
        return [0.0]
    between = [one for low, high in pairwise(bounds) for one in (low, (low + high) / 2)]
    return [bounds[0] - 1, *between, bounds[-1], bounds[-1] + 1]


def together(*conditions: Condition) -> Case | None:
    """A case in which all of them hold, or None when they exclude each other."""
    return next(_together(conditions), None)


def _together(conditions: tuple[Condition, ...]) -> Iterator[Case]:
    for alternatives in product(*(condition or ({},) for condition in conditions)):
        case = _case(alternatives)
        if case is not None:
            yield case


def _case(alternatives: tuple[Tests, ...]) -> Case | None:
    case: Case = {}
    for fact in sorted({name for one in alternatives for name in one}):
        tests = [one[fact] for one in alternatives if fact in one]
        fitting = [
            value for value in values_of(fact, tests) if all(accepts(test, value) for test in tests)
        ]
        if not fitting:
            return None
        case[fact] = fitting[0]
    return case


def implies(narrow: Tests, wide: Tests) -> bool:
    """Whether every case of the first alternative is one of the second."""
    for fact, test in wide.items():
        own = narrow.get(fact)
        values = values_of(fact, [test] if own is None else [test, own])
        if any(not accepts(test, value) for value in values if own is None or accepts(own, value)):
            return False
    return True


def said(fact: str, value: Value | None) -> str:
    """A fact with a value, for a message."""
    words = FACTS[fact].says
    if value is None:
        return f"{words}未知"
    if isinstance(value, bool):
        return words if value else f"非{words}"
    return f"{words}为 {value:g}" if isinstance(value, float) else f"{words}为 {value}"


def case_said(case: Case) -> str:
    """A case for a message: empty when nothing matters."""
    return "、".join(said(fact, value) for fact, value in case.items())
