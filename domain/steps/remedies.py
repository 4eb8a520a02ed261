"""三包: the customer chooses repair, exchange or return; a refund needs its approval (D5-C6)."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import JsonValue

from domain.case import Case
from domain.civil_time import local
from domain.commands import ApproveRefundFields, ChooseRemedyFields
from domain.events import Changes
from domain.fees import yuan
from domain.policy import Policy
from domain.refusals import RefusalType, Refused, invalid
from domain.remedies import RemedyDecision, Waiting, decide_remedies
from domain.steps.consent import go_on, made_void
from domain.steps.ending import called_off
from domain.steps.holds import lifted
from domain.steps.loaners import tell_loaners
from domain.steps.request import Request
from domain.steps.standing import reported_on
from domain.ticket import Ticket
from domain.vocabulary import HoldReason, Milestone, Proof, Remedy, Role, Stage

TO_CHOOSE = "退款后仍不满意,请与顾客商定后重新 choose_remedy"
TO_APPROVE = "顾客选择退货,等部门负责人批准退款"


def choose_remedy(case: Case, request: Request[ChooseRemedyFields]) -> Case:
    """Only what the facts give; a later choice takes the place of an earlier one."""
    ticket, remedy = case.ticket, request.fields.remedy
    decision = remedies_of(ticket, case.policy, request.at, request.fields.evidence)
    if remedy not in decision.open_to:
        able = "、".join(one.value for one in decision.open_to) or "没有"
        why = f"不能选 {remedy.value};可选:{able}。{decision.reason}"
        raise Refused(RefusalType.NO_CHOICE, why, "remedy")
    returned = remedy is Remedy.RETURN
    if returned and ticket.visit is not None and ticket.visit.arrived_at is not None:
        raise Refused(RefusalType.INVALID_TRANSITION, "维修人员正在现场,请先结束这次上门")
    visit = ticket.visit if returned else None
    asked = ticket.open_quote if returned else None
    case = case.record(
        "remedy_chosen",
        request.now,
        by=request.by,
        changes=Changes(
            remedy=remedy,
            facts={"remedy": remedy.value},
            visit=called_off(visit, "顾客选择退货", request.at) if visit else None,
            stage=Stage.ASSESSING if returned else None,
            milestones={Milestone.REMEDY_CHOSEN: request.at},
            # Nobody pays for the repair of what is taken back: there is nothing left to answer.
            quotes=made_void(ticket) if asked else (),
            holds=lifted(ticket, request.at, HoldReason.CONSENT) if asked else (),
            dispatch_settled=returned,
            task=TO_APPROVE if returned else None,
            tasks_done=(TO_CHOOSE,) if returned else (TO_CHOOSE, TO_APPROVE),
        ),
        details={**request.details("remedy", "evidence"), **_told(decision)},
    )
    if visit is not None:
        case = case.notice(
            request.now, Role.TECHNICIAN.value, "cancelled", technician=visit.technician.id
        )
    if returned:
        return case.notice(request.now, Role.DEPT_HEAD.value, "refund_to_approve")
    return go_on(case, request.now)


def remedies_of(
    ticket: Ticket, policy: Policy, at: datetime, shown: Mapping[Proof, str] | None = None
) -> RemedyDecision:
    """What the customer of that ticket may choose at that moment; `shown` is what was brought."""
    chosen, resolved = ticket.last(Milestone.REMEDY_CHOSEN), ticket.last(Milestone.RESOLVED)
    waiting = None
    if ticket.remedy is Remedy.EXCHANGE and chosen and not (resolved and resolved >= chosen):
        waiting = Waiting(since=local(chosen).date(), today=local(at).date())
    facts = {**ticket.facts, **_failed_here(ticket)}
    return decide_remedies(policy, facts, reported_on(ticket), shown=shown, waiting=waiting)


def _failed_here(ticket: Ticket) -> dict[str, JsonValue]:
    """The repairs that the books count, and those of this ticket that did not hold (D5-C6.3.a)."""
    reopened = ticket.last(Milestone.REOPENED)
    if ticket.procedure < 3 or reopened is None:
        return {}
    failed = sum(
        visit.result == "finished" and visit.ended_at is not None and visit.ended_at <= reopened
        for visit in ticket.visits
    )
    before = ticket.facts.get("repairs_done")
    return {"repairs_done": failed + (before if isinstance(before, int) else 0)}


def _told(decision: RemedyDecision) -> dict[str, JsonValue]:
    """The decision for the reader of the ledger: why, by which clauses, on what evidence."""
    last = decision.last_day
    return {
        "basis": decision.reason,
        "clauses": list(decision.clauses),
        "open_to": [one.value for one in decision.open_to],
        "last_day": last.isoformat() if last is not None else None,
        "have": {one.proof.value: one.what for one in decision.evidence if one.have},
        "missing": [one.value for one in decision.missing],
    }


def approve_refund(case: Case, request: Request[ApproveRefundFields]) -> Case:
    """What is taken back is paid for; with that the case is resolved, and only the call is left."""
    if case.ticket.remedy is not Remedy.RETURN:
        raise Refused(RefusalType.INVALID_TRANSITION, "顾客没有选择退货")
    chosen = case.ticket.last(Milestone.REMEDY_CHOSEN)
    approved = case.ticket.last(Milestone.REFUND_APPROVED)
    # A ticket that was reopened after its refund: the customer says anew what is wanted.
    if chosen is not None and approved is not None and chosen <= approved:
        raise Refused(RefusalType.INVALID_TRANSITION, "这次退货已经批准退款;另有要求请顾客重新选择")
    amount = request.fields.amount_fen
    _refuse_another_price(case.ticket, amount)
    case = case.record(
        "refund_approved",
        request.now,
        by=request.by,
        changes=Changes(
            stage=Stage.FOLLOW_UP,
            refund_fen=amount,
            milestones={Milestone.REFUND_APPROVED: request.at, Milestone.RESOLVED: request.at},
            task_done=True,
        ),
        details=request.details("amount_fen"),
    )
    case = tell_loaners(case, request.now, "repaired")
    return case.notice(request.now, Role.CUSTOMER.value, "refund_approved", amount_fen=amount)


def _refuse_another_price(ticket: Ticket, amount_fen: int) -> None:
    """A return is repaid at the price of the invoice, in one payment (D5-C6.1.b)."""
    device = ticket.registration.device if ticket.registration else None
    price = device.invoice_price_fen if device else None
    if price is not None and amount_fen != price:
        raise invalid("amount_fen", f"退货按发票价一次退清:{yuan(price)} 元({price} 分)")
