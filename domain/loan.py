"""备机: the state of one lending, from the reservation until the device is back or written off.

A loan is a workflow of its own (`loaner/<ticket>/<n>`), since it outlives the ticket.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from domain.directory import Loaner
from domain.policy import Policy
from domain.records import Record
from domain.ticket import Actor, Firing, Kept
from domain.vocabulary import LoanerState, Milestone


class Wanted(Record):
    """What the customer needs meanwhile: the same product, of that class, new where promised."""

    product_class: str | None = None
    product: str | None = None
    grade: Literal["new", "any"] = "any"


class Asked(Record):
    """Why a loaner is wanted: for a promise with its deadline, or because a supervisor said so."""

    promise: str | None = None
    clauses: tuple[str, ...] = ()
    deadline: datetime | None = None
    at: datetime
    by: Actor | None = None
    reason: str | None = None


class Loan(Record):
    """The whole state. Times are aware, +08:00, whole milliseconds.

    `holding`: the device is not in stock: promised, out, being inspected and cleaned, or lost.
    `charge_fen`: what is proposed for a lost or damaged device; due only once approved.
    `former_tickets`: those that were merged into others while it was theirs.
    """

    id: str
    ticket_no: str
    number: int
    wanted: Wanted
    asked: Asked
    state: LoanerState = LoanerState.REQUESTED
    device: Loaner | None = None
    holding: bool = False
    former_tickets: tuple[str, ...] = ()
    condition: Literal["good", "damaged"] | None = None
    charge_fen: int | None = Field(default=None, ge=0)
    charge_approved: bool | None = None
    due_back: datetime | None = None
    milestones: dict[Milestone, tuple[datetime, ...]] = Field(default_factory=dict)
    firings: tuple[Firing, ...] = ()
    kept: tuple[Kept, ...] = ()
    task: str | None = None
    seq: int = 0


class LoanerStart(Record):
    """How a loaner's workflow begins.

    `policy` holds only the promises that a loaner keeps. `clock_start` (rehearsals only) is what
    its clock shows at its start, so that its calendars see the ticket's date.
    """

    loan: Loan
    policy: Policy
    clock_start: datetime | None = None


class LoanEvent(Record):
    """One row of the loan's ledger."""

    seq: int
    at: datetime
    kind: str
    by: Actor | None = None
    details: dict[str, JsonValue] = Field(default_factory=dict)


class Reservation(Record):
    """What asking for a device was answered.

    reserved: `device` is this loan's alone. needs_decision: the class has other products, or the
    loan has no class. no_stock: the class has none. not_in_stock: the device that was picked is not
    there, not in stock, or of another class; what the loan had, it keeps.
    """

    answer: Literal["reserved", "needs_decision", "no_stock", "not_in_stock"]
    device: Loaner | None = None


class LoanProgress(Record):
    """What a loan tells its ticket, as often as it changes. `revision` is the loan's seq then.

    `at`: when it happened, by the loan's own clock.
    """

    id: str
    revision: int
    state: LoanerState
    at: datetime
    device: Loaner | None = None
    milestones: Mapping[Milestone, tuple[datetime, ...]] = Field(default_factory=dict)


class TicketNews(Record):
    """What a ticket tells its loan.

    repaired and ended: what is reserved is released, what is out is recalled. reopened: what is
    recalled stays out. merged: the loan belongs to `ticket_no` from now on.
    """

    kind: Literal["repaired", "ended", "reopened", "merged"]
    ticket_no: str = Field(min_length=1, max_length=200)
    at: datetime
