"""A phone call, put together from the phone system's events in whatever order they come."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

from domain.civil_time import business_time
from domain.records import Record


class CallEventKind(StrEnum):
    """The three events of the generic CTI push format."""

    NEW_CALL = "newCall"
    ANSWER = "answer"
    HANGUP = "hangup"


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


ANSWERED_CAUSE = "normalClearing"


class PhoneEvent(Record):
    """One event, numbers as the phone system wrote them.

    `at` is the phone system's own clock, `received` ours; both at +08:00. `flagged`: its clock
    was more than five minutes ahead of ours, and `at` is ours instead.
    """

    provider: str = "cti"
    call_id: str
    event: CallEventKind
    direction: Direction | None = None
    from_number: str | None = None
    to_number: str | None = None
    users: tuple[str, ...] = ()
    queue: str | None = None
    answering_number: str | None = None
    cause: str | None = None
    at: datetime
    received: datetime
    flagged: bool = False


PhoneTime = Annotated[AwareDatetime, AfterValidator(business_time)]
"""A time by the phone system's own clock; always with its offset."""


class Call(Record):
    """What is known of one call so far. `revision` counts its distinct events.

    `caller` is the outside party's normalised number (None: withheld), whoever dialled;
    `line` is ours. A call that never hung up has `end_assumed` and ends when it was closed.
    """

    provider: str = "cti"
    call_id: str
    direction: Direction
    caller: str | None
    line: str | None
    started_at: PhoneTime
    answered_at: PhoneTime | None = None
    ended_at: PhoneTime | None = None
    answered: bool = False
    end_assumed: bool = False
    users: tuple[str, ...] = ()
    queue: str | None = None
    answering_number: str | None = None
    cause: str | None = None
    flagged: bool = False
    revision: int = 1
