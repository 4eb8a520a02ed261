"""`aftercare policy`: the policies, one of them, and how its promises stand in a case."""

import json as json_text
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.markup import escape

from cli.connecting import shelf
from cli.grouping import group_of
from cli.terminal import BadUsage, out, print_json, table
from cli.ticket_views import state
from cli.times import clock, span
from domain.explain import explain
from domain.policy import Policy
from domain.promise import Promise
from runtime.policy_files import PolicyShelf

Json = Annotated[bool, Parameter(name="--json", negative="", help="输出一个 JSON 文档。")]
Source = Annotated[str, Parameter(name="NAME", help="政策名,或一个政策文件。")]


def add_to(app: App) -> None:
    """Add the group to the command line."""
    group = group_of("policy", "政策:公司写下的承诺。")
    group.command(_list, name="list")
    group.command(_show, name="show")
    group.command(_explain, name="explain")
    app.command(group)


def _list(*, json: Json = False) -> None:
    """所有政策。"""
    shelved = shelf()
    policies = [shelved.get(name) for name in shelved.names()]
    if json:
        print_json({"policies": [_summary(one) for one in policies]})
        return
    made = table("政策|bold", "标题", "版本|dim", "继承", "产品类别", "承诺")
    for one in policies:
        made.add_row(
            one.name,
            escape(one.title),
            one.version,
            one.extends or "",
            "、".join(one.product_classes),
            str(len(one.promises)),
        )
    out().print(made)


def _show(name: Source, /, *, json: Json = False) -> None:
    """一份政策的全部承诺。"""
    policy = _policy(name)
    if json:
        print_json({**_summary(policy), "content": policy.model_dump(mode="json", by_alias=True)})
        return
    console = out()
    console.print(f"[bold]{policy.name}[/] {escape(policy.title)} [dim]{policy.version}[/]")
    made = table("承诺", "内容", "条件", "从", "到", "时限|cyan", "日历|dim", "条款|dim")
    for promise in policy.promises:
        made.add_row(
            promise.id,
            escape(promise.says),
            escape(_condition(promise)),
            str(promise.model_dump(mode="json")["starts"]),
            " 或 ".join(promise.met_by),
            _limit(promise),
            promise.calendar,
            " ".join(promise.clauses),
        )
    console.print(made)


def _explain(
    name: Source,
    /,
    *,
    facts: Annotated[Path, Parameter(help="情况,一个 JSON 文件:facts、milestones、now、holds。")],
    all_: Annotated[
        bool, Parameter(name="--all", negative="", help="条件不成立的承诺也列出。")
    ] = False,
    json: Json = False,
) -> None:
    """在一个写下来的情况里:哪些承诺适用,各在何时到期,各自怎样了。"""
    policy, case = _policy(name), _read_case(facts)
    found: dict[str, Any] = explain(policy, case, all=all_)
    if json:
        print_json(found)
    else:
        _print_explained(policy, found["promises"])


def _print_explained(policy: Policy, promises: list[dict[str, Any]]) -> None:
    console = out()
    if not promises:
        console.print("没有适用的承诺。")
        return
    columns = ("承诺", "内容", "状态", "开始|dim", "时限|cyan", "兑现", "最迟安排", "升级")
    made = table(*columns, "条款|dim")
    for one in promises:
        promise = policy.promise(one["id"])
        made.add_row(
            one["id"],
            escape(promise.says if promise else ""),
            state(one["state"]),
            clock(one["starts_at"]),
            clock(one["due"])
            or (f"{one['unknown_from']} 起日历未知" if "unknown_from" in one else ""),
            _met(one),
            clock(one["remedy_at"]),
            "\n".join(_rung(step) for step in one["escalations"]),
            " ".join(one["clauses"]),
        )
    console.print(made)


def _met(one: dict[str, Any]) -> str:
    late = one["late_seconds"]
    said = clock(one["met_at"])
    return f"{said} [red]迟 {span(timedelta(seconds=late))}[/]".strip() if late else said


def _unknown(one: dict[str, Any]) -> str:
    return f"{one['unknown_from']} 起日历未知" if "unknown_from" in one else ""


def _rung(step: dict[str, Any]) -> str:
    name = "预警" if step["level"] == 0 else f"L{step['level']}"
    return f"{name} {clock(step['at'])}"


def _read_case(path: Path) -> object:
    """Raises BadUsage for a file that cannot be opened or is no JSON."""
    try:
        case: object = json_text.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadUsage(f"--facts: 打不开 {path}:{error.strerror or error}") from None
    except json_text.JSONDecodeError as error:
        raise BadUsage(f"{path}:{error.lineno}: 第 {error.colno} 列不是合法的 JSON") from None
    except (ValueError, RecursionError):
        raise BadUsage(f"{path}: 不是合法的 JSON(UTF-8)") from None
    return case


def _policy(source: str) -> Policy:
    """A policy by its name, or in a file. Raises Refused UnknownPolicy, PolicyFileFaulty."""
    policies: PolicyShelf = shelf()
    is_file = source.endswith((".yaml", ".yml")) or "/" in source
    if is_file or (source not in policies.names() and Path(source).is_file()):
        return policies.load_file(Path(source))
    return policies.get(source)


def _summary(policy: Policy) -> dict[str, Any]:
    return {
        "name": policy.name,
        "version": policy.version,
        "title": policy.title,
        "extends": policy.extends,
        "documents": list(policy.documents),
        "product_classes": list(policy.product_classes),
        "promises": [promise.id for promise in policy.promises],
    }


def _limit(promise: Promise) -> str:
    if promise.within is not None:
        unit = {"minute": "分钟", "hour": "小时", "day": "天", "workday": "个工作日"}
        return f"{promise.within.amount} {unit[promise.within.unit.value]}内"
    clocks = (f"{'次日' if one.days_later else '当日'} {one.clock}" for one in promise.by)
    return " 或 ".join(clocks)


def _condition(promise: Promise) -> str:
    """The alternatives of `when`, each a list of tests."""
    return " 或 ".join(
        "、".join(f"{name} {_test(test.model_dump(mode='json'))}" for name, test in tests.items())
        for tests in promise.when
    )


def _test(test: dict[str, Any]) -> str:
    signs = {"min": "≥", "max": "≤", "above": ">", "below": "<"}
    said = [f"{signs[name]} {test[name]:g}" for name in signs if test.get(name) is not None]
    if test.get("one_of"):
        said.append("= " + "/".join(_value(one) for one in test["one_of"]))
    return " ".join(said) + (" 或未知" if test.get("unknown") else "")


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
