"""Tickets as a person reads them: the list, one ticket, what a command came to."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli import words
from cli.loaner_views import print_loaners
from cli.policy_words import sayings
from cli.terminal import out, table
from cli.timeline import fee_line, timeline
from cli.times import clock, remaining, span
from domain.fees import yuan
from domain.vocabulary import Command
from workflows.messages import Answer

Json = Mapping[str, Any]

_ENDED = ("closed", "redirected")
# Promises in these states say nothing about what was done or is to be done.
_ASIDE = ("void", "pending")


def print_list(lines: Sequence[Json], overdue: Mapping[str, datetime]) -> None:
    """The table of tickets; `overdue` has the due time of what is missed and not met, by ticket."""
    console = out()
    if not lines:
        console.print("没有工单。")
        return
    made = table(
        "工单|bold", "阶段", "超时", "下一时限", "渠道", "电话", "政策", "维修人员", "开单|dim"
    )
    for line in lines:
        made.add_row(
            line["number"],
            stage_of(line),
            remaining(overdue.get(line["number"])),
            "" if line["stage"] in _ENDED else remaining(line["next_due"]),
            words.beside(line["channel"], words.CHANNELS),
            escape(line["caller_phone"] or line["caller"] or line["source_id"] or "未显示号码"),
            line["policy"],
            escape(line["technician"] or ""),
            clock(line["opened_at"]),
        )
    console.print(made)
    still_open = sum(line["stage"] not in _ENDED for line in lines)
    console.print(f"[dim]共 {len(lines)} 张,{still_open} 张未结束[/]")


def stage_of(line: Json) -> str:
    """`dispatching 待派工`, and how it ended where it has."""
    stage, outcome = line["stage"], line["outcome"]
    said = f"{stage} {words.beside(stage, words.STAGES)}"
    return f"{said}·{words.beside(outcome, words.OUTCOMES)}" if outcome else said


def print_answer(number: str, command: Command, answer: Answer) -> None:
    """What a command came to, in a line or two."""
    console = out()
    stage = answer.stage.value
    console.print(
        f"[green]✓[/] {escape(number)} {words.COMMANDS[command.value]} → "
        f"[bold]{stage} {words.beside(stage, words.STAGES)}[/]"
    )
    if answer.technician:
        console.print(f"  维修人员:{escape(answer.technician)}")
    if command is Command.QUOTE and answer.quote:
        console.print(f"  报价:{answer.quote}(答复时写 --quote {answer.quote})")
    if command is Command.REQUEST_LOANER and answer.loaner:
        console.print(f"  备机:{escape(answer.loaner.removeprefix('loaner/'))}")
    if answer.task:
        console.print(f"  [yellow]待办:{escape(answer.task)}[/]")


def print_ticket(ticket: Json) -> None:
    """Everything of one ticket."""
    console = out()
    console.print(_heading(ticket))
    _print_promises(console, ticket)
    _print_quotes(console, ticket["quotes"])
    print_loaners(console, ticket["loaners"])
    _print_visits(console, ticket["visits"])
    _print_calls(console, ticket["calls"])
    console.print(timeline(ticket))


def _heading(ticket: Json) -> Panel:
    left = Table.grid(padding=(0, 2))
    left.add_column(style="dim", no_wrap=True)
    left.add_column(overflow="fold")
    for name, value in _facts_of(ticket):
        if value:
            left.add_row(name, value)
    title = f"[bold]{escape(ticket['number'])}[/] {stage_of(ticket)}"
    parts: list[Any] = [left]
    if ticket["task"]:
        parts.append(Text(f"待办:{ticket['task']}", style="yellow"))
    return Panel(Group(*parts), title=title, title_align="left", expand=False)


def _facts_of(ticket: Json) -> list[tuple[str, str]]:
    entry: Json = ticket["registration"] or {}
    device: Json = entry.get("device") or {}
    warranty: Json = ticket["warranty"] or {}
    who = "、".join(f"{one['name']}({one['id']})" for one in ticket["candidates"])
    return [
        ("渠道", words.beside(ticket["channel"], words.CHANNELS)),
        ("来源", escape(ticket["source_id"] or "")),
        ("电话", escape(ticket["caller"] or "")),
        ("可能是", escape(who)),
        ("报修人", escape(entry.get("caller_name") or "")),
        ("地点", escape(entry.get("site") or "")),
        ("设备", escape(" ".join(filter(None, (device.get("id"), device.get("product")))))),
        ("故障", escape(entry.get("symptom") or "")),
        ("保修", escape(_warranty(ticket["facts"], warranty))),
        ("政策", f"{ticket['policy']} {ticket['policy_version']}"),
        ("报修于", clock(ticket["milestones"].get("reported"))),
        ("催单", str(ticket["urges"] or "")),
        ("未修完", str(ticket["unfinished"] or "")),
        ("重开", str(ticket["reopened"] or "")),
        ("等待", escape("、".join(_waits(one) for one in ticket["holds"] if not one["over"]))),
        ("争议", escape(_dispute(ticket["dispute"] or {}))),
        ("三包", escape(_remedies(ticket.get("remedies") or {}))),
        ("三包选择", words.beside(ticket["remedy"], words.REMEDIES)),
        ("退款", f"{yuan(ticket['refund_fen'])} 元" if ticket["refund_fen"] else ""),
        ("应收", f"{yuan(ticket['charged_fen'])} 元" if ticket["charged_fen"] else ""),
        ("同号工单", "、".join(ticket["related"])),
        ("并入", ticket["merged_into"] or ""),
        ("并来", "、".join(ticket["merged_from"])),
    ]


def _waits(hold: Json) -> str:
    """`天气(03-02 10:00 起,到 03-03 08:00)`."""
    until = f",到 {clock(hold['to'])}" if hold.get("to") else ""
    return f"{words.beside(hold['reason'], words.HOLDS)}({clock(hold['from'])} 起{until})"


def _remedies(decision: Json) -> str:
    """What is open and why, and what nobody has shown yet."""
    missing = [
        words.PROOFS[one["proof"]] for one in decision.get("evidence", ()) if not one["have"]
    ]
    lacks = f";还缺:{'、'.join(missing)}" if missing and decision["open_to"] else ""
    return f"{decision.get('reason', '')}{lacks}"


def _dispute(dispute: Json) -> str:
    """The dispute that waits for its ruling."""
    said = (words.beside(dispute.get("subject"), words.SUBJECTS), dispute.get("reason"))
    return ":".join(filter(None, said))


def _warranty(facts: Json, decision: Json) -> str:
    answer = facts.get("in_warranty")
    if answer is None and not decision:
        return ""
    said = {True: "保内", False: "保外", "true": "保内", "false": "保外"}.get(answer, "未知")
    basis = decision.get("basis")
    return f"{said}({basis})" if basis else said


def _print_promises(console: Console, ticket: Json) -> None:
    """What applies and has begun, by due time; what may still begin, in one line."""
    lines = [line for line in ticket["promise_details"] if line["state"] not in _ASIDE]
    says = sayings(ticket["policy"])
    if lines:
        made = table("承诺||22", "状态||6", "时限|dim|11", "", "升级", "条款|dim|10")
        for line in sorted(lines, key=lambda one: one["due"] or ""):
            made.add_row(
                _promise_name(line) + f"\n[dim]{escape(says.get(line['promise'], ''))}[/]",
                words.promise_state(line["state"]),
                clock(line["due"]),
                _how_far(line),
                "\n".join(_levels(ticket, line)),
                "\n".join(line["clauses"]),
            )
        console.print(made)
    later = [line["promise"] for line in ticket["promise_details"] if line["state"] == "pending"]
    if later and ticket["stage"] not in _ENDED:
        console.print(f"[dim]还没开始的承诺:{'、'.join(later)}[/]\n")


def _promise_name(line: Json) -> str:
    again = f" 第 {line['occurrence']} 次" if line["occurrence"] > 1 else ""
    return f"{line['promise']}{again}"


def _levels(ticket: Json, line: Json) -> Iterator[str]:
    """The levels that were told of one promise, those of the same minute together."""
    again = sum(one["promise"] == line["promise"] for one in ticket["promise_details"]) > 1
    told: dict[str, list[str]] = {}
    for one in ticket["escalations"]:
        if one["promise"] == line["promise"] and (not again or one["due"] == line["due"]):
            gone = "(已撤回)" if one["withdrawn"] else ""
            told.setdefault(f"{clock(one['fired_at'])}{gone}", []).append(f"L{one['level']}")
    for when, levels in told.items():
        yield f"[red]{' '.join(levels)}[/] [dim]{when}[/]"


def _how_far(line: Json) -> str:
    if line["state"] in ("running", "missed") and not line["met_at"]:
        return remaining(line["due"])
    if line["met_at"]:
        late = line["late_seconds"]
        return f"{clock(line['met_at'])}" + (
            f" [red]迟 {span(timedelta(seconds=late))}[/]" if late else ""
        )
    return ""


def _print_quotes(console: Console, quotes: Sequence[Json]) -> None:
    """Each quote with its lines in yuan, and what the customer said to it."""
    if not quotes:
        return
    made = table("报价|bold", "时间", "明细", "合计(元)", "答复", "凭据")
    for one in quotes:
        answer = words.beside(one["state"], words.QUOTE_STATES)
        made.add_row(
            f"第 {one['number']} 次",
            clock(one["at"]),
            escape("\n".join(fee_line(line) for line in one["lines"])),
            yuan(one["total_fen"]),
            " ".join(filter(None, (answer, clock(one.get("decided_at"))))),
            escape(_evidence(one.get("evidence"))),
        )
    console.print(made)


def _evidence(evidence: Any) -> str:
    if isinstance(evidence, Mapping):
        return "\n".join(f"{name}: {value}" for name, value in evidence.items())
    return str(evidence or "")


def _print_visits(console: Console, visits: Sequence[Json]) -> None:
    if not visits:
        return
    made = table("上门|bold", "维修人员", "派工", "接单", "到达", "结束", "结果", "工作")
    results = {
        "finished": "修好",
        "unfinished": "未修完",
        "declined": "拒单",
        "reassigned": "改派",
        "cancelled": "取消",
    }
    for visit in visits:
        made.add_row(
            f"第 {visit['number']} 次",
            escape(visit["technician"]["name"]) + ("(轮派)" if visit["by_rotation"] else ""),
            *(clock(visit.get(f"{one}_at")) for one in ("dispatched", "accepted", "arrived")),
            clock(visit.get("ended_at")),
            results.get(visit.get("result") or "", ""),
            escape(visit.get("work") or visit.get("reason") or ""),
        )
    console.print(made)


def _print_calls(console: Console, calls: Sequence[Json]) -> None:
    if not calls:
        return
    made = table("通话", "方向", "接听", "时长", "坐席")
    for call in calls:
        made.add_row(
            clock(call["started_at"], seconds=True),
            "呼出" if call["direction"] == "out" else "呼入",
            "[green]已接[/]" if call["answered"] else "[red]未接[/]",
            _talked(call),
            escape("、".join(call.get("users") or ())),
        )
    console.print(made)


def _talked(call: Json) -> str:
    """How long the two talked; nothing for a missed call or one that is still on."""
    if not (call.get("answered_at") and call.get("ended_at")):
        return ""
    began, ended = (datetime.fromisoformat(call[one]) for one in ("answered_at", "ended_at"))
    return span(max(ended - began, timedelta(0)))
