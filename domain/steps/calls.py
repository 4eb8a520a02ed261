"""What a phone call changes: who rang, when the fault counts as reported, who was rung back."""

from datetime import datetime

from domain.calls import Call
from domain.case import Case
from domain.events import Changes
from domain.intake import called_back_at
from domain.ticket import earliest_inbound
from domain.vocabulary import Channel, Milestone


def take_call(case: Case, call: Call, now: datetime) -> Case:
    """The case with this call in it; the same call again, or an older word of it, is harmless."""
    known = next((one for one in case.ticket.calls if one.call_id == call.call_id), None)
    if known is not None and known.revision >= call.revision:
        return case
    joined = case.ticket.calls or case.ticket.channel is not Channel.PHONE
    kind = "call_updated" if known else "call_joined" if joined else "call_taken"
    case = case.record(kind, now, changes=Changes(call=call))
    case = _judge_called_back(case, known, call, now)
    return _judge_reported(case, now)


def drop_call(case: Case, call_id: str, now: datetime) -> Case:
    """The case without a call that was judged again and belongs elsewhere."""
    call = next((one for one in case.ticket.calls if one.call_id == call_id), None)
    if call is None:
        return case
    moment = called_back_at(call)
    removed = {Milestone.CALLED_BACK: moment} if moment else {}
    case = case.record(
        "call_detached", now, changes=Changes(call_detached=call_id, removed=removed)
    )
    return _judge_reported(case, now)


def _judge_called_back(case: Case, known: Call | None, call: Call, now: datetime) -> Case:
    """An answered call out to the reporter is the call back, at the time of its answer."""
    moment = called_back_at(call)
    before = called_back_at(known) if known else None
    if moment is None or moment == before:
        return case
    changes = Changes(
        milestones={Milestone.CALLED_BACK: moment},
        removed={Milestone.CALLED_BACK: before} if before else {},
    )
    return case.record("called_back", now, changes=changes, details={"call_id": call.call_id})


def _judge_reported(case: Case, now: datetime) -> Case:
    """Reported: the end of the ticket's earliest call, by the phone system's own clock.

    A paper's receipt is its report, whoever rings about it later; so is the earlier report of
    a ticket that was merged into this one.
    """
    call = earliest_inbound(case.ticket.calls)
    if call is None or case.ticket.channel is not Channel.PHONE:
        return case
    if case.ticket.facts.get("answered") != call.answered:
        case = case.record("answer_known", now, changes=Changes(facts={"answered": call.answered}))
    reported = case.ticket.first(Milestone.REPORTED)
    if call.ended_at is None or call.ended_at == reported:
        return case
    if case.ticket.merged_from and reported is not None and reported < call.ended_at:
        return case
    return case.record(
        "reported", now, changes=Changes(milestones={Milestone.REPORTED: call.ended_at})
    )
