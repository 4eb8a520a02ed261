"""When a provision comes round: the event or the day it counts from, and its time on the clock."""

import re
from enum import StrEnum
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, model_serializer, model_validator

from domain.calendars import Weekday, read_clock
from domain.policy_entry import mistake, nearest
from domain.promise import Start
from domain.vocabulary import Milestone, PurchaseDate

_ELSE = re.compile(r"(.+?)\s*,\s*else\s+(\S+)")
_ROUND = re.compile(r"(.+?)\s+(\d{1,2}:\d{2})")
_BASIS_FORMS = (
    "如 delivered、last [installed, inspected]、accepted_on、last inspected, else accepted_on"
)
_ROUND_FORMS = "写成 daily 20:00、mon 09:00 或 last workday of the month 17:00,24 小时制"


class Basis(BaseModel):
    """What a provision counts from: a milestone as in a promise, a day of the purchase, or both.

    Written `last inspected`, `accepted_on`, or `last inspected, else accepted_on`: the day counts
    as long as the milestone has not come.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    start: Start | None = None
    day: PurchaseDate | None = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, written: Any) -> Any:
        if isinstance(written, list | tuple):
            return {"start": written}
        if isinstance(written, dict):
            return written
        if not isinstance(written, str):
            raise mistake("起算应是里程碑或购买的日期", fix=_BASIS_FORMS)
        words = written.strip()
        if words in set(PurchaseDate):
            return {"day": words}
        if match := _ELSE.fullmatch(words):
            _know(match[2], PurchaseDate, "日期")
            start, day = match[1], match[2]
        else:
            start, day = words, None
        for name in start.removeprefix("last ").strip(" []").split(","):
            _know(name.strip(), Milestone if day else (*Milestone, *PurchaseDate), "起算点")
        return {"start": start, "day": day}

    @model_validator(mode="after")
    def _is_something(self) -> Self:
        if self.start is None and self.day is None:
            raise mistake("起算点是空的", fix=_BASIS_FORMS)
        return self

    @model_serializer
    def _write(self) -> str:
        parts = (self.start.model_dump() if self.start else None, self.day)
        return ", else ".join(str(part) for part in parts if part is not None)

    def __str__(self) -> str:
        return self._write()


def _know(name: str, choices: Any, what: str) -> None:
    if not name:
        raise mistake("起算点是空的", fix=_BASIS_FORMS)
    if name not in set(choices):
        # All the milestones would be no help; the forms are.
        said = nearest(name, choices)
        fix = said if said.startswith("是否") else _BASIS_FORMS
        raise mistake(f"没有 {name} 这个{what}", fix=fix, rule="unknown_milestone")


class _Round(StrEnum):
    """The days on which something comes round that are no days of the week."""

    DAILY = "daily"
    LAST_WORKDAY_OF_THE_MONTH = "last workday of the month"


ROUNDS: Final = (*_Round, *Weekday)
"""The words that a round time may begin with."""


class RoundTime(BaseModel):
    """A time that comes round, from 00:00 to 23:59 of its day.

    Written `daily 20:00`, `mon 09:00`, or `last workday of the month 17:00`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    on: _Round | Weekday
    clock: str

    @model_validator(mode="before")
    @classmethod
    def _read(cls, written: Any) -> Any:
        if isinstance(written, dict):
            return written
        match = _ROUND.fullmatch(written.strip()) if isinstance(written, str) else None
        if match is None:
            raise mistake(f"看不懂时间 {written!r}", fix=_ROUND_FORMS)
        on, clock = " ".join(match[1].split()), match[2]
        if on not in set(ROUNDS):
            raise mistake(f"没有 {on} 这种日子", fix=nearest(on, ROUNDS))
        try:
            read_clock(clock)
        except ValueError:
            raise mistake(f"看不懂钟点 {clock!r}", fix=_ROUND_FORMS) from None
        if clock.startswith("24"):
            raise mistake("24:00 属于次日", fix="写成次日的 00:00")
        return {"on": on, "clock": clock}

    @model_serializer
    def _write(self) -> str:
        return f"{self.on} {self.clock}"

    def __str__(self) -> str:
        return self._write()

    @property
    def days(self) -> int | None:
        """How many days lie between two of them; None for a month."""
        if self.on is _Round.DAILY:
            return 1
        return 7 if isinstance(self.on, Weekday) else None

    @property
    def needs_workdays(self) -> bool:
        """Whether its calendar must know which days are workdays."""
        return self.on is _Round.LAST_WORKDAY_OF_THE_MONTH
