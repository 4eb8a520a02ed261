"""`aftercare policy`: what is known of the policies, and how their promises stand in a case."""

import json as json_text
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from cli import policy_explained
from cli.grouping import group_of
from cli.policy_sources import Json, Source, policy_of
from cli.terminal import BadUsage, print_json
from domain.explain import explain

# `explain` answers at once without what these load; so their help stands here.
_LOADED_WHEN_ASKED = {
    "list": ("cli.policy_show:list_all", "所有政策。"),
    "show": ("cli.policy_show:show", "一份政策的全部内容。"),
    "check": (
        "cli.policy_check:check",
        "检查政策:自相矛盾、无从兑现、没有守住的条款。有错误退出 1。",
    ),
    "diff": ("cli.policy_diff:diff", "两份政策之间,逐条改了什么。"),
    "schema": ("cli.policy_schema:schema", "政策文件的 JSON Schema,供编辑器提示和检查。"),
}


def add_to(app: App) -> None:
    """Add the group to the command line."""
    group = group_of("policy", "政策:公司写下的承诺。")
    for name, (place, said) in _LOADED_WHEN_ASKED.items():
        group.command(place, name=name, help=said)
    group.command(_explain, name="explain")
    app.command(group)


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
    policy, case = policy_of(name), _read_case(facts)
    found: dict[str, Any] = explain(policy, case, all=all_)
    if json:
        print_json(found)
    else:
        policy_explained.print_explained(policy, found["promises"])


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
