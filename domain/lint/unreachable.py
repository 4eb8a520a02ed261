"""Conditions that can never hold, and alternatives that change nothing."""

from collections.abc import Iterator

from domain.conditions import Condition
from domain.lint.conditions import implies, together
from domain.lint.finding import Fault, Place, Severity
from domain.lint.reading import Reading, View
from domain.policy import Policy
from domain.policy_phrases import listed


def _conditions(policy: Policy) -> Iterator[tuple[Place, tuple[str, ...], Condition]]:
    for name in ("promises", "fees", "provisions"):
        for index, entry in enumerate(getattr(policy, name)):
            yield (name, index), entry.clauses, entry.when


def unreachable_condition(reading: Reading) -> Iterator[Fault]:
    """A range whose lower bound is above its upper one, and the like; an entry that needs it."""
    if reading.view is View.WRITTEN:
        return
    for place, clauses, when in _conditions(reading.policy):
        for number, tests in enumerate(when):
            if together((tests,)) is not None:
                continue
            empty = [name for name, test in tests.items() if together(({name: test},)) is None]
            alone = "" if len(when) == 1 else f"的第 {number + 1} 种情形"
            yield Fault(
                rule="unreachable_condition",
                clauses=clauses,
                place=(*place, "when", *((number,) if len(when) > 1 else ())),
                message=f"{listed(clauses)} 的 when {alone}不可能成立:"
                f"{'、'.join(empty)} 没有能满足它的值",
                fix="核对 min、max、above、below 的大小",
                entries=frozenset({place}),
            )


def redundant_alternative(reading: Reading) -> Iterator[Fault]:
    """An alternative all of whose cases another one has already."""
    if reading.view is View.WRITTEN:
        return
    for place, clauses, when in _conditions(reading.policy):
        for number, tests in enumerate(when):
            wider = [
                other
                for other, wide in enumerate(when)
                if other != number
                and implies(tests, wide)
                and (other < number or not implies(wide, tests))
            ]
            if wider and together((tests,)) is not None:
                yield Fault(
                    rule="redundant_alternative",
                    clauses=clauses,
                    place=(*place, "when", number),
                    message=f"{listed(clauses)} 的 when 第 {number + 1} 种情形"
                    f"已含在第 {wider[0] + 1} 种里",
                    fix="删去它,或改得不同",
                    entries=frozenset({place}),
                    severity=Severity.WARNING,
                )
