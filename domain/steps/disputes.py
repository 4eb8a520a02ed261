"""报修争议: what customer and company do not agree on, and quality's ruling (D1-3.2.a)."""

from domain.case import Case
from domain.commands import DisputeFields, RuleFields
from domain.events import Changes
from domain.refusals import RefusalType, Refused, invalid
from domain.steps.ending import close_if_all_is_in
from domain.steps.holds import begun, lifted
from domain.steps.registration import charge_nothing_inside, decide_by_person, judge_by_cause
from domain.steps.request import Request
from domain.ticket import Dispute
from domain.vocabulary import HoldReason, Milestone, Role


def dispute(case: Case, request: Request[DisputeFields]) -> Case:
    """The ticket waits for a ruling (hold `dispute`, which by default pauses nothing)."""
    if case.ticket.dispute is not None:
        raise Refused(RefusalType.INVALID_TRANSITION, "已有争议在等裁定")
    if request.fields.reason is None:
        raise invalid("reason", "争议要写明双方分歧")
    case = case.record(
        "disputed",
        request.now,
        by=request.by,
        changes=Changes(
            dispute=Dispute(
                subject=request.fields.subject, at=request.at, reason=request.fields.reason
            ),
            holds=begun(case.ticket, HoldReason.DISPUTE, request.at),
            milestones={Milestone.DISPUTED: request.at},
        ),
        details=request.details("subject"),
    )
    return case.notice(
        request.now, Role.QUALITY.value, "disputed", subject=request.fields.subject.value
    )


def rule(case: Case, request: Request[RuleFields]) -> Case:
    """Quality decides; promises and fees are worked out again from what it says."""
    open_dispute, fields = case.ticket.dispute, request.fields
    if open_dispute is None:
        raise Refused(RefusalType.INVALID_TRANSITION, "没有等待裁定的争议")
    if fields.in_warranty is None and fields.cause is None and fields.reason is None:
        raise invalid("in_warranty", "裁定要写保内保外、原因或理由")
    if request.at < open_dispute.at:
        raise invalid("at", "不能早于争议的提出")
    case = case.record(
        "ruled",
        request.now,
        by=request.by,
        changes=Changes(
            dispute=open_dispute.model_copy(update={"ruled_at": request.at}),
            holds=lifted(case.ticket, request.at, HoldReason.DISPUTE),
            facts={"cause": fields.cause.value} if fields.cause else {},
            milestones={Milestone.RULED: request.at},
        ),
        details=request.details("in_warranty", "cause"),
    )
    if fields.in_warranty is not None:
        basis = fields.reason or f"{request.by.name}裁定"
        case = decide_by_person(case, request.now, fields.in_warranty, basis)
    elif fields.cause is not None:
        case = charge_nothing_inside(judge_by_cause(case, request.now, fields.cause), request.now)
    case = case.notice(request.now, Role.AGENT.value, "ruled")
    return close_if_all_is_in(case, request.now)
