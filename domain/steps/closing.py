"""签署、回单、回访、取消: what has to come before a ticket is closed (D1-9.a, D1-10, D1-15)."""

from datetime import datetime

from domain.case import Case
from domain.commands import Fields, FollowUpFields, ReturnOrderFields, SignOffFields
from domain.refusals import RefusalType, Refused, invalid
from domain.steps.request import Request
from domain.steps.visit import call_off_visit
from domain.ticket import Changes, FollowUp, Ticket
from domain.vocabulary import Milestone, Outcome, Role, Stage

TRIES = (
    Milestone.FOLLOW_UP_TRIED_1,
    Milestone.FOLLOW_UP_TRIED_2,
    Milestone.FOLLOW_UP_TRIED_3,
)


def sign_off(case: Case, request: Request[SignOffFields]) -> Case:
    """The customer's opinion and signature; not satisfied signs the visit and goes round again."""
    fields = request.fields
    if request.by.role is Role.TECHNICIAN and not fields.evidence:
        raise invalid("evidence", "维修人员代签要附凭证")
    case = case.record(
        "signed_off",
        request.now,
        by=request.by,
        changes=Changes(stage=Stage.SIGNED_OFF, milestones={Milestone.SIGNED_OFF: request.at}),
        details=request.details("satisfied", "opinion", "signer", "evidence"),
    )
    if not fields.satisfied:
        return _reopen(case, request.now, "签署时不满意")
    return case if order_owed(case.ticket) else _to_follow_up(case, request.now)


def return_order(case: Case, request: Request[ReturnOrderFields]) -> Case:
    """The technician hands the order in; the agent checks it in. Either may come alone."""
    ticket = case.ticket
    if ticket.last(Milestone.VISIT_ENDED) is None:
        raise Refused(RefusalType.INVALID_TRANSITION, "还没有结束的上门,没有维修单可交回")
    checked_in = request.by.role is Role.AGENT and not order_owed(ticket)
    milestones = {} if checked_in else {Milestone.ORDER_RETURNED: request.at}
    case = case.record(
        "order_checked_in" if request.by.role is Role.AGENT else "order_returned",
        request.now,
        by=request.by,
        changes=Changes(milestones=milestones),
        details=request.details("expenses", "minutes", "receipts"),
    )
    return _paperwork_done(case, request.now)


def waive_order(case: Case, request: Request[Fields]) -> Case:
    """The supervisor does without the order, and says why."""
    if request.fields.reason is None:
        raise invalid("reason", "免交维修单要写原因")
    if not order_owed(case.ticket):
        raise Refused(RefusalType.INVALID_TRANSITION, "没有待交回的维修单")
    case = case.record(
        "order_waived",
        request.now,
        by=request.by,
        changes=Changes(milestones={Milestone.ORDER_WAIVED: request.at}),
        details=request.details(),
    )
    return _paperwork_done(case, request.now)


def record_follow_up(case: Case, request: Request[FollowUpFields]) -> Case:
    """One try of the follow-up call; three recorded tries that reached nobody end it."""
    fields, ticket = request.fields, case.ticket
    if ticket.outcome is not None:
        raise Refused(RefusalType.INVALID_TRANSITION, "回访已经结束,只等维修单交回")
    if fields.reached and fields.satisfied is None:
        raise invalid("satisfied", "接通了要写是否满意")
    if not fields.reached and (fields.satisfied is not None or fields.score is not None):
        raise invalid("satisfied", "没有接通,不能写是否满意或打分")
    tries = tries_since_signing(ticket) + 1
    follow_up = FollowUp(
        at=request.at,
        reached=fields.reached,
        satisfied=fields.satisfied,
        score=fields.score,
        remarks=fields.remarks,
    )
    reached = Milestone.FOLLOWED_UP if fields.reached else TRIES[min(tries, len(TRIES)) - 1]
    case = case.record(
        "followed_up" if fields.reached else "follow_up_tried",
        request.now,
        by=request.by,
        changes=Changes(
            stage=Stage.FOLLOW_UP, follow_up=follow_up, milestones={reached: request.at}
        ),
        details=request.details("reached", "satisfied", "score", "remarks"),
    )
    if fields.satisfied is False:
        return _reopen(case, request.now, "回访时不满意")
    if fields.reached:
        done = Outcome.REPAIRED if _was_visited(ticket) else Outcome.GUIDED
        return _close_when_paper_is_in(case, request.now, done)
    if tries >= case.policy.procedure.follow_up_tries:
        return _close_when_paper_is_in(case, request.now, Outcome.NOT_REACHED)
    return case


def cancel(case: Case, request: Request[Fields]) -> Case:
    """Called off, with the reason; an order that was out on site must still come back."""
    reason = request.fields.reason
    if reason is None:
        raise invalid("reason", "取消要写原因")
    visit = case.ticket.visit
    on_site = visit is not None and visit.arrived_at is not None
    case = case.record(
        "cancelled",
        request.now,
        by=request.by,
        changes=Changes(
            visit=call_off_visit(visit, reason, request.at) if visit else None,
            milestones={Milestone.VISIT_ENDED: request.at} if on_site else {},
            dispatch_settled=True,
            task_done=True,
        ),
        details=request.details(),
    )
    if visit is not None:
        case = case.notice(
            request.now, Role.TECHNICIAN.value, "cancelled", technician=visit.technician.id
        )
    return _close_when_paper_is_in(case, request.now, Outcome.CANCELLED)


def order_owed(ticket: Ticket) -> bool:
    """Whether a repair order is still out: every ended visit's must come back or be waived."""
    ended = ticket.last(Milestone.VISIT_ENDED)
    if ended is None:
        return False
    back = (ticket.last(Milestone.ORDER_RETURNED), ticket.last(Milestone.ORDER_WAIVED))
    return all(moment is None or moment < ended for moment in back)


def tries_since_signing(ticket: Ticket) -> int:
    """Recorded tries of the follow-up since the work was last signed off or guided."""
    since = max(
        (
            moment
            for milestone in (Milestone.SIGNED_OFF, Milestone.GUIDED)
            if (moment := ticket.last(milestone)) is not None
        ),
        default=ticket.opened_at,
    )
    return sum(one.at >= since for one in ticket.follow_ups)


def _was_visited(ticket: Ticket) -> bool:
    return ticket.last(Milestone.VISIT_ENDED) is not None


def _reopen(case: Case, now: datetime, why: str) -> Case:
    case = case.record(
        "reopened",
        now,
        changes=Changes(stage=Stage.DISPATCHING, milestones={Milestone.REOPENED: now}),
        details={"why": why},
    )
    return case.notice(now, Role.SUPERVISOR.value, "reopened")


def _to_follow_up(case: Case, now: datetime) -> Case:
    return case.record("follow_up_due", now, changes=Changes(stage=Stage.FOLLOW_UP))


def _paperwork_done(case: Case, now: datetime) -> Case:
    """With the order back, only the call is left, or nothing is."""
    if order_owed(case.ticket):
        return case
    if case.ticket.outcome is not None:
        return _close(case, now)
    return _to_follow_up(case, now) if case.ticket.stage is Stage.SIGNED_OFF else case


def _close_when_paper_is_in(case: Case, now: datetime, outcome: Outcome) -> Case:
    if not order_owed(case.ticket):
        return _close(case, now, outcome)
    return case.record(
        "waiting_for_order",
        now,
        changes=Changes(
            stage=Stage.FOLLOW_UP,
            outcome=outcome,
            milestones={Milestone.OUTCOME_DECIDED: now},
        ),
    )


def _close(case: Case, now: datetime, outcome: Outcome | None = None) -> Case:
    return case.record(
        "closed",
        now,
        changes=Changes(stage=Stage.CLOSED, outcome=outcome, milestones={Milestone.CLOSED: now}),
    )
