"""What must be true of a ticket whatever was asked of it: each fault as one line of text.

`faults_of` looks at the state, `faults_of_news` at the events by which it came about. Both are
pure, so the state machine over the domain and the tests of the live workflow share them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from domain.case import Case
from domain.civil_time import MILLISECOND
from domain.events import Event
from domain.evolving import evolve, fold
from domain.fees import is_paid
from domain.settling import next_wake
from domain.steps.ending import order_owed, still_owed
from domain.steps.holds import open_hold
from domain.steps.loaners import OVER
from domain.steps.standing import WAITING, next_stage
from domain.ticket import Firing, Ticket, TicketLoaner, Visit
from domain.vocabulary import (
    ENDED,
    HoldReason,
    LoanerState,
    Milestone,
    Outcome,
    QuoteState,
    Remedy,
    Stage,
    Warranty,
)

OUT = {Stage.SCHEDULED, Stage.ON_SITE}
UNREPAIRED = WAITING | OUT
_STANDING = (QuoteState.OPEN, QuoteState.APPROVED, QuoteState.FREE)
_DECIDED = (QuoteState.APPROVED, QuoteState.REFUSED, QuoteState.EXPIRED)
_FACT = {Warranty.IN: True, Warranty.OUT: False, Warranty.UNKNOWN: "unknown"}
_TOLD = ("promise", "occurrence", "level", "about", "repeat")
_VISIT_STEPS = (
    *("dispatched_at", "accepted_at", "departed_at", "arrived_at", "started_at", "ended_at"),
)


def faults_of(case: Case, now: datetime) -> list[str]:
    """What cannot be in a case that was settled at `now`; empty when all is well."""
    parts = (
        *(_stage(case), _end(case), _dispatching(case.ticket), _visits(case.ticket)),
        *(_fees(case), _quotes(case), _holds(case.ticket, now), _merging(case.ticket)),
        *(_milestones(case.ticket, now), _promises(case.ticket), _loaners(case.ticket)),
        _wake(case, now),
    )
    return [fault for part in parts for fault in part]


def faults_of_news(before: Ticket, events: Sequence[Event], now: datetime) -> list[str]:
    """What cannot happen to `before`: these events, oldest first, the last at `now`."""
    faults: list[str] = []
    ticket, last = before, None
    for event in events:
        if event.seq != ticket.seq + 1:
            faults.append(f"event {event.seq} follows {ticket.seq}")
        if event.at > now or (last is not None and event.at < last):
            faults.append(f"event {event.seq} is at {event.at}, now is {now}")
        was, ticket, last = ticket, evolve(ticket, event), event.at
        faults += [f"event {event.seq} {event.kind}: {fault}" for fault in _news(was, event)]
    return faults


def faults_of_ledger(ticket: Ticket, events: Sequence[Event]) -> list[str]:
    """What does not fit between a ticket and all its events, as the ledger would give them back."""
    read = [Event.model_validate_json(event.model_dump_json()) for event in events]
    faults = [] if fold(read) == ticket else ["the fold of the events is another ticket"]
    told = Counter(
        tuple(str(one.details.get(name)) for name in _TOLD)
        for one in events
        if one.kind == "notice_due" and "occurrence" in one.details
    )
    faults += [f"told {times} times of {what}" for what, times in told.items() if times > 1]
    if ticket.stage in ENDED:
        faults += [
            f"{one.id} is {one.state} and was never told of the end"
            for one in ticket.loaners
            if not _needs_no_word(one) and not _was_told(one, events)
        ]
    return faults


def _stage(case: Case) -> Iterator[str]:
    ticket, stage = case.ticket, case.ticket.stage
    out = ticket.visit is not None
    if out != (stage in OUT):
        yield f"stage {stage} and open visit {out}"
    if ticket.visit is not None and (ticket.visit.arrived_at is not None) != (
        stage is Stage.ON_SITE
    ):
        yield f"stage {stage} and arrived {ticket.visit.arrived_at}"
    if ticket.dispatch_order is None and (wanted := next_stage(ticket, case.policy)) is not None:
        yield f"stands in {stage}, belongs in {wanted}"
    if stage not in {Stage.INTAKE, Stage.CLOSED} and (
        ticket.registration is None or ticket.first(Milestone.REGISTERED) is None
    ):
        yield f"stage {stage} of a ticket that was never registered"
    if stage is Stage.REPAIRED and (not ticket.visits or ticket.visits[-1].result != "finished"):
        yield "repaired, and the last visit was not finished"
    warranty = ticket.warranty
    if warranty is not None and ticket.facts.get("in_warranty") != _FACT[warranty.in_warranty]:
        yield f"warranty {warranty.in_warranty}, fact {ticket.facts.get('in_warranty')}"
    if stage is Stage.SIGNED_OFF and not order_owed(ticket):
        yield "signed off, its order is back, and it waits for it"
    ways = (Milestone.SIGNED_OFF, Milestone.GUIDED, Milestone.REFUND_APPROVED)
    if stage is Stage.FOLLOW_UP and not ticket.outcome and not any(map(ticket.first, ways)):
        yield "follow-up of nothing"


def _end(case: Case) -> Iterator[str]:
    ticket, ended = case.ticket, case.ticket.stage in ENDED
    closings = ticket.milestones.get(Milestone.CLOSED, ())
    if len(closings) != ended:
        yield f"stage {ticket.stage} and closed at {[str(one) for one in closings]}"
    if ended and ticket.outcome is None:
        yield "ended without an outcome"
    if not ended and ticket.outcome is not None:
        if ticket.stage is not Stage.FOLLOW_UP:
            yield f"outcome {ticket.outcome} in {ticket.stage}"
        if not still_owed(case, ticket.outcome):
            yield f"outcome {ticket.outcome}, nothing owed, and not closed"
    decided = ticket.first(Milestone.OUTCOME_DECIDED) is not None
    if not ended and decided != (ticket.outcome is not None):
        yield f"outcome {ticket.outcome} and outcome decided {decided}"
    if (ticket.stage is Stage.REDIRECTED) != (ticket.outcome is Outcome.REDIRECTED):
        yield f"outcome {ticket.outcome} in {ticket.stage}"
    left = [ticket.open_quote, ticket.dispatch_order, ticket.visit, *ticket.open_holds]
    if ticket.outcome is not None and any(left[:3]):
        yield f"outcome {ticket.outcome}, and still under way: {left}"
    if ended and not ticket.merged_into and ticket.outcome and still_owed(case, ticket.outcome):
        yield f"closed as {ticket.outcome}, and something is still owed"
    if ended and (any(left) or ticket.task or ticket.merging):
        yield f"ended, and left over: {left} {ticket.task} {ticket.merging}"


def _dispatching(ticket: Ticket) -> Iterator[str]:
    order = ticket.dispatch_order
    if ticket.remedy is Remedy.RETURN and (order or ticket.visit):
        yield "somebody is sent to what is taken back"
    if order is None:
        return
    if ticket.stage not in WAITING:
        yield f"a dispatch order in {ticket.stage}"
    if order.visit != len(ticket.visits) + 1:
        yield f"an order for visit {order.visit} after {len(ticket.visits)}"
    if not order.emergency and (ticket.stage is not Stage.DISPATCHING or ticket.open_quote):
        yield f"an ordinary dispatch order in {ticket.stage}, quote {ticket.open_quote}"


def _visits(ticket: Ticket) -> Iterator[str]:
    if [one.number for one in ticket.visits] != list(range(1, len(ticket.visits) + 1)):
        yield "visits are not numbered in their order"
    for visit in ticket.visits:
        if (visit.result is None) != (visit.ended_at is None):
            yield f"visit {visit.number} is {visit.result} and ended at {visit.ended_at}"
        if visit.result is None and visit is not ticket.visits[-1]:
            yield f"visit {visit.number} is open and not the last"
        if not _in_order(getattr(visit, step) for step in _VISIT_STEPS):
            yield f"visit {visit.number} went back in time: {_steps(visit)}"
    for earlier, later in pairwise(ticket.visits):
        if earlier.ended_at is not None and later.dispatched_at < earlier.ended_at:
            yield f"visit {later.number} was sent before {earlier.number} had ended"


def _fees(case: Case) -> Iterator[str]:
    ticket, quotes = case.ticket, {one.number: one for one in case.ticket.quotes}
    for visit in ticket.visits:
        if not is_paid(visit.lines):
            continue
        quote = quotes.get(visit.quote or 0)
        if quote is None or quote.decided_by is None or quote.decided_at is None:
            yield f"visit {visit.number} is paid for and nobody agreed"
        elif visit.ended_at is None or visit.ended_at < quote.decided_at:
            yield f"visit {visit.number} was paid work before the yes of {quote.decided_at}"
    allowed = case.policy.procedure.quote_tolerance
    for quote in ticket.quotes:
        agreed = Counter[tuple[str, str]]()
        for line in quote.lines:
            agreed[line.item, line.kind] += line.total_fen
        charged = Counter[tuple[str, str]]()
        for visit in ticket.visits:
            for fee in visit.lines if visit.quote == quote.number else ():
                charged[fee.item, fee.kind] += fee.total_fen
        for item, fen in charged.items():
            if fen > agreed[item] * (100 + allowed.percent) / 100:
                yield f"{item} costs {fen}, agreed were {agreed[item]}"


def _quotes(case: Case) -> Iterator[str]:
    ticket = case.ticket
    if [one.number for one in ticket.quotes] != list(range(1, len(ticket.quotes) + 1)):
        yield "quotes are not numbered in their order"
    for quote in ticket.quotes:
        if quote.reminded > len(case.policy.procedure.consent.remind_after):
            yield f"quote {quote.number} was called to mind {quote.reminded} times"
        if quote.state in _STANDING and quote is not ticket.quotes[-1]:
            yield f"quote {quote.number} is {quote.state} and there is a newer one"
        if quote.state is QuoteState.OPEN and not is_paid(quote.lines):
            yield f"quote {quote.number} asks for nothing"
        if quote.state in _DECIDED and (quote.decided_at is None or quote.decided_at < quote.at):
            yield f"quote {quote.number} of {quote.at} was answered at {quote.decided_at}"
    waits = open_hold(ticket, HoldReason.CONSENT)
    if (ticket.stage is Stage.AWAITING_CONSENT) and ticket.open_quote is None:
        yield "awaiting consent to nothing"
    if ticket.open_quote is None:
        return
    if ticket.stage not in UNREPAIRED:
        yield f"an open quote in {ticket.stage}"
    nobody_out = ticket.visit is None and ticket.dispatch_order is None
    if nobody_out and ticket.stage is not Stage.AWAITING_CONSENT:
        yield f"an open quote, nobody out, and the stage is {ticket.stage}"
    if waits is None or waits.until is not None:
        yield f"an open quote, and the wait for its answer is {waits}"


def _holds(ticket: Ticket, now: datetime) -> Iterator[str]:
    if len({one.key for one in ticket.holds}) != len(ticket.holds):
        yield "two waits with one key"
    for waits in ticket.holds:
        if waits.since > now + MILLISECOND:
            yield f"a wait that begins later: {waits}"
        if waits.until is not None and waits.until < waits.since:
            yield f"a wait that ends before it begins: {waits}"
        if waits.over and (waits.until is None or waits.until > now + MILLISECOND):
            yield f"a wait that is over, until {waits.until}"
        if not waits.over and waits.until is not None and waits.until <= now:
            yield f"a wait that should be over since {waits.until}"
    reasons = [one.reason for one in ticket.open_holds]
    if len(set(reasons)) != len(reasons):
        yield f"waits twice for one reason: {reasons}"
    disputed = open_hold(ticket, HoldReason.DISPUTE)
    waits_for_ruling = disputed is not None and disputed.until is None
    if ticket.dispute is not None and ticket.outcome is None and not waits_for_ruling:
        yield f"an open dispute, and the wait for its ruling is {disputed}"


def _merging(ticket: Ticket) -> Iterator[str]:
    if (ticket.outcome is Outcome.MERGED) != (ticket.merged_into is not None):
        yield f"outcome {ticket.outcome} and merged into {ticket.merged_into}"
    if ticket.outcome is not None and ticket.merging is not None:
        yield f"outcome {ticket.outcome} and still merging"
    if ticket.number in (*ticket.merged_from, ticket.merged_into):
        yield "merged with itself"
    if len(set(ticket.merged_from)) != len(ticket.merged_from):
        yield "took in the same ticket twice"
    numbers = [one.number for one in ticket.errands]
    if numbers != sorted(numbers) or any(one > ticket.errands_sent for one in numbers):
        yield f"errands out of order: {numbers} of {ticket.errands_sent}"


def _milestones(ticket: Ticket, now: datetime) -> Iterator[str]:
    for milestone, times in ticket.milestones.items():
        if not times or list(times) != sorted(times):
            yield f"{milestone} at {times}"
        if times and times[-1] > now and milestone is not Milestone.APPOINTED:
            yield f"{milestone} at {times[-1]}, and now is {now}"
    if len(ticket.milestones.get(Milestone.REPORTED, ())) > 1:
        yield "reported twice"
    resolved = ticket.last(Milestone.RESOLVED)
    if ticket.stage is Stage.REPAIRED and resolved != ticket.last(Milestone.VISIT_ENDED):
        yield f"repaired: resolved {resolved}, left {ticket.last(Milestone.VISIT_ENDED)}"


def _promises(ticket: Ticket) -> Iterator[str]:
    for keys in ([one.key for one in ticket.firings], [one.key for one in ticket.kept]):
        if len(set(keys)) != len(keys):
            yield f"recorded twice: {keys}"
    for firing in ticket.firings:
        if firing.early is None and firing.level > 0 and firing.fired_at <= firing.due:
            yield f"fired before its moment: {firing}"
        if firing.late_seconds < 0 or _lateness(firing) != firing.late_seconds:
            yield f"wrong lateness: {firing}"


def _loaners(ticket: Ticket) -> Iterator[str]:
    active = [one for one in ticket.loaners if one.state not in OVER]
    own = [one.id for one in active if one.id.startswith(f"loaner/{ticket.number}/")]
    if len(own) > 1:
        yield f"two loaners at once: {own}"
    if len({one.id for one in ticket.loaners}) != len(ticket.loaners):
        yield "one loaner twice"
    if ticket.stage in ENDED and ticket.merged_into is None:
        waiting = [one.id for one in active if _waits_here(one)]
        if waiting:
            yield f"ended, and still asks whether to lend {waiting}"


def _wake(case: Case, now: datetime) -> Iterator[str]:
    wake = next_wake(case, now)
    if wake is not None and wake.at <= now:
        yield f"wakes at {wake.at} for {wake.what}, and now is {now}"


def _news(ticket: Ticket, event: Event) -> Iterator[str]:
    """What cannot happen to `ticket`."""
    changes = event.changes
    if event.kind == "dispatched" and changes.visit is not None and not changes.visit.emergency:
        sent, quote = changes.visit.dispatched_at, ticket.quote
        if ticket.open_quote is not None:
            yield "dispatched on a quote without an answer"
        agreed = quote.decided_at if quote and quote.state is QuoteState.APPROVED else None
        if agreed is not None and agreed > sent:
            yield f"dispatched at {sent} on a quote that was agreed to at {agreed}"
    if ticket.stage not in ENDED:
        return
    if changes.stage is not None or changes.outcome is not None:
        yield f"an ended ticket becomes {changes.stage} {changes.outcome}"
    firing, closed = changes.firing, ticket.last(Milestone.CLOSED)
    if firing is not None and firing.early:
        yield "an ended ticket escalates before time"
    if firing is not None and not firing.withdrawn and closed and firing.due > closed:
        yield f"an ended ticket escalates: {firing}"


def _needs_no_word(loaner: TicketLoaner) -> bool:
    return loaner.state in OVER or _waits_here(loaner)


def _waits_here(loaner: TicketLoaner) -> bool:
    """For the supervisor, without a workflow of its own."""
    return loaner.state is LoanerState.NEEDS_DECISION and loaner.revision == 0


def _was_told(loaner: TicketLoaner, events: Iterable[Event]) -> bool:
    """Whether the last word to it was that it is not needed any more, or is another's."""
    errands = [one.changes.errand for one in events if one.changes.errand is not None]
    told = [one.kind for one in errands if one.loaner == loaner.id]
    return bool(told) and told[-1] in ("repaired", "ended", "merged")


def _lateness(firing: Firing) -> int:
    return max(0, int((firing.fired_at - firing.due).total_seconds()))


def _in_order(moments: Iterable[datetime | None]) -> bool:
    known = [moment for moment in moments if moment is not None]
    return known == sorted(known)


def _steps(visit: Visit) -> str:
    return " ".join(f"{step}={getattr(visit, step)}" for step in _VISIT_STEPS)
