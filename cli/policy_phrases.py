"""Pieces of a policy in Chinese: lengths, conditions, values."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from rich.markup import escape

from domain.conditions import Condition
from domain.time_limits import Duration, Unit

_UNITS = {Unit.MINUTE: "分钟", Unit.HOUR: "小时", Unit.DAY: "天", Unit.WORKDAY: "个工作日"}
_SIGNS = {"min": "≥", "max": "≤", "above": ">", "below": "<"}


def named(id: str, says: str) -> str:
    """An entry of a table: its id, and what it says below it."""
    return f"[bold]{id}[/]\n{escape(says)}"


def length(duration: Duration) -> str:
    """A length of time with its unit."""
    return f"{duration.amount} {_UNITS[duration.unit]}"


def alternatives(when: Condition) -> list[str]:
    """The alternatives of a condition, each a list of tests."""
    return [
        "、".join(f"{name} {_test(test.model_dump(mode='json'))}" for name, test in tests.items())
        for tests in when
    ]


def _test(test: Mapping[str, Any]) -> str:
    said = [f"{sign} {test[name]:g}" for name, sign in _SIGNS.items() if test.get(name) is not None]
    if test.get("one_of"):
        said.append("= " + "/".join(value(one) for one in test["one_of"]))
    return " ".join(said) + (" 或未知" if test.get("unknown") else "")


def value(one: object) -> str:
    """A plain value as the file writes it."""
    if isinstance(one, float):
        return f"{one:g}"
    return str(one).lower() if isinstance(one, bool) else str(one)


def key(one: object) -> str:
    """The value of a key, whatever it is; nothing for none."""
    if isinstance(one, Duration):
        return length(one)
    if isinstance(one, BaseModel):
        one = {name: getattr(one, name) for name in type(one).model_fields}
    if isinstance(one, Mapping):
        pairs = {str(name): key(inner) for name, inner in one.items()}
        return ",".join(f"{name} {said}" for name, said in pairs.items() if said)
    if isinstance(one, tuple):
        return "、".join(key(inner) for inner in one)
    return "" if one is None else value(one)
