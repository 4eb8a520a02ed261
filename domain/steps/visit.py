"""上门: on the way, at work, finished or not (D1-7 to D1-9)."""

from datetime import datetime

from pydantic import JsonValue

from domain.case import Case
from domain.commands import Fields, FinishFields, LeaveUnfinishedFields
from domain.events import Changes
from domain.fees import agreed_quote, check_agreed, checked_prices, is_paid
from domain.refusals import RefusalType, Refused, invalid
from domain.steps.consent import go_on, made_void
from domain.steps.dispatching import as_window, open_visit
from domain.steps.holds import lifted
from domain.steps.loaners import tell_loaners
from domain.steps.request import Request
from domain.steps.standing import reported_on
from domain.ticket import ExchangedFor, FeeLine, Ticket, Visit
from domain.vocabulary import HoldReason, Milestone, Remedy, Role, Stage, Warranty

WAITED_FOR = tuple(reason for reason in HoldReason if reason is not HoldReason.DISPUTE)


def depart(case: Case, request: Request[Fields]) -> Case:
    visit = _accepted_visit(case)
    if visit.departed_at is not None:
        raise Refused(RefusalType.INVALID_TRANSITION, "已经出发")
    return _step(case, request, "departed", Milestone.DEPARTED, visit, "departed_at")


def arrive(case: Case, request: Request[Fields]) -> Case:
    visit = _accepted_visit(case)
    return _step(
        case, request, "arrived", Milestone.ARRIVED, visit, "arrived_at", stage=Stage.ON_SITE
    )


def start_work(case: Case, request: Request[Fields]) -> Case:
    visit = open_visit(case)
    if visit.started_at is not None:
        raise Refused(RefusalType.INVALID_TRANSITION, "已经开工")
    _refuse_while_asked(case.ticket)
    return _step(case, request, "work_started", Milestone.REPAIR_STARTED, visit, "started_at")


def finish(case: Case, request: Request[FinishFields]) -> Case:
    """The fault is removed. Work never marked as begun counts from the arrival."""
    fields = request.fields
    visit = open_visit(case)
    _refuse_while_asked(case.ticket)
    _refuse_poor_exchange(case.ticket, fields.exchanged_for)
    ruled = checked_prices(case.policy, case.ticket, reported_on(case.ticket), fields.lines)
    _refuse_unagreed_fee(case, request.at, fields.lines)
    milestones = {Milestone.RESOLVED: request.at, Milestone.VISIT_ENDED: request.at}
    if visit.started_at is None and visit.arrived_at is not None:
        milestones[Milestone.REPAIR_STARTED] = visit.arrived_at
    done = visit.model_copy(
        update={
            "started_at": visit.started_at or visit.arrived_at,
            "ended_at": request.at,
            "result": "finished",
            "work": fields.work,
            "lines": fields.lines,
            "quote": _stands_on(case.ticket, fields.lines),
            "minutes": fields.minutes,
            "site_cleared": fields.site_cleared,
            "warning_tag": fields.warning_tag,
            "exchanged_for": fields.exchanged_for,
        }
    )
    asked = case.ticket.open_quote
    case = case.record(
        "finished",
        request.now,
        by=request.by,
        changes=Changes(
            stage=Stage.REPAIRED,
            visit=done,
            milestones=milestones,
            facts={"last_visit": "finished"},
            # An emergency that needed no paid work after all: there is nothing left to answer.
            quotes=made_void(case.ticket) if asked else (),
            # What the work waited for is over with it, whoever forgot to say so.
            holds=lifted(case.ticket, request.at, *WAITED_FOR),
        ),
        details=_told(
            request, ruled, *("work", "minutes", "site_cleared", "warning_tag", "exchanged_for")
        ),
    )
    return tell_loaners(case, request.now, "repaired")


def leave_unfinished(case: Case, request: Request[LeaveUnfinishedFields]) -> Case:
    """Why it is not done, and when somebody comes again (D1-9.b, D1-11)."""
    fields = request.fields
    visit = open_visit(case)
    if fields.reason is None:
        raise invalid("reason", "未完成要写原因")
    ruled = checked_prices(case.policy, case.ticket, reported_on(case.ticket), fields.lines)
    _refuse_unagreed_fee(case, request.at, fields.lines)
    left = visit.model_copy(
        update={
            "ended_at": request.at,
            "result": "unfinished",
            "reason": fields.reason,
            "work": fields.work,
            "lines": fields.lines,
            "quote": _stands_on(case.ticket, fields.lines),
            "minutes": fields.minutes,
            "site_cleared": fields.site_cleared,
            "warning_tag": fields.warning_tag,
            "next_visit": as_window(fields.next_visit, request.at, field="next_visit"),
        }
    )
    case = case.record(
        "left_unfinished",
        request.now,
        by=request.by,
        changes=Changes(
            stage=Stage.DISPATCHING,
            visit=left,
            milestones={
                Milestone.VISIT_ENDED: request.at,
                Milestone.LEFT_UNFINISHED: request.at,
            },
            facts={"last_visit": "unfinished"},
        ),
        details=_told(request, ruled, "next_visit", "work"),
    )
    case = go_on(case, request.now)
    return case.notice(request.now, Role.SUPERVISOR.value, "left_unfinished")


def _told(
    request: Request[FinishFields] | Request[LeaveUnfinishedFields],
    ruled: list[JsonValue],
    *names: str,
) -> dict[str, JsonValue]:
    """What the technician said; the lines where there are any, and the rules on their prices."""
    said = request.details(*names, *(["lines"] if request.fields.lines else []))
    return {**said, "rulings": ruled} if ruled else said


def _accepted_visit(case: Case) -> Visit:
    visit = open_visit(case)
    if visit.accepted_at is None:
        raise Refused(RefusalType.INVALID_TRANSITION, "还没接单;请先 accept")
    return visit


def _step(
    case: Case,
    request: Request[Fields],
    kind: str,
    milestone: Milestone,
    visit: Visit,
    moment: str,
    stage: Stage | None = None,
) -> Case:
    return case.record(
        kind,
        request.now,
        by=request.by,
        changes=Changes(
            stage=stage,
            visit=visit.model_copy(update={moment: request.at}),
            milestones={milestone: request.at},
        ),
        details=request.details(),
    )


def _refuse_while_asked(ticket: Ticket) -> None:
    """A quote holds the visit; in an emergency the place is made safe meanwhile, free of charge."""
    visit = ticket.visit
    if ticket.open_quote is not None and visit is not None and not visit.emergency:
        raise Refused(
            RefusalType.CONSENT_NEEDED, "报价还没有答复;等 decide_fee,或 leave_unfinished"
        )


def _refuse_poor_exchange(ticket: Ticket, brought: ExchangedFor | None) -> None:
    """What is brought is the same model, or somebody says why it is no worse (D5-C6.2.b)."""
    if brought is None:
        if ticket.procedure >= 3 and ticket.remedy is Remedy.EXCHANGE:
            raise invalid("exchanged_for", "顾客选择换货:请写换上的产品,同型号或不低于原性能")
    elif not brought.same_model and brought.not_worse is None:
        raise invalid("exchanged_for.not_worse", "不是同型号的,要写明为何不低于原性能")


def _refuse_unagreed_fee(case: Case, at: datetime, lines: tuple[FeeLine, ...]) -> None:
    """No paid line before a yes, whatever else is so, nor work dated before it (D1-5.2.1.f)."""
    ticket = case.ticket
    free = ticket.warranty is not None and ticket.warranty.in_warranty is Warranty.IN
    if ticket.procedure < 2 and free:
        return
    check_agreed(ticket, case.policy.procedure.quote_tolerance, lines)
    quote = agreed_quote(ticket)
    agreed = quote.decided_at if quote is not None and is_paid(lines) else None
    if agreed is not None and at < agreed:
        raise invalid("at", "收费的维修不能早于顾客同意费用")


def _stands_on(ticket: Ticket, lines: tuple[FeeLine, ...]) -> int | None:
    quote = agreed_quote(ticket)
    return quote.number if quote is not None and is_paid(lines) else None
