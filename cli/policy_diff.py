"""`aftercare policy diff`: what changed between two policies, clause by clause."""

import json as json_text
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from cyclopts import Parameter
from pydantic import JsonValue
from rich.markup import escape

from cli.policy_sources import Json, policy_of
from cli.terminal import out, print_json, table
from domain.policy import Policy
from domain.policy_diff import Change, ChangeKind, differences

_WHAT: Mapping[str, str] = {
    "promises": "承诺",
    "fees": "收费规则",
    "provisions": "规定",
    "set_aside": "不执行",
    "calendars": "日历",
    "ladders": "升级阶梯",
    "procedure": "程序",
    "warranty": "保修",
    "warranty.paid_causes": "保修期内也收费",
    "default_warranty": "默认保修",
    "default_warranty.paid_causes": "默认保修期内也收费",
    "three_guarantees": "三包",
    "policy": "政策",
}
_CHANGE: Mapping[ChangeKind, str] = {
    ChangeKind.ADDED: "[green]新增[/]",
    ChangeKind.REMOVED: "[red]删去[/]",
    ChangeKind.CHANGED: "[yellow]修改[/]",
}


def diff(
    old: Annotated[str, Parameter(name="A", help="旧的一份:政策名,或政策文件。")],
    new: Annotated[str, Parameter(name="B", help="新的一份:政策名,或政策文件。")],
    /,
    *,
    json: Json = False,
) -> None:
    """两份政策之间,逐条改了什么。"""
    before, after = policy_of(old), policy_of(new)
    changes = differences(before, after)
    if json:
        print_json(
            {
                "from": _named(before),
                "to": _named(after),
                "changes": [one.model_dump(mode="json") for one in changes],
            }
        )
        return
    _print(before, after, changes)


def _named(policy: Policy) -> dict[str, Any]:
    return {"name": policy.name, "version": policy.version, "title": policy.title}


def _print(before: Policy, after: Policy, changes: Sequence[Change]) -> None:
    console = out()
    one, other = (f"{policy.name} [dim]{policy.version}[/]" for policy in (before, after))
    console.print(f"{one} → {other}")
    if not changes:
        console.print("没有不同。")
        return
    made = table("条款||10", "改动||4", "什么||18", "从 → 到||40")
    for change in changes:
        made.add_row(
            escape("\n".join(change.clauses)),
            _CHANGE[change.change],
            escape(f"{_WHAT.get(change.what, change.what)}\n{change.id}".strip()),
            escape("\n".join(_lines(change))),
        )
    console.print(made)


def _lines(change: Change) -> list[str]:
    """The keys of an entry that changed; of one that is new or gone, what it says."""
    if change.change is not ChangeKind.CHANGED:
        sides = {one.key: one.old if one.new is None else one.new for one in change.keys}
        said = sides.get("says") or sides.get("why")
        return [str(said)] if said else [f"{key} {_value(one)}" for key, one in sides.items()]
    return [f"{one.key} {_value(one.old)} → {_value(one.new)}".strip() for one in change.keys]


def _value(value: JsonValue) -> str:
    if value is None:
        return "(无)"
    return value if isinstance(value, str) else json_text.dumps(value, ensure_ascii=False)
