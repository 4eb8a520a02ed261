"""Policies as a person reads them: the list, one policy, and how its promises stand in a case."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli import words
from cli.terminal import out, table
from cli.ticket_views import state
from cli.times import clock, span
from domain.calendars import CalendarSpec, OpeningHours, Workdays
from domain.policy import Coverage, CoverageKind, Policy, Procedure, WarrantyTerms
from domain.promise import Ladder, Promise
from domain.time_limits import Duration, Unit

Json = Mapping[str, Any]

_UNITS = {Unit.MINUTE: "分钟", Unit.HOUR: "小时", Unit.DAY: "天", Unit.WORKDAY: "个工作日"}
_SIGNS = {"min": "≥", "max": "≤", "above": ">", "below": "<"}
_COVERAGES = {
    CoverageKind.PARTS_AND_LABOUR: "配件和人工免费",
    CoverageKind.LABOUR: "人工免费",
    CoverageKind.LIFETIME_PAID: "终身有偿服务",
}


def print_list(policies: Sequence[Policy]) -> None:
    """The table of policies."""
    made = table("政策|bold", "标题", "版本|dim", "继承", "产品类别", "承诺")
    for one in policies:
        made.add_row(
            one.name,
            escape(one.title),
            one.version,
            one.extends or "",
            escape("、".join(one.product_classes)),
            str(len(one.promises)),
        )
    out().print(made)


def print_policy(policy: Policy) -> None:
    """Everything of one policy: promises, ladders, calendars, warranty, procedure."""
    console = out()
    console.print(f"[bold]{policy.name}[/] {escape(policy.title)} [dim]{policy.version}[/]")
    origin = [("继承", policy.extends), ("依据", "、".join(policy.documents))]
    origin.append(("产品", "、".join(policy.product_classes)))
    _print_pairs(console, [(name, said) for name, said in origin if said])
    console.print(_promises(policy))
    _print_pairs(console, list(_terms(policy)))


def print_explained(policy: Policy, promises: Sequence[Json]) -> None:
    """The promises of a case: `promises` as `domain.explain` gives them."""
    console = out()
    if not promises:
        console.print("没有适用的承诺。")
        return
    made = table("承诺||22", "状态||6", "时间||16", "升级|dim|14", "条款|dim|10")
    for one in promises:
        promise = policy.promise(one["id"])
        made.add_row(
            _named(one["id"], promise.says if promise else ""),
            state(one["state"]),
            "\n".join(_times(one)),
            "\n".join(_step(step) for step in one["escalations"]),
            escape("\n".join(one["clauses"])),
        )
    console.print(made)


# --- promises --------------------------------------------------------------------------------


def _promises(policy: Policy) -> Table:
    made = table("承诺||22", "从 → 到||22", "时限||20", "条件、其他|dim|20", "条款|dim|10")
    for promise in policy.promises:
        starts = promise.model_dump(mode="json")["starts"]
        made.add_row(
            _named(promise.id, promise.says),
            escape(f"{starts}\n→ " + "\n  或 ".join(promise.met_by)),
            "\n".join(_limit(promise)),
            "\n".join(_besides(promise)),
            escape("\n".join(promise.clauses)),
        )
    return made


def _named(id: str, says: str) -> str:
    return f"[bold]{id}[/]\n{escape(says)}"


def _limit(promise: Promise) -> Iterator[str]:
    if promise.within is not None:
        yield f"[cyan]{_length(promise.within)}内[/]"
    for target in promise.by:
        yield f"[cyan]{'次日' if target.days_later else '当日'} {target.clock}[/]"
    if promise.calendar != "always":
        yield f"[dim]日历 {promise.calendar}[/]"
    if promise.move_into is not None:
        yield f"[dim]移入 {promise.move_into}[/]"
    if promise.remedy is not None:
        grade = "新" if promise.remedy.grade == "new" else ""
        yield f"[dim]提前 {_length(promise.remedy.lead)}备{grade}机[/]"


def _length(duration: Duration) -> str:
    return f"{duration.amount} {_UNITS[duration.unit]}"


def _condition(promise: Promise) -> list[str]:
    """The alternatives of `when`, each a list of tests."""
    return [
        "、".join(f"{name} {_test(test.model_dump(mode='json'))}" for name, test in tests.items())
        for tests in promise.when
    ]


def _test(test: Json) -> str:
    said = [f"{sign} {test[name]:g}" for name, sign in _SIGNS.items() if test.get(name) is not None]
    if test.get("one_of"):
        said.append("= " + "/".join(_value(one) for one in test["one_of"]))
    return " ".join(said) + (" 或未知" if test.get("unknown") else "")


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _besides(promise: Promise) -> Iterator[str]:
    if promise.when:
        yield "当 " + escape("\n或 ".join(_condition(promise)))
    if promise.pauses_on:
        yield "暂停 " + "、".join(words.HOLDS[one.value] for one in promise.pauses_on)
    if promise.void_by:
        yield "作废 " + " ".join(promise.void_by)
    if promise.outlives_ticket:
        yield "关单后仍算"
    yield f"升级 {promise.escalate}"


# --- the rest of a policy --------------------------------------------------------------------


def _terms(policy: Policy) -> Iterator[tuple[str, str]]:
    for name, ladder in policy.ladders.items():
        yield f"升级 {name}", escape(_ladder(ladder))
    for name, calendar in policy.calendars.items():
        yield f"日历 {name}", escape(_calendar(calendar))
    if policy.warranty is not None:
        yield from _warranty(policy.warranty)
    yield from _procedure(policy.procedure)


def _ladder(ladder: Ladder) -> str:
    return ",".join(
        f"{rung.percent}% {'预警' if rung.level == 0 else f'L{rung.level}'} "
        f"{words.ROLES[rung.tell.value]}"
        for rung in ladder.rungs
    )


def _calendar(calendar: CalendarSpec) -> str:
    if isinstance(calendar, OpeningHours):
        daily = ["每日 " + "、".join(calendar.daily)] if calendar.daily else []
        on = (
            f"{words.WEEKDAYS[day.value]} {'、'.join(spans) or '休'}"
            for day, spans in calendar.on.items()
        )
        return ";".join((*daily, *on))
    if isinstance(calendar, Workdays):
        return f"法定工作日 {'、'.join(calendar.windows)},数据到 {calendar.known_until}"
    return "全天候"


def _warranty(terms: WarrantyTerms) -> Iterator[tuple[str, str]]:
    for coverage in terms.coverages:
        yield "保修", escape(_coverage(coverage))
    for paid in terms.paid_causes:
        yield "保修期内也收费", escape(" ".join((words.CAUSES[paid.cause.value], *paid.clauses)))
    if terms.extend_over_holidays is not None:
        yield "保修末日遇假日", f"顺延到工作日(日历 {terms.extend_over_holidays})"


def _coverage(coverage: Coverage) -> str:
    parts = "、".join(words.PART_CLASSES[one.value] for one in coverage.part_classes)
    starts = ",无则 ".join(words.PURCHASE_DATES[one.value] for one in coverage.starts)
    term = f"{coverage.months} 个月,起算 {starts}" if coverage.months else ""
    said = (parts, _COVERAGES[coverage.kind], term, " ".join(coverage.clauses))
    return " ".join(one for one in said if one)


def _procedure(procedure: Procedure) -> Iterator[tuple[str, str]]:
    """The keys as the file writes them, those left at their default too."""
    for name in type(procedure).model_fields:
        said = _key(getattr(procedure, name))
        if said:
            yield f"程序 {name}", escape(said)


def _key(value: object) -> str:
    if isinstance(value, Duration):
        return _length(value)
    if isinstance(value, BaseModel):
        value = {name: getattr(value, name) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        pairs = {str(name): _key(one) for name, one in value.items()}
        return ",".join(f"{name} {said}" for name, said in pairs.items() if said)
    if isinstance(value, tuple):
        return "、".join(_key(one) for one in value)
    return "" if value is None else _value(value)


def _print_pairs(console: Console, pairs: Sequence[tuple[str, str]]) -> None:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    before = None
    for name, said in pairs:
        grid.add_row("" if name == before else name, said)
        before = name
    console.print(grid)


# --- a case ----------------------------------------------------------------------------------


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
