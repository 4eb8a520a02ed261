"""The loaner's own graph, found in the same way: orders, the stock book, its ticket, and time."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, get_args

from docs.generate.found import Edge, Found, Way, explore
from docs.generate.ticket_orders import START
from domain.commands import Order
from domain.directory import Loaner
from domain.lending.case import LoanCase, charge_waits, is_over, open_loan
from domain.lending.deadlines import in_stock_again, may_be_lent_again, next_wake_of, settle_loan
from domain.lending.news import take_news
from domain.lending.orders import RULES, decide_loan
from domain.lending.reservation import answered, look_again
from domain.loan import Asked, Loan, Reservation, TicketNews, Wanted
from domain.policy import Policy
from domain.promise import Promise
from domain.refusals import Refused
from domain.ticket import Actor
from domain.vocabulary import LoanerCommand, Role

MOST = 2_000
DEVICE = Loaner(id="L01", product_class="c", product="P", grade="new")
COMES_BACK = {
    "id": "loaner_return",
    "clauses": ["any"],
    "says": "any",
    "kept_by": "loaner",
    "starts": "last loaner_recalled",
    "met_by": "loaner_returned",
    "within": "3 days",
    "void_by": "loaner_lost",
}
ORDERS: tuple[tuple[LoanerCommand, str, dict[str, Any]], ...] = (
    (LoanerCommand.RESERVE, "", {"loaner": DEVICE.id}),
    (LoanerCommand.DELIVER, "", {}),
    (LoanerCommand.RECALL, "", {}),
    (LoanerCommand.TAKE_BACK, "good", {"condition": "good"}),
    (LoanerCommand.TAKE_BACK, "damaged", {"condition": "damaged", "charge_fen": 100}),
    (LoanerCommand.TAKE_BACK, "damaged", {"condition": "damaged"}),
    (LoanerCommand.REPORT_LOST, "", {"reason": "x", "charge_fen": 100}),
    (LoanerCommand.REPORT_LOST, "", {"reason": "x"}),
    (LoanerCommand.APPROVE_CHARGE, "", {"approved": True}),
    (LoanerCommand.APPROVE_CHARGE, "", {"approved": False}),
)


@dataclass(frozen=True, slots=True)
class Spot:
    """One loan at one moment, and the shortest way by which it came there."""

    case: LoanCase
    now: datetime
    trail: tuple[Way, ...] = ()


def explored_loans() -> Found:
    """Everything that the domain lets happen to a loan."""
    found = Found()
    policy = Policy(name="any", title="any", promises=(Promise.model_validate(COMES_BACK),))
    wanted = Wanted(product_class=DEVICE.product_class, product=DEVICE.product)
    loan = Loan(id="loaner/W1/1", ticket_no="W1", number=1, wanted=wanted, asked=Asked(at=START))
    seed = Spot(open_loan(loan, policy, START).handed_over(), START)
    explore([seed], lambda spot: _moves(found, spot), _key, MOST)
    return found


def _key(spot: Spot) -> Hashable:
    loan, case = spot.case.loan, spot.case
    asks = case.asking is not None and (case.asking.device is not None, case.look)
    return (loan.state, loan.condition, loan.holding, charge_waits(loan), asks)


def _moves(found: Found, spot: Spot) -> Iterator[Spot]:
    found.resting.add(spot.case.loan.state.value)
    spot = Spot(spot.case, spot.now + timedelta(minutes=1), spot.trail)
    yield from _by_order(found, spot)
    yield from _by_stock(found, spot)
    yield from _by_ticket(found, spot)
    if not is_over(spot.case.loan):
        yield from _by_time(found, spot)


def _by_order(found: Found, spot: Spot) -> Iterator[Spot]:
    for command, shade, fields in ORDERS:
        role = next(one for one in Role if one in RULES[command].roles)
        order = Order(by=Actor(role=role, name="x"), fields=fields)
        try:
            after = decide_loan(spot.case, command.value, order, spot.now)
        except Refused:
            continue
        found.accepted.add((command.value, spot.case.loan.state.value))
        yield _note(found, spot, after, Way(command.value, shade))


def _by_stock(found: Found, spot: Spot) -> Iterator[Spot]:
    yield _note(found, spot, look_again(spot.case), Way("stock again", command=False))
    asking = spot.case.asking
    if asking is None:
        return
    for answer in get_args(Reservation.model_fields["answer"].annotation):
        device = DEVICE if answer == "reserved" else None
        after = answered(spot.case, Reservation(answer=answer, device=device), spot.now)
        picked = asking.device is not None
        if answer == "not_in_stock" and not picked:
            continue  # said of a device that was picked, never of the line
        way = Way("reserve") if picked else Way(f"stock book says {answer}", command=False)
        yield _note(found, spot, after, way)


def _by_ticket(found: Found, spot: Spot) -> Iterator[Spot]:
    for kind in get_args(TicketNews.model_fields["kind"].annotation):
        other = "W2" if kind == "merged" else spot.case.loan.ticket_no
        news = TicketNews(kind=kind, ticket_no=other, at=spot.now)
        way = Way(f"ticket {kind}", command=False)
        yield _note(found, spot, take_news(spot.case, news, spot.now), way)


def _by_time(found: Found, spot: Spot) -> Iterator[Spot]:
    at = spot
    while (wake := next_wake_of(at.case, at.now)) is not None:
        at = Spot(at.case, wake.at, at.trail)
        if may_be_lent_again(at.case, at.now):
            clean = in_stock_again(at.case, at.now)
            at = _note(found, at, clean, Way("loaner_back_in_stock", command=False))
        else:
            after = settle_loan(at.case, at.now)
            told = (one.kind for one in reversed(after.events) if one.kind != "notice_due")
            at = _note(found, at, after, Way(next(told, "time"), command=False))
        yield at


def _note(found: Found, before: Spot, after: LoanCase, way: Way) -> Spot:
    was, now_is = before.case.loan, after.loan
    found.shades[way.word].add(way.shade)
    trail = (*before.trail, way)
    if was.state is not now_is.state:
        found.edges.setdefault(Edge(was.state.value, now_is.state.value, way), trail)
    for milestone, times in now_is.milestones.items():
        if len(times) > len(was.milestones.get(milestone, ())):
            found.sets["milestone"][milestone.value].add(way)
    if is_over(now_is):
        found.sets["over"][now_is.state.value].add(way)
    return Spot(after.handed_over(), before.now, trail)
