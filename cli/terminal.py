"""What goes to the terminal: data on stdout, everything else on stderr."""

import json
import sys
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
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
