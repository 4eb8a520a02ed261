"""保内还是保外: the warranty decision, its basis and its clauses (D1-5.2.1.e).

In warranty means: parts and labour are free for a quality cause on the day of the report. A term
of n months ends at 24:00 of the day that bears the same number, or of the month's last day where
there is none (Civil Code 202). Unknown is an answer: it says which purchase date is missing.
"""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from domain.calendars import CalendarUnknown
from domain.policy import Coverage, CoverageKind, Policy, PurchaseDate, WarrantyTerms
from domain.records import Record
from domain.vocabulary import Cause, PartClass, Warranty

# No public holiday is longer: a report later than this after a term needs no calendar.
_LONGEST_HOLIDAY = timedelta(days=15)

_DATE_NAMES = {
    PurchaseDate.INVOICE_DATE: "开票日",
    PurchaseDate.DELIVERED_ON: "交货日",
    PurchaseDate.ACCEPTED_ON: "验收日",
}
_CAUSE_NAMES = {
    Cause.QUALITY: "质量原因",
    Cause.MISUSE: "人为损坏",
    Cause.WEAR: "正常磨损",
    Cause.FORCE_MAJEURE: "不可抗力",
    Cause.UNKNOWN: "原因未明",
}
_COVERAGE_NAMES = {
    CoverageKind.PARTS_AND_LABOUR: "保修(配件和人工免费)",
    CoverageKind.LABOUR: "免费维护(只免人工,配件收费)",
    CoverageKind.LIFETIME_PAID: "终身有偿服务",
}


class PurchaseFacts(Record):
    """The days from which a warranty may run; unknown is None."""

    invoice_date: date | None = None
    delivered_on: date | None = None
    accepted_on: date | None = None


class WarrantyDecision(Record):
    """The answer, with the line that justifies it.

    `starts_on`, `ends_on` (its last day) and `coverage` are of the term that decided; out of
    warranty, `coverage` is what is still free or offered. `missing` are the purchase dates of which
    one would settle an unknown.
    """

    in_warranty: Warranty
    basis: str
    clauses: tuple[str, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None
    coverage: CoverageKind | None = None
    missing: tuple[PurchaseDate, ...] = ()


@dataclass(frozen=True, slots=True)
class _Term:
    """A coverage on the calendar: its start basis, its first and its last day.

    `may_move` says that the last day may be a holiday in a year that the calendar does not know.
    """

    coverage: Coverage
    basis: PurchaseDate
    starts_on: date
    ends_on: date
    may_move: bool = False

    def covers(self, day: date) -> bool:
        return day <= self.ends_on

    def is_in_doubt(self, day: date) -> bool:
        """Whether only the unknown calendar could tell if that day is covered."""
        return self.may_move and self.ends_on < day <= self.ends_on + _LONGEST_HOLIDAY

    def __str__(self) -> str:
        return (
            f"{_DATE_NAMES[self.basis]} {self.starts_on} 起 {self.coverage.months} 个月"
            f"{_COVERAGE_NAMES[self.coverage.kind]},到 {self.ends_on} 24:00 止"
        )


def decide_warranty(
    policy: Policy,
    purchase: PurchaseFacts,
    reported_on: date,
    cause: Cause = Cause.UNKNOWN,
    part_class: PartClass | None = None,
) -> WarrantyDecision:
    """Whether a report of that day is in warranty, under the policy's terms and for that cause.

    A cause that is paid for even inside the warranty (misuse) settles it without any date.
    """
    terms = policy.warranty
    if terms is None:
        return WarrantyDecision(in_warranty=Warranty.UNKNOWN, basis=f"{policy.title}没有写保修条款")
    for paid in terms.paid_causes:
        if paid.cause is cause:
            basis = f"{_CAUSE_NAMES[cause]},保修期内也收费"
            return WarrantyDecision(in_warranty=Warranty.OUT, basis=basis, clauses=paid.clauses)
    return _by_date(_Terms(terms, policy, purchase, part_class), reported_on)


class _Terms:
    """The coverages that concern this part, each with its term where the purchase dates allow."""

    def __init__(
        self,
        terms: WarrantyTerms,
        policy: Policy,
        purchase: PurchaseFacts,
        part_class: PartClass | None,
    ) -> None:
        self._purchase = purchase
        days = terms.extend_over_holidays
        self._workdays = None if days is None else policy.calendar(days)
        self.coverages = _coverages_for(terms.coverages, part_class)

    def of_kind(self, kind: CoverageKind) -> list[Coverage]:
        return [one for one in self.coverages if one.kind is kind]

    def term(self, coverage: Coverage) -> _Term | None:
        for basis in coverage.starts:
            starts_on: date | None = getattr(self._purchase, basis.value)
            if starts_on is not None and coverage.months is not None:
                ends_on = months_later(starts_on, coverage.months)
                return self._moved(_Term(coverage, basis, starts_on, ends_on))
        return None

    def _moved(self, term: _Term) -> _Term:
        """The term with a last day on a holiday moved to the next workday (Civil Code 203)."""
        if self._workdays is None:
            return term
        try:
            return replace(term, ends_on=self._workdays.workday_from(term.ends_on))
        except CalendarUnknown:
            return replace(term, may_move=True)


def _by_date(terms: _Terms, reported_on: date) -> WarrantyDecision:
    full = terms.of_kind(CoverageKind.PARTS_AND_LABOUR)
    found = [term for one in full if (term := terms.term(one)) is not None]
    for term in found:
        if term.covers(reported_on):
            return _decision(Warranty.IN, term)
    for term in found:
        if term.is_in_doubt(reported_on):
            note = ",其后是否因法定休假日顺延尚不知道"
            return _decision(Warranty.UNKNOWN, term, note)
    if len(found) < len(full):
        return _unknown([one for one in full if terms.term(one) is None])
    return _out(terms, found, reported_on)


def _coverages_for(
    coverages: Sequence[Coverage], part_class: PartClass | None
) -> tuple[Coverage, ...]:
    """Those of that part class, else those of the whole thing."""
    own = tuple(one for one in coverages if part_class in one.part_classes)
    return own or tuple(one for one in coverages if not one.part_classes)


def months_later(day: date, months: int) -> date:
    """The day of the same number so many months on, or the month's last day (Civil Code 202)."""
    years, month = divmod(day.month - 1 + months, 12)
    last = calendar.monthrange(day.year + years, month + 1)[1]
    return date(day.year + years, month + 1, min(day.day, last))


def _decision(
    answer: Warranty, term: _Term, note: str = "", before: _Term | None = None
) -> WarrantyDecision:
    """The decision by that term; `before` is the fuller one that has expired."""
    return WarrantyDecision(
        in_warranty=answer,
        basis=f"{before},已过期;{term}" if before else f"{term}{note}",
        clauses=(*(before.coverage.clauses if before else ()), *term.coverage.clauses),
        starts_on=term.starts_on,
        ends_on=term.ends_on,
        coverage=term.coverage.kind,
    )


def _unknown(coverages: Sequence[Coverage]) -> WarrantyDecision:
    missing = tuple(dict.fromkeys(basis for one in coverages for basis in one.starts))
    names = "、".join(_DATE_NAMES[basis] for basis in missing)
    return WarrantyDecision(
        in_warranty=Warranty.UNKNOWN,
        basis=f"不知道{names}{'中的任何一个' if len(missing) > 1 else ''},无法判定保修期",
        clauses=tuple(dict.fromkeys(clause for one in coverages for clause in one.clauses)),
        missing=missing,
    )


def _out(terms: _Terms, expired: Sequence[_Term], reported_on: date) -> WarrantyDecision:
    """Out of warranty, and what is still free, or offered for ever."""
    if not expired:
        basis = "条款里没有配件和人工都免费的保修"
        return WarrantyDecision(in_warranty=Warranty.OUT, basis=basis)
    latest = max(expired, key=lambda term: term.ends_on)
    for coverage in terms.of_kind(CoverageKind.LABOUR):
        term = terms.term(coverage)
        if term is not None and term.covers(reported_on):
            return _decision(Warranty.OUT, term, before=latest)
    decision = _decision(Warranty.OUT, latest, ",已过期")
    lifetime = terms.of_kind(CoverageKind.LIFETIME_PAID)
    if not lifetime:
        return decision.model_copy(update={"coverage": None})
    return decision.model_copy(
        update={
            "basis": f"{decision.basis};{_COVERAGE_NAMES[CoverageKind.LIFETIME_PAID]}",
            "clauses": (*decision.clauses, *(c for one in lifetime for c in one.clauses)),
            "coverage": CoverageKind.LIFETIME_PAID,
        }
    )
