"""The ticket's graph, found by trying every order on every kind of ticket that can come about.

Nothing here knows the procedure: it asks, and writes down what became of it. Besides orders there
is what comes by itself: time, the ring's answer, the phone, a loaner's news, another ticket.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from docs.generate.found import Edge, Found, Way, explore
from docs.generate.ticket_orders import ELSEWHERE, SENT, START, Asked, asked, policy
from domain.calls import Call, Direction
from domain.case import Case, open_case
from domain.events import PROCEDURE, Event, Opening
from domain.loan import LoanProgress
from domain.policy import OutOfWarranty
from domain.procedure import DONE, decide
from domain.refusals import Refused
from domain.rotation import Turn
from domain.settling import next_wake, settle
from domain.steps.calls import take_call
from domain.steps.closing import tries_since_signing
from domain.steps.dispatching import assign
from domain.steps.ending import backfill_owed, order_owed, verification_owed
from domain.steps.loaners import OVER, errand_done, take_news
from domain.steps.merging import Absorb, AbsorbAnswer, absorb, settle_merging
from domain.ticket import Ticket
from domain.vocabulary import ENDED, Command, LoanerState, Milestone, Remedy, Stage, Warranty

MOST = 20_000
WAKES = 12
"""How often time may pass in a row while nothing is changed by it."""

OF_A_LOANER = {
    LoanerState.RESERVED: Milestone.LOANER_RESERVED,
    LoanerState.DELIVERED: Milestone.LOANER_DELIVERED,
    LoanerState.RECALLED: Milestone.LOANER_RECALLED,
    LoanerState.RETURNED: Milestone.LOANER_RETURNED,
    LoanerState.LOST: Milestone.LOANER_LOST,
}


@dataclass(frozen=True, slots=True)
class Spot:
    """One ticket at one moment, and the shortest way by which it came there.

    `between`: something happened since the ring was asked, and it has not answered yet.
    """

    case: Case
    now: datetime
    trail: tuple[Way, ...] = ()
    between: bool = False

    @property
    def ticket(self) -> Ticket:
        return self.case.ticket


def explored() -> Found:
    """Everything that the domain lets happen to a ticket, under either key for unpaid quotes."""
    found = Found()
    for first, key in ((OutOfWarranty.QUOTE_FIRST, _key), (OutOfWarranty.INSPECT_FIRST, _standing)):
        seeds = [_new_ticket(found, first)]
        explore(seeds, lambda spot: _moves(found, spot), key, MOST)
    return found


def _key(spot: Spot) -> Hashable:
    """What tells two tickets apart here: whatever else matters would be missed."""
    return (_standing(spot), _beside(spot))


def _standing(spot: Spot) -> Hashable:
    ticket = spot.ticket
    out = ticket.warranty is not None and ticket.warranty.in_warranty is Warranty.OUT
    visit, order = ticket.visit, ticket.dispatch_order
    tries = tries_since_signing(ticket) if ticket.stage is Stage.FOLLOW_UP else 0
    return (
        (ticket.stage, ticket.outcome, out, ticket.open_quote is not None),
        visit is not None and (visit.accepted_at is not None, visit.emergency),
        order is not None and (order.emergency, order.by is not None),
        (order_owed(ticket), backfill_owed(ticket), tries),
    )


def _beside(spot: Spot) -> str | None:
    """What else there is: only one is told, or there would be as many states as combinations."""
    ticket = spot.ticket
    lent = ticket.loaner is not None and ticket.loaner.state not in OVER
    given_back = ticket.remedy is Remedy.RETURN
    told = {
        "verification": verification_owed(spot.case),
        "refunded": given_back and ticket.refund_fen is not None,
        "lent and given back": lent and given_back,
        "given back": given_back,
        # What an exchange changes comes after the visit; before that it need not be told apart.
        "exchanged": ticket.remedy is Remedy.EXCHANGE and ticket.stage in DONE | {Stage.ON_SITE},
        "lent": lent,
        "repaired before": any(visit.result == "finished" for visit in ticket.visits),
    }
    return next((word for word, so in told.items() if so), None)


def _moves(found: Found, spot: Spot) -> Iterator[Spot]:
    """Where it can go from here in one step."""
    found.resting.add(spot.ticket.stage.value)
    if spot.ticket.stage in ENDED:
        return
    yield from _by_time(found, spot)
    # What is due by then is not the order's doing.
    now = spot.now + timedelta(minutes=1)
    spot = replace(spot, case=settle(spot.case, now).handed_over(), now=now)
    yield from _by_order(found, spot)
    yield from _by_ring(found, spot)
    yield from _by_loaner(found, spot)
    yield from _by_other_ticket(found, spot)
    yield from _by_phone(found, spot)


def _by_time(found: Found, spot: Spot, wakes: int = WAKES) -> Iterator[Spot]:
    at = spot
    for _ in range(wakes):
        wake = next_wake(at.case, at.now)
        if wake is None:
            return
        after = settle(at.case, wake.at)
        first = next((one.kind for one in after.events if one.kind != "notice_due"), "time")
        at = _note(found, at, after, wake.at, Way(first, command=False))
        yield at


ANSWERED_BY = {
    Command.MERGE_INTO: None,
    Command.DISPUTE: Command.RULE,
    Command.HOLD: Command.RESUME,
}
"""What opens a matter beside the stage, and who has the last word on it. Such a ticket is followed
up at once, and not told apart from others: there would be as many states as combinations."""


def _by_order(found: Found, spot: Spot) -> Iterator[Spot]:
    for one in asked(spot.ticket, spot.case.policy, spot.now):
        after = _after(found, spot, one)
        if after is None:
            continue
        if one.command in ANSWERED_BY:
            yield from _followed_up(found, after, one.command)
        else:
            yield after


def _followed_up(found: Found, spot: Spot, opened_by: Command) -> Iterator[Spot]:
    last_word = ANSWERED_BY[opened_by]
    if last_word is None:
        yield from _by_answer_to_merging(found, spot)
        return
    for answer in asked(spot.ticket, spot.case.policy, spot.now, {last_word}):
        answered = _after(found, spot, answer)
        if answered is not None:
            yield answered
    if opened_by is Command.HOLD:
        list(_by_time(found, spot, wakes=1))


def _after(found: Found, spot: Spot, one: Asked) -> Spot | None:
    """The ticket after that order; None: it was refused."""
    try:
        after = decide(spot.case, one.command.value, one.order, spot.now)
    except Refused:
        return None
    found.accepted.add((one.command.value, spot.ticket.stage.value))
    return _note(found, spot, after, spot.now, one.way)


def _by_ring(found: Found, spot: Spot) -> Iterator[Spot]:
    order = spot.ticket.dispatch_order
    if order is None:
        return
    asked_by = Way("dispatch") if order.by else Way("decline", "next")
    if order.emergency:
        asked_by = Way(asked_by.word, f"{asked_by.shade} emergency".strip())
    nobody = Way("nobody_to_dispatch", command=False)
    turns = ((asked_by, Turn(technician=order.technician or SENT)), (nobody, Turn()))
    for way, turn in turns:
        yield _note(found, spot, assign(spot.case, turn, spot.now), spot.now, way, ring=True)


def _by_loaner(found: Found, spot: Spot) -> Iterator[Spot]:
    last = spot.ticket.loaner
    if last is None:
        return
    for state in LoanerState:
        milestone = OF_A_LOANER.get(state)
        news = LoanProgress(
            id=last.id,
            revision=last.revision + 1,
            state=state,
            at=spot.now,
            milestones={milestone: (spot.now,)} if milestone else {},
        )
        heard = take_news(spot.case, news, spot.now)
        yield _note(found, spot, heard, spot.now, Way("loaner", state.value, command=False))


def _by_answer_to_merging(found: Found, spot: Spot) -> Iterator[Spot]:
    for accepted in (True, False):
        answer = AbsorbAnswer(accepted=accepted)
        after = settle_merging(spot.case, answer, spot.now)
        yield _note(found, spot, after, spot.now, Way(Command.MERGE_INTO.value))


def _by_other_ticket(found: Found, spot: Spot) -> Iterator[Spot]:
    other = Absorb(number=ELSEWHERE, at=spot.now, registered=False)
    try:
        after = absorb(spot.case, other, spot.now)
    except Refused:
        return
    yield _note(found, spot, after, spot.now, Way("absorbed", command=False))


def _by_phone(found: Found, spot: Spot) -> Iterator[Spot]:
    call = Call(
        call_id="c2",
        direction=Direction.OUT,
        caller="+8613900010001",
        line="4008001234",
        started_at=spot.now,
        answered_at=spot.now,
        ended_at=spot.now,
        answered=True,
    )
    after = take_call(spot.case, call, spot.now)
    yield _note(found, spot, after, spot.now, Way("call out", command=False))


def _new_ticket(found: Found, first: OutOfWarranty) -> Spot:
    """Opened by a call that has just ended."""
    pinned = policy(first)
    opening = Opening(
        number="W1",
        opened_at=START,
        policy=pinned.name,
        policy_version=pinned.version,
        caller="+8613900010001",
        procedure=PROCEDURE,
    )
    call = Call(
        call_id="c1",
        direction=Direction.IN,
        caller="+8613900010001",
        line="4008001234",
        started_at=START,
        answered_at=START,
        ended_at=START,
        answered=True,
    )
    spot = Spot(open_case(opening, pinned).handed_over(), START)
    taken = take_call(spot.case, call, START)
    return _note(found, spot, taken, START, Way("call in", command=False))


def _note(
    found: Found, before: Spot, after: Case, now: datetime, way: Way, *, ring: bool = False
) -> Spot:
    """Write down what the new events changed; the first move of the stage is the way's own."""
    stage, known = before.ticket.stage, {hold.key for hold in before.ticket.open_holds}
    found.shades[way.word].add(way.shade)
    trail = (*before.trail, way)
    between = before.ticket.dispatch_order is not None and not ring
    over = after.ticket.stage in ENDED or after.ticket.outcome is not None
    cause = way
    for event in after.events:
        moved = event.changes.stage
        if moved is not None and moved is not stage:
            edges = found.between if between or before.between else found.edges
            edges.setdefault(Edge(stage.value, moved.value, cause), trail)
            cause, stage = Way(f"at once after {way.word}", command=False), moved
        _note_beside(found, event, known, Way("its end", command=False) if over else way)
        for milestone in event.changes.milestones:
            found.sets["milestone"][milestone.value].add(way)
        if event.changes.errand is not None:
            found.sets["errand"][event.changes.errand.kind].add(way)
    if after.ticket.outcome not in (None, before.ticket.outcome):
        found.sets["outcome"][after.ticket.outcome.value].add(way)
    done = after.handed_over()
    for errand in done.ticket.errands:
        done = errand_done(done, errand, now).handed_over()
    return Spot(done, now, trail, between)


def _note_beside(found: Found, event: Event, known: set[tuple[str, datetime]], way: Way) -> None:
    for hold in event.changes.holds:
        if hold.over:
            found.sets["hold ends"][hold.reason.value].add(way)
        elif hold.key not in known:
            found.sets["hold begins"][hold.reason.value].add(way)
            known.add(hold.key)
