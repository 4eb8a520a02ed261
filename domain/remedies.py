"""三包: which remedies the customer may choose from, decided from the recorded facts (D5-C6).

The law: 微型计算机商品修理更换退货责任规定, order no. 24 of the General Administration of Quality
Supervision (国家质量监督检验检疫总局) and the Ministry of Information Industry (信息产业部), issued
on 2002-07-23, in force since 2002-09-01. Taken from it: the period begins with the day of the
invoice, leaves out the days in repair and of waiting for parts, and a last day on a public holiday
moves to the next workday; invoice and certificate are shown (art. 9); a return is repaid at the
invoice price, in one payment; an exchange begins the period of the whole unit anew; what misuse
broke has no claim.

The one place that answers it. Day 0 is the day of the invoice; a stretch of n days ends at 24:00 of
the n-th (Civil Code 201, 203(2)). The day of the report decides, not that of the choice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from domain.calendars import CalendarUnknown, Workdays
from domain.facts import read_fact
from domain.policy import Policy
from domain.records import Record
from domain.terms import ThreeGuarantees
from domain.vocabulary import Cause, Proof, Remedy
from domain.warranty import LONGEST_HOLIDAY, months_later

_RETURN = (Remedy.RETURN, Remedy.EXCHANGE, Remedy.REPAIR)
_EXCHANGE = (Remedy.EXCHANGE, Remedy.REPAIR)
_LONGEST_IN_REPAIR = 3660
"""No count of days reaches past the calendar."""
_ABLE = {_RETURN: "可退、可换、可修", _EXCHANGE: "可换、可修"}


class Evidence(Record):
    """One proof that a choice stands on; `what` is known of it, None while it is missing."""

    proof: Proof
    what: str | None = None

    @property
    def have(self) -> bool:
        return self.what is not None


class RemedyDecision(Record):
    """What may be chosen, and why.

    `last_day` is that of the window that gives the choice, or of the latest that has passed; its
    end is at 24:00. `may_move`: it may be a holiday of a year that nobody has announced.
    """

    open_to: tuple[Remedy, ...] = ()
    reason: str
    clauses: tuple[str, ...] = ()
    last_day: date | None = None
    may_move: bool = False
    evidence: tuple[Evidence, ...] = ()

    @property
    def missing(self) -> tuple[Proof, ...]:
        """The proofs that nobody has seen yet."""
        return tuple(one.proof for one in self.evidence if not one.have)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An exchange that was chosen on `since` and not made by `today`."""

    since: date
    today: date


def decide_remedies(
    policy: Policy,
    facts: Mapping[str, object],
    reported_on: date,
    *,
    shown: Mapping[Proof, str] | None = None,
    waiting: Waiting | None = None,
) -> RemedyDecision:
    """The remedies open for a fault reported on that day; `shown` is what the customer brought.

    A fault that is not the product's, of another class of product, that the law does not list, or
    without an invoice date gives none: whoever decides must know these first. A listed fault that
    nobody has confirmed gives the choice, and stands among the missing evidence. The repairs that
    count are of this unit, by an authorised shop (D5-C6.3.b).
    Refused (InvalidInput, the fact) for a fact of a wrong type.
    """
    terms = policy.three_guarantees
    days = terms.extend_over_holidays if terms is not None else None
    calendar = policy.calendar(days) if days is not None else None
    workdays = calendar if isinstance(calendar, Workdays) else None
    return _decide(terms, facts, reported_on, workdays, shown or {}, waiting)


def choices(
    terms: ThreeGuarantees | None, facts: Mapping[str, object], reported_on: date
) -> tuple[Remedy, ...]:
    """What these terms alone give, without a calendar: no last day is moved past a holiday."""
    return _decide(terms, facts, reported_on, None, {}, None).open_to


def _decide(
    terms: ThreeGuarantees | None,
    facts: Mapping[str, object],
    reported_on: date,
    workdays: Workdays | None,
    shown: Mapping[Proof, str],
    waiting: Waiting | None,
) -> RemedyDecision:
    known = {name: read_fact(name, facts.get(name)) for name in _FACTS}
    if terms is None or known["product_class"] not in terms.classes:
        return RemedyDecision(reason="这类产品不适用三包")
    bought = known["invoice_date"]
    # An explicit "unknown" leaves the cause open; nothing at all is taken for one of quality.
    why = _barred(known, facts.get("cause", Cause.QUALITY.value), bought, reported_on)
    if why is not None or not isinstance(bought, date):
        evidence = _evidence(terms, known, shown)
        return RemedyDecision(reason=why or "", clauses=terms.clauses, evidence=evidence)
    windows = _windows(terms, known, bought, reported_on, workdays)
    decision = _by_window(terms, windows, known, reported_on, shown)
    return _return_after_waiting(terms, decision, waiting)


_FACTS = (
    *("product_class", "invoice_date", "listed_fault"),
    *("repairs_done", "days_in_repair", "exchanged_on"),
)


def _barred(
    known: Mapping[str, object], cause: object, bought: object, reported_on: date
) -> str | None:
    """Why there is no choice whatever the day, if there is none."""
    if cause in (None, Cause.UNKNOWN):
        return "原因还没有判定,先判定是不是质量原因"
    if cause != Cause.QUALITY:
        return "不是质量原因,没有三包选择"
    if known["listed_fault"] is False:
        return "不属于三包所列的性能故障,没有三包选择"
    if not isinstance(bought, date):
        return "不知道开票日,无法判定三包"
    if reported_on < bought:
        return f"报修早于开票日 {bought}"
    return None


@dataclass(frozen=True, slots=True)
class _Window:
    """A stretch that gives a choice: until `last_day`, `after` so many failed repairs."""

    able: tuple[Remedy, ...]
    says: str
    last_day: date
    may_move: bool = False
    after: int = 0

    def in_doubt(self, day: date) -> bool:
        return self.may_move and self.last_day < day <= self.last_day + LONGEST_HOLIDAY

    @property
    def until(self) -> str:
        return f"{self.says},到 {self.last_day} 24:00 止"


def _windows(
    terms: ThreeGuarantees,
    known: Mapping[str, object],
    bought: date,
    reported_on: date,
    workdays: Workdays | None,
) -> tuple[_Window, ...]:
    """The three stretches, in order; only the longest begins anew with an exchange."""
    spent, exchanged = known["days_in_repair"], known["exchanged_on"]
    anew = isinstance(exchanged, date) and bought < exchanged <= reported_on
    began, name = (exchanged, "换机日") if anew else (bought, "开票日")
    assert isinstance(began, date)
    days = min(round(spent), _LONGEST_IN_REPAIR) if isinstance(spent, int | float) else 0
    left_out = timedelta(days=days)
    months = months_later(began, terms.exchange_months) + left_out
    less = f",扣除修理和待件 {left_out.days} 天" if left_out else ""
    from_invoice = f"开票日 {bought} 为第 0 天"
    return tuple(
        _moved(window, workdays)
        for window in (
            _Window(
                _RETURN,
                f"{from_invoice},{terms.return_days} 日内",
                bought + timedelta(days=terms.return_days),
            ),
            _Window(
                _EXCHANGE,
                f"{from_invoice},{terms.exchange_days} 日内",
                bought + timedelta(days=terms.exchange_days),
            ),
            _Window(
                _EXCHANGE,
                f"{name} {began} 起 {terms.exchange_months} 个月{less}",
                months,
                after=terms.exchange_after_repairs,
            ),
        )
    )


def _moved(window: _Window, workdays: Workdays | None) -> _Window:
    """A last day on a holiday moves to the next workday, where the calendar knows it."""
    if workdays is None:
        return window
    try:
        last_day, may_move = workdays.workday_from(window.last_day), False
    except CalendarUnknown:
        last_day, may_move = window.last_day, True
    return _Window(window.able, window.says, last_day, may_move, window.after)


def _by_window(
    terms: ThreeGuarantees,
    windows: tuple[_Window, ...],
    known: Mapping[str, object],
    reported_on: date,
    shown: Mapping[Proof, str],
) -> RemedyDecision:
    repairs = known["repairs_done"]
    done = repairs if isinstance(repairs, int | float) else 0
    for window in windows:
        if reported_on <= window.last_day and done >= window.after:
            often = f",已修 {round(done)} 次仍不能用" if window.after else ""
            return RemedyDecision(
                open_to=window.able,
                reason=f"{window.until}{often}:{_ABLE[window.able]}",
                clauses=terms.clauses,
                last_day=window.last_day,
                may_move=window.may_move,
                evidence=_evidence(terms, known, shown, repaired=window.after > 0),
            )
    last = windows[-1]
    running = reported_on <= last.last_day
    closed = windows[1] if running else last
    why = f",已修不足 {last.after} 次" if running else ""
    doubt = any(one.in_doubt(reported_on) and done >= one.after for one in windows)
    moves = ";最后一天是否因法定休假日顺延尚不知道,请核定" if doubt else ""
    return RemedyDecision(
        reason=f"{closed.until},已过期{why}{moves}",
        clauses=terms.clauses,
        last_day=closed.last_day,
        may_move=doubt,
        evidence=_evidence(terms, known, shown, repaired=running),
    )


def _return_after_waiting(
    terms: ThreeGuarantees, decision: RemedyDecision, waiting: Waiting | None
) -> RemedyDecision:
    """What could not be exchanged in time may be given back (D5-C6.2.b)."""
    limit = terms.return_after_exchange_days
    if waiting is None or limit is None or Remedy.RETURN in decision.open_to:
        return decision
    last_day = waiting.since + timedelta(days=limit)
    if waiting.today <= last_day:
        return decision
    return decision.model_copy(
        update={
            "open_to": (Remedy.RETURN, *(decision.open_to or _EXCHANGE)),
            "reason": f"{waiting.since} 选择换货,{limit} 日内没有换成,可退;{decision.reason}",
        }
    )


def _evidence(
    terms: ThreeGuarantees,
    known: Mapping[str, object],
    shown: Mapping[Proof, str],
    *,
    repaired: bool = False,
) -> tuple[Evidence, ...]:
    """What a choice stands on. The repairs count only where they give the choice."""
    bought, repairs = known["invoice_date"], known["repairs_done"]
    found: dict[Proof, str | None] = {
        Proof.INVOICE: f"开票日 {bought}" if bought is not None else None,
        Proof.LISTED_FAULT: "已确认属于所列性能故障" if known["listed_fault"] is True else None,
    }
    if repaired:
        done = round(repairs) if isinstance(repairs, int | float) else 0
        enough = done >= terms.exchange_after_repairs
        found[Proof.REPAIRS] = f"已修 {done} 次" if enough else None
        found[Proof.REPAIR_RECORDS] = None
    return tuple(
        Evidence(proof=proof, what=shown.get(proof, what)) for proof, what in found.items()
    )
