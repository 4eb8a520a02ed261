"""`aftercare directory`: the company's books."""

import asyncio
from pathlib import Path
from typing import Annotated

import asyncpg
from cyclopts import App, Parameter
from rich.markup import escape
from temporalio.service import RPCError

from cli.books import import_books
from cli.connecting import in_loop, ledger, temporal
from cli.grouping import group_of
from cli.terminal import Failed, print_json, say
from desk.workflow_post import WorkflowPost
from runtime.settings import Settings
from runtime.stack import NoStack, resolve_stack
from storage.errors import DATABASE_ERRORS
from storage.loaners import call_line, next_in_line

_CALL_SECONDS = 10.0


def add_to(app: App) -> None:
    """Add the group to the command line."""
    group = group_of("directory", "名录:客户、物业、设备、维修人员、员工、备机。")
    group.command(_import, name="import")
    app.command(group)


def _import(
    file: Annotated[Path, Parameter(help="名录文件(YAML)。")],
    /,
    *,
    json: Annotated[
        bool, Parameter(name="--json", negative="", help="输出一个 JSON 文档。")
    ] = False,
) -> None:
    """用文件里的名录替换现有的;有错则一条都不写。"""
    settings = Settings()

    async def take() -> None:
        async with ledger(settings) as pool:
            replaced = await import_books(pool, file, settings)
            await _call_line(pool, settings)
        if json:
            print_json(replaced.model_dump(mode="json"))

    in_loop(take())


async def _call_line(pool: asyncpg.Pool, settings: Settings) -> None:
    """A new loaner may be what somebody waits for. The books are taken over all the same."""
    try:
        async with asyncio.timeout(_CALL_SECONDS):
            if not await next_in_line(pool):
                return
            client = await temporal(resolve_stack(settings), settings)
            told = await call_line(pool, WorkflowPost(client, settings.task_queue).look_again)
    except (NoStack, Failed, RPCError, *DATABASE_ERRORS) as error:
        reason = escape(str(error) or type(error).__name__)
        say(f"[yellow]![/] 有工单在等备机,还没有通知到,worker 下次启动时再通知:{reason}")
    else:
        say(f"[green]✓[/] 有备机了:已通知 {told} 次等待中的借用")
