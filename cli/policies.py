"""`aftercare policy`: the policies, one of them, and how its promises stand in a case."""

import json as json_text
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from cli import policy_views
from cli.connecting import shelf
from cli.grouping import group_of
from cli.terminal import BadUsage, print_json
from domain.explain import explain
from domain.policy import Policy
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
    policy_views.print_list(policies)


def _show(name: Source, /, *, json: Json = False) -> None:
    """一份政策的全部承诺。"""
    policy = _policy(name)
    if json:
        print_json({**_summary(policy), "content": policy.model_dump(mode="json", by_alias=True)})
        return
    policy_views.print_policy(policy)


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
        policy_views.print_explained(policy, found["promises"])


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
