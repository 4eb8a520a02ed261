"""`up --demo`: the example company's books, and its day of calls moved to end just now."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cli import ticket_views
from cli.books import import_books
from cli.connecting import ledger
from cli.progress import bar
from cli.terminal import say
from cli.times import now
from desk.calls import CallsReport, play
from desk.phone_events import read_file
from desk.showing import listing
from domain.calls import PhoneEvent
from domain.civil_time import to_millisecond
from runtime.settings import Settings
from storage import tickets

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
_ENDS_BEFORE = timedelta(minutes=3)
# 王秀英 of the example books, whose window is in warranty.
_CALLER, _DEVICE = "13900010001", "D101"


async def play_into(settings: Settings) -> list[str]:
    """Import the books, play the day, print the tickets; the commands to try next.

    Played again, it changes nothing.
    """
    moment = to_millisecond(now())
    async with ledger(settings) as pool:
        await import_books(pool, EXAMPLES / "directory.yaml", settings)
        events = moved_to(read_file(EXAMPLES / "calls.jsonl", moment), moment)
        with bar("放入一天的来电") as progress:
            report = await play(pool, events, progress.at)
        say(f"[green]✓[/] {said(report)}")
        found = await listing(pool)
        ticket_views.print_list(found["tickets"], await tickets.overdue(pool))
    return to_try(found["tickets"])


def moved_to(events: tuple[PhoneEvent, ...], moment: datetime) -> tuple[PhoneEvent, ...]:
    """The same day, its last event three minutes before `moment`.

    A resend that would come later than now is received now.
    """
    shift = moment - _ENDS_BEFORE - max(event.at for event in events)
    return tuple(
        event.model_copy(
            update={"at": event.at + shift, "received": min(event.received + shift, moment)}
        )
        for event in events
    )


def to_try(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """Commands for a newcomer, on a ticket of the list that can take them."""
    program = Path(sys.argv[0])
    on_path = shutil.which(program.name)
    name = program.name if on_path and Path(on_path).samefile(program) else str(program)
    waiting = [one for one in lines if one["caller"] == _CALLER and one["stage"] == "intake"]
    commands = ["demo", "policy show doors_windows"]
    if waiting:
        number = waiting[0]["number"]
        what = "--site 江南花园 --category 窗 --symptom 关不严"
        commands = [
            f"ticket show {number}",
            f"ticket register {number} --by agent/客服小何 --device {_DEVICE} {what}",
            f"ticket dispatch {number} --by supervisor/高主管",
            *commands,
        ]
    elif lines:
        commands.insert(0, f"ticket show {lines[0]['number']}")
    return [f"{name} {command}" for command in commands]


def said(report: CallsReport) -> str:
    """A report in one line."""
    return (
        f"{report.calls} 通电话:呼入 {report.inbound}(接听 {report.answered},"
        f"未接 {report.missed}),呼出 {report.outbound};{report.tickets} 张工单"
    )
