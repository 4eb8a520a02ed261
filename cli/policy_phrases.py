"""Pieces of a policy in Chinese: lengths, conditions, values."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel
from rich.markup import escape

from domain.conditions import Condition
from domain.policy_phrases import length
from domain.time_limits import Duration

_SIGNS = {"min": "≥", "max": "≤", "above": ">", "below": "<"}


Inherited = Callable[..., str]
"""The name of the policy that a place comes from, where it is another's: of `("fees", 0)`, say."""


def named(id: str, says: str, base: str = "") -> str:
    """An entry of a table: its id, what it says below it, and from whom it is taken over."""
    return f"[bold]{id}[/]\n{escape(says)}" + (f"\n[dim]继承自 {base}[/]" if base else "")


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
