"""What an exploration has found: which way leads from where to where, and what it sets."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar


@dataclass(frozen=True, slots=True, order=True)
class Way:
    """How something comes about. `command`: somebody asks it; else it comes by itself.

    `shade` tells apart what one command may say: yes or no, an emergency or not.
    """

    word: str
    shade: str = ""
    command: bool = True

    def __str__(self) -> str:
        said = f"{self.word} {self.shade}".strip()
        return said if self.command else f"({said})"


@dataclass(frozen=True, slots=True)
class Edge:
    """From one stage or state to another."""

    source: str
    target: str
    way: Way


@dataclass(slots=True)
class Found:
    """The graph, and what hangs on its ways; it only grows.

    `edges`: each with the shortest way by which it was found. `between`: those that were found only
    while somebody is being asked. `accepted`: where a command was taken, whatever came of it.
    `sets`: by subject (milestone, hold, errand, outcome) each thing, and the ways that bring it
    about. `shades`: by word, all that were seen. `resting`: where it can stand.
    """

    edges: dict[Edge, tuple[Way, ...]] = field(default_factory=dict)
    between: dict[Edge, tuple[Way, ...]] = field(default_factory=dict)
    accepted: set[tuple[str, str]] = field(default_factory=set)
    sets: dict[str, dict[str, set[Way]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )
    shades: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    resting: set[str] = field(default_factory=set)

    def ways(self, source: str, target: str) -> set[Way]:
        """Every way from the one to the other."""
        return {one.way for one in self.edges if (one.source, one.target) == (source, target)}


S = TypeVar("S")


def explore(
    seeds: Iterable[S], moves: Callable[[S], Iterator[S]], key: Callable[[S], Hashable], most: int
) -> None:
    """Breadth first from the seeds, one of each key, in an order that never varies.

    Raises RuntimeError beyond `most`: the key tells too much apart.
    """
    known: set[Hashable] = set()
    waiting = list(seeds)
    while waiting:
        reached: list[S] = []
        for spot in waiting:
            if key(spot) in known:
                continue
            known.add(key(spot))
            if len(known) > most:
                raise RuntimeError(f"more than {most} states: the exploration must be bounded")
            reached.extend(moves(spot))
        waiting = reached
