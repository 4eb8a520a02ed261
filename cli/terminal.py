"""What goes to the terminal: data on stdout, everything else on stderr."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed
from rich.table import Table

# Narrower than this, a table on a pipe would fold every line.
_PIPED_WIDTH = 140
# On a narrower terminal everything folds, since what does not would be cut off.
_WIDE = 108


class BadUsage(Exception):
    """The command was written wrongly: exit 2. One clear Chinese line."""


class Failed(Exception):
    """The command could not be done: exit 1. One clear Chinese line."""


def out() -> Console:
    """For data that a person reads."""
    piped = not sys.stdout.isatty()
    return Console(
        file=sys.stdout, highlight=False, soft_wrap=False, width=_PIPED_WIDTH if piped else None
    )


def err() -> Console:
    """For progress, notices and errors."""
    return Console(file=sys.stderr, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """One line on stderr, in rich markup."""
    err().print(text)


def print_json(data: Any) -> None:
    """One JSON document, and nothing else, on stdout."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2, default=str) + "\n")


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table in the house's look.

    A column may carry a style and the width below which it is not folded: `时限|cyan|11`. The
    first is never folded unless it has such a width.
    """
    is_wide = out().width >= _WIDE
    made = Table(title=title, box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for place, column in enumerate(columns):
        name, style, width = (*column.split("|"), "", "")[:3]
        made.add_column(
            name,
            style=style or None,
            overflow="fold",
            min_width=int(width) if width and is_wide else None,
            no_wrap=place == 0 and not width,
        )
    return made


@contextmanager
def bar(description: str) -> Iterator["Bar"]:
    """A progress bar on stderr, gone when it is over; nothing where stderr is no terminal."""
    console = err()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn())
    with Progress(
        *columns,
        MofNCompleteColumn(),
        Elapsed(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        yield Bar(progress, description)


class Bar:
    """One task of a progress bar, told in absolute numbers."""

    def __init__(self, progress: Progress, description: str) -> None:
        self._progress = progress
        self._task = progress.add_task(description, total=None)

    def at(self, done: int, total: int) -> None:
        """`done` of `total` are done."""
        self._progress.update(self._task, completed=done, total=total)

    def now(self, description: str) -> None:
        """What is being done."""
        self._progress.update(self._task, description=description)
