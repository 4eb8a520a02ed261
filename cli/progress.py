"""How far a long command is, on stderr."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed

from cli.terminal import err


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
