"""The few concrete orders that stand for all that may be asked of a ticket."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from docs.generate.found import Way
from domain.civil_time import CHINA
from domain.commands import LookedUp, MergeTarget, Order
from domain.directory import Device
from domain.policy import OutOfWarranty, Policy, Procedure
from domain.procedure import RULES
from domain.promise import Promise
from domain.terms import Coverage, CoverageKind, ThreeGuarantees, WarrantyTerms
from domain.ticket import Actor, TechnicianRef, Ticket
from domain.vocabulary import Command, GuidanceWay, HoldReason, PurchaseDate, Role, TicketKind

START = datetime(2026, 3, 2, 9, 0, tzinfo=CHINA)
SENT = TechnicianRef(id="T01", name="T01")
OTHER = TechnicianRef(id="T02", name="T02")
ELSEWHERE, OTHER_POLICY = "W2", "other"

NEW = Device(
    product="P", product_class="c", accepted_on=START.date(), invoice_date=START.date(), weight_kg=6
)
OLD = NEW.model_copy(update={"accepted_on": START.date() - timedelta(days=3000)})
UNDATED = NEW.model_copy(update={"accepted_on": None})

PAID: list[dict[str, Any]] = [{"item": "i", "kind": "part", "quantity": 1, "unit_price_fen": 100}]
FREE: list[dict[str, Any]] = [{**PAID[0], "unit_price_fen": 0}]
BROUGHT: dict[str, Any] = {"product": "P", "same_model": True}


def policy(first: OutOfWarranty) -> Policy:
    """A policy with every branch in it: a warranty, a choice of remedies, a loaner in time."""
    coverage = Coverage(
        kind=CoverageKind.PARTS_AND_LABOUR,
        clauses=("any",),
        months=24,
        starts=(PurchaseDate.ACCEPTED_ON,),
    )
    in_time = {
        "id": "fixed_or_loaner",
        "clauses": ["any"],
        "says": "any",
        "starts": "reported",
        "met_by": ["resolved", "loaner_delivered"],
        "within": "2 days",
        "remedy": {"provide": "loaner", "lead": "24 hours"},
    }
    return Policy(
        name="any",
        title="any",
        warranty=WarrantyTerms(coverages=(coverage,)),
        three_guarantees=ThreeGuarantees(clauses=("any",), classes=("c",)),
        promises=(Promise.model_validate(in_time),),
        procedure=Procedure(out_of_warranty=first),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """One order as it may be given at that moment."""

    way: Way
    order: Order

    @property
    def command(self) -> Command:
        return Command(self.way.word)


def asked(
    ticket: Ticket, pinned: Policy, now: datetime, only: Collection[Command] = tuple(Command)
) -> Iterator[Asked]:
    """Every order of these commands that is tried; most are refused where the ticket stands."""
    for command, shade, fields in _plain(ticket, now):
        if command in only:
            yield _by_whom(ticket, command, shade, fields, LookedUp())
    for command, shade, fields, looked_up in _looked_up(pinned):
        if command in only:
            yield _by_whom(ticket, command, shade, fields, looked_up)


def _looked_up(pinned: Policy) -> Iterator[tuple[Command, str, dict[str, Any], LookedUp]]:
    for device in (NEW, OLD, UNDATED):
        found = LookedUp(policy=pinned, device=device, site="s")
        yield Command.REGISTER, "", {"symptom": "x"}, found
    named = {"technician": OTHER.id, "reason": "x"}
    yield Command.DISPATCH, "anew", named, LookedUp(technician=OTHER)
    other = LookedUp(policy=pinned.model_copy(update={"name": OTHER_POLICY}), policy_version="v")
    yield Command.ADOPT_POLICY, "", {"policy": OTHER_POLICY, "reason": "x"}, other
    target = LookedUp(target=MergeTarget(number=ELSEWHERE))
    yield Command.MERGE_INTO, "", {"ticket": ELSEWHERE}, target


def _plain(ticket: Ticket, now: datetime) -> "Plain":
    for make in (_of_the_desk, _of_fees, _of_visits, _of_the_end):
        yield from make(ticket, now)


Plain = Iterator[tuple[Command, str, dict[str, Any]]]


def _of_the_desk(ticket: Ticket, now: datetime) -> Plain:
    for kind in (TicketKind.ENQUIRY, TicketKind.COMPLAINT, TicketKind.WRONG_NUMBER):
        yield Command.REGISTER, kind.value, {"kind": kind.value}
    yield Command.OPEN, "", {}
    yield Command.NOTE, "", {"text": "x"}
    yield Command.AMEND, "", {"field": "urgent", "value": True}
    yield Command.AMEND, "", {"field": "accepted_on", "value": str(NEW.accepted_on)}
    yield Command.AMEND, "", {"field": "accepted_on", "value": str(OLD.accepted_on)}
    yield Command.CALL_BACK, "", {}
    for way in GuidanceWay:
        yield Command.START_GUIDANCE, "" if way is GuidanceWay.PHONE else way, {"way": way.value}
    yield Command.GUIDE, "solved", {"outcome": "solved"}
    yield Command.GUIDE, "needs_visit", {"outcome": "needs_visit"}
    for answer in (True, False, "unknown"):
        yield Command.ASSESS, "", {"in_warranty": answer}
        yield Command.RULE, "", {"in_warranty": answer}
    yield Command.ASSESS, "", {"cause": "misuse"}
    yield Command.RULE, "", {"reason": "x"}
    yield Command.DISPUTE, "", {"subject": "warranty", "reason": "x"}
    for reason in HoldReason:
        until = (now + timedelta(seconds=1)).isoformat()
        yield Command.HOLD, "", {"reason": reason.value, "until": until}
    for waits in ticket.open_holds:
        yield Command.RESUME, "", {"reason": waits.reason.value}
    yield Command.REQUEST_LOANER, "", {}


def _of_fees(ticket: Ticket, now: datetime) -> Plain:
    number = ticket.quote.number if ticket.quote else 1
    yield Command.QUOTE, "above zero", {"lines": PAID}
    yield Command.QUOTE, "of zeros", {"lines": FREE}
    for decision in ("approve", "refuse"):
        fields = {"quote": number, "decision": decision, "evidence": "x"}
        yield Command.DECIDE_FEE, decision, fields
    for remedy in ("repair", "exchange", "return"):
        yield Command.CHOOSE_REMEDY, remedy, {"remedy": remedy}
    yield Command.APPROVE_REFUND, "", {"amount_fen": 100}


def _of_visits(ticket: Ticket, now: datetime) -> Plain:
    yield Command.DISPATCH, "", {}
    yield Command.DISPATCH, "emergency", {"emergency": True, "reason": "x"}
    window = {
        "from": (now + timedelta(hours=1)).isoformat(),
        "to": (now + timedelta(hours=2)).isoformat(),
    }
    yield Command.DISPATCH, "moved", {"window": window, "reason": "x"}
    yield Command.ISSUE_ORDER, "", {}
    for step in (Command.ACCEPT, Command.DEPART, Command.ARRIVE, Command.START_WORK):
        yield step, "", {}
    yield Command.DECLINE, "", {"reason": "x"}
    yield Command.FINISH, "", {"exchanged_for": BROUGHT}
    yield Command.FINISH, "", {"lines": PAID, "exchanged_for": BROUGHT}
    yield Command.LEAVE_UNFINISHED, "", {"reason": "x"}


def _of_the_end(ticket: Ticket, now: datetime) -> Plain:
    yield Command.SIGN_OFF, "satisfied", {"satisfied": True, "evidence": "x"}
    yield Command.SIGN_OFF, "not satisfied", {"satisfied": False, "evidence": "x"}
    yield Command.RETURN_ORDER, "", {}
    yield Command.WAIVE_ORDER, "", {"reason": "x"}
    yield Command.VERIFY, "accepted", {"accepted": True}
    yield Command.VERIFY, "not accepted", {"accepted": False, "reason": "x"}
    yield Command.RECORD_FOLLOW_UP, "satisfied", {"reached": True, "satisfied": True}
    yield Command.RECORD_FOLLOW_UP, "not satisfied", {"reached": True, "satisfied": False}
    yield Command.RECORD_FOLLOW_UP, "not reached", {"reached": False}
    yield Command.CANCEL, "", {"reason": "x"}


def _by_whom(
    ticket: Ticket, command: Command, shade: str, fields: dict[str, Any], looked_up: LookedUp
) -> Asked:
    """Asked by the first role that may; of technicians by the one who was sent."""
    rule = RULES[command]
    role = Role.TECHNICIAN if rule.own_visit else next(one for one in Role if one in rule.roles)
    name = ticket.visit.technician.id if ticket.visit else SENT.id
    by = Actor(role=role, name=name)
    return Asked(Way(command.value, shade), Order(by=by, fields=fields, looked_up=looked_up))
