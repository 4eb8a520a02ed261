"""Taking over a directory file."""

from collections.abc import Mapping
from pathlib import Path

import asyncpg

from cli.connecting import shelf
from cli.terminal import Failed, say
from desk.numbers import normalise
from domain.directory_checks import policies_to_come
from runtime.directory_files import DirectoryFileFaulty, read_directory
from runtime.settings import Settings
from storage.directory import DirectoryRefused, Replaced, replace_directory

SECTIONS = {
    "lines": "线路",
    "customers": "客户",
    "properties": "物业",
    "devices": "设备",
    "technicians": "维修人员",
    "staff": "员工",
    "loaners": "备机",
}


async def import_books(pool: asyncpg.Pool, path: Path, settings: Settings) -> Replaced:
    """Make the file's books the company's. Raises Failed with every fault, a line each."""
    known = shelf(settings).names()
    try:
        directory = read_directory(path, normalise, policies=known)
        replaced = await replace_directory(pool, directory)
    except (DirectoryFileFaulty, DirectoryRefused) as faulty:
        raise Failed(str(faulty)) from None
    counts = "、".join(
        f"{SECTIONS[section]} {len(getattr(directory, section))}"
        for section in SECTIONS
        if getattr(directory, section)
    )
    _warn_of_policies(policies_to_come(directory, known))
    changed, gone = sum(replaced.written.values()), sum(replaced.retired.values())
    say(f"[green]✓[/] 名录:{counts} [dim]({changed} 条新增或更新,{gone} 条停用)[/]")
    return replaced


def _warn_of_policies(missing: Mapping[str, int]) -> None:
    if missing:
        names, devices = "、".join(missing), sum(missing.values())
        say(
            f"[yellow]![/] {devices} 台设备的政策还没有:{names};"
            "登记这些设备时会被拒绝 UnknownPolicy"
        )
