"""签署、回单、回访、取消: what has to come before a ticket is closed (D1-9.a, D1-10, D1-15)."""

from datetime import datetime

from domain.case import Case
from domain.commands import (
    Fields,
    FollowUpFields,
    ReturnOrderFields,
    SignOffFields,
    VerifyFields,
)
from domain.events import Changes
from domain.refusals import RefusalType, Refused, invalid
from domain.steps.consent import go_on
from domain.steps.ending import (
    VERIFIED_OUTCOMES,
    close_if_all_is_in,
    close_when_all_is_in,
    end,
    order_owed,
    verification_owed,
)
from domain.steps.loaners import tell_loaners
from domain.steps.remedies import TO_CHOOSE
from domain.steps.request import Request
from domain.ticket import FollowUp, Ticket
from domain.vocabulary import Milestone, Outcome, Remedy, Role, Stage

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
        return _close_or_wait(case, request.now, _done(ticket))
    if tries >= case.policy.procedure.follow_up_tries:
        return _close_or_wait(case, request.now, Outcome.NOT_REACHED)
    return case


def verify(case: Case, request: Request[VerifyFields]) -> Case:
    """质检: whether what was repaired again holds; rework may not close without it (D1-3.2.b)."""
    fields = request.fields
    if all(visit.result != "finished" for visit in case.ticket.visits):
        raise Refused(RefusalType.INVALID_TRANSITION, "没有修好过的上门,没有可验证的")
    outcome = case.ticket.outcome
    if outcome is not None and outcome not in VERIFIED_OUTCOMES:
        raise Refused(RefusalType.INVALID_TRANSITION, f"工单已经 {outcome.value},只等维修单交回")
    if not fields.accepted and fields.reason is None:
        raise invalid("reason", "验证不合格要写原因")
    decided = case.ticket.last(Milestone.OUTCOME_DECIDED)
    reconsider = not fields.accepted and decided is not None
    case = case.record(
        "verified" if fields.accepted else "verification_failed",
        request.now,
        by=request.by,
        changes=Changes(
            milestones={Milestone.VERIFIED: request.at} if fields.accepted else {},
            removed={Milestone.OUTCOME_DECIDED: decided} if reconsider and decided else {},
            reconsidered=reconsider,
        ),
        details=request.details("accepted"),
    )
    if not fields.accepted:
        return _reopen(case, request.now, "返修验证不合格")
    return close_if_all_is_in(case, request.now)


def cancel(case: Case, request: Request[Fields]) -> Case:
    """Called off, with the reason, and all undone that was under way."""
    reason = request.fields.reason
    if reason is None:
        raise invalid("reason", "取消要写原因")
    return end(case, request.now, Outcome.CANCELLED, at=request.at, why=reason, by=request.by)


def tries_since_signing(ticket: Ticket) -> int:
    """Recorded tries of the follow-up since the work was last signed off or guided."""
    since = max(
        (
            moment
            for milestone in (Milestone.SIGNED_OFF, Milestone.GUIDED, Milestone.REFUND_APPROVED)
            if (moment := ticket.last(milestone)) is not None
        ),
        default=ticket.opened_at,
    )
    return sum(one.at >= since for one in ticket.follow_ups)


def _done(ticket: Ticket) -> Outcome:
    """What a reached and satisfied customer got."""
    if ticket.refund_fen is not None:
        return Outcome.REFUNDED
    if ticket.last(Milestone.VISIT_ENDED) is None:
        return Outcome.GUIDED
    return Outcome.EXCHANGED if ticket.remedy is Remedy.EXCHANGE else Outcome.REPAIRED


def _reopen(case: Case, now: datetime, why: str) -> Case:
    case = case.record(
        "reopened",
        now,
        changes=Changes(
            stage=Stage.DISPATCHING,
            milestones={Milestone.REOPENED: now},
            # Nobody is sent to repair what was taken back: the customer says what is wanted now.
            task=TO_CHOOSE if case.ticket.remedy is Remedy.RETURN else None,
        ),
        details={"why": why},
    )
    case = tell_loaners(go_on(case, now), now, "reopened")
    return case.notice(now, Role.SUPERVISOR.value, "reopened")


def _close_or_wait(case: Case, now: datetime, outcome: Outcome) -> Case:
    case = close_when_all_is_in(case, now, outcome)
    if verification_owed(case) and case.ticket.stage is Stage.FOLLOW_UP:
        return case.notice(now, Role.QUALITY.value, "rework_to_verify")
    return case


def _to_follow_up(case: Case, now: datetime) -> Case:
    return case.record("follow_up_due", now, changes=Changes(stage=Stage.FOLLOW_UP))


def _paperwork_done(case: Case, now: datetime) -> Case:
    """With the order back, only the call is left, or nothing is."""
    if order_owed(case.ticket):
        return case
    if case.ticket.outcome is not None:
        return close_if_all_is_in(case, now)
    return _to_follow_up(case, now) if case.ticket.stage is Stage.SIGNED_OFF else case
