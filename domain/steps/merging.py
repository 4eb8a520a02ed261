"""合并: one fault that was reported twice becomes one ticket (`merge_into`).

Two workflows must agree, and either may change meanwhile. So the one that is to go asks, and waits
(`Merging`); the other takes it in or refuses, and its word is final. A ticket that is itself asking
refuses, which is why no circle can close, whoever is faster.
"""

from datetime import datetime

from pydantic import Field

from domain.calls import Call
from domain.case import Case
from domain.commands import LookedUp, MergeFields
from domain.events import Absorbed, Changes
from domain.intake import called_back_at
from domain.records import Record
from domain.refusals import RefusalType, Refused, invalid
from domain.steps.calls import take_call
from domain.steps.ending import end
from domain.steps.loaners import OVER, TO_DECIDE, run_errand, tell_loaners, undecided
from domain.steps.request import Request
from domain.ticket import Actor, Errand, Merging, Ticket, TicketLoaner
from domain.vocabulary import ENDED, Milestone, Outcome, Role, Stage


class Absorb(Record):
    """What a ticket that is merged hands over. `reported` is its own; calls tell theirs anew."""

    number: str
    at: datetime
    by: Actor | None = None
    registered: bool
    urgent: bool = False
    reported: datetime | None = None
    milestones: dict[Milestone, tuple[datetime, ...]] = Field(default_factory=dict)
    calls: tuple[Call, ...] = ()
    loaners: tuple[TicketLoaner, ...] = ()
    merged_from: tuple[str, ...] = ()


DONE = frozenset({Stage.REPAIRED, Stage.SIGNED_OFF, Stage.FOLLOW_UP})
"""The stages in which nothing needs to be lent any more."""


class AbsorbAnswer(Record):
    """What the other ticket says; refused with the domain's word."""

    accepted: bool
    type: RefusalType | None = None
    message: str = ""


_FOLLOW = (
    Milestone.CALLED_BACK,
    Milestone.GUIDANCE_STARTED,
    Milestone.REMOTE_STARTED,
    Milestone.PROPOSED,
    Milestone.REGISTERED,
    Milestone.ASSESSED,
    Milestone.LOANER_RESERVED,
    Milestone.LOANER_DELIVERED,
    Milestone.LOANER_RETURNED,
)
"""What was done for the customer counts; visits of the ticket that goes were another's work."""


def merge_into(case: Case, request: Request[MergeFields], looked_up: LookedUp) -> Case:
    """Ask the other ticket to take this one in."""
    number, target = request.fields.ticket, looked_up.target
    if number == case.ticket.number:
        raise invalid("ticket", "不能并入自己")
    if target is None or target.number != number:
        raise Refused(RefusalType.UNKNOWN_TICKET, f"没有工单 {number}", "ticket")
    if target.into == case.ticket.number:
        raise invalid("ticket", f"{number} 已经并入本工单")
    if target.into is not None:
        raise Refused(
            RefusalType.TICKET_CLOSED,
            f"{number} 已并入 {target.into};请并入 {target.into}",
            "ticket",
        )
    if target.ended:
        raise Refused(RefusalType.TICKET_CLOSED, f"工单 {number} 已结束", "ticket")
    if case.ticket.registration is not None and not target.registered:
        raise invalid("ticket", f"{number} 还没有登记;请把它并入本工单")
    order = Merging(into=number, at=request.at, by=request.by, reason=request.fields.reason)
    case = case.record(
        "merge_ordered",
        request.now,
        by=request.by,
        changes=Changes(merging=order),
        details=request.details("ticket"),
    )
    return run_errand(case, request.now, "merge", target=number)


def handed_over(ticket: Ticket, errand: Errand) -> Absorb:
    """What the other ticket is to take over, as of now; after the merge, what came late."""
    by_phone = {called_back_at(call) for call in ticket.calls}
    milestones = {
        name: tuple(
            moment
            for moment in ticket.milestones.get(name, ())
            if name is not Milestone.CALLED_BACK or moment not in by_phone
        )
        for name in _FOLLOW
    }
    return Absorb(
        number=ticket.number,
        at=errand.at,
        by=ticket.merging.by if ticket.merging else None,
        registered=ticket.registration is not None,
        urgent=ticket.facts.get("urgent") is True,
        reported=ticket.first(Milestone.REPORTED),
        milestones={name: times for name, times in milestones.items() if times},
        calls=ticket.calls,
        loaners=tuple(one for one in ticket.loaners if one.state not in OVER),
        merged_from=ticket.merged_from,
    )


def absorb(case: Case, other: Absorb, now: datetime) -> Case:
    """Take the other in: its calls, its loaners, and what was done for the customer.

    Asked again it takes only what came since. The earlier report counts, so promises are worked
    out from it.
    """
    ticket = case.ticket
    if other.number in ticket.merged_from:
        return _take_calls(case, other, now)
    if ticket.stage in ENDED or ticket.outcome is not None:
        raise Refused(RefusalType.TICKET_CLOSED, f"工单 {ticket.number} 已结束")
    if ticket.merging is not None:
        raise Refused(
            RefusalType.INVALID_TRANSITION,
            f"工单 {ticket.number} 自己正在并入 {ticket.merging.into}",
        )
    if other.registered and ticket.stage is Stage.INTAKE:
        raise invalid("ticket", f"{ticket.number} 还没有登记;请反过来合并")
    reported = ticket.first(Milestone.REPORTED)
    earlier = other.reported is not None and (reported is None or other.reported < reported)
    case = case.record(
        "absorbed",
        now,
        by=other.by,
        changes=Changes(
            absorbed=Absorbed(
                number=other.number,
                milestones=other.milestones,
                loaners=other.loaners,
                merged_from=other.merged_from,
            ),
            milestones={Milestone.REPORTED: other.reported}
            if earlier and other.reported is not None
            else {},
            facts={"urgent": True} if other.urgent else {},
            task=TO_DECIDE if any(map(undecided, other.loaners)) else None,
        ),
        details={"ticket": other.number},
    )
    case = _take_calls(case, other, now)
    if other.loaners and case.ticket.stage in DONE:
        case = tell_loaners(case, now, "repaired")  # ours heard it when it was
    return case.notice(now, Role.SUPERVISOR.value, "absorbed", ticket=other.number)


def _take_calls(case: Case, other: Absorb, now: datetime) -> Case:
    for call in other.calls:
        case = take_call(case, call, now)
    return case


def pass_on(case: Case, now: datetime) -> Case:
    """A call that a merged ticket still hears is the other's."""
    into = case.ticket.merged_into
    return case if into is None else run_errand(case, now, "merge", target=into)


def settle_merging(case: Case, answer: AbsorbAnswer, now: datetime) -> Case:
    """The other has answered: this ticket is over and points on, or goes on as it was."""
    order = case.ticket.merging
    if order is None:
        return case
    if not answer.accepted:
        return case.record(
            "merge_refused",
            now,
            changes=Changes(merging_settled=True),
            details={"ticket": order.into, "why": answer.message},
        )
    return end(
        case,
        now,
        Outcome.MERGED,
        at=now,
        why=order.reason or f"并入 {order.into}",
        by=order.by,
        also=Changes(merged_into=order.into, merging_settled=True),
        tell="merged",
    )
