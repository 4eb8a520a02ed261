"""The state of one repair ticket, and the events that make it.

A ticket is the fold of its events: `evolve(ticket, event)` is the only way that it changes, so
the ledger can rebuild it and the workflow and the ledger cannot disagree. An event says what it
changed (`Changes`), never how that was decided; deciding is in `domain.procedure`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import Field, JsonValue

from domain.calls import Call, Direction
from domain.directory import Candidate, Device
from domain.promises import HoldPeriod
from domain.records import Record
from domain.vocabulary import (
    Channel,
    Milestone,
    Outcome,
    PartClass,
    Role,
    Stage,
    TicketKind,
)
from domain.warranty import WarrantyDecision


class Actor(Record):
    """Who acts: a role, and a directory id, a name, or free text where the role has no entry."""

    role: Role
    name: str = Field(min_length=1)

    def __str__(self) -> str:
        return f"{self.role.value}/{self.name}"


class Window(Record):
    """When somebody is to come."""

    from_: datetime = Field(alias="from")
    to: datetime


class TechnicianRef(Record):
    """Who was sent: the directory's id and name."""

    id: str
    name: str


class FeeLine(Record):
    """One line of a quote or of a final amount, whole fen."""

    item: str
    kind: str
    quantity: int = Field(ge=1)
    unit_price_fen: int = Field(ge=0)
    part_class: PartClass | None = None


class Visit(Record):
    """One turn of one technician; a declined or moved one stays in the ticket's history.

    `result` is finished, unfinished, declined, reassigned or cancelled; None while it is open.
    """

    number: int
    technician: TechnicianRef
    by_rotation: bool
    window: Window | None = None
    reason: str | None = None
    dispatched_at: datetime
    accepted_at: datetime | None = None
    departed_at: datetime | None = None
    arrived_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    result: str | None = None
    work: str | None = None
    lines: tuple[FeeLine, ...] = ()
    minutes: int | None = None
    site_cleared: bool | None = None
    warning_tag: bool | None = None
    next_visit: Window | None = None


class DispatchOrder(Record):
    """Somebody is to be sent, and the ring has not yet said who.

    `technician` None: the rotation chooses. `department` None: one ring of all. `excluded`: ids
    that declined this very job. `by` ordered it; a ring that goes on by itself has nobody.
    """

    visit: int
    technician: TechnicianRef | None = None
    department: str | None = None
    skill: str | None = None
    excluded: tuple[str, ...] = ()
    window: Window | None = None
    reason: str | None = None
    at: datetime
    by: Actor | None = None


class Firing(Record):
    """A step of a promise's ladder that came true: level 0 is the warning, 1 and up escalate.

    `late_seconds` is fired_at − due, whole seconds, never below 0. `withdrawn`: facts that came
    later disproved it; it is never deleted.
    """

    promise: str
    occurrence: int
    level: int
    clauses: tuple[str, ...]
    due: datetime
    fired_at: datetime
    late_seconds: int
    withdrawn: bool = False

    @property
    def key(self) -> tuple[str, int, int]:
        return (self.promise, self.occurrence, self.level)


class Kept(Record):
    """A promise that was met, as it was worked out then; it stays met whatever comes later."""

    promise: str
    occurrence: int
    due: datetime
    met_at: datetime
    late_seconds: int = 0

    @property
    def key(self) -> tuple[str, int]:
        return (self.promise, self.occurrence)


class Registration(Record):
    """顾客报修登记表 (D1-17.1): what the agent wrote down."""

    kind: TicketKind = TicketKind.REPAIR
    caller_name: str | None = None
    caller_phone: str | None = None
    site: str | None = None
    device: Device | None = None
    symptom: str | None = None
    category: str | None = None


class FollowUp(Record):
    """One recorded try of the follow-up call (D1-15, D1-17.4)."""

    at: datetime
    reached: bool
    satisfied: bool | None = None
    score: int | None = None
    remarks: str | None = None


class Ticket(Record):
    """The whole state. Times are aware, +08:00, whole milliseconds.

    `milestones` holds every time that a milestone was reached, oldest first. `seq` numbers the
    last event. `task` is what a person must do next where the procedure cannot go on by itself.
    """

    number: str
    opened_at: datetime
    channel: Channel = Channel.PHONE
    source_id: str | None = None
    line_policy: str
    policy: str
    policy_version: str
    stage: Stage = Stage.INTAKE
    outcome: Outcome | None = None
    caller: str | None = None
    candidates: tuple[Candidate, ...] = ()
    related: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    registration: Registration | None = None
    warranty: WarrantyDecision | None = None
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    milestones: dict[Milestone, tuple[datetime, ...]] = Field(default_factory=dict)
    visits: tuple[Visit, ...] = ()
    holds: tuple[HoldPeriod, ...] = ()
    firings: tuple[Firing, ...] = ()
    kept: tuple[Kept, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    dispatch_order: DispatchOrder | None = None
    task: str | None = None
    seq: int = 0

    @property
    def urges(self) -> int:
        """催单: how often the caller rang again while the ticket was open."""
        opened_it = self.channel is Channel.PHONE
        return max(0, sum(call.direction is Direction.IN for call in self.calls) - opened_it)

    @property
    def unfinished(self) -> int:
        """How often a visit ended without the fault removed."""
        return sum(visit.result == "unfinished" for visit in self.visits)

    @property
    def reopened(self) -> int:
        """How often somebody was not satisfied and it went round again."""
        return len(self.milestones.get(Milestone.REOPENED, ()))

    def first(self, milestone: Milestone) -> datetime | None:
        times = self.milestones.get(milestone)
        return times[0] if times else None

    def last(self, milestone: Milestone) -> datetime | None:
        times = self.milestones.get(milestone)
        return times[-1] if times else None

    @property
    def visit(self) -> Visit | None:
        """The visit that is open now, if any."""
        return self.visits[-1] if self.visits and self.visits[-1].result is None else None


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


class Changes(Record):
    """What an event changed. Absent means untouched."""

    opening: Opening | None = None
    stage: Stage | None = None
    outcome: Outcome | None = None
    policy: str | None = None
    policy_version: str | None = None
    milestones: dict[Milestone, datetime] = Field(default_factory=dict)
    removed: dict[Milestone, datetime] = Field(default_factory=dict)
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    call: Call | None = None
    call_detached: str | None = None
    registration: Registration | None = None
    warranty: WarrantyDecision | None = None
    visit: Visit | None = None
    hold: HoldPeriod | None = None
    firing: Firing | None = None
    kept: Kept | None = None
    follow_up: FollowUp | None = None
    dispatch_order: DispatchOrder | None = None
    dispatch_settled: bool = False
    task: str | None = None
    task_done: bool = False


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


# A correction moves these; every other milestone can be reached again, and then is added.
_MOVED = frozenset({Milestone.REPORTED})


def begin(opening: Opening) -> Ticket:
    """The ticket before its first event."""
    return Ticket(**dict(opening), line_policy=opening.policy)


def fold(events: Iterable[Event]) -> Ticket:
    """The ticket that its events make, oldest first; the first one carries the opening."""
    ticket: Ticket | None = None
    for event in events:
        if ticket is None:
            if event.changes.opening is None:
                raise ValueError(f"event {event.seq} is not an opening")
            ticket = begin(event.changes.opening)
        ticket = evolve(ticket, event)
    if ticket is None:
        raise ValueError("no events: no ticket")
    return ticket


def evolve(ticket: Ticket, event: Event) -> Ticket:
    """The ticket after `event`. Pure; never fails on an event of our own making."""
    update: dict[str, Any] = {"seq": event.seq}
    for part in (_standing, _happened, _calls, _visits, _promises):
        update |= part(ticket, event.changes)
    return ticket.model_copy(update=update)


def _standing(ticket: Ticket, c: Changes) -> dict[str, Any]:
    """What simply takes the place of what was."""
    names = ("stage", "outcome", "policy", "policy_version", "registration", "warranty")
    update = {name: value for name in names if (value := getattr(c, name)) is not None}
    if c.task is not None or c.task_done:
        update["task"] = c.task
    return update


def _happened(ticket: Ticket, c: Changes) -> dict[str, Any]:
    update: dict[str, Any] = {}
    if c.milestones or c.removed:
        update["milestones"] = _reached(ticket.milestones, c)
    if c.facts:
        update["facts"] = {**ticket.facts, **c.facts}
    if c.follow_up is not None:
        update["follow_ups"] = (*ticket.follow_ups, c.follow_up)
    return update


def _calls(ticket: Ticket, c: Changes) -> dict[str, Any]:
    gone = c.call_detached or (c.call.call_id if c.call else None)
    if gone is None:
        return {}
    calls = [one for one in ticket.calls if one.call_id != gone]
    if c.call is not None:
        calls.append(c.call)
    return {"calls": tuple(sorted(calls, key=_call_order))}


def _visits(ticket: Ticket, c: Changes) -> dict[str, Any]:
    update: dict[str, Any] = {}
    if c.visit is not None:
        update["visits"] = (*ticket.visits[: c.visit.number - 1], c.visit)
    if c.dispatch_order is not None or c.dispatch_settled:
        update["dispatch_order"] = c.dispatch_order
    return update


def _promises(ticket: Ticket, c: Changes) -> dict[str, Any]:
    update: dict[str, Any] = {}
    if c.hold is not None:
        update["holds"] = (*(h for h in ticket.holds if h.since != c.hold.since), c.hold)
    if c.firing is not None:
        key = c.firing.key
        update["firings"] = (*(f for f in ticket.firings if f.key != key), c.firing)
    if c.kept is not None:
        update["kept"] = (*ticket.kept, c.kept)
    return update


def _reached(
    known: Mapping[Milestone, tuple[datetime, ...]], c: Changes
) -> dict[Milestone, tuple[datetime, ...]]:
    milestones = dict(known)
    for milestone, moment in c.removed.items():
        rest = tuple(one for one in milestones.get(milestone, ()) if one != moment)
        if rest:
            milestones[milestone] = rest
        else:
            milestones.pop(milestone, None)
    for milestone, moment in c.milestones.items():
        before = () if milestone in _MOVED else milestones.get(milestone, ())
        milestones[milestone] = tuple(sorted((*before, moment)))
    return milestones


def _call_order(call: Call) -> tuple[datetime, str]:
    return (call.started_at, call.call_id)


def began(ticket: Ticket) -> datetime:
    """When it all began: the first ring, or the receipt of the paper. Nothing was done before."""
    call = earliest_inbound(ticket.calls)
    return min(call.started_at, ticket.opened_at) if call else ticket.opened_at


def earliest_inbound(calls: tuple[Call, ...]) -> Call | None:
    """The call that a ticket's `reported` is read from: its earliest by the phone's own clock."""
    inbound = [call for call in calls if call.direction is Direction.IN]
    return min(inbound, key=_call_order) if inbound else None
