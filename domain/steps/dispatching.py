"""派工: who is sent, by rotation or by the supervisor, and what a refusal leads to (D1-5.2.3)."""

from datetime import datetime

from domain.case import Case
from domain.commands import DispatchFields, Fields, LookedUp, Order, VisitWindow
from domain.events import Changes
from domain.policy import Policy
from domain.refusals import RefusalType, Refused, invalid
from domain.rotation import Turn
from domain.steps.consent import go_on
from domain.steps.ending import close_if_all_is_in
from domain.steps.request import Request
from domain.steps.standing import WAITING, waiting_stage
from domain.ticket import DispatchOrder, TechnicianRef, Ticket, Visit, Window
from domain.vocabulary import Milestone, Remedy, Role, Stage, Warranty

NOBODY_LEFT = "轮派已无人可派,请主管指定维修人员"


def dispatch(case: Case, request: Request[DispatchFields], looked_up: LookedUp) -> Case:
    """Order a visit; the ring, or the name given, is settled by the story (`assign`).

    An emergency goes first and owes its order (D1-6.b); paid work waits for consent all the same.
    """
    fields = request.fields
    window = as_window(fields.window, request.at)
    if case.ticket.dispatch_order is not None:
        raise Refused(RefusalType.INVALID_TRANSITION, "正在派工,请稍候再派")
    if fields.technician is not None and looked_up.technician is None:
        raise Refused(
            RefusalType.UNKNOWN_TECHNICIAN, f"没有维修人员 {fields.technician}", "technician"
        )
    if case.ticket.stage is Stage.SCHEDULED:
        if fields.emergency:
            raise invalid("emergency", "已经派工;改派或改期不写 emergency")
        return _change_visit(case, request, looked_up.technician, window)
    if fields.emergency and fields.reason is None:
        raise invalid("reason", "先抢修后补单要写原因")
    _check_not_before(case.ticket, request.at, emergency=fields.emergency)
    if looked_up.technician is not None and looked_up.override and fields.reason is None:
        raise invalid("reason", "不按轮派顺序指定维修人员,要写原因")
    # What was agreed at the end of an unfinished visit holds unless another time is given (D1-9.b).
    agreed = case.ticket.visits[-1].next_visit if case.ticket.visits else None
    return _order(
        case,
        request,
        looked_up.technician,
        window or agreed,
        excluded=(),
        emergency=fields.emergency,
    )


def may_dispatch(ticket: Ticket, order: Order) -> None:
    """Before a quote is answered nobody goes out, emergencies apart (decisions, Warranty)."""
    if ticket.remedy is Remedy.RETURN:
        raise Refused(RefusalType.INVALID_TRANSITION, "顾客选择退货,不再派工")
    if order.fields.get("emergency") is True or ticket.stage not in WAITING:
        return
    if ticket.stage is Stage.AWAITING_CONSENT:
        raise Refused(RefusalType.CONSENT_NEEDED, "报价还没有答复,不能派工;紧急的写 emergency")
    if ticket.stage is not Stage.DISPATCHING:
        raise Refused(
            RefusalType.INVALID_TRANSITION,
            f"工单在 {ticket.stage.value},要先判定和报价;紧急的写 emergency",
        )


def issue_order(case: Case, request: Request[Fields]) -> Case:
    """补单: the repair order that an emergency still owes (D1-6.b)."""
    ticket = case.ticket
    emergency = any(visit.emergency for visit in ticket.visits)
    if not emergency or ticket.last(Milestone.ORDER_ISSUED) is not None:
        raise Refused(RefusalType.INVALID_TRANSITION, "没有要补的维修单")
    case = case.record(
        "order_issued",
        request.now,
        by=request.by,
        changes=Changes(milestones={Milestone.ORDER_ISSUED: request.at}),
        details=request.details(),
    )
    return close_if_all_is_in(case, request.now)


def assign(case: Case, turn: Turn, now: datetime) -> Case:
    """The ring has answered: the visit is scheduled, or the supervisor must find somebody."""
    order = case.ticket.dispatch_order
    if order is None:
        return case
    skipped = {one.technician: one.reason.value for one in turn.skipped}
    if turn.technician is None:
        case = case.record(
            "nobody_to_dispatch",
            now,
            changes=Changes(
                stage=waiting_stage(case.ticket, case.policy),
                dispatch_settled=True,
                task=NOBODY_LEFT,
            ),
            details={"skipped": dict(skipped)},
        )
        return case.notice(now, Role.SUPERVISOR.value, "nobody_to_dispatch")
    technician = TechnicianRef(id=turn.technician.id, name=turn.technician.name)
    visit = Visit(
        number=order.visit,
        technician=technician,
        by_rotation=order.technician is None,
        window=order.window,
        reason=order.reason,
        dispatched_at=order.at,
        emergency=order.emergency,
    )
    milestones = {Milestone.DISPATCHED: order.at, **_appointed(order.window)}
    if not order.emergency:
        milestones[Milestone.ORDER_ISSUED] = order.at
    case = case.record(
        "dispatched",
        now,
        by=order.by,
        changes=Changes(
            stage=Stage.SCHEDULED,
            visit=visit,
            milestones=milestones,
            facts={"emergency": True} if order.emergency else {},
            dispatch_settled=True,
            tasks_done=(NOBODY_LEFT,),
        ),
        details={"technician": technician.name, "skipped": dict(skipped)},
    )
    return case.notice(now, Role.TECHNICIAN.value, "dispatched", technician=technician.id)


def accept(case: Case, request: Request[Fields]) -> Case:
    visit = open_visit(case)
    if visit.accepted_at is not None:
        raise Refused(RefusalType.INVALID_TRANSITION, "这次上门已经接单")
    return case.record(
        "accepted",
        request.now,
        by=request.by,
        changes=Changes(
            visit=visit.model_copy(update={"accepted_at": request.at}),
            milestones={Milestone.ACCEPTED: request.at},
        ),
        details=request.details(),
    )


def decline(case: Case, request: Request[Fields]) -> Case:
    """The next in the ring is put on the visit by itself."""
    visit = open_visit(case)
    if visit.departed_at is not None:
        raise Refused(RefusalType.INVALID_TRANSITION, "已经出发,不能再拒单;请用 leave_unfinished")
    if request.fields.reason is None:
        raise invalid("reason", "拒单要写原因")
    declined = _ended(visit, "declined", request.fields.reason, request.at)
    case = case.record(
        "declined",
        request.now,
        by=request.by,
        changes=Changes(stage=Stage.DISPATCHING, visit=declined),
        details=request.details(),
    )
    if not visit.emergency and waiting_stage(case.ticket, case.policy) is not Stage.DISPATCHING:
        return go_on(case, request.now)  # a quote came meanwhile: nobody goes before its answer
    order = DispatchOrder(
        visit=len(case.ticket.visits) + 1,
        department=department_of(case.policy, case.ticket),
        skill=skill_of(case.ticket),
        excluded=_declined_so_far(case.ticket),
        window=visit.window,
        at=request.at,
        emergency=visit.emergency,
    )
    return case.record("dispatch_ordered", request.now, changes=Changes(dispatch_order=order))


def as_window(
    window: VisitWindow | None, after: datetime, *, field: str = "window"
) -> Window | None:
    """A window that makes sense: it ends after it begins, and not in the past."""
    if window is None:
        return None
    if window.to <= window.from_:
        raise invalid(f"{field}.to", "时段的结束要晚于开始")
    if window.to <= after:
        raise invalid(f"{field}.to", "时段已经过去")
    return Window(from_=window.from_, to=window.to)


def _appointed(window: Window | None) -> dict[Milestone, datetime]:
    """The appointment that a window makes; it takes the place of the one before."""
    return {} if window is None else {Milestone.APPOINTED: window.from_}


def open_visit(case: Case) -> Visit:
    """The visit that is open; the table of stages lets no visit command through without one."""
    visit = case.ticket.visit
    if visit is None:
        raise Refused(RefusalType.INVALID_TRANSITION, "现在没有派出的上门")
    return visit


def _check_not_before(ticket: Ticket, at: datetime, *, emergency: bool) -> None:
    """Nobody was sent before the visit before was over, or before the yes that it waited for."""
    ended = ticket.visits[-1].ended_at if ticket.visits else None
    if ended is not None and at < ended:
        raise invalid("at", "不能早于上一次上门的结束")
    agreed = ticket.quote.decided_at if ticket.quote else None
    if agreed is not None and at < agreed and not emergency:
        raise invalid("at", "不能早于顾客同意费用")


def _order(
    case: Case,
    request: Request[DispatchFields],
    technician: TechnicianRef | None,
    window: Window | None,
    excluded: tuple[str, ...],
    emergency: bool,
) -> Case:
    order = DispatchOrder(
        visit=len(case.ticket.visits) + 1,
        technician=technician,
        department=department_of(case.policy, case.ticket),
        skill=skill_of(case.ticket),
        excluded=excluded,
        window=window,
        reason=request.fields.reason,
        at=request.at,
        by=request.by,
        emergency=emergency,
    )
    # On its way out of the waiting stages: the ring is asked, whatever else was still awaited.
    return case.record(
        "dispatch_ordered",
        request.now,
        by=request.by,
        changes=Changes(dispatch_order=order),
        details={
            **request.details("technician", "window"),
            **({"emergency": True} if emergency else {}),
        },
    )


def _change_visit(
    case: Case,
    request: Request[DispatchFields],
    technician: TechnicianRef | None,
    window: Window | None,
) -> Case:
    """While scheduled: another technician, or another time; always with the reason."""
    visit = open_visit(case)
    reason = request.fields.reason
    if reason is None:
        raise invalid("reason", "改派或改期要写原因")
    if visit.departed_at is not None:
        raise Refused(RefusalType.INVALID_TRANSITION, "维修人员已经出发,不能改派")
    if technician is None and window is None:
        raise invalid("technician", "改派写 technician,改期写 window")
    if technician is None or technician.id == visit.technician.id:
        moved = visit.model_copy(update={"window": window or visit.window, "reason": reason})
        case = case.record(
            "visit_moved",
            request.now,
            by=request.by,
            changes=Changes(visit=moved, milestones=_appointed(window)),
            details=request.details("window"),
        )
        return case.notice(
            request.now, Role.TECHNICIAN.value, "visit_moved", technician=visit.technician.id
        )
    if case.ticket.open_quote is not None and not visit.emergency:
        raise Refused(RefusalType.CONSENT_NEEDED, "报价还没有答复,不能改派")
    case = case.record(
        "reassigned",
        request.now,
        by=request.by,
        changes=Changes(
            stage=Stage.DISPATCHING, visit=_ended(visit, "reassigned", reason, request.at)
        ),
        details=request.details("technician"),
    )
    case = case.notice(
        request.now, Role.TECHNICIAN.value, "reassigned", technician=visit.technician.id
    )
    return _order(
        case,
        request,
        technician,
        window or visit.window,
        excluded=(),
        emergency=visit.emergency,
    )


def _ended(visit: Visit, result: str, reason: str | None, at: datetime) -> Visit:
    return visit.model_copy(update={"result": result, "reason": reason, "ended_at": at})


def _declined_so_far(ticket: Ticket) -> tuple[str, ...]:
    """Who turned down this very job, since somebody was last on it."""
    declined: list[str] = []
    for visit in reversed(ticket.visits):
        if visit.result not in ("declined", "reassigned"):
            break
        if visit.result == "declined":
            declined.append(visit.technician.id)
    return tuple(reversed(declined))


def department_of(policy: Policy, ticket: Ticket) -> str | None:
    """保内归工程科,保外归生产部 (D1-3.3), where the policy has departments; unknown: the first."""
    departments = policy.procedure.departments
    if departments is None:
        return None
    warranty = ticket.warranty
    out = warranty is not None and warranty.in_warranty is Warranty.OUT
    return departments.out_of_warranty if out else departments.in_warranty


def skill_of(ticket: Ticket) -> str | None:
    """What the repair needs a technician to know: the class of the product."""
    device = ticket.registration.device if ticket.registration else None
    return device.product_class if device else None
