"""等待: a hold beside the stage, for a reason; it pauses what its policy says and nothing else."""

from datetime import datetime

from domain.case import Case
from domain.civil_time import MILLISECOND
from domain.commands import HoldFields, ResumeFields
from domain.escalation import Wake
from domain.events import Changes
from domain.refusals import RefusalType, Refused, invalid
from domain.steps.request import Request
from domain.ticket import Hold, Ticket
from domain.vocabulary import HoldReason, Milestone, Role

TOLD = {
    HoldReason.WEATHER: (Role.CUSTOMER, Role.TECHNICIAN),
    HoldReason.CUSTOMER: (Role.TECHNICIAN,),
    HoldReason.PARTS: (Role.CUSTOMER, Role.SUPERVISOR),
    HoldReason.DISPUTE: (Role.QUALITY,),
    HoldReason.CONSENT: (Role.CUSTOMER,),
}
"""Who must know that a ticket waits, and that it goes on."""


def hold(case: Case, request: Request[HoldFields]) -> Case:
    """The ticket waits; asked again for the same reason, its end is set anew."""
    fields = request.fields
    if fields.until is not None and fields.until <= max(request.now, request.at):
        raise invalid("until", "要晚于现在;已经过去的等待不用登记")
    if fields.until is not None and _waits_for_a_word(case.ticket, fields.reason):
        raise invalid("until", "等的是答复或裁定,不能到时自动恢复")
    known = open_hold(case.ticket, fields.reason)
    if known is not None:
        changed = known.model_copy(update={"until": fields.until})
    else:
        since = _after_the_last(case.ticket, fields.reason, request.at)
        changed = Hold(reason=fields.reason, since=since, until=fields.until)
    # A wait that is only given another end is the same wait: nobody need be told of it anew.
    begins = known is None and fields.reason is HoldReason.WEATHER
    case = case.record(
        "held" if known is None else "hold_changed",
        request.now,
        by=request.by,
        changes=Changes(
            holds=(changed,),
            milestones={Milestone.HELD_FOR_WEATHER: request.at} if begins else {},
        ),
        details=request.details("until"),
    )
    return _tell(case, request.now, fields.reason, "held")


def resume(case: Case, request: Request[ResumeFields]) -> Case:
    """The wait is over, by hand; with several, `reason` says which."""
    waits = case.ticket.open_holds
    if not waits:
        raise Refused(RefusalType.INVALID_TRANSITION, "没有在等什么,不用恢复")
    wanted = request.fields.reason
    if wanted is None and len(waits) > 1:
        reasons = "、".join(hold.reason.value for hold in waits)
        raise invalid("reason", f"同时在等 {reasons},请写明恢复哪一个")
    chosen = next((one for one in waits if wanted in (None, one.reason)), None)
    if chosen is None:
        raise Refused(RefusalType.INVALID_TRANSITION, f"没有在等 {wanted}")
    _refuse_to_forget(case.ticket, chosen.reason)
    if request.at < chosen.since:
        raise invalid("at", "不能早于等待的开始")
    case = case.record(
        "resumed",
        request.now,
        by=request.by,
        changes=Changes(holds=(ended(chosen, request.at),)),
        details=request.details(),
    )
    return _tell(case, request.now, chosen.reason, "resumed")


def settle_holds(case: Case, now: datetime) -> Case:
    """The waits whose end has come."""
    for waits in case.ticket.open_holds:
        if waits.until is not None and waits.until <= now:
            case = case.record(
                "resumed",
                now,
                changes=Changes(holds=(waits.model_copy(update={"over": True}),)),
                details={"reason": waits.reason.value, "until": waits.until.isoformat()},
            )
            case = _tell(case, now, waits.reason, "resumed")
    return case


def next_end(ticket: Ticket) -> Wake | None:
    """When the next wait ends by itself."""
    ends = [Wake(one.until, f"hold {one.reason.value}") for one in ticket.open_holds if one.until]
    return min(ends, key=lambda wake: wake.at, default=None)


def open_hold(ticket: Ticket, reason: HoldReason) -> Hold | None:
    """The wait for that reason, if there is one."""
    return next((one for one in ticket.open_holds if one.reason is reason), None)


def begun(ticket: Ticket, reason: HoldReason, at: datetime) -> tuple[Hold, ...]:
    """The change that makes the ticket wait, with no end of its own."""
    known = open_hold(ticket, reason)
    if known is not None:
        return () if known.until is None else (known.model_copy(update={"until": None}),)
    return (Hold(reason=reason, since=_after_the_last(ticket, reason, at)),)


def lifted(ticket: Ticket, at: datetime, *reasons: HoldReason) -> tuple[Hold, ...]:
    """The changes that end the ticket's waits for these reasons; for all of them without."""
    return tuple(
        ended(one, at) for one in ticket.open_holds if not reasons or one.reason in reasons
    )


def ended(waits: Hold, at: datetime) -> Hold:
    """The wait, over at that moment or at the end that it had set itself."""
    until = max(waits.since, at if waits.until is None else min(waits.until, at))
    return waits.model_copy(update={"until": until, "over": True})


def _after_the_last(ticket: Ticket, reason: HoldReason, at: datetime) -> datetime:
    # A wait is known by its reason and its beginning; one that begins as another ended is later.
    ends = [one.until for one in ticket.holds if one.reason is reason and one.until]
    starts = [one.since for one in ticket.holds if one.reason is reason]
    return max([at, *ends, *(moment + MILLISECOND for moment in starts)])


def _refuse_to_forget(ticket: Ticket, reason: HoldReason) -> None:
    """What waits for somebody's word goes on with that word, not without it."""
    if not _waits_for_a_word(ticket, reason):
        return
    if reason is HoldReason.CONSENT:
        raise Refused(RefusalType.CONSENT_NEEDED, "报价还没有答复;请用 decide_fee")
    raise Refused(RefusalType.INVALID_TRANSITION, "争议还没有裁定;请技术质量部 rule")


def _waits_for_a_word(ticket: Ticket, reason: HoldReason) -> bool:
    if reason is HoldReason.CONSENT:
        return ticket.open_quote is not None
    return reason is HoldReason.DISPUTE and ticket.dispute is not None


def _tell(case: Case, now: datetime, reason: HoldReason, about: str) -> Case:
    visit = case.ticket.visit
    for role in TOLD[reason]:
        if role is not Role.TECHNICIAN:
            case = case.notice(now, role.value, about, reason=reason.value)
        elif visit is not None:
            case = case.notice(
                now, role.value, about, reason=reason.value, technician=visit.technician.id
            )
    return case
