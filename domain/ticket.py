"""The state of one repair ticket: the fold of its events (`domain.events`, `domain.evolving`)."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, model_validator

from domain.calendar_news import CalendarDates
from domain.calls import Call, Direction
from domain.directory import LARGEST_FEN, Candidate, Device, Loaner
from domain.promises import HoldPeriod
from domain.records import Record
from domain.vocabulary import (
    Channel,
    DisputeSubject,
    FeeKind,
    LoanerState,
    Milestone,
    Outcome,
    PartClass,
    QuoteState,
    Remedy,
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


OptionalFen = Annotated[int, Field(ge=0, le=LARGEST_FEN, strict=True)] | None


class FeeLine(Record):
    """One line of a final amount, whole fen: never negative, never a fraction.

    `unit_cost_fen` and `list_price_fen` are of one unit: what a fee rule measures its price by.
    """

    item: str
    kind: str
    quantity: int = Field(ge=1)
    unit_price_fen: int = Field(ge=0)
    part_class: PartClass | None = None
    unit_cost_fen: OptionalFen = None
    list_price_fen: OptionalFen = None

    @property
    def total_fen(self) -> int:
        return self.quantity * self.unit_price_fen


class QuoteLine(FeeLine):
    """One line of a quote: what is asked must be exact, so a number in quotes is none."""

    item: Annotated[str, Field(min_length=1, max_length=200)]
    kind: FeeKind
    quantity: Annotated[int, Field(ge=1, le=100_000, strict=True)]
    unit_price_fen: Annotated[int, Field(ge=0, le=LARGEST_FEN, strict=True)]


class Quote(Record):
    """What the customer was asked to agree to, and what came of it (D1-5.2.1.d, D1-5.2.1.f).

    `evidence` is who said it, how and when, with a file's sha256 where there is a file.
    `reminded`: how many reminders were sent. `replaced_by`: the newer quote that made it void; what
    was charged on it before stands. `waived`: it was agreed to, and then found to be free.
    """

    number: int
    lines: tuple[QuoteLine, ...]
    at: datetime
    by: Actor
    state: QuoteState = QuoteState.OPEN
    decided_at: datetime | None = None
    decided_by: Actor | None = None
    evidence: JsonValue = None
    reminded: int = 0
    replaced_by: int | None = None
    waived: bool = False

    @property
    def total_fen(self) -> int:
        return sum(line.total_fen for line in self.lines)

    @property
    def charges(self) -> bool:
        """Whether what was charged on it is owed: it was agreed to, and nothing made it free."""
        if self.waived or self.decided_by is None:
            return False
        replaced = self.state is QuoteState.VOID and self.replaced_by is not None
        return self.state is QuoteState.APPROVED or replaced


class Hold(HoldPeriod):
    """A wait beside the stage. `over`: its end is in the ledger."""

    over: bool = False

    @property
    def key(self) -> tuple[str, datetime]:
        return (self.reason.value, self.since)


class Dispute(Record):
    """报修争议 (D1-3.2.a): what is disputed and why; `ruled_at` once quality has ruled."""

    subject: DisputeSubject
    at: datetime
    reason: str | None = None
    ruled_at: datetime | None = None


class TicketLoaner(Record):
    """A loaner of this ticket as the ticket knows it; its own workflow knows the rest.

    `promise`: what it was asked for, None when a supervisor did before time. `revision`: the
    loaner's seq of the last news.
    """

    id: str
    number: int
    state: LoanerState
    asked_at: datetime
    asked_by: Actor | None = None
    reason: str | None = None
    promise: str | None = None
    occurrence: int = 1
    clauses: tuple[str, ...] = ()
    deadline: datetime | None = None
    grade: Literal["new", "any"] = "any"
    device: Loaner | None = None
    revision: int = 0


class Errand(Record):
    """Something that a ticket must have done outside, once and in its turn.

    start_loaner, and telling it that the device is repaired, the ticket ended, reopened or merged;
    merge: ask `target` to take this ticket in. `loaner`: which one it is about.
    """

    number: int
    kind: Literal["start_loaner", "repaired", "ended", "reopened", "merged", "merge"]
    at: datetime
    loaner: str | None = None
    target: str | None = None


class Merging(Record):
    """This ticket is to be taken in by another, which has not answered yet."""

    into: str
    at: datetime
    by: Actor
    reason: str | None = None


class ExchangedFor(Record):
    """换机: what was brought instead, of the same model or of one that is not worse (D5-C6.2.b).

    `not_worse`: why another model is no worse, in words.
    """

    product: Annotated[str, Field(min_length=1, max_length=200)]
    same_model: bool = False
    not_worse: Annotated[str, Field(min_length=1, max_length=1000)] | None = None


class Visit(Record):
    """One turn of one technician; a declined or moved one stays in the ticket's history.

    `result` is finished, unfinished, declined, reassigned or cancelled; None while it is open.
    `quote` is the agreed one that its paid lines stand on.
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
    quote: int | None = None
    minutes: int | None = None
    site_cleared: bool | None = None
    warning_tag: bool | None = None
    next_visit: Window | None = None
    emergency: bool = False
    exchanged_for: ExchangedFor | None = None


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
    emergency: bool = False


class Firing(Record):
    """A step of a promise's ladder that came true: level 0 is the warning, 1 and up escalate.

    `late_seconds` is fired_at − due, whole seconds, never below 0. `withdrawn`: facts that came
    later disproved it; it is never deleted. `early`: why it fired before its moment. `tell` is who
    was told, last at `told_at` (at `fired_at` unless given), `repeated` times again; `heard`:
    somebody of that role or a higher one has acted on the ticket since. `silent`: the miss of an
    objective, which is no escalation and is told to nobody.
    """

    promise: str
    occurrence: int
    level: int
    clauses: tuple[str, ...]
    due: datetime
    fired_at: datetime
    late_seconds: int
    withdrawn: bool = False
    early: str | None = None
    tell: Role | None = None
    told_at: datetime | None = None
    repeated: int = 0
    heard: bool = False
    silent: bool = False

    @property
    def key(self) -> tuple[str, int, int]:
        return (self.promise, self.occurrence, self.level)

    @property
    def last_told(self) -> datetime:
        return self.told_at or self.fired_at


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

    `milestones` holds every time that a milestone was reached, oldest first. `calendars` are the
    dates that became known since the policy was pinned. `seq` numbers the last event. `tasks` is
    what people must do next where the procedure cannot go on by itself.
    """

    number: str
    opened_at: datetime
    channel: Channel = Channel.PHONE
    source_id: str | None = None
    line_policy: str
    policy: str
    policy_version: str
    calendars: tuple[CalendarDates, ...] = ()
    stage: Stage = Stage.INTAKE
    outcome: Outcome | None = None
    caller: str | None = None
    candidates: tuple[Candidate, ...] = ()
    related: tuple[str, ...] = ()
    procedure: int = 1
    calls: tuple[Call, ...] = ()
    registration: Registration | None = None
    warranty: WarrantyDecision | None = None
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    milestones: dict[Milestone, tuple[datetime, ...]] = Field(default_factory=dict)
    visits: tuple[Visit, ...] = ()
    quotes: tuple[Quote, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    holds: tuple[Hold, ...] = ()
    loaners: tuple[TicketLoaner, ...] = ()
    remedy: Remedy | None = None
    refund_fen: int | None = None
    merged_into: str | None = None
    merged_from: tuple[str, ...] = ()
    firings: tuple[Firing, ...] = ()
    kept: tuple[Kept, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    dispatch_order: DispatchOrder | None = None
    merging: Merging | None = None
    errands: tuple[Errand, ...] = ()
    errands_sent: int = 0
    tasks: tuple[str, ...] = ()
    seq: int = 0

    @model_validator(mode="before")
    @classmethod
    def _read_one_task(cls, written: Any) -> Any:
        """A state that was stored when a ticket had one task at most."""
        if not isinstance(written, dict) or "task" not in written:
            return written
        task = written["task"]
        rest = {name: value for name, value in written.items() if name != "task"}
        return {"tasks": (task,) if task else (), **rest}

    @property
    def task(self) -> str | None:
        """All that people must do next, in one line."""
        return ";".join(self.tasks) or None

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

    @property
    def warranty_by_person(self) -> bool:
        """Whether somebody decided the warranty, or ruled it: the books do not decide it again."""
        warranty = self.warranty
        if warranty is None or warranty.clauses or warranty.missing:
            return False
        return self.procedure < 3 or warranty.source is None

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

    @property
    def quote(self) -> Quote | None:
        """The latest quote; only it can be answered or stood on."""
        return self.quotes[-1] if self.quotes else None

    @property
    def open_quote(self) -> Quote | None:
        """The quote that waits for its answer: it has a line above zero."""
        quote = self.quote
        return quote if quote is not None and quote.state is QuoteState.OPEN else None

    @property
    def open_holds(self) -> tuple[Hold, ...]:
        return tuple(hold for hold in self.holds if not hold.over)

    @property
    def dispute(self) -> Dispute | None:
        """The dispute that waits for its ruling, if any."""
        last = self.disputes[-1] if self.disputes else None
        return last if last is not None and last.ruled_at is None else None

    @property
    def loaner(self) -> TicketLoaner | None:
        """The latest loaner."""
        return self.loaners[-1] if self.loaners else None


def call_order(call: Call) -> tuple[datetime, str]:
    """Calls stand by the phone system's own clock."""
    return (call.started_at, call.call_id)


def began(ticket: Ticket) -> datetime:
    """When it all began: the first ring, or the receipt of the paper. Nothing was done before."""
    call = earliest_inbound(ticket.calls)
    return min(call.started_at, ticket.opened_at) if call else ticket.opened_at


def earliest_inbound(calls: tuple[Call, ...]) -> Call | None:
    """The call that a ticket's `reported` is read from: its earliest by the phone's own clock."""
    inbound = [call for call in calls if call.direction is Direction.IN]
    return min(inbound, key=call_order) if inbound else None
