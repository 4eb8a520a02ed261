"""Ledger files (`domain.ledger_lines`): written whole or not at all, read with the line of a fault.

A file of many tickets is never held in memory: its head and policies are read first, its tickets
line by line.
"""

import os
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO, TypeVar

from pydantic import ValidationError

from domain.civil_time import local
from domain.ledger_lines import FORMAT, LedgerHead, PolicyLine
from domain.policy import Policy
from domain.records import Record
from runtime.file_faults import FaultyFile, FileFault

Line = tuple[int, str]
"""A line's number in its file, from 1, and its text."""
R = TypeVar("R", bound=Record)

_TICKET = re.compile(r'\s*\{\s*"ticket"\s*:\s*"([^"]+)"')


class LedgerFileFaulty(FaultyFile):
    """A ledger file with a fault; nothing was counted."""


@dataclass(frozen=True, slots=True)
class LedgerFile:
    """What stands before the tickets, and how many there are."""

    path: Path
    as_of: datetime
    policies: dict[str, Policy]
    tickets: int
    first: int

    def lines(self) -> Iterator[Line]:
        """The tickets' lines, oldest number first as they were written.

        Raises LedgerFileFaulty for a ticket that stands twice: it would be counted twice.
        """
        seen: set[str] = set()
        for number, text in _numbered(self.path):
            if number < self.first:
                continue
            named = _TICKET.match(text)
            if named is not None:
                if named[1] in seen:
                    raise fault(self.path, number, f"工单 {named[1]} 写了两次")
                seen.add(named[1])
            yield number, text


def open_ledger(path: Path) -> LedgerFile:
    """Read a file's head and policies. Raises OSError, LedgerFileFaulty."""
    lines = _numbered(path)
    first = next(lines, None)
    if first is None:
        raise fault(path, 1, "文件是空的")
    head = read_line(path, first, LedgerHead)
    policies: dict[str, Policy] = {}
    tickets, begins = 0, first[0] + 1
    for number, text in lines:
        if tickets or not text.startswith('{"policy":'):
            begins = begins if tickets else number
            tickets += 1
            continue
        line = read_line(path, (number, text), PolicyLine)
        try:
            policies[line.version] = line.snapshot()
        except ValidationError as error:
            raise fault(path, number, f"政策 {line.policy} 读不懂:{said(error)}") from None
    return LedgerFile(path, local(head.as_of), policies, tickets, begins)


def read_line(path: Path, line: Line, model: type[R]) -> R:
    """One line as a record. Raises LedgerFileFaulty, naming the line and what is wrong."""
    number, text = line
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise fault(path, number, said(error)) from None


def said(error: ValidationError) -> str:
    """The first mistake, with its place in the line."""
    first: Any = error.errors(include_url=False)[0]
    if first["type"] == "json_invalid":
        return f"不是合法的 JSON({first['ctx']['error']})"
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])


def fault(path: Path, line: int, message: str) -> LedgerFileFaulty:
    """The error for one line."""
    fix = "台账文件由 aftercare ledger export 写出"
    return LedgerFileFaulty(
        [FileFault(file=str(path), line=line, field="", message=message, fix=fix)]
    )


async def write_ledger(
    file: TextIO, as_of: datetime, policies: Iterable[str], tickets: AsyncIterator[str]
) -> int:
    """Write the head and those lines; how many tickets there were."""
    head = LedgerHead(ledger=FORMAT, as_of=as_of)
    file.write(head.model_dump_json() + "\n")
    file.writelines(f"{line}\n" for line in policies)
    count = 0
    async for line in tickets:
        file.write(f"{line}\n")
        count += 1
    return count


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A file beside it that takes its place once it is whole; an old file stays on any fault."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8") as file:
            yield file
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _numbered(path: Path) -> Iterator[Line]:
    """Lines that are not blank. Raises OSError, LedgerFileFaulty for what is no text."""
    number = 0
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, text in enumerate(file, start=1):
                if text.strip():
                    yield number, text
    except UnicodeDecodeError:
        raise fault(path, number + 1, "不是 UTF-8 文字") from None
