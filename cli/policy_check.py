"""`aftercare policy check`: what in a policy cannot be kept or does not fit."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape

from cli.policy_sources import Json, files_of, policy_shelf
from cli.terminal import out, print_json
from domain.lint import Severity
from domain.policy_phrases import listed
from runtime.policy_check import PlacedFinding, check_all, check_files

_SAID = {
    Severity.ERROR: "[bold red]错误[/]",
    Severity.WARNING: "[yellow]警告[/]",
    Severity.NOTE: "[dim]提示[/]",
}


def check(
    *sources: Annotated[
        str,
        Parameter(name="NAME", help="政策名、政策文件或目录;不写则检查全部,并核对登记册。"),
    ],
    notes: Annotated[bool, Parameter(name="--notes", negative="", help="提示也逐条列出。")] = False,
    json: Json = False,
) -> int:
    """检查政策:自相矛盾、无从兑现、没有守住的条款。有错误退出 1。"""
    shelf = policy_shelf()
    if sources:
        found = check_files(shelf, [file for one in sources for file in files_of(one, shelf)])
    else:
        found = check_all(shelf)
    if json:
        print_json({"findings": [one.model_dump(mode="json") for one in found]})
    else:
        _print(found, notes=notes)
    return 1 if any(one.severity is Severity.ERROR for one in found) else 0


def _print(found: Sequence[PlacedFinding], *, notes: bool) -> None:
    console = out()
    shown = [one for one in found if notes or one.severity is not Severity.NOTE]
    for file, those in groupby(sorted(shown, key=_place), key=lambda one: one.file):
        console.print(f"\n[bold]{escape(file)}[/]")
        for one in those:
            clauses = escape(listed(one.clauses, between=" "))
            console.print(f"  {one.line}: {_SAID[one.severity]} {one.rule} [cyan]{clauses}[/]")
            console.print(f"    {escape(one.message)}")
            console.print(f"    [dim]→ {escape(one.fix)}[/]")
    count = Counter(one.severity for one in found)
    hidden = ",--notes 列出提示" if count[Severity.NOTE] and not notes else ""
    errors, warnings, few = (count[one] for one in Severity)
    console.print(f"\n{errors} 个错误,{warnings} 个警告,{few} 个提示{hidden}")


def _place(one: PlacedFinding) -> tuple[str, int]:
    return one.file, one.line
