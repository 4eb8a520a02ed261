"""Which of many conditions can hold together, asked pair by pair and worked out once each.

A rule that compares all promises of a large policy with one another asks this a million times.
"""

from collections.abc import Iterable
from itertools import product
from math import inf

from domain.conditions import Condition, FactTest
from domain.facts import Value
from domain.lint.conditions import Tests

_Bound = tuple[float, int]
"""A number, and whether it is just above (1), at (0) or just below it (-1)."""


class _Shape:
    """What passes a test: listed values, or all from `low` to `high`; perhaps the unknown too."""

    __slots__ = ("high", "low", "unknown", "values")

    def __init__(self, test: FactTest) -> None:
        self.unknown = test.unknown is not None
        self.values: frozenset[Value] | None = None if test.has_bounds else frozenset(test.one_of)
        lows = [(test.min, 0), (test.above, 1)]
        highs = [(test.max, 0), (test.below, -1)]
        self.low: _Bound = max(((n, side) for n, side in lows if n is not None), default=(-inf, 0))
        self.high: _Bound = min(((n, side) for n, side in highs if n is not None), default=(inf, 0))


_Shapes = dict[str, _Shape]


def _meet(shapes: tuple[_Shape, ...]) -> bool:
    """Whether some value, or the unknown, passes all of them."""
    if all(shape.unknown for shape in shapes):
        return True
    if len(shapes) == 2:  # by far the most
        one, other = (shape.values for shape in shapes)
        if one is not None and other is not None:
            return not one.isdisjoint(other)
    low, high = max(shape.low for shape in shapes), min(shape.high for shape in shapes)
    listed = [shape.values for shape in shapes if shape.values is not None]
    if not listed:
        return low <= high
    return any(
        not isinstance(value, float) or low <= (value, 0) <= high
        for value in frozenset.intersection(*listed)
    )


class Overlaps:
    """Answers for one rule and one view of a policy."""

    def __init__(self) -> None:
        self._numbers: dict[object, int] = {}
        self._by_identity: dict[int, int] = {}
        self._asked: list[Condition] = []  # keeps them alive, so that no identity comes again
        self._shapes: list[tuple[_Shapes, ...]] = []
        self._known: dict[tuple[int, int, int], bool] = {}

    def number(self, condition: Condition) -> int:
        """The same number for the same condition."""
        found = self._by_identity.get(id(condition))
        if found is None:
            key = tuple(frozenset(tests.items()) for tests in condition)
            found = self._numbers.setdefault(key, len(self._numbers))
            self._by_identity[id(condition)] = found
            self._asked.append(condition)
            if found == len(self._shapes):
                self._shapes.append(tuple(_possible(condition or ({},))))
        return found

    def together(self, one: Condition, other: Condition, both: Condition = ()) -> bool:
        """Whether all of them can hold in one case."""
        key = (self.number(one), self.number(other), self.number(both))
        found = self._known.get(key)
        if found is None:
            shapes = [self._shapes[number] for number in key[: 3 if both else 2]]
            found = self._known[key] = any(map(_fit, product(*shapes)))
        return found


def _possible(alternatives: Iterable[Tests]) -> Iterable[_Shapes]:
    for tests in alternatives:
        shapes = {fact: _Shape(test) for fact, test in tests.items()}
        if all(_meet((shape,)) for shape in shapes.values()):
            yield shapes


def _fit(alternatives: tuple[_Shapes, ...]) -> bool:
    """Whether every fact that several of them test has a value for all: facts stand alone."""
    for place, one in enumerate(alternatives[:-1]):
        for fact, shape in one.items():
            shapes = (shape, *(other[fact] for other in alternatives[place + 1 :] if fact in other))
            if len(shapes) > 1 and not _meet(shapes):
                return False
    return True
