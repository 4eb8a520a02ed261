"""How the promises of a policy stand in a case, as a person reads it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from rich.markup import escape

from cli import words
from cli.policy_phrases import named
from cli.terminal import out, table
from cli.times import clock, span
from domain.policy import Policy

Json = Mapping[str, Any]

_ORDER = ("running", "paused", "missed", "met", "pending", "void")


def print_explained(policy: Policy, promises: Sequence[Json]) -> None:
    """The promises of a case: `promises` as `domain.explain` gives them, what runs first."""
    console = out()
    if not promises:
        console.print("没有适用的承诺。")
        return
    made = table("承诺||22", "状态||6", "时间||16", "升级|dim|14", "条款|dim|10")
    for one in sorted(promises, key=lambda one: _ORDER.index(one["state"])):
        promise = policy.promise(one["id"])
        made.add_row(
            named(one["id"], promise.says if promise else ""),
            words.promise_state(one["state"]),
            "\n".join(_times(one)),
            "\n".join(_step(step) for step in one["escalations"]),
            escape("\n".join(one["clauses"])),
        )
    console.print(made)


def _times(one: Json) -> Iterator[str]:
    if one["starts_at"]:
        yield f"[dim]开始 {clock(one['starts_at'])}[/]"
    if one["due"]:
        yield f"时限 [cyan]{clock(one['due'])}[/]"
    if "unknown_from" in one:
        yield f"[yellow]{one['unknown_from']} 起日历未知[/]"
    if one["remedy_at"]:
        yield f"备机 {clock(one['remedy_at'])} 前安排"
    if one["met_at"]:
        yield f"兑现 {clock(one['met_at'])}"
    if one["late_seconds"]:
        yield f"[red]迟 {span(timedelta(seconds=one['late_seconds']))}[/]"


def _step(step: Json) -> str:
    name = "预警" if step["level"] == 0 else f"L{step['level']}"
    return f"{name} {clock(step['at'])}"
