"""`aftercare what-if`: past tickets judged again under another policy."""

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from cli import what_if_views
from cli.connecting import in_loop, ledger
from cli.ledgers import Since, read_since
from cli.policy_sources import policy_of, policy_shelf
from cli.progress import bar
from cli.terminal import BadUsage, print_json
from cli.times import now
from cli.what_if_work import Question, judge_all
from domain.ledger_lines import PolicyLine
from domain.policy import Policy
from domain.what_if import Edition
from domain.what_if_tally import Tally
from runtime.ledger_files import Line, open_ledger
from storage.past import past

_DATABASE = Path("台账")


def add_to(app: App) -> None:
    """Add the command to the command line."""
    app.command(_what_if, name="what-if")


def _what_if(
    policy: Annotated[str, Parameter(name="POLICY", help="政策名,或一个政策文件。")],
    /,
    *,
    against: Annotated[
        str | None,
        Parameter(help="与哪一份政策比较(名或文件);不写则与每张工单当时所用的比较。"),
    ] = None,
    ledger_: Annotated[
        Path | None, Parameter(name="--ledger", help="台账文件;不写则读数据库。")
    ] = None,
    since: Since = None,
    of: Annotated[str | None, Parameter(help="只看用这个政策名的工单;不写则看全部。")] = None,
    jobs: Annotated[
        int | None, Parameter(help="用几个核;不写则全用。", validator=Number(gte=1, lte=256))
    ] = None,
    json: Annotated[
        bool, Parameter(name="--json", negative="", help="输出一个 JSON 文档。")
    ] = False,
    csv: Annotated[
        str | None, Parameter(help="写成 CSV 文件;- 为标准输出。", allow_leading_hyphen=True)
    ] = None,
) -> None:
    """过去的工单换一份政策会怎样:哪些承诺会守住,哪些会超时,各是哪些工单。"""
    if csv is not None and csv.startswith("--"):
        raise BadUsage("--csv 后面缺少值;写一个文件名,或 - 为标准输出")
    if json and csv is not None:
        raise BadUsage("--json 和 --csv 只能写一个")
    under = Edition.of(policy_of(policy))
    other = Edition.of(policy_of(against)) if against is not None else None
    asked = _Asked(under, other, read_since(since), of, jobs or os.cpu_count() or 1)
    tally = in_loop(_judge(asked, ledger_))
    if json:
        print_json(what_if_views.as_json(under, other, tally))
    elif csv is not None:
        what_if_views.write_csv(csv, tally)
    else:
        what_if_views.print_tally(under, other, tally)


@dataclass(frozen=True, slots=True)
class _Asked:
    under: Edition
    against: Edition | None
    since: datetime | None
    only: str | None
    jobs: int


@dataclass(frozen=True, slots=True)
class _Source:
    """Tickets' lines, wherever they come from."""

    place: Path
    as_of: datetime
    pinned: dict[str, Policy]
    tickets: int
    lines: AsyncIterator[Line]


async def _judge(asked: _Asked, file: Path | None) -> Tally:
    source = _from_file(file) if file is not None else _from_database(asked.since)
    async with source as found:
        _check_name(asked.only, found.pinned.values())
        question = Question(
            under=asked.under,
            against=asked.against,
            pinned=found.pinned,
            as_of=found.as_of,
            place=found.place,
            since=asked.since,
            only=asked.only,
        )
        with bar("重判工单") as progress:
            return await judge_all(question, found.lines, found.tickets, asked.jobs, progress.at)


def _check_name(only: str | None, pinned: Iterable[Policy]) -> None:
    """A misspelt name must not read as "no such tickets". Raises BadUsage."""
    known = sorted({*policy_shelf().names(), *(policy.name for policy in pinned)})
    if only is not None and only not in known:
        raise BadUsage(f"--of: 没有政策 {only};有:{'、'.join(known)}")


@asynccontextmanager
async def _from_file(path: Path) -> AsyncIterator[_Source]:
    """Raises BadUsage for a file that cannot be opened, LedgerFileFaulty."""
    try:
        file = open_ledger(path)
    except OSError as error:
        raise BadUsage(f"--ledger: 打不开 {path}:{error.strerror or error}") from None

    async def lines() -> AsyncIterator[Line]:
        for line in file.lines():
            yield line

    yield _Source(path, file.as_of, file.policies, file.tickets, lines())


@asynccontextmanager
async def _from_database(since: datetime | None) -> AsyncIterator[_Source]:
    async with ledger() as pool, past(pool, since) as found:
        read = [PolicyLine.model_validate_json(line) for line in found.policies]

        async def lines() -> AsyncIterator[Line]:
            number = 0
            async for text in found.lines:
                number += 1
                yield number, text

        pinned = {line.version: line.snapshot() for line in read}
        yield _Source(_DATABASE, now(), pinned, found.tickets, lines())
