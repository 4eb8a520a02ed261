"""What a loan hears from its ticket. News comes in any state, and is never refused."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import JsonValue

from domain.lending.case import NOT_LENT, LoanCase
from domain.loan import Loan, TicketNews
from domain.ticket import Actor
from domain.vocabulary import LoanerState, Milestone, Role


def take_news(case: LoanCase, news: TicketNews, now: datetime) -> LoanCase:
    """The case after the news; what changes nothing leaves no event."""
    loan = case.loan
    if news.kind == "merged":
        return _merged(case, news.ticket_no, now)
    if news.kind == "reopened":
        return _stays_out(case, news, now)
    # A ticket that was merged away ends with that; the repair goes on under another number.
    if news.kind == "ended" and news.ticket_no in loan.former_tickets:
        return case
    if loan.state in NOT_LENT:
        return _released(case, news, now)
    if loan.state is LoanerState.DELIVERED:
        since = max(last_moment(loan), min(news.at, now))
        return recalled(case, now, since, details={"because": news.kind, **_from(news)})
    return case


def recalled(
    case: LoanCase,
    now: datetime,
    at: datetime,
    *,
    by: Actor | None = None,
    details: Mapping[str, JsonValue] | None = None,
) -> LoanCase:
    """It is to come back: the time to bring it runs from `at`, and the customer must know."""
    case = case.record(
        "loaner_recalled",
        now,
        by=by,
        reached={Milestone.LOANER_RECALLED: at},
        details=details,
        state=LoanerState.RECALLED,
    )
    for role in (Role.SUPERVISOR, Role.CUSTOMER):
        case = case.notice(now, role, "loaner_recalled")
    return case


def last_moment(loan: Loan) -> datetime:
    """When the last thing happened to it, at the earliest when it was asked for."""
    times = (moment for moments in loan.milestones.values() for moment in moments)
    return max(times, default=loan.asked.at)


def _merged(case: LoanCase, ticket_no: str, now: datetime) -> LoanCase:
    before = case.loan.ticket_no
    # Word of an earlier merge may come after that of a later one: who went does not come back.
    if ticket_no in (before, *case.loan.former_tickets):
        return case
    return case.record(
        "loaner_moved",
        now,
        details={"from": before, "ticket": ticket_no},
        ticket_no=ticket_no,
        former_tickets=(*case.loan.former_tickets, before),
    )


def _stays_out(case: LoanCase, news: TicketNews, now: datetime) -> LoanCase:
    """Not repaired after all. Without the recall its promise waits again, and a new one restarts
    it."""
    if case.loan.state not in (LoanerState.RECALLED, LoanerState.OVERDUE):
        return case
    milestones = dict(case.loan.milestones)
    milestones.pop(Milestone.LOANER_RECALLED, None)
    case = case.record(
        "loaner_recall_withdrawn",
        now,
        details=_from(news),
        state=LoanerState.DELIVERED,
        milestones=milestones,
    )
    for role in (Role.SUPERVISOR, Role.CUSTOMER):
        case = case.notice(now, role, "loaner_recall_withdrawn")
    return case


def _released(case: LoanCase, news: TicketNews, now: datetime) -> LoanCase:
    held = case.loan.state is LoanerState.RESERVED
    case = case.record(
        "loaner_released",
        now,
        details={"because": news.kind, **_from(news)},
        state=LoanerState.RELEASED,
    )
    # Somebody may be on the way with it.
    return case.notice(now, Role.SUPERVISOR, "loaner_released") if held else case


def _from(news: TicketNews) -> dict[str, JsonValue]:
    return {"ticket": news.ticket_no}
