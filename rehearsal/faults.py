"""What is wrong with a script, each fault with its place: bad usage, nothing was acted."""

from runtime.file_faults import FaultyFile


class ScriptFault(FaultyFile):
    """A script that cannot be acted: bad usage, and nothing was acted."""


class Misread(Exception):
    """One thing that cannot be read, at a place below the one where it was met."""

    def __init__(self, message: str, *at: str | int) -> None:
        super().__init__(message)
        self.message = message
        self.at = at
