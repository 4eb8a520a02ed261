"""`aftercare demo`: two tickets from the first ring to the follow-up, on servers of their own.

Time is skipped, so that days pass in seconds; the servers end with the command.
"""

import time
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.status import Status

from cli import ticket_views, words
from cli.connecting import in_loop, shelf
from cli.demo_day import EXAMPLES
from cli.terminal import err, out, print_json
from cli.timeline import timeline
from cli.times import clock
from rehearsal.result import Result
from rehearsal.runner import Acted
from rehearsal.script import Script
from rehearsal.stage import load_all, open_stage
from rehearsal.steps import CommandAct, ExpectAct, PhoneAct

SCRIPTS = ("instrument.yaml", "window.yaml")

Json = dict[str, Any]

_RINGS = {"newCall": "电话响起", "answer": "接听", "hangup": "挂断"}


def add_to(app: App) -> None:
    """Add the command to the command line."""
    app.command(_demo, name="demo")


def _demo(
    *,
    json: Annotated[
        bool, Parameter(name="--json", negative="", help="输出一个 JSON 文档。")
    ] = False,
) -> int:
    """在临时的一套服务器上,把两张工单从铃响演到回访。"""
    return in_loop(_play([EXAMPLES / "demo" / name for name in SCRIPTS], json))


async def _play(paths: list[Path], json: bool) -> int:
    began = time.monotonic()
    policies = shelf()
    tickets: list[Json] = []
    failed = False
    spinner = err().status("启动临时的 Postgres 与 Temporal……")
    spinner.start()
    try:
        async with open_stage(policies) as stage:
            for script in load_all(paths, policies):
                teller = _Teller(script, spinner, silent=json)
                result = await stage.act(script, teller.tell)
                tickets.append(teller.ticket)
                failed |= not result.passed
                _tell_failures(result)
    finally:
        spinner.stop()
    if json:
        print_json({"tickets": tickets})
    else:
        for ticket in tickets:
            _print_story(ticket)
        out().print(f"[dim]几天的事,演了 {time.monotonic() - began:.1f} 秒[/]")
    return 1 if failed else 0


class _Teller:
    """Tells a script's steps as they happen, and keeps the ticket as it is by then."""

    def __init__(self, script: Script, spinner: Status, *, silent: bool) -> None:
        self.ticket: Json = {}
        self._script = script
        self._spinner = spinner
        self._told = 0
        self._console: Console | None = None if silent else out()
        if self._console is not None:
            self._console.print(f"\n[bold]{escape(script.title)}[/]")

    def tell(self, acted: Acted) -> None:
        """One step was acted."""
        self._told += 1
        self.ticket = dict(acted.ticket or {})
        if isinstance(acted.step.act, ExpectAct):
            return
        self._spinner.update(f"{self._script.title} {self._told}/{len(self._script.steps)}")
        if self._console is None:
            return
        stage = self.ticket.get("stage")
        arrow = f"→ [cyan]{words.beside(stage, words.STAGES)}[/]" if stage else ""
        who, what = (escape(_padded(text, 18)) for text in _deed(acted))
        self._console.print(f"  [dim]{clock(acted.at)}[/]  {who} {what} {arrow}")


def _deed(acted: Acted) -> tuple[str, str]:
    act = acted.step.act
    if isinstance(act, PhoneAct):
        users = "、".join(act.event.users)
        return (act.event.from_number or users, _RINGS[act.event.event.value])
    if isinstance(act, CommandAct):
        refused = "(不允许)" if act.because is not None else ""
        return words.actor(str(act.by)), words.beside(act.command, words.COMMANDS) + refused
    return "", acted.step.kind


def _padded(text: str, cells: int) -> str:
    """`text` filled up to that many columns; a Chinese character takes two."""
    return text + " " * max(0, cells - cell_len(text))


def _tell_failures(result: Result) -> None:
    for failure in result.failures:
        err().print(f"[red]✗[/] {escape(str(failure))}")


def _print_story(ticket: Json) -> None:
    console = out()
    title = f"[bold]{ticket.get('number', '?')}[/] {ticket_views.stage_of(ticket)}"
    console.print()
    console.print(timeline(ticket, title))
    promises = {
        state: sum(one == state for one in ticket.get("promises", {}).values())
        for state in words.PROMISE_STATES
    }
    console.print(
        "承诺:"
        + ",".join(
            f"{words.promise_state(word)} {count}" for word, count in promises.items() if count
        )
    )
