"""Acts on a case as the workflow does, without Temporal: settle, decide, take the turn."""

from datetime import datetime, timedelta
from typing import Any

from domain.calls import Call, Direction
from domain.case import Case, open_case
from domain.civil_time import CHINA
from domain.commands import LookedUp, Order
from domain.directory import Device
from domain.events import PROCEDURE, Event, Opening
from domain.policy import Policy, Procedure
from domain.procedure import decide
from domain.promise import Promise
from domain.refusals import RefusalType, Refused
from domain.rotation import Turn
from domain.settling import settle
from domain.steps.calls import take_call
from domain.steps.dispatching import assign
from domain.terms import Coverage, CoverageKind, WarrantyTerms
from domain.ticket import Actor, TechnicianRef, Ticket
from domain.vocabulary import PurchaseDate, Role

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=CHINA)
WINDOW = Device(product="断桥铝窗", product_class="window", accepted_on=MONDAY.date())
OLD = WINDOW.model_copy(update={"accepted_on": MONDAY.date() - timedelta(days=1000)})
RING = (
    TechnicianRef(id="T01", name="周师傅"),
    TechnicianRef(id="T02", name="吴师傅"),
)


def small_policy(*promises: dict[str, Any], **procedure: Any) -> Policy:
    """A policy with a warranty, and nothing promised but what is given."""
    coverage = Coverage(
        kind=CoverageKind.PARTS_AND_LABOUR,
        clauses=("D1-5.2.1.e",),
        months=24,
        starts=(PurchaseDate.ACCEPTED_ON,),
    )
    return Policy(
        name="small",
        title="试用政策",
        warranty=WarrantyTerms(coverages=(coverage,)),
        promises=tuple(Promise.model_validate(one) for one in promises),
        procedure=Procedure(**procedure),
    )


def call(call_id: str = "c1", at: datetime = MONDAY, **known: Any) -> Call:
    """An answered inbound call that ended as it began."""
    given = {"answered_at": at, "ended_at": at, "answered": True, **known}
    return Call(
        call_id=call_id,
        direction=known.pop("direction", Direction.IN),
        caller="+8613900010001",
        line="4008001234",
        started_at=at,
        **{name: value for name, value in given.items() if name != "direction"},
    )


def promised(id: str, **terms: Any) -> dict[str, Any]:
    """A promise that starts with the report and is kept by the repair, but for `terms`."""
    usual = {"clauses": ["D1-1"], "says": id, "starts": "reported", "met_by": "resolved"}
    return {"id": id, **usual, **terms}


def line(
    item: str = "执手", unit_price_fen: int = 3000, quantity: int = 1, kind: str = "part"
) -> dict[str, Any]:
    """One line of a quote or of a final amount."""
    return {
        "item": item,
        "kind": kind,
        "quantity": quantity,
        "unit_price_fen": unit_price_fen,
    }


class Desk:
    """One ticket under test; `now` moves only when told, or a minute with each command.

    `ring_is_slow`: who is sent is not answered at once, but by `take_turn`.
    """

    ring_is_slow = False

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        ring: tuple[TechnicianRef, ...] = RING,
        number: str = "W1",
        procedure: int = PROCEDURE,
    ):
        self.policy = policy or small_policy()
        self.now = MONDAY
        self.ring = ring
        opening = Opening(
            number=number,
            opened_at=self.now,
            policy=self.policy.name,
            policy_version=self.policy.version,
            caller="+8613900010001",
            procedure=procedure,
        )
        self.case = take_call(open_case(opening, self.policy), call(f"c{number[1:]}"), self.now)

    @property
    def ticket(self) -> Ticket:
        return self.case.ticket

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.case.events]

    def events(self, kind: str) -> list[Event]:
        return [event for event in self.case.events if event.kind == kind]

    def told(self, about: str) -> list[str]:
        """Who was to be told of that, in order."""
        notices = self.events("notice_due")
        return [str(one.details["to"]) for one in notices if one.details["about"] == about]

    def at(self, moment: datetime) -> "Desk":
        """The same ticket at that moment, with all settled that time alone brings."""
        return self.later(seconds=(moment - self.now).total_seconds())

    def later(self, **duration: float) -> "Desk":
        self.now += timedelta(**duration)
        self.case = settle(self.case, self.now)
        return self

    def do(self, command: str, role: str, name: str = "甲", **fields: Any) -> Case:
        """The command as accepted, with the ring's answer; `looked_up` stands for the desk."""
        looked_up = fields.pop("looked_up", LookedUp())
        order = Order(by=Actor(role=Role(role), name=name), fields=fields, looked_up=looked_up)
        self.case = decide(settle(self.case, self.now), command, order, self.now)
        if not self.ring_is_slow:
            self.take_turn()
        self.case = settle(self.case, self.now)
        self.now += timedelta(minutes=1)
        return self.case

    def take_turn(self) -> None:
        """The ring answers who is sent, if somebody is to be."""
        ordered = self.case.ticket.dispatch_order
        if ordered is not None:
            able = [one for one in self.ring if one.id not in ordered.excluded]
            chosen = ordered.technician or (able[0] if able else None)
            self.case = assign(self.case, Turn(technician=chosen), self.now)

    def register(self, device: Device | None = WINDOW, **fields: Any) -> Case:
        looked_up = LookedUp(policy=self.policy, device=device, site="江南花园")
        return self.do(
            "register", "agent", "客服小何", symptom="关不上", looked_up=looked_up, **fields
        )

    def quote(self, *lines: dict[str, Any], role: str = "agent", name: str = "甲") -> int:
        """Quoted to the customer; the number of the quote."""
        self.do("quote", role, name, lines=list(lines or (line(),)))
        return len(self.ticket.quotes)

    def agree(self, *lines: dict[str, Any]) -> int:
        """Quoted, and the customer said yes."""
        number = self.quote(*lines)
        self.do("decide_fee", "customer", "王秀英", quote=number, decision="approve")
        return number

    def visit(self, *, until: str = "finish", **dispatch: Any) -> Case:
        """Dispatched by rotation, then step by step up to `until`."""
        self.do("dispatch", "supervisor", "高主管", **dispatch)
        for step in ("accept", "depart", "arrive", "start_work", "finish"):
            visit = self.ticket.visit
            assert visit is not None
            self.do(step, "technician", visit.technician.id)
            if step == until:
                break
        return self.case


def refused(desk: Desk, command: str, role: str, name: str = "甲", **fields: Any) -> RefusalType:
    """The word of the refusal that must come."""
    word = attempted(desk, command, role, name, **fields)
    assert word is not None, f"{command} was not refused"
    return word


def attempted(
    desk: Desk, command: str, role: str, name: str = "甲", **fields: Any
) -> RefusalType | None:
    """The word of the refusal, if it comes: then nothing may have changed, and no event be left."""
    before = desk.case
    try:
        desk.do(command, role, name, **fields)
    except Refused as error:
        word = error.type
    else:
        return None
    assert desk.case == before
    return word
