"""What came of a rehearsal."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that was not as the script says: where it stands, in which step, and what."""

    place: str
    step: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.step}: {self.message}"


@dataclass(frozen=True, slots=True)
class Result:
    """One script's outcome. `seconds` is what acting it took on our own clock.

    `tickets` are the numbers of the tickets that it opened, `loaners` the workflow ids of the
    loaners that were lent or asked for; oldest first.
    """

    path: str
    name: str
    clauses: tuple[str, ...]
    steps: int
    seconds: float
    failures: tuple[Failure, ...] = ()
    tickets: tuple[str, ...] = ()
    loaners: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.failures
