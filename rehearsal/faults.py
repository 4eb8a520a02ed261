"""What is wrong with a script, each fault with its place: bad usage, nothing was acted."""

import difflib
from collections.abc import Iterable


class ScriptFault(Exception):
    """A script that cannot be acted. `faults` are `file:line: what, and how to mend it`."""

    exit_code = 2

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Misread(Exception):
    """One thing that cannot be read, at a place below the one where it was met."""

    def __init__(self, message: str, *at: str | int) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


def suggestion(word: str, choices: Iterable[str]) -> str:
    """How to mend a word that is none of `choices`: the closest one, else all of them."""
    known = list(choices)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"是否想写 {close[0]}?" if close else f"可用:{'、'.join(known)}"
