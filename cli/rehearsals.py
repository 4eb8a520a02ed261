"""`aftercare rehearse`: scenarios acted out on the real workflow, with skipped time."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.markup import escape

from cli.connecting import in_loop, shelf
from cli.progress import bar
from cli.terminal import out, print_json
from rehearsal.result import Result
from rehearsal.stage import rehearse


def add_to(app: App) -> None:
    """Add the command to the command line."""
    app.command(_rehearse, name="rehearse")


def _rehearse(
    first: Annotated[Path, Parameter(name="FILE", help="剧本(YAML)。")],
    /,
    *more: Annotated[Path, Parameter(name="FILE", help="更多剧本。")],
    json: Annotated[
        bool, Parameter(name="--json", negative="", help="输出一个 JSON 文档。")
    ] = False,
) -> int:
    """在真的流程上演一遍剧本,时间跳着走;有一个不符就退出 1。"""
    files = [first, *more]
    with bar(f"排演 {len(files)} 个剧本") as progress:
        progress.at(0, len(files))
        results = in_loop(rehearse(files, _telling(len(files), progress.at, json), shelf=shelf()))
    failed = [result for result in results if not result.passed]
    if json:
        print_json(
            {"rehearsals": [{**dataclasses.asdict(one), "passed": one.passed} for one in results]}
        )
        return 1 if failed else 0
    console = out()
    for result in failed:
        console.print(f"\n[red]✗ {escape(result.name)}[/] [dim]{escape(result.path)}[/]")
        for failure in result.failures:
            console.print(f"  {escape(str(failure))}")
    console.print(f"\n{len(results) - len(failed)} 个相符,{len(failed)} 个不符")
    return 1 if failed else 0


def _telling(
    total: int, progress: Callable[[int, int], None], json: bool
) -> Callable[[Result], None]:
    """One line a result, as it comes."""
    done = 0
    console = out()

    def tell(result: Result) -> None:
        nonlocal done
        done += 1
        progress(done, total)
        if not json:
            mark = "[green]✓[/]" if result.passed else "[red]✗[/]"
            clauses = escape(" ".join(result.clauses))
            console.print(f"{mark} {escape(result.name)} [dim]{clauses} {result.seconds:.1f} 秒[/]")

    return tell
