"""The events that make a ticket.

An event says what it changed (`Changes`), never how that was decided; deciding is in
`domain.procedure`.
"""

from datetime import datetime

from pydantic import Field, JsonValue

from domain.calendar_news import CalendarDates
from domain.calls import Call
from domain.directory import Candidate
from domain.records import Record
from domain.ticket import (
    Actor,
    DispatchOrder,
    Dispute,
    Errand,
    Firing,
    FollowUp,
    Hold,
    Kept,
    Merging,
    Quote,
    Registration,
    TicketLoaner,
    Visit,
)
from domain.vocabulary import Channel, Milestone, Outcome, Remedy, Stage
from domain.warranty import WarrantyDecision

PROCEDURE = 3
"""The procedure that new tickets begin under. A ticket goes on as it began: 2 brought the loaner,
consent for every line above zero, and the verification of rework; 3 a miss of its own for a promise
that was in danger before, no waking for a promise that waits, what a line may cost by the fee
rules, and what an exchange must bring."""


class Opening(Record):
    """How a ticket begins: what is known before anybody has written anything down."""

    number: str
    opened_at: datetime
    channel: Channel = Channel.PHONE
    source_id: str | None = None
    policy: str
    policy_version: str
    caller: str | None = None
    candidates: tuple[Candidate, ...] = ()
    related: tuple[str, ...] = ()
    procedure: int = 1


class Absorbed(Record):
    """What a ticket takes over from one that is merged into it.

    `milestones`: those that count for the one repair that is left. Calls come as calls do.
    """

    number: str
    milestones: dict[Milestone, tuple[datetime, ...]] = Field(default_factory=dict)
    loaners: tuple[TicketLoaner, ...] = ()
    merged_from: tuple[str, ...] = ()


class Changes(Record):
    """What an event changed. Absent means untouched. `reconsidered`: the outcome is open again."""

    opening: Opening | None = None
    stage: Stage | None = None
    outcome: Outcome | None = None
    policy: str | None = None
    policy_version: str | None = None
    calendar: CalendarDates | None = None
    milestones: dict[Milestone, datetime] = Field(default_factory=dict)
    removed: dict[Milestone, datetime] = Field(default_factory=dict)
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    call: Call | None = None
    call_detached: str | None = None
    registration: Registration | None = None
    warranty: WarrantyDecision | None = None
    visit: Visit | None = None
    quotes: tuple[Quote, ...] = ()
    dispute: Dispute | None = None
    holds: tuple[Hold, ...] = ()
    loaner: TicketLoaner | None = None
    remedy: Remedy | None = None
    refund_fen: int | None = None
    merging: Merging | None = None
    merging_settled: bool = False
    merged_into: str | None = None
    absorbed: Absorbed | None = None
    errand: Errand | None = None
    errand_done: int | None = None
    reconsidered: bool = False
    firing: Firing | None = None
    kept: Kept | None = None
    follow_up: FollowUp | None = None
    dispatch_order: DispatchOrder | None = None
    dispatch_settled: bool = False
    task: str | None = None
    task_done: bool = False
    tasks_done: tuple[str, ...] = ()


class Event(Record):
    """One row of the ledger. `at` is when it was recorded, by the ticket's own clock.

    `details` is what the command said, for the reader; nothing is decided from it.
    """

    seq: int
    at: datetime
    kind: str
    by: Actor | None = None
    changes: Changes = Changes()
    details: dict[str, JsonValue] = Field(default_factory=dict)
