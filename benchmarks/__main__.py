"""`make bench`: counts are asserted, speeds are reported."""

import asyncio
import os
import re
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks import engine
from benchmarks.straight_road import (
    ACTIONS_AT_MOST,
    BYTES_AT_MOST,
    EVENTS_AT_MOST,
    Cost,
    Pace,
    Stopwatch,
    bare_worker,
    cost_of,
    drive,
    drive_bare,
    median,
    script_of,
)
from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.temporal_server import EmbeddedTemporal
from runtime.temporal import connect
from storage import migrate
from storage.pool import open_pool
from tests.workflows.driving import House, house
from worker import build_worker

DEVICES = {"doors_windows": "D101", "instruments": "D503"}
ROUNDS, TICKETS = 5, 60
_REPORTS_EVERY, _MOST_READINGS = 2.5, 20
console = Console()


async def bench() -> bool:
    """Whether every counted budget is kept."""
    with _open_folder() as folder:
        async with (
            EmbeddedPostgres(folder, durable=False) as postgres,
            EmbeddedTemporal(log_folder=folder, ui=False) as temporal,
        ):
            await migrate.apply(postgres.url)
            client = await connect(temporal.address)
            pool = await open_pool(postgres.url)
            try:
                async with house(client, pool, polling=False) as made:
                    kept = await _count(made, temporal)
                    await _race(made, temporal)
            finally:
                await pool.close()
    return kept


@contextmanager
def _open_folder() -> Iterator[Path]:
    """A temporary folder that the database's own user can reach."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


async def _count(made: House, temporal: EmbeddedTemporal) -> bool:
    table = Table(title="一张工单的花费(到 signed_off,保内,不含通知)")
    for column in ("政策", "事件", "字节", "计费动作", "服务器的 action 计数", "动作明细"):
        table.add_column(column)
    kept = True
    async with build_worker(made.client, made.pool, made.task_queue):
        for policy, device in DEVICES.items():
            before = await _server_actions(temporal)
            ticket = await drive(made, device)
            counted = await _server_actions(temporal) - before
            cost = await cost_of(ticket.handle)
            kept = kept and _within(cost) and counted <= ACTIONS_AT_MOST
            detail = ", ".join(f"{kind} {n}" for kind, n in sorted(cost.actions.items()))
            figures = (cost.events, cost.bytes, cost.total, counted)
            table.add_row(policy, *map(str, figures), detail)
    table.add_row(
        "预算", f"≤ {EVENTS_AT_MOST}", f"≤ {BYTES_AT_MOST}", f"≤ {ACTIONS_AT_MOST}", "同左", ""
    )
    console.print(table)
    return kept


def _within(cost: Cost) -> bool:
    return (
        cost.events <= EVENTS_AT_MOST
        and cost.bytes <= BYTES_AT_MOST
        and cost.total <= ACTIONS_AT_MOST
    )


async def _race(made: House, temporal: EmbeddedTemporal) -> None:
    """Tickets and bare workflows in turn, the same Temporal commands, sandboxed alike."""
    watch = Stopwatch(temporal.pid)
    for sandboxed in (True, False):
        ours: list[Pace] = []
        bare: list[Pace] = []
        async with (
            build_worker(made.client, made.pool, made.task_queue, sandboxed=sandboxed),
            bare_worker(made.client, sandboxed=sandboxed) as queue,
        ):
            pattern = await drive(made, DEVICES["doors_windows"])
            script = script_of(await pattern.handle.fetch_history())
            one_ours = partial(drive, made, DEVICES["doors_windows"])
            one_bare = partial(drive_bare, made.client, queue, script)
            for _ in range(ROUNDS):
                ours.append(await watch.time(TICKETS, one_ours))
                bare.append(await watch.time(TICKETS, one_bare))
        _report(sandboxed, ours, bare)


def _report(sandboxed: bool, ours: list[Pace], bare: list[Pace]) -> None:
    title = f"{'沙箱内' if sandboxed else '不用沙箱'}:{ROUNDS} 轮交替,每轮 {TICKETS} 张,中位数"
    table = Table(title=title)
    for column in ("", "每秒张数", "每张 CPU ms(工作进程)", "每张 CPU ms(服务器)"):
        table.add_column(column)
    for name, pace in (("工单", median(ours)), ("裸流程", median(bare))):
        table.add_row(name, f"{pace.per_second:.1f}", f"{pace.cpu_ms:.1f}", f"{pace.server_ms:.1f}")
    ratios = sorted(a.per_second / b.per_second for a, b in zip(ours, bare, strict=True))
    table.add_row("速度之比", f"{ratios[len(ratios) // 2]:.2f}", "", "")
    console.print(table)


async def _server_actions(temporal: EmbeddedTemporal) -> int:
    """The server's own counter of billable actions in our namespace, once it stands still.

    The server reports its figures in intervals, so they are read until two in a row agree.
    """
    last = -1
    for _ in range(_MOST_READINGS):
        text = await asyncio.to_thread(_read, temporal.metrics_url)
        found = re.findall(
            r'^action(?:_total)?\{[^}]*namespace="default"[^}]*\}\s+(\S+)', text, re.MULTILINE
        )
        total = round(sum(float(number) for number in found))
        if total == last:
            return total
        last = total
        await asyncio.sleep(_REPORTS_EVERY)
    raise TimeoutError("the server's action counter does not come to rest")


def _read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        text: str = answer.read().decode()
    return text


if __name__ == "__main__":
    engine.report(console)
    good = uvloop.run(bench())
    console.print("[green]预算都守住了[/]" if good else "[red]超出预算[/]")
    # The Temporal client can abort an interpreter that exits in the ordinary way.
    sys.stdout.flush()
    os._exit(0 if good else 1)
