"""报价与同意: what is to be paid, who agreed to it, and what silence means.

D1-5.2.1.d and D1-5.2.1.f. While a quoted line above zero is unanswered the ticket waits (hold
`consent`), and nobody is dispatched, emergencies apart. No paid line is ever accepted before a
yes (`domain.fees`).
"""

from datetime import datetime

from domain.calendars import ALWAYS
from domain.case import Case
from domain.civil_time import MILLISECOND
from domain.commands import DecideFeeFields, QuoteFields
from domain.escalation import Wake
from domain.events import Changes
from domain.fees import charged_fen, checked_prices, is_paid
from domain.refusals import RefusalType, Refused, invalid
from domain.steps.ending import end
from domain.steps.holds import begun, lifted
from domain.steps.request import Request
from domain.steps.standing import called_back_from, next_stage, reported_on
from domain.ticket import Quote, Ticket
from domain.vocabulary import (
    FeeDecision,
    HoldReason,
    Milestone,
    Outcome,
    QuoteState,
    Remedy,
    Role,
)


def quote(case: Case, request: Request[QuoteFields]) -> Case:
    """Ask the customer; a new quote makes the old one void. Nothing to pay asks nobody."""
    ticket, lines = case.ticket, request.fields.lines
    if ticket.remedy is Remedy.RETURN:
        raise Refused(RefusalType.INVALID_TRANSITION, "顾客选择退货,不再报价")
    ruled = checked_prices(case.policy, ticket, reported_on(ticket), lines)
    paid = is_paid(lines)
    made = Quote(
        number=len(ticket.quotes) + 1,
        lines=lines,
        at=request.at,
        by=request.by,
        state=QuoteState.OPEN if paid else QuoteState.FREE,
    )
    holds = (
        begun(ticket, HoldReason.CONSENT, request.at)
        if paid
        else lifted(ticket, request.at, HoldReason.CONSENT)
    )
    case = case.record(
        "quoted",
        request.now,
        by=request.by,
        changes=Changes(
            quotes=(*made_void(ticket, by=made.number), made),
            milestones={Milestone.QUOTED: request.at},
            holds=holds,
        ),
        details={
            **request.details("lines"),
            "quote": made.number,
            "total_fen": made.total_fen,
            **({"rulings": ruled} if ruled else {}),
        },
    )
    case = go_on(case, request.now)
    if not paid:
        return case
    visit = case.ticket.visit
    if visit is not None:
        case = case.notice(
            request.now, Role.TECHNICIAN.value, "quoted", technician=visit.technician.id
        )
    return case.notice(
        request.now, Role.CUSTOMER.value, "quoted", quote=made.number, total_fen=made.total_fen
    )


def decide_fee(case: Case, request: Request[DecideFeeFields]) -> Case:
    """The customer's yes or no to the quote that is named, with its evidence (who, how, when)."""
    fields = request.fields
    asked = _open_quote(case.ticket, fields.quote)
    if request.by.role is Role.AGENT and not fields.evidence:
        raise invalid("evidence", "客服代为答复要附凭证")
    if request.at < asked.at:
        raise invalid("at", "不能早于报价")
    approved = fields.decision is FeeDecision.APPROVE
    answered = asked.model_copy(
        update={
            "state": QuoteState.APPROVED if approved else QuoteState.REFUSED,
            "decided_at": request.at,
            "decided_by": request.by,
            "evidence": fields.evidence,
        }
    )
    case = case.record(
        "fee_approved" if approved else "fee_refused",
        request.now,
        by=request.by,
        changes=Changes(
            quotes=(answered,),
            milestones={Milestone.FEE_DECIDED: request.at},
            holds=lifted(case.ticket, request.at, HoldReason.CONSENT),
        ),
        details=request.details("quote", "decision", "evidence"),
    )
    if not approved:
        return end(case, request.now, Outcome.REFUSED, at=request.at, why="顾客不同意费用")
    case = go_on(case, request.now)
    return case.notice(request.now, Role.SUPERVISOR.value, "fee_approved", quote=asked.number)


def settle_consent(case: Case, now: datetime) -> Case:
    """Reminders that are due, and the end of the wait. An answer exactly at its end counts."""
    asked = _waits_for_answer(case.ticket)
    if asked is None:
        return case
    expires = _expires_at(case, asked)
    due = [moment for moment in _reminders(case, asked) if moment < min(now, expires)]
    for count in range(asked.reminded + 1, len(due) + 1):
        asked = asked.model_copy(update={"reminded": count})
        case = case.record("consent_reminded", now, changes=Changes(quotes=(asked,)))
        case = case.notice(
            now, Role.CUSTOMER.value, "consent_reminded", quote=asked.number, reminder=count
        )
    if now <= expires:
        return case
    silent = asked.model_copy(update={"state": QuoteState.EXPIRED, "decided_at": expires})
    case = case.record("consent_expired", now, changes=Changes(quotes=(silent,)))
    return end(case, now, Outcome.NO_CONSENT, at=expires, why="费用一直没有答复")


def consent_over(case: Case, now: datetime) -> datetime | None:
    """When the wait for an answer ended, if it did by now."""
    asked = _waits_for_answer(case.ticket)
    expires = _expires_at(case, asked) if asked is not None else None
    return expires if expires is not None and expires < now else None


def next_consent(case: Case) -> Wake | None:
    """When the customer is next reminded, or the wait is over."""
    asked = _waits_for_answer(case.ticket)
    if asked is None:
        return None
    moments = [*_reminders(case, asked)[asked.reminded :], _expires_at(case, asked)]
    return Wake(min(moments) + MILLISECOND, f"consent quote {asked.number}")


def made_void(ticket: Ticket, *, by: int | None = None) -> tuple[Quote, ...]:
    """The change that takes the force from the quote that stood until now, if any."""
    last = ticket.quote
    standing = (QuoteState.OPEN, QuoteState.APPROVED, QuoteState.FREE)
    if last is None or not (last.state in standing or last.waived):
        return ()
    return (last.model_copy(update={"state": QuoteState.VOID, "replaced_by": by}),)


def nothing_to_pay(case: Case, now: datetime) -> Case:
    """In warranty after all: quotes are void, and what was charged is worked out again."""
    void = [
        one.model_copy(update={"state": QuoteState.VOID, "waived": one.charges})
        for one in case.ticket.quotes
        if one.state is QuoteState.OPEN or one.charges
    ]
    if not void:
        return case
    before = charged_fen(case.ticket)
    holds = lifted(case.ticket, now, HoldReason.CONSENT)
    case = case.record("quotes_void", now, changes=Changes(quotes=tuple(void), holds=holds))
    return _worked_out_again(case, now, before)


def to_pay_after_all(case: Case, now: datetime) -> Case:
    """Out of warranty after all: what was agreed to, and then waived, stands again."""
    back = [
        one.model_copy(
            update={
                "state": QuoteState.VOID if one.replaced_by else QuoteState.APPROVED,
                "waived": False,
            }
        )
        for one in case.ticket.quotes
        if one.waived
    ]
    if not back:
        return case
    before = charged_fen(case.ticket)
    case = case.record("quotes_restored", now, changes=Changes(quotes=tuple(back)))
    return _worked_out_again(case, now, before)


def _worked_out_again(case: Case, now: datetime, before: int) -> Case:
    """Tell of a charge that is not what it was: somebody pays back, or asks."""
    after = charged_fen(case.ticket)
    if after == before:
        return case
    case = case.record("fees_worked_out", now, details={"before_fen": before, "charged_fen": after})
    about = "refund_due" if after < before else "fee_due"
    return case.notice(now, Role.AGENT.value, about, amount_fen=abs(after - before))


def go_on(case: Case, now: datetime) -> Case:
    """Move a ticket that nobody is out on to where it stands now."""
    stage = next_stage(case.ticket, case.policy)
    if stage is None:
        return case
    changes = Changes(stage=stage, dispatch_settled=called_back_from(case.ticket, stage))
    return case.record("moved", now, changes=changes)


def _open_quote(ticket: Ticket, number: int) -> Quote:
    asked = ticket.open_quote
    if asked is None:
        raise Refused(RefusalType.INVALID_TRANSITION, "没有等待答复的报价")
    if number != asked.number:
        raise invalid("quote", f"等待答复的是报价 {asked.number},不是 {number}")
    return asked


def _waits_for_answer(ticket: Ticket) -> Quote | None:
    """The quote that time runs for: not while what it asks is in dispute, that is no silence.

    Nor while another ticket is to take this one in: its word is final, whichever it is.
    """
    waits = ticket.dispute is None and ticket.merging is None and ticket.outcome is None
    return ticket.open_quote if waits else None


def _asked_at(case: Case, asked: Quote) -> datetime:
    ruled = [one.ruled_at for one in case.ticket.disputes if one.ruled_at]
    return max([asked.at, *ruled])


def _reminders(case: Case, asked: Quote) -> list[datetime]:
    """In the order of time, however the policy lists them: `reminded` counts along it."""
    terms = case.policy.procedure.consent
    return sorted(after.end(ALWAYS, _asked_at(case, asked)) for after in terms.remind_after)


def _expires_at(case: Case, asked: Quote) -> datetime:
    return case.policy.procedure.consent.expires_after.end(ALWAYS, _asked_at(case, asked))
