"""Taking over a directory file."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import asyncpg

from cli.connecting import shelf
from cli.terminal import Failed, say
from desk.numbers import normalise
from domain.directory import Directory
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
    try:
        directory = read_directory(path, normalise)
        replaced = await replace_directory(pool, directory)
    except (DirectoryFileFaulty, DirectoryRefused) as faulty:
        raise Failed(str(faulty)) from None
    except OSError as error:
        raise Failed(f"打不开 {path}:{error.strerror or error}") from None
    counts = "、".join(
        f"{SECTIONS[section]} {len(getattr(directory, section))}"
        for section in SECTIONS
        if getattr(directory, section)
    )
    _warn_of_policies(directory, shelf(settings).names())
    changed, gone = sum(replaced.written.values()), sum(replaced.retired.values())
    say(f"[green]✓[/] 名录:{counts} [dim]({changed} 条新增或更新,{gone} 条停用)[/]")
    return replaced


def _warn_of_policies(directory: Directory, known: Iterable[str]) -> None:
    """Name the policies that are not there: the books may come before the policies do."""
    named = Counter(
        [one.policy for one in directory.devices if one.policy]
        + [line.policy for line in directory.lines]
    )
    missing = sorted(set(named) - set(known))
    if missing:
        listed = "、".join(f"{name}({named[name]} 条)" for name in missing)
        say(f"[yellow]![/] 名录提到的政策还没有:{listed};登记这些设备时会被拒绝")
