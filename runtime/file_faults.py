"""What is wrong with a file that a person wrote: each fault with its line and how to mend it."""

from collections.abc import Iterable

from domain.records import Record


class FileFault(Record):
    """One fault: line from 1, the field's place (empty: the file), all said in Chinese.

    `rule` names the kind of fault, in English.
    """

    file: str
    line: int
    field: str
    message: str
    fix: str = ""
    rule: str = "malformed"

    def __str__(self) -> str:
        where = f" {self.field}:" if self.field else ""
        fix = f"。{self.fix}" if self.fix else ""
        return f"{self.file}:{self.line}:{where} {self.message}{fix}"


class FaultyFile(Exception):
    """A file with faults: all of them in `faults`, by file and line; nothing was taken from it."""

    def __init__(self, found: Iterable[FileFault]) -> None:
        self.faults = tuple(sorted(found, key=lambda fault: (fault.file, fault.line)))
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[type["FaultyFile"], tuple[tuple[FileFault, ...]]]:
        """Faults come whole out of another process too."""
        return type(self), (self.faults,)
