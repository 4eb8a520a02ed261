"""Where a registered ticket stands while nobody is out on it (design §2)."""

from datetime import date

from domain.civil_time import local
from domain.policy import Policy
from domain.ticket import Ticket
from domain.vocabulary import Milestone, QuoteState, Remedy, Stage, Warranty

WAITING = frozenset({Stage.REGISTERED, Stage.ASSESSING, Stage.AWAITING_CONSENT, Stage.DISPATCHING})
"""The stages between which answers, quotes and rulings move a ticket."""

_ANSWERED = (QuoteState.APPROVED, QuoteState.FREE)


def reported_on(ticket: Ticket) -> date:
    """The day of the report, which decides what warranty and three guarantees give."""
    return local(ticket.first(Milestone.REPORTED) or ticket.opened_at).date()


def waiting_stage(ticket: Ticket, policy: Policy) -> Stage:
    """Registered, nobody out: what comes next."""
    if ticket.remedy is Remedy.RETURN:
        return Stage.ASSESSING  # nobody repairs what is taken back
    if ticket.open_quote is not None:
        return Stage.AWAITING_CONSENT
    if _quote_comes_first(ticket, policy):
        return Stage.ASSESSING
    return Stage.DISPATCHING


def next_stage(ticket: Ticket, policy: Policy) -> Stage | None:
    """Where a ticket that nobody is out on must be moved to; None: it stands right."""
    if ticket.stage not in WAITING or ticket.visit is not None:
        return None
    stage = waiting_stage(ticket, policy)
    return stage if stage is not ticket.stage else None


def called_back_from(ticket: Ticket, stage: Stage | None) -> bool:
    """Whether nobody may go out any more, not even one whom the ring is just choosing."""
    order = ticket.dispatch_order
    stays = stage in (Stage.ASSESSING, Stage.AWAITING_CONSENT)
    return stays and order is not None and not order.emergency


def _quote_comes_first(ticket: Ticket, policy: Policy) -> bool:
    """Out of warranty, and by its policy priced before anybody goes (D1-5.2.1.d)."""
    out = ticket.warranty is not None and ticket.warranty.in_warranty is Warranty.OUT
    if not out or not policy.procedure.quote_first:
        return False
    seen = any(visit.arrived_at is not None for visit in ticket.visits)
    if ticket.procedure < 2:
        seen = bool(ticket.visits)
    return not seen and (ticket.quote is None or ticket.quote.state not in _ANSWERED)
