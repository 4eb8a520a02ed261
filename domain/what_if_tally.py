"""Counting what-if: for each promise, the tickets that kept it and that missed it, beside what was.

A tally takes one ticket after the other; tallies of parts of the ledger are added up in order, so
several cores give the same answer as one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median_low

from pydantic import JsonValue

from domain.judging import Judgement
from domain.vocabulary import PromiseState
from domain.what_if import PastTicket, lateness

ABSENT = "absent"
"""In a change: the promise did not apply, or the policy has none of that name."""

_MISSED = PromiseState.MISSED
_STATES = (
    *(PromiseState.MET, PromiseState.MISSED, PromiseState.RUNNING),
    *(PromiseState.PAUSED, PromiseState.PENDING, PromiseState.VOID),
)


@dataclass(slots=True)
class Figures:
    """One promise under one policy: the tickets in each state, and by how much it was missed.

    `late` has the whole seconds of every missed one, in the order of those tickets.
    """

    clauses: tuple[str, ...] = ()
    tickets: dict[PromiseState, list[str]] = field(default_factory=dict)
    late: list[int] = field(default_factory=list)

    def of(self, state: PromiseState) -> list[str]:
        """The numbers of the tickets in that state."""
        return self.tickets.get(state, [])

    @property
    def applies(self) -> int:
        """To how many tickets it applies."""
        return sum(len(numbers) for numbers in self.tickets.values())

    @property
    def late_median(self) -> int | None:
        """A lateness that half of the missed ones do not exceed, seconds."""
        return median_low(self.late) if self.late else None

    @property
    def late_worst(self) -> int | None:
        """The greatest lateness, seconds."""
        return max(self.late, default=None)

    def take(self, judged: Judgement, past: PastTicket) -> None:
        """Take in one ticket."""
        numbers = self.tickets.get(judged.state)
        if numbers is None:
            numbers = self.tickets[judged.state] = []
            self.clauses = judged.promise.clauses
        numbers.append(past.number)
        if judged.state is _MISSED:
            self.late.append(lateness(judged, past))

    def add(self, other: "Figures") -> None:
        """Those of the tickets that come after."""
        self.clauses = self.clauses or other.clauses
        for state, numbers in other.tickets.items():
            self.tickets.setdefault(state, []).extend(numbers)
        self.late.extend(other.late)

    def as_json(self) -> dict[str, JsonValue]:
        """How many by state, the lateness of the missed in seconds, and the tickets by state."""
        return {
            "clauses": list(self.clauses),
            "applies": self.applies,
            **{state.value: len(self.of(state)) for state in _STATES},
            "late_median_seconds": self.late_median,
            "late_worst_seconds": self.late_worst,
            "tickets": {state.value: list(self.of(state)) for state in _STATES if self.of(state)},
        }


@dataclass(slots=True)
class Line:
    """One promise: under the policy, as against it, and the tickets whose answer changed."""

    promise: str
    under: Figures = field(default_factory=Figures)
    against: Figures = field(default_factory=Figures)
    changes: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    @property
    def clauses(self) -> tuple[str, ...]:
        """The clauses that it keeps, by either policy."""
        return tuple(dict.fromkeys((*self.under.clauses, *self.against.clauses)))

    def changed(self, before: str, after: str) -> list[str]:
        """The tickets that went from one state to the other."""
        return self.changes.get((before, after), [])

    def as_json(self) -> dict[str, JsonValue]:
        """One entry of `promises`."""
        return {
            "promise": self.promise,
            "clauses": list(self.clauses),
            "policy": self.under.as_json(),
            "against": self.against.as_json(),
            "changes": [
                {"from": str(before), "to": str(after), "tickets": list(numbers)}
                for (before, after), numbers in sorted(self.changes.items())
            ],
        }


class Tally:
    """All promises, in the order in which the policy has them; then those of the other only."""

    def __init__(self, promises: Iterable[str] = ()) -> None:
        self.tickets = 0
        self.of_other_policies = 0
        self._lines = {name: Line(name) for name in promises}

    @property
    def lines(self) -> tuple[Line, ...]:
        """Those promises that applied to any ticket."""
        return tuple(
            line for line in self._lines.values() if line.under.tickets or line.against.tickets
        )

    def by_clause(self) -> dict[str, tuple[Figures, Figures]]:
        """By clause, under the policy and as against it: the figures of the promises that keep it.

        A ticket counts once for each of those promises. Two policies that keep a clause by promises
        of different names stand side by side here.
        """
        found: dict[str, tuple[Figures, Figures]] = {}
        for line in self.lines:
            for side, figures in enumerate((line.under, line.against)):
                for clause in figures.clauses:
                    kept = found.setdefault(clause, (Figures((clause,)), Figures((clause,))))
                    kept[side].add(figures)
        return found

    def count(
        self,
        past: PastTicket,
        under: Sequence[Judgement],
        against: Sequence[Judgement],
        *,
        is_of_policy: bool = True,
    ) -> None:
        """Take in one ticket, judged twice."""
        self.tickets += 1
        self.of_other_policies += not is_of_policy
        before: dict[str, PromiseState] = {}
        for judged in against:
            before[judged.promise.id] = judged.state
            self._line(judged.promise.id).against.take(judged, past)
        for judged in under:
            name, state = judged.promise.id, judged.state
            line = self._line(name)
            line.under.take(judged, past)
            was = before.pop(name, None)
            if was is not state:
                line.changes.setdefault((was or ABSENT, state), []).append(past.number)
        for name, was in before.items():
            self._lines[name].changes.setdefault((was, ABSENT), []).append(past.number)

    def add(self, other: "Tally") -> None:
        """Add up a tally of the tickets that come after."""
        self.tickets += other.tickets
        self.of_other_policies += other.of_other_policies
        for line in other.lines:
            mine = self._lines.setdefault(line.promise, Line(line.promise))
            mine.under.add(line.under)
            mine.against.add(line.against)
            for change, numbers in line.changes.items():
                mine.changes.setdefault(change, []).extend(numbers)

    def _line(self, name: str) -> Line:
        line = self._lines.get(name)
        if line is None:
            line = self._lines[name] = Line(name)
        return line
