"""三包: the customer chooses repair, exchange or return; a refund needs its approval (D5-C6)."""

from domain.case import Case
from domain.civil_time import local
from domain.commands import ApproveRefundFields, ChooseRemedyFields
from domain.events import Changes
from domain.refusals import RefusalType, Refused
from domain.remedies import choices
from domain.steps.consent import go_on, made_void
from domain.steps.ending import called_off
from domain.steps.holds import lifted
from domain.steps.loaners import tell_loaners
from domain.steps.request import Request
from domain.vocabulary import HoldReason, Milestone, Remedy, Role, Stage

TO_CHOOSE = "退款后仍不满意,请与顾客商定后重新 choose_remedy"
TO_APPROVE = "顾客选择退货,等部门负责人批准退款"


def choose_remedy(case: Case, request: Request[ChooseRemedyFields]) -> Case:
    """Only what the facts give; a later choice takes the place of an earlier one."""
    ticket, remedy = case.ticket, request.fields.remedy
    reported = ticket.first(Milestone.REPORTED) or ticket.opened_at
    open_to = choices(case.policy.three_guarantees, ticket.facts, local(reported).date())
    if remedy not in open_to:
        able = "、".join(one.value for one in open_to) or "没有"
        raise Refused(RefusalType.NO_CHOICE, f"不能选 {remedy.value};可选:{able}", "remedy")
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
        details=request.details("remedy"),
    )
    if visit is not None:
        case = case.notice(
            request.now, Role.TECHNICIAN.value, "cancelled", technician=visit.technician.id
        )
    if returned:
        return case.notice(request.now, Role.DEPT_HEAD.value, "refund_to_approve")
    return go_on(case, request.now)


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
