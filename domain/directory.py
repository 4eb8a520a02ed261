"""A company's books: who may call, what they own, who repairs, what can be lent."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from domain.civil_time import sensible
from domain.records import Record
from domain.terms import Term
from domain.vocabulary import Role

Day = Annotated[date, AfterValidator(sensible)]

LARGEST_FEN = 10**11
"""A thousand million yuan: what nothing here costs, and what sums of many still fit."""


class Line(Record):
    """A number that customers call, and the policy that a ticket from it begins under."""

    number: str
    policy: str


class Customer(Record):
    id: str
    name: str
    phones: tuple[str, ...] = ()
    site: str | None = None
    property: str | None = None


class Property(Record):
    """物业: one number that speaks for many owners."""

    id: str
    name: str
    phones: tuple[str, ...] = ()


class Entitlement(Record):
    """What a contract or a warranty card says of the warranty of one device (D5-A3.2.c, D5-C11).

    `stacks`: it adds to what stands below it, and the better term wins (D2-2.4.a); otherwise its
    word alone counts for the parts that it speaks of.
    """

    number: str | None = None
    stacks: bool = False
    coverages: Annotated[tuple[Term, ...], Field(min_length=1)]


class Device(Record):
    """What is repaired. Inline devices of `register` have no id and no customer.

    `weight_kg` is the net weight; unknown is None, and promises take the stricter reading.
    `repairs_done` counts those of this very unit by an authorised shop, and `days_in_repair` the
    days that it was there or waited for parts (D5-C6.3.a); an exchange begins both anew.
    """

    id: str | None = None
    customer: str | None = None
    product: str
    product_class: str | None = None
    policy: str | None = None
    invoice_date: Day | None = None
    delivered_on: Day | None = None
    accepted_on: Day | None = None
    weight_kg: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    repairs_done: int | None = Field(default=None, ge=0)
    contracted_on: Day | None = None
    exchanged_on: Day | None = None
    days_in_repair: int | None = Field(default=None, ge=0, le=3660)
    invoice_price_fen: int | None = Field(default=None, gt=0, le=LARGEST_FEN)
    contract: Entitlement | None = None
    warranty_card: Entitlement | None = None


class Technician(Record):
    id: str
    name: str
    department: str
    skills: tuple[str, ...] = ()
    phone: str | None = None


class StaffMember(Record):
    role: Role
    name: str
    phone: str | None = None
    extension: str | None = None


class Loaner(Record):
    """备机: a device of ours that a customer may use meanwhile."""

    id: str
    product_class: str
    product: str
    grade: str


class Candidate(Record):
    """Somebody whose number rang: a customer or a property. Shown, never guessed."""

    kind: str
    id: str
    name: str


class Directory(Record):
    """All of a company's books. Technicians stand in the order of the ring.

    Numbers are normalised. `domain.directory_checks.faults` tells what does not fit together.
    """

    lines: tuple[Line, ...] = ()
    customers: tuple[Customer, ...] = ()
    properties: tuple[Property, ...] = ()
    devices: tuple[Device, ...] = ()
    technicians: tuple[Technician, ...] = ()
    staff: tuple[StaffMember, ...] = ()
    loaners: tuple[Loaner, ...] = ()
