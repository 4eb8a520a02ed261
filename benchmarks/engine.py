"""How fast promises are worked out: tickets judged again on one core, and `policy explain`."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.past_tickets import past_tickets, twelve_promises
from domain.what_if import Edition, PastTicket, judge_past
from domain.what_if_tally import Tally

TICKETS, ROUNDS = 4_000, 9
TICKETS_A_SECOND, EXPLAIN_SECONDS = 20_000, 0.5
_VERSION = "0" * 12
_CASE = {
    "facts": {"weight_kg": 6},
    "milestones": {"reported": "2026-03-02T09:00:00+08:00"},
    "now": "2026-03-02T10:00:00+08:00",
}


def report(console: Console) -> None:
    """Print the speeds: medians of several rounds, and what was asked for."""
    table = Table(title=f"承诺引擎:一个核,十二条承诺的政策,{TICKETS} 张旧工单,{ROUNDS} 轮中位数")
    for column in ("", "结果", "要求"):
        table.add_column(column)
    tickets = past_tickets(TICKETS)
    under = Edition.of(twelve_promises())
    for name, work in (
        ("重判", judge),
        ("重判并逐条计数(what-if 一份政策)", judge_and_count),
        ("两份政策都重判、对照、计数", compare),
    ):
        speed = TICKETS / _seconds(work, tickets, under)
        wanted = f"≥ {TICKETS_A_SECOND} 张/秒" if work is judge_and_count else ""
        table.add_row(name, f"{speed:,.0f} 张/秒", wanted)
    explained = f"{explain_seconds():.2f} 秒"
    table.add_row("aftercare policy explain(从命令行)", explained, f"< {EXPLAIN_SECONDS} 秒")
    console.print(table)


Work = Callable[[list[PastTicket], Edition], None]


def _seconds(work: Work, tickets: list[PastTicket], under: Edition) -> float:
    """The median of the rounds, processor time: others may be at work on this machine."""
    taken = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work(tickets, under)
        taken.append(time.process_time() - began)
    return statistics.median(taken)


def judge(tickets: list[PastTicket], under: Edition) -> None:
    """The engine alone."""
    for past in tickets:
        judge_past(past, under)


def judge_and_count(tickets: list[PastTicket], under: Edition) -> None:
    """One policy, its tickets counted by promise and state."""
    tally = Tally(promise.id for promise in under.policy.promises)
    for past in tickets:
        tally.count(past, judge_past(past, under), ())


def compare(tickets: list[PastTicket], under: Edition) -> None:
    """Beside another policy, the same here: everything is judged twice."""
    other = Edition(under.policy, _VERSION)
    tally = Tally(promise.id for promise in under.policy.promises)
    for past in tickets:
        tally.count(past, judge_past(past, under), judge_past(past, other))


def explain_seconds() -> float:
    """The median wall time of the command from the shell."""
    command = [str(Path(sys.executable).with_name("aftercare")), "policy", "explain"]
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder) / "case.json"
        case.write_text(json.dumps(_CASE), encoding="utf-8")
        taken = []
        for _ in range(ROUNDS):
            began = time.monotonic()
            subprocess.run(
                [*command, "instruments", "--facts", str(case)], check=True, capture_output=True
            )
            taken.append(time.monotonic() - began)
    return statistics.median(taken)


if __name__ == "__main__":
    report(Console())
