"""`aftercare ledger`: the ledger as a file that stands alone."""

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from cli.connecting import in_loop, ledger
from cli.grouping import group_of
from cli.terminal import BadUsage, Failed, say
from cli.times import now
from domain.civil_time import business_time, sensible, start_of_day
from runtime.ledger_files import replacing, write_ledger
from storage.past import past

Since = Annotated[str | None, Parameter(help="只要这一天(或这一刻)起开的工单,如 2026-03-02。")]


def add_to(app: App) -> None:
    """Add the group to the command line."""
    group = group_of("ledger", "台账:每张工单的每件事。")
    group.command(_export, name="export")
    app.command(group)


def read_since(written: str | None) -> datetime | None:
    """A day (its 00:00) or a moment; without an offset, Chinese time. Raises BadUsage."""
    if written is None:
        return None
    try:
        return start_of_day(sensible(date.fromisoformat(written)))
    except ValueError:
        pass
    try:
        return business_time(datetime.fromisoformat(written))
    except ValueError:
        raise BadUsage(f"--since: {written!r} 不是日期;写成 2026-03-02") from None


def _export(
    file: Annotated[
        str, Parameter(name="FILE", help="写到这个文件;- 为标准输出。", allow_leading_hyphen=True)
    ],
    /,
    *,
    since: Since = None,
) -> None:
    """把台账写成一个文件(JSON Lines):每张工单的事件,和它们所用的政策。"""
    begins = read_since(since)

    async def export() -> int:
        async with ledger() as pool, past(pool, begins) as found:
            if file == "-":
                return await write_ledger(sys.stdout, now(), found.policies, found.lines)
            with replacing(Path(file)) as written:
                return await write_ledger(written, now(), found.policies, found.lines)

    try:
        count = in_loop(export())
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Failed(f"写不了 {file}:{error.strerror or error}") from None
    say(f"[green]✓[/] {count} 张工单")
