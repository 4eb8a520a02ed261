"""One accepted request: who asks, when it really happened, and what it carries."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from pydantic import JsonValue

from domain.commands import Fields
from domain.ticket import Actor

F = TypeVar("F", bound=Fields)


@dataclass(frozen=True, slots=True)
class Request(Generic[F]):
    """`now` is when it is recorded; `at` is the business time, equal to it unless given."""

    by: Actor
    now: datetime
    at: datetime
    fields: F

    def details(self, *names: str) -> dict[str, JsonValue]:
        """What the request said, for the reader of the ledger."""
        shown = ("reason", "at", "note", *names)
        return self.fields.model_dump(
            mode="json", include=set(shown), exclude_none=True, by_alias=True
        )
