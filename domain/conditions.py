"""When a promise applies: tests on facts, as a policy writes them.

when: {weight_kg: {max: 10, unknown: applies}}          all tests of a map must hold
when: [{device_fault: false}, {severity: general}]      any map of a list will do
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Self, cast

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from domain.facts import FACTS, UNKNOWN, FactType, Value, read_fact
from domain.policy_entry import PolicyEntry, mistake, nearest
from domain.refusals import Refused

Bound = Annotated[float, Field(allow_inf_nan=False)]


class FactTest(PolicyEntry):
    """What one fact must be. A fact that is unknown does not satisfy it, unless it says so.

    Bounds: `min` and `max` include their number (以上, 以下, 以内: Civil Code 1259), `above` and
    `below` do not (超过, 不满).
    """

    one_of: tuple[bool | float | str, ...] = ()
    min: Bound | None = None
    max: Bound | None = None
    above: Bound | None = None
    below: Bound | None = None
    unknown: Literal["applies"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, written: Any) -> Any:
        """`true`, `[general, urgent]` and `unknown` are short for maps."""
        if isinstance(written, Mapping):
            return written
        words: tuple[object, ...] = (
            tuple(written) if isinstance(written, list | tuple) else (written,)
        )
        known = tuple(word for word in words if word != UNKNOWN)
        return {"one_of": known} | ({"unknown": "applies"} if known != words else {})

    @property
    def has_bounds(self) -> bool:
        return any(bound is not None for bound in (self.min, self.max, self.above, self.below))

    def compiled(self) -> Callable[[Value | None], bool]:
        """The test as a function of the fact, already read."""
        unknown_passes = self.unknown is not None
        if not self.has_bounds:
            accepted = frozenset({*self.one_of, *((None,) if unknown_passes else ())})
            return accepted.__contains__
        least, most, above, below = self.min, self.max, self.above, self.below

        def within(value: Value | None) -> bool:
            if value is None:
                return unknown_passes
            number = cast("float", value)
            return (
                (least is None or number >= least)
                and (most is None or number <= most)
                and (above is None or number > above)
                and (below is None or number < below)
            )

        return within

    def of(self, name: str) -> Self:
        """The same test, its values read as that fact's. Raises the mistake if they do not fit."""
        fact = FACTS[name]
        if fact.type is FactType.DAY:
            raise mistake(f"{name} 是日期,不能作条件", at=(name,))
        if self.has_bounds and fact.type is not FactType.NUMBER:
            raise mistake(f"{name} 不是数字,不能用 min、max、above、below", at=(name,))
        ways = [self.has_bounds, bool(self.one_of)].count(True)
        if ways > 1 or not (ways or self.unknown):
            fix = "写一个值、一列值,或 min、max、above、below"
            raise mistake(f"{name} 的条件要么列值,要么给范围", fix=fix, at=(name,))
        try:
            values = tuple(read_fact(name, word) for word in self.one_of)
        except Refused as refusal:
            raise mistake(f"{name}: {refusal.message}", at=(name,)) from None
        if None in values:
            raise mistake(f"{name}: 与范围并列时写 unknown: applies", at=(name,))
        return self.model_copy(update={"one_of": values})


Tests = dict[str, FactTest]


def _read_alternatives(written: Any) -> Any:
    return (written,) if isinstance(written, Mapping) else written


def _know_every_fact(written: Any) -> Any:
    if isinstance(written, Mapping):
        for name in cast("Mapping[object, object]", written):
            if name not in FACTS:
                fix = nearest(str(name), FACTS)
                raise mistake(
                    f"没有 {name} 这个事实", fix=fix, at=(str(name),), rule="unknown_fact"
                )
    return written


def _read_values(tests: Tests) -> Tests:
    return {name: test.of(name) for name, test in tests.items()}


Condition = Annotated[
    tuple[Annotated[Tests, BeforeValidator(_know_every_fact), AfterValidator(_read_values)], ...],
    BeforeValidator(_read_alternatives),
]
"""Alternatives, any of which will do; none at all means that the promise always applies."""


def facts_in(condition: Condition) -> tuple[str, ...]:
    """The names of the facts that it asks for."""
    return tuple(dict.fromkeys(name for tests in condition for name in tests))


def compiled(condition: Condition) -> Callable[[Mapping[str, Value | None]], bool]:
    """The condition as a function of the facts, already read: a policy is judged by many times."""
    alternatives = tuple(
        tuple((name, test.compiled()) for name, test in tests.items()) for tests in condition
    )

    def applies(facts: Mapping[str, Value | None]) -> bool:
        for tests in alternatives:
            for name, accepts in tests:
                if not accepts(facts.get(name)):
                    break
            else:
                return True
        return not alternatives

    return applies


def holds(condition: Condition, facts: Mapping[str, object]) -> bool:
    """Whether the facts, as written, satisfy the condition. Refused for a fact of a wrong type."""
    known = {name: read_fact(name, facts.get(name)) for name in facts_in(condition)}
    return compiled(condition)(known)
