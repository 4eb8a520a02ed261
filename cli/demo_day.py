"""`up --demo`: the example company's books, and its day of calls moved to end just now."""

from datetime import datetime, timedelta
from pathlib import Path

from cli import ticket_views
from cli.books import import_books
from cli.connecting import ledger
from cli.terminal import bar, say
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


async def play_into(settings: Settings) -> None:
    """Import the books, play the day, print the tickets. Played again, it changes nothing."""
    moment = to_millisecond(now())
    async with ledger(settings) as pool:
        await import_books(pool, EXAMPLES / "directory.yaml", settings)
        events = moved_to(read_file(EXAMPLES / "calls.jsonl", moment), moment)
        with bar("放入一天的来电") as progress:
            report = await play(pool, events, progress.at)
        say(f"[green]✓[/] {said(report)}")
        found = await listing(pool)
        ticket_views.print_list(found["tickets"], await tickets.overdue(pool))


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


def said(report: CallsReport) -> str:
    """A report in one line."""
    return (
        f"{report.calls} 通电话:呼入 {report.inbound}(接听 {report.answered},"
        f"未接 {report.missed}),呼出 {report.outbound};{report.tickets} 张工单"
    )
