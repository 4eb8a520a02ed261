"""Acts on a case as the workflow does, without Temporal: settle, decide, take the turn."""

from datetime import datetime, timedelta
from typing import Any

from domain.calls import Call, Direction
from domain.case import Case, open_case
from domain.civil_time import CHINA
from domain.commands import LookedUp, Order
from domain.directory import Device
from domain.escalation import settle
from domain.policy import Coverage, CoverageKind, Policy, Procedure, PurchaseDate, WarrantyTerms
from domain.procedure import decide
from domain.rotation import Turn
from domain.steps.calls import take_call
from domain.steps.dispatching import assign
from domain.ticket import Actor, Opening, TechnicianRef, Ticket
from domain.vocabulary import Role

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=CHINA)
WINDOW = Device(product="断桥铝窗", product_class="window", accepted_on=MONDAY.date())
RING = (
    TechnicianRef(id="T01", name="周师傅"),
    TechnicianRef(id="T02", name="吴师傅"),
)


def small_policy(**procedure: Any) -> Policy:
    """A policy with a warranty and nothing promised."""
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


class Desk:
    """One ticket under test; `now` moves only when told, or a minute with each command."""

    def __init__(self, policy: Policy | None = None, *, ring: tuple[TechnicianRef, ...] = RING):
        self.policy = policy or small_policy()
        self.now = MONDAY
        self.ring = ring
        opening = Opening(
            number="W1",
            opened_at=self.now,
            policy=self.policy.name,
            policy_version=self.policy.version,
            caller="+8613900010001",
        )
        self.case = take_call(open_case(opening, self.policy), call(), self.now)

    @property
    def ticket(self) -> Ticket:
        return self.case.ticket

    def later(self, **duration: float) -> "Desk":
        self.now += timedelta(**duration)
        self.case = settle(self.case, self.now)
        return self

    def do(self, command: str, role: str, name: str = "甲", **fields: Any) -> Case:
        """The command as accepted, with the ring's answer; `looked_up` stands for the desk."""
        looked_up = fields.pop("looked_up", LookedUp())
        order = Order(by=Actor(role=Role(role), name=name), fields=fields, looked_up=looked_up)
        case = decide(settle(self.case, self.now), command, order, self.now)
        while (ordered := case.ticket.dispatch_order) is not None:
            able = [one for one in self.ring if one.id not in ordered.excluded]
            chosen = ordered.technician or (able[0] if able else None)
            case = assign(case, Turn(technician=chosen), self.now)
        self.case = settle(case, self.now)
        self.now += timedelta(minutes=1)
        return self.case

    def register(self, device: Device | None = WINDOW, **fields: Any) -> Case:
        looked_up = LookedUp(policy=self.policy, device=device, site="江南花园")
        return self.do(
            "register", "agent", "客服小何", symptom="关不上", looked_up=looked_up, **fields
        )

    def visit(self, *, until: str = "finish") -> Case:
        """Dispatched by rotation, then step by step up to `until`."""
        self.do("dispatch", "supervisor", "高主管")
        for step in ("accept", "depart", "arrive", "start_work", "finish"):
            visit = self.ticket.visit
            assert visit is not None
            self.do(step, "technician", visit.technician.id)
            if step == until:
                break
        return self.case
