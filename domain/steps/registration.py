"""登记: from a call to a ticket that knows its device, its policy and its warranty (D1-5.2)."""

from datetime import datetime

from pydantic import JsonValue, ValidationError

from domain.case import Case
from domain.commands import AmendFields, AssessFields, LookedUp, RegisterFields, fault_of
from domain.directory import Device
from domain.events import Changes
from domain.refusals import invalid
from domain.steps.consent import go_on, nothing_to_pay, to_pay_after_all
from domain.steps.request import Request
from domain.steps.standing import called_back_from, next_stage, reported_on
from domain.ticket import Registration, Ticket
from domain.vocabulary import (
    Cause,
    Milestone,
    Outcome,
    Role,
    Stage,
    TicketKind,
    Warranty,
)
from domain.warranty import PurchaseFacts, WarrantyDecision, decide_warranty, paid_cause

REDIRECTED = {
    TicketKind.ENQUIRY: "咨询,转相应部门答复",
    TicketKind.COMPLAINT: "投诉,转相应部门处理",
    TicketKind.WRONG_NUMBER: "打错了",
}

_FACT_VALUE: dict[Warranty, JsonValue] = {
    Warranty.IN: True,
    Warranty.OUT: False,
    Warranty.UNKNOWN: "unknown",
}


def register(case: Case, request: Request[RegisterFields], looked_up: LookedUp) -> Case:
    """Write the register entry, pin the device's policy, and assess what the books settle."""
    fields = request.fields
    if fields.kind is not TicketKind.REPAIR:
        return _redirect(case, request)
    policy = looked_up.policy
    if policy is None:
        raise invalid("device", "没有随附保障政策,请经客服台登记")
    site = fields.site or looked_up.site
    if site is None:
        raise invalid("site", "登记要写地点")
    if fields.symptom is None:
        raise invalid("symptom", "登记要写故障现象")
    entry = Registration(
        caller_name=fields.caller_name,
        caller_phone=fields.caller_phone or case.ticket.caller,
        site=site,
        device=looked_up.device,
        symptom=fields.symptom,
        category=fields.category,
    )
    facts: dict[str, JsonValue] = {"kind": fields.kind.value, "urgent": fields.urgent}
    facts |= _device_facts(looked_up.device)
    case = case.record(
        "registered",
        request.now,
        by=request.by,
        changes=Changes(
            stage=Stage.REGISTERED,
            registration=entry,
            facts=facts,
            milestones={Milestone.REGISTERED: request.at},
        ),
        details=request.details(),
    )
    version = looked_up.policy_version or policy.version
    if version != case.ticket.policy_version:
        case = case.pin(policy, version).record(
            "policy_pinned",
            request.now,
            changes=Changes(policy=policy.name, policy_version=version),
        )
    case = _judge_warranty(case, request.now, cause=Cause.QUALITY, milestone_at=request.at)
    return case.notice(request.now, Role.SUPERVISOR.value, "registered")


def assess(case: Case, request: Request[AssessFields]) -> Case:
    """Correct or complete what is known of the fault and its warranty, with the basis."""
    fields = request.fields
    said = fields.model_dump(
        mode="json",
        include={"fault_kind", "device_fault", "severity", "cause", "weight_kg", "listed_fault"},
        exclude_none=True,
    )
    if not said and fields.in_warranty is None:
        raise invalid("in_warranty", "请至少写一项判定:保内保外、故障、严重程度、原因或重量")
    case = case.record(
        "assessed",
        request.now,
        by=request.by,
        changes=Changes(facts=said, milestones={Milestone.ASSESSED: request.at}),
        details=request.details("in_warranty", "basis", *said),
    )
    if fields.in_warranty is not None:
        basis = fields.basis or fields.reason or f"{request.by.name}判定"
        return decide_by_person(case, request.now, fields.in_warranty, basis)
    if fields.cause is not None and _books_decide(case, fields.cause):
        return judge_by_cause(case, request.now, fields.cause)
    return case


def amend(case: Case, request: Request[AmendFields], looked_up: LookedUp) -> Case:
    """Correct an entry of the register; the old value stays in the ledger.

    What the warranty or a promise depends on is worked out again from the corrected entry.
    """
    name, value, entry = request.fields.field, request.fields.value, case.ticket.registration
    changes: Changes | None = None
    if name in _AMENDABLE and entry is not None:
        if not isinstance(value, str) or not value:
            raise invalid("value", f"{name} 要写文字")
        changes = Changes(registration=entry.model_copy(update={name: value}))
    elif name == "urgent":
        if not isinstance(value, bool):
            raise invalid("value", "urgent 要写 true 或 false")
        changes = Changes(facts={"urgent": value})
    elif name == "device" and entry is not None:
        changes = _amended_device(case, looked_up)
    elif name in (*_OF_DEVICE, *_PAPERS) and entry is not None:
        changes = _amended_fact(entry, name, value)
    if changes is None:
        known = (*_AMENDABLE, "urgent", "device", *_OF_DEVICE, *_PAPERS)
        raise invalid("field", f"可更正的有:{'、'.join(known)}")
    case = case.record(
        "amended",
        request.now,
        by=request.by,
        changes=changes,
        details=request.details("field", "value"),
    )
    judged = name in ("device", *_OF_DEVICE, *_PAPERS)
    return judge_again(case, request.now) if judged else case


_AMENDABLE = ("caller_name", "caller_phone", "site", "symptom", "category")
_OF_DEVICE = (
    *("product_class", "weight_kg", "repairs_done", "days_in_repair"),
    *("invoice_date", "delivered_on", "accepted_on", "contracted_on", "exchanged_on"),
)
_PAPERS = ("contract", "warranty_card", "invoice_price_fen")
"""What the device's entry has beside its facts."""


def _amended_device(case: Case, looked_up: LookedUp) -> Changes:
    device, policy = looked_up.device, looked_up.policy
    entry = case.ticket.registration
    if device is None or policy is None or entry is None:
        raise invalid("value", "要写名录里的设备编号,或一个设备的映射")
    if policy.name != case.ticket.policy:
        raise invalid(
            "value", f"这台设备属于政策 {policy.name},工单属于 {case.ticket.policy};请另开工单"
        )
    known = dict.fromkeys(_OF_DEVICE)
    return Changes(
        registration=entry.model_copy(update={"device": device}),
        facts={**known, **_device_facts(device)},
    )


def _amended_fact(entry: Registration, name: str, value: JsonValue) -> Changes:
    if entry.device is None:
        raise invalid("field", "还没有设备;请先更正 device")
    try:
        device = Device.model_validate({**entry.device.model_dump(), name: value})
    except ValidationError as error:
        fault = fault_of(error, Device)
        raise invalid("value", fault.message) from None
    said = _device_facts(device)
    facts = {name: said.get(name)} if name in _OF_DEVICE else {}
    return Changes(registration=entry.model_copy(update={"device": device}), facts=facts)


def judge_again(case: Case, now: datetime) -> Case:
    """The books decide again, unless a person has decided."""
    if case.ticket.warranty_by_person:
        return case
    said = case.ticket.facts.get("cause")
    cause = Cause(str(said)) if said in set(Cause) else Cause.QUALITY
    return judge_by_cause(case, now, cause)


def _redirect(case: Case, request: Request[RegisterFields]) -> Case:
    """An enquiry, a complaint or a wrong number leaves the repair procedure."""
    kind = request.fields.kind
    entry = Registration(
        kind=kind,
        caller_name=request.fields.caller_name,
        caller_phone=request.fields.caller_phone or case.ticket.caller,
        site=request.fields.site,
        symptom=request.fields.symptom,
        category=request.fields.category,
    )
    return case.record(
        "redirected",
        request.now,
        by=request.by,
        changes=Changes(
            stage=Stage.REDIRECTED,
            outcome=Outcome.REDIRECTED,
            registration=entry,
            facts={"kind": kind.value},
            milestones={Milestone.REGISTERED: request.at, Milestone.CLOSED: request.at},
        ),
        details={**request.details(), "kind": kind.value, "to": REDIRECTED[kind]},
    )


def _device_facts(device: Device | None) -> dict[str, JsonValue]:
    if device is None:
        return {}
    return device.model_dump(mode="json", include=set(_OF_DEVICE), exclude_none=True)


def _judge_warranty(
    case: Case, now: datetime, *, cause: Cause, milestone_at: datetime | None = None
) -> Case:
    """What the purchase facts say; `assess` corrects it."""
    purchase = PurchaseFacts.of(_device_of(case.ticket))
    decision = decide_warranty(case.policy, purchase, reported_on(case.ticket), cause=cause)
    known = decision.in_warranty is not Warranty.UNKNOWN
    milestones = {Milestone.ASSESSED: milestone_at} if known and milestone_at else {}
    return _record_warranty(case, now, decision, milestones)


def _books_decide(case: Case, cause: Cause) -> bool:
    """Whether a cause may change the decision: one that is paid for always does (D5-B4.3b4).

    Any other leaves what a person has decided alone.
    """
    paid = case.policy.warranty is not None and paid_cause(case.policy, cause) is not None
    return paid or not case.ticket.warranty_by_person


def decide_by_person(case: Case, now: datetime, answer: bool | str, basis: str) -> Case:
    """What somebody decided, or ruled, stands over what the books say."""
    word = Warranty.UNKNOWN if answer == "unknown" else Warranty.IN if answer else Warranty.OUT
    decision = WarrantyDecision(in_warranty=word, basis=basis)
    return charge_nothing_inside(_record_warranty(case, now, decision, {}), now)


def charge_nothing_inside(case: Case, now: datetime) -> Case:
    """Somebody has said that it is free: what was asked inside the warranty falls as well."""
    warranty = case.ticket.warranty
    if warranty is None or warranty.in_warranty is not Warranty.IN:
        return case
    return go_on(nothing_to_pay(case, now), now)


def judge_by_cause(case: Case, now: datetime, cause: Cause) -> Case:
    """What the purchase facts say of a fault of that cause."""
    return _judge_warranty(case, now, cause=cause)


def _record_warranty(
    case: Case, now: datetime, decision: WarrantyDecision, milestones: dict[Milestone, datetime]
) -> Case:
    before = case.ticket.warranty
    decided = case.ticket.model_copy(update={"warranty": decision})
    stage = next_stage(decided, case.policy)
    case = case.record(
        "warranty_decided",
        now,
        changes=Changes(
            stage=stage,
            warranty=decision,
            facts={"in_warranty": _FACT_VALUE[decision.in_warranty]},
            milestones=milestones,
            dispatch_settled=called_back_from(case.ticket, stage),
        ),
        details={"in_warranty": decision.in_warranty.value, "basis": decision.basis},
    )
    found_in = decision.in_warranty is Warranty.IN
    if found_in and before is not None and before.in_warranty is not Warranty.IN:
        return go_on(nothing_to_pay(case, now), now)
    if decision.in_warranty is Warranty.OUT:
        return go_on(to_pay_after_all(case, now), now)
    return case


def _device_of(ticket: Ticket) -> Device | None:
    return ticket.registration.device if ticket.registration else None
