"""One loan under test, without Temporal: settle, decide, answer for the stock book."""

from datetime import datetime, timedelta
from typing import Any

from domain.commands import LookedUp, Order
from domain.directory import Loaner
from domain.lending.case import LoanCase, open_loan
from domain.lending.deadlines import in_stock_again, may_be_lent_again, settle_loan
from domain.lending.news import take_news
from domain.lending.orders import decide_loan
from domain.lending.reservation import answered, look_again
from domain.loan import Asked, Loan, LoanerStart, Reservation, TicketNews, Wanted
from domain.policy import Policy
from domain.promise import Promise
from domain.ticket import Actor
from domain.vocabulary import Keeper, LoanerState, Role
from tests.unit.acting import MONDAY

METER = Loaner(id="L01", product_class="instrument", product="水质仪", grade="new")
OTHER = Loaner(id="L02", product_class="instrument", product="天平", grade="usable")
TECHNICIAN, SUPERVISOR, DEPT_HEAD = "technician", "supervisor", "dept_head"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

RETURN = Promise.model_validate(
    {
        "id": "loaner_return",
        "clauses": ["D5-A3.4.b"],
        "says": "三日内收回",
        "kept_by": "loaner",
        "starts": "last loaner_recalled",
        "met_by": "loaner_returned",
        "within": "72 hours",
        "void_by": "loaner_lost",
    }
)


SMALL = Policy(name="small", title="试用政策", promises=(RETURN,))


class Lending:
    """One loan; `now` moves only when told."""

    def __init__(self, policy: Policy = SMALL) -> None:
        self.now = MONDAY
        loan = Loan(
            id="loaner/W1/1",
            ticket_no="W1",
            number=1,
            wanted=Wanted(product_class="instrument", product="水质仪", grade="new"),
            asked=Asked(promise="fixed_or_loaner", clauses=("D5-A3.4.a",), at=MONDAY),
        )
        start = LoanerStart(loan=loan, policy=policy.kept_by(Keeper.LOANER))
        self.case = open_loan(start.loan, start.policy, self.now)

    @property
    def loan(self) -> Loan:
        return self.case.loan

    @property
    def state(self) -> LoanerState:
        return self.case.loan.state

    def at(self, moment: datetime) -> "Lending":
        """Time passes until then, as the one timer would let it."""
        self.now = moment
        return self._become(self.case)

    def later(self, **duration: float) -> "Lending":
        return self.at(self.now + timedelta(**duration))

    def do(self, command: str, role: str, in_stock: bool | None = None, **fields: Any) -> "Lending":
        order = Order(
            by=Actor(role=Role(role), name="甲"),
            fields=fields,
            looked_up=LookedUp(in_stock=in_stock),
        )
        return self._become(decide_loan(self._settled(), command, order, self.now))

    def answer(self, answer: str, device: Loaner | None = None) -> "Lending":
        """The stock book's answer to what is asked."""
        reservation = Reservation.model_validate({"answer": answer, "device": device})
        return self._become(answered(self._settled(), reservation, self.now))

    def hear(self, kind: str, ticket_no: str = "W1", at: datetime | None = None) -> "Lending":
        news = TicketNews.model_validate(
            {"kind": kind, "ticket_no": ticket_no, "at": at or self.now}
        )
        return self._become(take_news(self._settled(), news, self.now))

    def look_again(self) -> "Lending":
        return self._become(look_again(self._settled()))

    def give_back(self) -> "Lending":
        """As the workflow does, once it may."""
        assert may_be_lent_again(self.case, self.now)
        return self._become(in_stock_again(self.case, self.now))

    def kinds(self) -> list[str]:
        return [event.kind for event in self.case.events if event.kind != "notice_due"]

    def told(self, about: str) -> list[str]:
        """The roles that were to be told of it, in order."""
        notices = [event.details for event in self.case.events if event.kind == "notice_due"]
        return [str(one["to"]) for one in notices if one["about"] == about]

    def _settled(self) -> LoanCase:
        return settle_loan(self.case, self.now)

    def _become(self, case: LoanCase) -> "Lending":
        self.case = settle_loan(case, self.now)
        return self


def lending(until: str, policy: Policy = SMALL) -> Lending:
    """A loan brought to that point: a state, or one of the finer ones."""
    made = Lending(policy)
    match until:
        case "requested":
            return made
        case "needs_decision" | "no_stock":
            return made.answer(until)
        case "released":
            return made.hear("ended")
    made.answer("reserved", METER)
    if until == "reserved":
        return made
    made.later(hours=1).do("deliver", TECHNICIAN)
    if until == "delivered":
        return made
    made.later(hours=1).hear("repaired").later(minutes=1)
    if until == "recalled":
        return made
    return _after_recall(made, until)


def _after_recall(made: Lending, until: str) -> Lending:
    match until:
        case "overdue":
            return made.later(days=4)
        case "returned":
            return made.do("take_back", TECHNICIAN, condition="good")
        case "in_stock":
            return made.do("take_back", TECHNICIAN, condition="good").later(days=1).give_back()
        case "damaged":
            return made.do("take_back", TECHNICIAN, condition="damaged")
        case "damaged_charged":
            return made.do("take_back", TECHNICIAN, condition="damaged", charge_fen=5000)
        case "lost":
            return made.do("report_lost", SUPERVISOR, reason="找不到")
        case "lost_charged":
            return made.do("report_lost", SUPERVISOR, reason="找不到", charge_fen=80000)
    raise ValueError(until)
