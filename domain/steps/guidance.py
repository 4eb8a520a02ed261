"""电话指导 and the call back: what is done for the caller before anybody is sent (D5-A3.3)."""

from domain.case import Case
from domain.commands import CallBackFields, GuideFields, StartGuidanceFields
from domain.events import Changes
from domain.refusals import RefusalType, Refused
from domain.steps.consent import made_void
from domain.steps.holds import lifted
from domain.steps.loaners import tell_loaners
from domain.steps.request import Request
from domain.vocabulary import GuidanceWay, HoldReason, Milestone, Remedy, Stage


def call_back(case: Case, request: Request[CallBackFields]) -> Case:
    """The caller was rung back, and what was agreed (D1-5.2.1.c)."""
    return case.record(
        "called_back",
        request.now,
        by=request.by,
        changes=Changes(milestones={Milestone.CALLED_BACK: request.at}),
        details=request.details("agreed"),
    )


REACHED_BY = {
    GuidanceWay.PHONE: (Milestone.GUIDANCE_STARTED,),
    GuidanceWay.REMOTE: (Milestone.GUIDANCE_STARTED, Milestone.REMOTE_STARTED),
    GuidanceWay.PROPOSAL: (Milestone.PROPOSED,),
}
"""What each way of helping begins. A proposal says what will be done; it guides nobody yet."""


def start_guidance(case: Case, request: Request[StartGuidanceFields]) -> Case:
    """Help from afar begins: by phone, on the device itself, or with a proposal (D4-R2)."""
    way = request.fields.way
    details = request.details() if way is GuidanceWay.PHONE else request.details("way")
    return case.record(
        "proposed" if way is GuidanceWay.PROPOSAL else "guidance_started",
        request.now,
        by=request.by,
        changes=Changes(milestones=dict.fromkeys(REACHED_BY[way], request.at)),
        details=details,
    )


def guide(case: Case, request: Request[GuideFields]) -> Case:
    """The end of the guidance. Solved leads straight to the follow-up; else nothing moves."""
    started = case.ticket.first(Milestone.GUIDANCE_STARTED)
    milestones = {} if started else {Milestone.GUIDANCE_STARTED: request.at}
    if request.fields.outcome == "solved" and case.ticket.remedy is Remedy.RETURN:
        raise Refused(RefusalType.INVALID_TRANSITION, "顾客选择退货;不退了请先改选")
    if request.fields.outcome == "needs_visit":
        changes = Changes(milestones=milestones)
        kind = "guidance_not_enough"
    else:
        milestones |= {Milestone.GUIDED: request.at, Milestone.RESOLVED: request.at}
        changes = Changes(
            stage=Stage.FOLLOW_UP, milestones=milestones, dispatch_settled=True, task_done=True
        )
        kind = "guided"
    case = case.record(
        kind, request.now, by=request.by, changes=changes, details=request.details("outcome")
    )
    return case if kind != "guided" else _no_visit_needed(case, request)


def _no_visit_needed(case: Case, request: Request[GuideFields]) -> Case:
    """Solved: nothing is left to be paid, and a loaner is not needed any more."""
    asked = case.ticket.open_quote
    if asked is not None:
        changes = Changes(
            quotes=made_void(case.ticket),
            holds=lifted(case.ticket, request.at, HoldReason.CONSENT),
        )
        case = case.record("quotes_void", request.now, changes=changes)
    return tell_loaners(case, request.now, "repaired")
