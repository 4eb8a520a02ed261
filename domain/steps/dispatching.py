"""派工: who is sent, by rotation or by the supervisor, and what a refusal leads to (D1-5.2.3)."""

from datetime import datetime

from domain.case import Case
from domain.commands import DispatchFields, Fields, LookedUp, VisitWindow
from domain.policy import Policy
from domain.refusals import RefusalType, Refused, invalid
from domain.rotation import Turn
from domain.steps.request import Request
from domain.ticket import Changes, DispatchOrder, TechnicianRef, Ticket, Visit, Window
from domain.vocabulary import Milestone, Role, Stage, Warranty

NOBODY_LEFT = "轮派已无人可派,请主管指定维修人员"


def dispatch(case: Case, request: Request[DispatchFields], looked_up: LookedUp) -> Case:
    """Order a visit; the ring, or the name given, is settled by the story (`assign`)."""
    fields = request.fields
    window = as_window(fields.window, request.at)
    if case.ticket.dispatch_order is not None:
        raise Refused(RefusalType.INVALID_TRANSITION, "正在派工,请稍候再派")
    if fields.technician is not None and looked_up.technician is None:
        raise Refused(
            RefusalType.UNKNOWN_TECHNICIAN, f"没有维修人员 {fields.technician}", "technician"
        )
    if case.ticket.stage is Stage.SCHEDULED:
        return _change_visit(case, request, looked_up.technician, window)
    if looked_up.technician is not None and looked_up.override and fields.reason is None:
        raise invalid("reason", "不按轮派顺序指定维修人员,要写原因")
    # What was agreed at the end of an unfinished visit holds unless another time is given (D1-9.b).
    agreed = case.ticket.visits[-1].next_visit if case.ticket.visits else None
    return _order(case, request, looked_up.technician, window or agreed, excluded=())


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
            changes=Changes(stage=Stage.DISPATCHING, dispatch_settled=True, task=NOBODY_LEFT),
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
    )
    case = case.record(
        "dispatched",
        now,
        by=order.by,
        changes=Changes(
            stage=Stage.SCHEDULED,
            visit=visit,
            milestones={Milestone.DISPATCHED: order.at, Milestone.ORDER_ISSUED: order.at},
            dispatch_settled=True,
            task_done=True,
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
    order = DispatchOrder(
        visit=len(case.ticket.visits) + 1,
        department=department_of(case.policy, case.ticket),
        skill=skill_of(case.ticket),
        excluded=_declined_so_far(case.ticket),
        window=visit.window,
        at=request.at,
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


def open_visit(case: Case) -> Visit:
    """The visit that is open; the table of stages lets no visit command through without one."""
    visit = case.ticket.visit
    if visit is None:
        raise Refused(RefusalType.INVALID_TRANSITION, "现在没有派出的上门")
    return visit


def _order(
    case: Case,
    request: Request[DispatchFields],
    technician: TechnicianRef | None,
    window: Window | None,
    excluded: tuple[str, ...],
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
    )
    return case.record(
        "dispatch_ordered",
        request.now,
        by=request.by,
        changes=Changes(dispatch_order=order),
        details=request.details("technician", "window"),
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
            changes=Changes(visit=moved),
            details=request.details("window"),
        )
        return case.notice(
            request.now, Role.TECHNICIAN.value, "visit_moved", technician=visit.technician.id
        )
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
    return _order(case, request, technician, window or visit.window, excluded=())


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
