"""Loaners as a person reads them: the stock, one loaner, those of a ticket."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli import words
from cli.policy_words import sayings
from cli.terminal import out, table
from cli.timeline import loaner_timeline
from cli.times import clock, remaining
from domain.fees import yuan
from domain.vocabulary import LoanerCommand
from workflows.messages import LoanAnswer

Json = Mapping[str, Any]

_STYLES = {"no_stock": "red", "overdue": "bold red", "lost": "red", "needs_decision": "yellow"}
# While it is out, what is left of the time to bring it back is worth a word.
_TO_COME_BACK = ("recalled", "overdue")


def print_stock(lines: Sequence[Json]) -> None:
    """The table of devices; one that nobody has is in stock."""
    console = out()
    if not lines:
        console.print("名录里没有备机。")
        return
    made = table("备机|bold", "产品", "类别", "成色", "状态", "备机单", "工单", "该收回")
    for line in lines:
        made.add_row(
            escape(line["device"]),
            escape(line["product"]),
            escape(line["product_class"]),
            words.beside(line["grade"], words.GRADES),
            state(line["state"]) if line["loaner"] else "[green]在库[/]",
            escape(called(line["loaner"])),
            escape(line["ticket"] or ""),
            _due_back(line),
        )
    console.print(made)
    free = sum(line["loaner"] is None for line in lines)
    console.print(f"[dim]共 {len(lines)} 台,{free} 台在库[/]")


def print_answer(number: str, command: LoanerCommand, answer: LoanAnswer) -> None:
    """What a command came to, in a line or two."""
    console = out()
    console.print(
        f"[green]✓[/] 备机 {escape(called(number))} {words.COMMANDS[command.value]} → "
        f"[bold]{answer.state.value} {words.beside(answer.state.value, words.LOANER_STATES)}[/]"
    )
    if answer.device:
        console.print(f"  备机:{escape(answer.device)}")
    if answer.task:
        console.print(f"  [yellow]待办:{escape(answer.task)}[/]")


def print_loaner(loaner: Json) -> None:
    """Everything of one loaner."""
    console = out()
    left = Table.grid(padding=(0, 2))
    left.add_column(style="dim", no_wrap=True)
    left.add_column(overflow="fold")
    for name, value in _facts_of(loaner):
        if value:
            left.add_row(name, value)
    parts: list[Any] = [left]
    if loaner["task"]:
        parts.append(Text(f"待办:{loaner['task']}", style="yellow"))
    title = f"[bold]备机 {escape(called(loaner['id']))}[/] {state(loaner['state'])}"
    console.print(Panel(Group(*parts), title=title, title_align="left", expand=False))
    console.print(loaner_timeline(loaner))


def print_loaners(console: Console, loaners: Sequence[Json]) -> None:
    """The loaners of a ticket; nothing when it has none."""
    if not loaners:
        return
    made = table("备机|bold", "设备", "状态", "申请", "送到", "收回", "该收回", "待办")
    for one in loaners:
        made.add_row(
            escape(called(one["id"])),
            escape(_device(one["device"])),
            state(one["state"]),
            clock(one["asked_at"]),
            clock(one["delivered_at"]),
            clock(one["returned_at"]),
            _due_back(one),
            escape(one["task"] or ""),
        )
    console.print(made)


def state(word: str | None) -> str:
    """A loaner's state in its colour."""
    if word is None:
        return ""
    said = words.beside(word, words.LOANER_STATES)
    return f"[{_STYLES[word]}]{said}[/]" if word in _STYLES else said


def called(loan_id: str | None) -> str:
    """`W1/1`, as the command line takes it."""
    return (loan_id or "").removeprefix("loaner/")


def _due_back(one: Json) -> str:
    return remaining(one["due_back"]) if one["state"] in _TO_COME_BACK else ""


def _device(device: Json | None) -> str:
    return f"{device['id']} {device['product']}" if device else ""


def _facts_of(loaner: Json) -> list[tuple[str, str]]:
    wanted = loaner["wanted"]
    what = (wanted["product"], wanted["product_class"], words.GRADES.get(wanted["grade"], ""))
    promise = loaner["promise"]
    says = sayings(loaner["policy"]).get(promise or "", "")
    return [
        ("工单", escape(loaner["ticket"])),
        ("所需", escape(" ".join(filter(None, what)))),
        ("为了", escape(" ".join(filter(None, (promise, says, *loaner["clauses"]))))),
        ("期限", clock(loaner["deadline"])),
        ("理由", escape(loaner["reason"] or "")),
        ("设备", escape(_device(loaner["device"]))),
        *(
            (name, clock(loaner[time]))
            for name, time in (
                ("申请", "asked_at"),
                ("预留", "reserved_at"),
                ("送到", "delivered_at"),
                ("通知收回", "recalled_at"),
                ("该收回", "due_back"),
                ("收回", "returned_at"),
                ("丢失", "lost_at"),
            )
        ),
        ("状况", words.beside(loaner["condition"], words.CONDITIONS)),
        ("收费", _charge(loaner)),
    ]


def _charge(loaner: Json) -> str:
    if not loaner["charge_fen"]:
        return ""
    approved = {None: "待批准", True: "已批准", False: "未批准"}[loaner["charge_approved"]]
    return f"{yuan(loaner['charge_fen'])} 元({approved})"
