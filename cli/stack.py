"""`aftercare up`, `down` and `status`: the embedded stack of this machine."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Annotated

import psutil
from cyclopts import App, Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli import demo_day
from cli.connecting import in_loop
from cli.log_echo import LogEcho
from cli.status import Status, read_status
from cli.supervisor import Running, Stopped, everything, stop_on_signals
from cli.terminal import BadUsage, Failed, err, out, print_json, say
from cli.worker_keeper import program
from runtime.embedded.home import HomeInUse, exclusive
from runtime.settings import Settings
from runtime.stack import NoStack, running_stack

_READY_SECONDS = 120.0
_LOOK_EVERY = 0.05
# What ending the servers may take beyond the worker's drain.
_SERVERS_SECONDS = 20.0

Json = Annotated[bool, Parameter(name="--json", negative="", help="输出一个 JSON 文档。")]
Flag = Parameter(negative="")


def add_to(app: App) -> None:
    """Add the commands to the command line."""
    app.command(_up, name="up")
    app.command(_down, name="down")
    app.command(_status, name="status")


# --- up --------------------------------------------------------------------------------------


def _up(
    *,
    demo: Annotated[bool, Flag] = False,
    detach: Annotated[bool, Parameter(name=["--detach", "-d"], negative="")] = False,
    temporal_port: int | None = None,
    temporal_ui_port: int | None = None,
    postgres_port: int | None = None,
) -> None:
    """启动一切:Postgres、数据表、Temporal、worker;运行到 ctrl-c 为止。

    Parameters
    ----------
    demo
        导入示例名录,并把一天的来电放进去。
    detach
        就绪后返回,在后台继续运行;用 aftercare down 停止。
    temporal_port
        固定 Temporal 的端口(不写则用空闲端口)。
    temporal_ui_port
        固定 Temporal 网页的端口。
    postgres_port
        固定 Postgres 的端口。
    """
    ports = {
        "temporal_port": temporal_port,
        "temporal_ui_port": temporal_ui_port,
        "postgres_port": postgres_port,
    }
    fixed = {name: port for name, port in ports.items() if port is not None}
    for name, port in fixed.items():
        if not 1 <= port <= 65535:
            raise BadUsage(f"--{name.replace('_', '-')} 要写 1 到 65535 的端口")
    settings = Settings().model_copy(update=fixed)
    if detach:
        _start_detached(settings, fixed)
        to_try = in_loop(demo_day.play_into(settings)) if demo else []
        _print_where(read_status_now(settings))
        _print_to_try(to_try)
        return
    in_loop(_run(settings, demo=demo))


async def _run(settings: Settings, *, demo: bool) -> None:
    """Hold everything up until asked to stop."""
    began = time.monotonic()
    with stop_on_signals() as stop, _Steps() as steps:
        try:
            async with everything(settings, stop, steps.progress, steps.notice) as running:
                steps.done()
                to_try = await _demo_unless_stopped(settings, stop) if demo else []
                _print_where(await read_status(settings))
                _say_ready(time.monotonic() - began)
                _print_to_try(to_try)
                await _watch(running, stop)
            say("[green]✓[/] 已停止;数据都在,下次继续。")
        except Stopped:
            say("已停止。")


def _say_ready(seconds: float) -> None:
    how = "按 ctrl-c 停止。" if sys.stdin.isatty() else ""
    out().print(f"[bold green]就绪[/] {seconds:.1f} 秒。{how}")


def _print_to_try(commands: Sequence[str]) -> None:
    if commands:
        out().print("[dim]接着可以试(在另一个终端里):[/]")
    for command in commands:
        out().print(f"  {escape(command)}", soft_wrap=True)


async def _demo_unless_stopped(settings: Settings, stop: asyncio.Event) -> list[str]:
    """The commands to try next; none when somebody stopped us first."""
    playing = asyncio.ensure_future(demo_day.play_into(settings))
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait({playing, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not playing.done():
        playing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await playing
        return []
    return playing.result()


async def _watch(running: Running, stop: asyncio.Event) -> None:
    try:
        await running.until(stop)
    finally:
        say("正在停止:worker 做完手上的事……")


class _Steps:
    """The start, step by step: a spinner on a terminal, a line per step elsewhere."""

    def __init__(self) -> None:
        self._console: Console = err()
        self._spinner = self._console.status("启动")

    def __enter__(self) -> "_Steps":
        if self._console.is_terminal:
            self._spinner.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done()

    def done(self) -> None:
        """No more steps; the line is free for others."""
        self._spinner.stop()

    def progress(self, what: str, seconds: float | None) -> None:
        """A step that begins (None), or that took so long."""
        if seconds is None:
            self._spinner.update(f"{what}……")
        else:
            self._console.print(f"[green]✓[/] {what} [dim]{seconds:.1f} 秒[/]")

    def notice(self, text: str) -> None:
        """What the operator should know."""
        self._console.print(f"[yellow]![/] {escape(text)}")


def _start_detached(settings: Settings, fixed: dict[str, int]) -> None:
    """Start a supervisor that outlives this terminal, and wait until it is ready."""
    home = settings.aftercare_home
    if (running := running_stack(home)) is not None:
        say(f"已在运行(进程 {running.pid})。")
        return
    log = home / "log" / "up.log"
    log.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    options = [f"--{name.replace('_', '-')}={port}" for name, port in fixed.items()]
    echo = LogEcho(log)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, program("starter"), "up", *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=output,
            start_new_session=True,
            env=os.environ | {"AFTERCARE_HOME": str(home), "PYTHONUNBUFFERED": "1"},
        )
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        found = running_stack(home)
        echo.copy(sys.stderr)
        if found is not None and found.pid == process.pid:
            return
        if process.poll() is not None:
            echo.copy(sys.stderr)
            raise Failed(f"没有启动成功(退出码 {process.returncode});日志在 {log}")
        if time.monotonic() > deadline:
            process.terminate()
            raise Failed(f"{_READY_SECONDS:g} 秒内没有就绪,已停止;日志在 {log}")
        time.sleep(_LOOK_EVERY)


# --- down ------------------------------------------------------------------------------------


def _down() -> None:
    """停止在后台运行的一切;数据都在。"""
    settings = Settings()
    pid = _holder(settings)
    if pid is None:
        say(f"没有在运行({settings.aftercare_home})。")
        return
    patience = settings.worker_drain_seconds + _SERVERS_SECONDS
    try:
        process = psutil.Process(pid)
        process.send_signal(signal.SIGTERM)
    except psutil.NoSuchProcess:
        say("已停止。")
        return
    except psutil.AccessDenied:
        raise Failed(f"进程 {pid} 属于别的用户,不能停止它") from None
    with err().status("正在停止:worker 做完手上的事……"):
        ended = _wait_for_end(process, patience)
    if not ended:
        # Its children are bound to it: they end with it, and what they had is in the databases.
        process.kill()
        process.wait(timeout=10)
        say(f"[yellow]![/] {patience:g} 秒内没有停下,已强行结束;数据都在。")
        return
    say("[green]✓[/] 已停止;数据都在,下次继续。")


def _wait_for_end(process: psutil.Process, seconds: float) -> bool:
    try:
        process.wait(timeout=seconds)
    except psutil.TimeoutExpired:
        return False
    return True


def _holder(settings: Settings) -> int | None:
    """The process that holds the home, ready or still starting; None when nobody does."""
    home = settings.aftercare_home
    if (running := running_stack(home)) is not None and running.pid:
        return running.pid
    if not home.is_dir():
        return None
    try:
        with exclusive(home):
            return None
    except HomeInUse as in_use:
        return in_use.pid


# --- status ----------------------------------------------------------------------------------


def _status(*, json: Json = False) -> int:
    """什么在运行,在哪里;哪些工单的流程停了,该怎么办。"""
    settings = Settings()
    try:
        status = read_status_now(settings)
    except NoStack as nothing:
        if json:
            print_json(Status.of_nothing().as_json())
        else:
            say(str(nothing))
        return 1
    if json:
        print_json(status.as_json())
    else:
        _print_where(status)
        _print_troubles(status)
    return 0 if status.is_well else 1


def read_status_now(settings: Settings) -> Status:
    """The status, outside a loop. Raises NoStack."""
    return in_loop(read_status(settings))


def _print_where(status: Status) -> None:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, where in status.lines():
        grid.add_row(name, where)
    out().print(grid)


def _print_troubles(status: Status) -> None:
    _print_lines("[red]✗[/]", status.troubles)
    for ticket in status.failed:
        say(f"[red]✗[/] 工单 [bold]{escape(ticket.number)}[/] {escape(ticket.what)}")
    if status.failed:
        say(f"  历史都在。{escape(status.advice)}")


def _print_lines(mark: str, lines: Sequence[str]) -> None:
    for line in lines:
        say(f"{mark} {escape(line)}")
