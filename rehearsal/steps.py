"""The steps of a script: what happens at a moment, to which ticket."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from domain.calls import PhoneEvent
from domain.refusals import RefusalType
from domain.ticket import Actor


@dataclass(frozen=True, slots=True)
class Address:
    """Whom a step speaks to. `ticket` None: the script's first. `loaner`: that ticket's n-th."""

    ticket: str | None = None
    loaner: int | None = None


@dataclass(frozen=True, slots=True)
class PhoneAct:
    """The phone system tells of an event, as of the ticket's clock."""

    event: PhoneEvent


@dataclass(frozen=True, slots=True)
class OpenAct:
    """A paper or a message opens a ticket. `because`: it must be turned down so."""

    by: Actor
    fields: Mapping[str, Any]
    because: RefusalType | None = None


@dataclass(frozen=True, slots=True)
class CommandAct:
    """Somebody asks something of a ticket. `because`: it must be turned down so."""

    command: str
    by: Actor
    fields: Mapping[str, Any]
    id: str | None = None
    because: RefusalType | None = None


@dataclass(frozen=True, slots=True)
class ExpectAct:
    """What `ticket show --json` must print then."""

    expected: Mapping[str, Any]


Act = PhoneAct | OpenAct | CommandAct | ExpectAct


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `at` counts from the script's start; `opens` names the ticket that it opens.

    `written_at` and `kind` are the script's own words, `number` and `line` count from 1.
    """

    number: int
    line: int
    at: timedelta
    written_at: str
    kind: str
    act: Act
    on: Address = Address()
    opens: str | None = None

    def __str__(self) -> str:
        return f"step {self.number} (at {self.written_at}, {self.kind})"
