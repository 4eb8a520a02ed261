"""Who may ask what of a ticket, and when: the one table of the procedure, and its checks.

The checks come in this order: known, role, stage, person, input. A refusal leaves
the case as it was, since a case is immutable.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.case import Case
from domain.commands import FIELDS, Fields, NoteFields, Order, command_named, read_fields
from domain.permitted import check_role, deed_time
from domain.refusals import RefusalType, Refused
from domain.steps import (
    adopting,
    closing,
    consent,
    dispatching,
    disputes,
    guidance,
    holds,
    loaners,
    merging,
    registration,
    remedies,
    visit,
)
from domain.steps.request import Request
from domain.steps.standing import WAITING
from domain.ticket import Actor, Ticket, began
from domain.vocabulary import ENDED, Command, Milestone, Role, Stage

EVERYONE = frozenset(Role)
OPEN = frozenset(Stage) - ENDED
REGISTERED_ON = OPEN - {Stage.INTAKE}
BEFORE_A_VISIT = WAITING
UNREPAIRED = WAITING | {Stage.SCHEDULED, Stage.ON_SITE}
DONE = frozenset({Stage.REPAIRED, Stage.SIGNED_OFF, Stage.FOLLOW_UP})
AFTER_A_VISIT = WAITING | DONE | {Stage.SCHEDULED}
DESK = frozenset({Role.AGENT, Role.TECHNICIAN})
SUPERVISOR = frozenset({Role.SUPERVISOR})
TECHNICIAN = frozenset({Role.TECHNICIAN})
AGENT = frozenset({Role.AGENT})
OFFICE = frozenset({Role.AGENT, Role.SUPERVISOR})
QUALITY = frozenset({Role.QUALITY})
CUSTOMER_SIDE = frozenset({Role.CUSTOMER, Role.PROPERTY_MANAGER})

Act = Callable[[Case, Request[Any], Order], Case]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table.

    `after`: the milestones that must precede this one's business time, the latest reached counts.
    `own_visit`: of technicians only the one who was sent may ask it while a visit is open.
    `gate`: what the stage alone does not tell, judged with it, before the person.
    """

    roles: frozenset[Role]
    stages: frozenset[Stage]
    act: Act
    after: tuple[Milestone, ...] = ()
    own_visit: bool = False
    gate: Callable[[Ticket, Order], None] | None = None


def _plain(act: Callable[[Case, Request[Any]], Case]) -> Act:
    return lambda case, request, order: act(case, request)


def _note(case: Case, request: Request[NoteFields]) -> Case:
    return case.record("noted", request.now, by=request.by, details=request.details("text"))


def _opened_already(case: Case, request: Request[Fields]) -> Case:
    raise Refused(RefusalType.INVALID_TRANSITION, "工单已经开了;新工单用 ticket open")


def _of_visit(stage: Stage, act: Callable[[Case, Request[Any]], Case], after: Milestone) -> Rule:
    return Rule(TECHNICIAN, frozenset({stage}), _plain(act), (after,), own_visit=True)


WHAT_WAS_DONE = (
    Milestone.ACCEPTED,
    Milestone.DEPARTED,
    Milestone.ARRIVED,
    Milestone.VISIT_ENDED,
)

RULES: dict[Command, Rule] = {
    Command.OPEN: Rule(AGENT, OPEN, _plain(_opened_already)),
    Command.REGISTER: Rule(
        AGENT,
        frozenset({Stage.INTAKE}),
        lambda case, request, order: registration.register(case, request, order.looked_up),
    ),
    Command.AMEND: Rule(
        AGENT,
        REGISTERED_ON,
        lambda case, request, order: registration.amend(case, request, order.looked_up),
    ),
    Command.NOTE: Rule(EVERYONE, OPEN, _plain(_note)),
    Command.CALL_BACK: Rule(DESK, OPEN, _plain(guidance.call_back)),
    Command.START_GUIDANCE: Rule(
        DESK, BEFORE_A_VISIT | {Stage.INTAKE}, _plain(guidance.start_guidance)
    ),
    Command.GUIDE: Rule(
        DESK, BEFORE_A_VISIT, _plain(guidance.guide), (Milestone.GUIDANCE_STARTED,)
    ),
    Command.ASSESS: Rule(
        frozenset({Role.AGENT, Role.TECHNICIAN, Role.QUALITY}),
        REGISTERED_ON,
        _plain(registration.assess),
        (Milestone.REGISTERED,),
    ),
    Command.QUOTE: Rule(
        DESK, UNREPAIRED, _plain(consent.quote), (Milestone.REGISTERED,), own_visit=True
    ),
    Command.DECIDE_FEE: Rule(
        CUSTOMER_SIDE | AGENT, UNREPAIRED, _plain(consent.decide_fee), (Milestone.QUOTED,)
    ),
    Command.DISPUTE: Rule(
        AGENT, REGISTERED_ON, _plain(disputes.dispute), (Milestone.REGISTERED, Milestone.RULED)
    ),
    Command.RULE: Rule(QUALITY, REGISTERED_ON, _plain(disputes.rule), (Milestone.DISPUTED,)),
    Command.DISPATCH: Rule(
        SUPERVISOR,
        WAITING | {Stage.SCHEDULED},
        lambda case, request, order: dispatching.dispatch(case, request, order.looked_up),
        (
            Milestone.REGISTERED,
            Milestone.DISPATCHED,
            Milestone.ACCEPTED,
            Milestone.VISIT_ENDED,
            Milestone.REOPENED,
        ),
        gate=dispatching.may_dispatch,
    ),
    Command.ISSUE_ORDER: Rule(
        OFFICE,
        UNREPAIRED | DONE,
        _plain(dispatching.issue_order),
        (Milestone.REGISTERED,),
    ),
    Command.ACCEPT: _of_visit(Stage.SCHEDULED, dispatching.accept, Milestone.DISPATCHED),
    Command.DECLINE: Rule(
        TECHNICIAN,
        frozenset({Stage.SCHEDULED}),
        _plain(dispatching.decline),
        (Milestone.DISPATCHED, Milestone.ACCEPTED),
        own_visit=True,
    ),
    Command.DEPART: _of_visit(Stage.SCHEDULED, visit.depart, Milestone.ACCEPTED),
    Command.ARRIVE: Rule(
        TECHNICIAN,
        frozenset({Stage.SCHEDULED}),
        _plain(visit.arrive),
        (Milestone.ACCEPTED, Milestone.DEPARTED),
        own_visit=True,
    ),
    Command.START_WORK: _of_visit(Stage.ON_SITE, visit.start_work, Milestone.ARRIVED),
    Command.FINISH: Rule(
        TECHNICIAN,
        frozenset({Stage.ON_SITE}),
        _plain(visit.finish),
        (Milestone.ARRIVED, Milestone.REPAIR_STARTED),
        own_visit=True,
    ),
    Command.LEAVE_UNFINISHED: Rule(
        TECHNICIAN,
        frozenset({Stage.ON_SITE}),
        _plain(visit.leave_unfinished),
        (Milestone.ARRIVED, Milestone.REPAIR_STARTED),
        own_visit=True,
    ),
    Command.HOLD: Rule(OFFICE, REGISTERED_ON, _plain(holds.hold), (Milestone.REGISTERED,)),
    Command.RESUME: Rule(OFFICE, REGISTERED_ON, _plain(holds.resume), (Milestone.REGISTERED,)),
    Command.SIGN_OFF: Rule(
        frozenset({Role.CUSTOMER, Role.PROPERTY_MANAGER, Role.TECHNICIAN}),
        frozenset({Stage.REPAIRED}),
        _plain(closing.sign_off),
        (Milestone.VISIT_ENDED,),
    ),
    Command.RETURN_ORDER: Rule(
        DESK, AFTER_A_VISIT, _plain(closing.return_order), (Milestone.VISIT_ENDED,)
    ),
    Command.WAIVE_ORDER: Rule(
        SUPERVISOR, AFTER_A_VISIT, _plain(closing.waive_order), (Milestone.VISIT_ENDED,)
    ),
    Command.RECORD_FOLLOW_UP: Rule(
        AGENT,
        frozenset({Stage.SIGNED_OFF, Stage.FOLLOW_UP}),
        _plain(closing.record_follow_up),
        (
            Milestone.SIGNED_OFF,
            Milestone.GUIDED,
            Milestone.REFUND_APPROVED,
            Milestone.FOLLOW_UP_TRIED_1,
            Milestone.FOLLOW_UP_TRIED_2,
        ),
    ),
    Command.VERIFY: Rule(QUALITY, DONE, _plain(closing.verify), (Milestone.RESOLVED,)),
    Command.REQUEST_LOANER: Rule(
        SUPERVISOR, UNREPAIRED, _plain(loaners.request_loaner), (Milestone.REGISTERED,)
    ),
    Command.CHOOSE_REMEDY: Rule(
        frozenset({Role.CUSTOMER}),
        UNREPAIRED,
        _plain(remedies.choose_remedy),
        (Milestone.REGISTERED, Milestone.REOPENED),
    ),
    Command.APPROVE_REFUND: Rule(
        frozenset({Role.DEPT_HEAD}),
        UNREPAIRED,
        _plain(remedies.approve_refund),
        (Milestone.REMEDY_CHOSEN,),
    ),
    Command.ADOPT_POLICY: Rule(
        frozenset({Role.MANAGER}),
        REGISTERED_ON,
        lambda case, request, order: adopting.adopt_policy(case, request, order.looked_up),
    ),
    Command.CANCEL: Rule(SUPERVISOR, OPEN, _plain(closing.cancel), WHAT_WAS_DONE),
    Command.MERGE_INTO: Rule(
        SUPERVISOR,
        OPEN,
        lambda case, request, order: merging.merge_into(case, request, order.looked_up),
    ),
}


def decide(case: Case, name: str, order: Order, now: datetime) -> Case:
    """The case after the command, or `Refused` with the reason and nothing changed.

    `case` must be settled at `now`: what is due by then counts before what is asked then.
    """
    command = command_named(name)
    rule = RULES[command]
    check_role(rule.roles, command, order.by)
    _check_stage(rule, command, case.ticket)
    if rule.gate is not None:
        rule.gate(case.ticket, order)
    _check_person(rule, case.ticket, order.by)
    fields = read_fields(FIELDS.get(command, Fields), order)
    before = _step_before(case.ticket, rule)
    at = deed_time(case.policy, order.by, fields.at, now, before)
    return rule.act(case, Request(by=order.by, now=now, at=at, fields=fields), order)


def over(ticket: Ticket) -> Refused:
    """Too late for anything; one that was merged points on."""
    where = f",已并入 {ticket.merged_into}" if ticket.merged_into else ""
    return Refused(RefusalType.TICKET_CLOSED, f"工单 {ticket.number} 已结束{where}")


def _check_stage(rule: Rule, command: Command, ticket: Ticket) -> None:
    if ticket.stage in ENDED:
        raise over(ticket)
    if ticket.merging is not None and command is not Command.NOTE:
        raise Refused(RefusalType.INVALID_TRANSITION, f"正在并入 {ticket.merging.into},请稍候")
    if ticket.stage not in rule.stages or (ticket.outcome and command not in _WHILE_WAITING):
        able = "、".join(stage.value for stage in Stage if stage in rule.stages)
        raise Refused(
            RefusalType.INVALID_TRANSITION,
            f"工单在 {ticket.stage.value},不能 {command.value};可以的阶段:{able}",
        )


# A ticket whose end is decided waits for its order, or for quality's word, and nothing else. What
# an emergency owes is still taken.
_WHILE_WAITING = frozenset(
    {
        Command.RETURN_ORDER,
        Command.WAIVE_ORDER,
        Command.ISSUE_ORDER,
        Command.VERIFY,
        Command.RULE,
        Command.NOTE,
        Command.AMEND,
    }
)


def _check_person(rule: Rule, ticket: Ticket, by: Actor) -> None:
    if not rule.own_visit or ticket.visit is None or by.role is not Role.TECHNICIAN:
        return
    technician = ticket.visit.technician
    if by.name not in (technician.id, technician.name):
        raise Refused(
            RefusalType.NOT_YOUR_VISIT, f"这次上门派给了 {technician.name},不是 {by.name}"
        )


def _step_before(ticket: Ticket, rule: Rule) -> datetime:
    """The latest of what must come before: the deed may not be dated before it."""
    return max(
        (moment for one in rule.after if (moment := ticket.last(one)) is not None),
        default=began(ticket),
    )
