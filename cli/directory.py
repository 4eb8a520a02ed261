"""`aftercare directory`: the company's books."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from cli.books import import_books
from cli.connecting import in_loop, ledger
from cli.grouping import group_of
from cli.terminal import print_json
from runtime.settings import Settings


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
        if json:
            print_json(replaced.model_dump(mode="json"))

    in_loop(take())
