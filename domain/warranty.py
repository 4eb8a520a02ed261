"""保内还是保外: the warranty decision, its basis and its clauses (D1-5.2.1.e).

In warranty means: parts and labour are free for a quality cause on the day of the report. Whose
word it is goes by the policy's `precedence`: contract, warranty card, policy, company default
(D5-A3.2.c, D5-C11). The first that says anything of that class of part decides it (D5-C1); one
that `stacks` adds to what stands below it, and the better term wins (D2-2.4.a). A term of n months
ends at 24:00 of the day that bears the same number, or of the month's last day where there is none
(Civil Code 202). Unknown is an answer: it says which purchase date is missing.
"""

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Self

from domain.calendars import CalendarUnknown
from domain.directory import Device, Entitlement
from domain.policy import Policy
from domain.records import Record
from domain.terms import Coverage, CoverageKind, PaidCause, Term, TermSource
from domain.vocabulary import Cause, PartClass, PurchaseDate, Warranty

LONGEST_HOLIDAY = timedelta(days=15)
"""No public holiday is longer: a report later than this after a term needs no calendar."""

_DATE_NAMES = {
    PurchaseDate.INVOICE_DATE: "开票日",
    PurchaseDate.DELIVERED_ON: "交货日",
    PurchaseDate.ACCEPTED_ON: "验收日",
    PurchaseDate.CONTRACTED_ON: "合同签订日",
    PurchaseDate.EXCHANGED_ON: "换机日",
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
# A policy's own terms are what everybody expects: the basis names any other word.
_SOURCE_NAMES = {
    TermSource.CONTRACT: "按合同",
    TermSource.CARD: "按保修卡",
    TermSource.DEFAULT: "按公司默认",
}
_NOT_FREE = "条款里没有配件和人工都免费的保修"
# Where no policy lists them: the same as the policies' own default.
_PAID_CAUSES = (PaidCause(cause=Cause.MISUSE),)


class PurchaseFacts(Record):
    """The days from which a warranty may run, what was agreed beside the policy, what was bought.

    Unknown is None.
    """

    invoice_date: date | None = None
    delivered_on: date | None = None
    accepted_on: date | None = None
    contracted_on: date | None = None
    exchanged_on: date | None = None
    contract: Entitlement | None = None
    warranty_card: Entitlement | None = None
    product_class: str | None = None

    @classmethod
    def of(cls, device: Device | None) -> Self:
        """What the books, or the register entry, say of that device."""
        if device is None:
            return cls()
        return cls(**{name: getattr(device, name) for name in cls.model_fields})


class WarrantyDecision(Record):
    """The answer, with the line that justifies it.

    `source`: whose word it is; None where somebody decided, or where nobody says anything.
    `starts_on`, `ends_on` (its last day) and `coverage` are of the term that decided; out of
    warranty, `coverage` is what is still free or offered. `missing` are the purchase dates of which
    one would settle an unknown.
    """

    in_warranty: Warranty
    basis: str
    clauses: tuple[str, ...] = ()
    source: TermSource | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    coverage: CoverageKind | None = None
    missing: tuple[PurchaseDate, ...] = ()


@dataclass(frozen=True, slots=True)
class _Offer:
    """A term that somebody's word gives: whose, and the number of the paper it stands in."""

    term: Term
    source: TermSource
    number: str | None = None

    @property
    def clauses(self) -> tuple[str, ...]:
        return self.term.clauses if isinstance(self.term, Coverage) else ()

    def __str__(self) -> str:
        name = _SOURCE_NAMES.get(self.source)
        return "" if name is None else f"{name}{f' {self.number}' if self.number else ''},"


@dataclass(frozen=True, slots=True)
class _Run:
    """An offer on the calendar: its start basis, its first and its last day.

    `may_move` says that the last day may be a holiday in a year that the calendar does not know.
    """

    offer: _Offer
    basis: PurchaseDate
    starts_on: date
    ends_on: date
    may_move: bool = False

    def covers(self, day: date) -> bool:
        return day <= self.ends_on

    def is_in_doubt(self, day: date) -> bool:
        """Whether only the unknown calendar could tell if that day is covered."""
        return self.may_move and self.ends_on < day <= self.ends_on + LONGEST_HOLIDAY

    def __str__(self) -> str:
        term = self.offer.term
        return (
            f"{self.offer}{_DATE_NAMES[self.basis]} {self.starts_on} 起 {term.months} 个月"
            f"{_COVERAGE_NAMES[term.kind]},到 {self.ends_on} 24:00 止"
        )


def decide_warranty(
    policy: Policy,
    purchase: PurchaseFacts,
    reported_on: date,
    cause: Cause = Cause.UNKNOWN,
    part_class: PartClass | None = None,
) -> WarrantyDecision:
    """Whether a report of that day is in warranty, for that cause and that class of part.

    Without a class it is asked of the whole unit. A cause that is paid for even inside the
    warranty (misuse) settles it without any date.
    """
    terms = _Terms(policy, purchase, part_class)
    if not terms.any_at_all:
        return WarrantyDecision(in_warranty=Warranty.UNKNOWN, basis=f"{policy.title}没有写保修条款")
    paid = paid_cause(policy, cause)
    if paid is not None:
        return WarrantyDecision(
            in_warranty=Warranty.OUT,
            basis=f"{_CAUSE_NAMES[cause]},保修期内也收费",
            clauses=paid.clauses,
            source=TermSource.POLICY,
        )
    return _by_date(terms, reported_on)


def paid_cause(policy: Policy, cause: Cause) -> PaidCause | None:
    """The entry that makes that cause paid for even inside the warranty, whoever's word it is."""
    listed = policy.warranty.paid_causes if policy.warranty is not None else _PAID_CAUSES
    return next((one for one in listed if one.cause is cause), None)


def coverages_running(
    policy: Policy,
    purchase: PurchaseFacts,
    day: date,
    part_class: PartClass | None = None,
) -> frozenset[CoverageKind]:
    """The kinds of coverage that run on that day for that class of part, whatever the cause.

    What is not known to run does not; lifetime service never ends.
    """
    terms = _Terms(policy, purchase, part_class)
    running = {run.offer.term.kind for run in terms.runs(terms.offers) if run.covers(day)}
    endless = {one.term.kind for one in terms.of_kind(CoverageKind.LIFETIME_PAID)}
    return frozenset(running | endless)


def coverages_over(
    policy: Policy,
    purchase: PurchaseFacts,
    day: date,
    part_class: PartClass | None = None,
) -> frozenset[CoverageKind]:
    """The kinds of coverage that are over on that day for that class of part, whatever the cause.

    One that is not given is over from the first day. What is not known to be over is not: a start
    that is unknown, a last day that may be moved, a device of which nobody says anything.
    """
    terms = _Terms(policy, purchase, part_class)
    if not terms.any_at_all:
        return frozenset()
    over = set(CoverageKind)
    for one in terms.offers:
        run = terms.run(one)
        if run is None or run.covers(day) or run.is_in_doubt(day):
            over.discard(one.term.kind)
    return frozenset(over)


class _Terms:
    """What concerns this part, by the word that counts, on the calendar where the dates allow."""

    def __init__(
        self, policy: Policy, purchase: PurchaseFacts, part_class: PartClass | None
    ) -> None:
        self._purchase = purchase
        self._policy = policy
        said = _said(policy, purchase)
        self.any_at_all = bool(said)
        self.offers = _offers(policy, said, part_class)

    def of_kind(self, kind: CoverageKind) -> list[_Offer]:
        return [one for one in self.offers if one.term.kind is kind]

    def runs(self, offers: Iterable[_Offer]) -> list[_Run]:
        """Those of them whose start is known."""
        return [run for one in offers if (run := self.run(one)) is not None]

    def run(self, offer: _Offer) -> _Run | None:
        months = offer.term.months
        for basis in offer.term.starts:
            starts_on: date | None = getattr(self._purchase, basis.value)
            if starts_on is not None and months is not None:
                return self._moved(_Run(offer, basis, starts_on, months_later(starts_on, months)))
        return None

    def _moved(self, run: _Run) -> _Run:
        """The term with a last day on a holiday moved to the next workday (Civil Code 203)."""
        days = self._workdays_of(run.offer.source)
        if days is None:
            return run
        try:
            return replace(run, ends_on=self._policy.calendar(days).workday_from(run.ends_on))
        except CalendarUnknown:
            return replace(run, may_move=True)

    def _workdays_of(self, source: TermSource) -> str | None:
        """The calendar that extends the terms of that word.

        It is the warranty's, for a contract and a card too. The default may have its own, by which
        contract and card go where the policy has no warranty.
        """
        ours, default = self._policy.warranty, self._policy.default_warranty
        own = None if default is None else default.extend_over_holidays
        if ours is None or (source is TermSource.DEFAULT and own is not None):
            return own
        return ours.extend_over_holidays


_Word = tuple[Sequence[Term], Entitlement | None]


def _said(policy: Policy, purchase: PurchaseFacts) -> dict[TermSource, _Word]:
    """Whoever says anything of the warranty, and what; the paper where it is one."""
    said: dict[TermSource, _Word] = {}
    papers = ((TermSource.CONTRACT, purchase.contract), (TermSource.CARD, purchase.warranty_card))
    for source, paper in papers:
        if paper is not None:
            said[source] = (paper.coverages, paper)
    ours = ((TermSource.POLICY, policy.warranty), (TermSource.DEFAULT, policy.default_warranty))
    for source, terms in ours:
        if terms is not None:
            said[source] = (_of_product(terms.coverages, purchase.product_class), None)
    return said


def _of_product(coverages: Sequence[Coverage], product_class: str | None) -> list[Coverage]:
    """Those that do not ask for the class of product, or ask for this one."""
    return [
        one for one in coverages if not one.product_classes or product_class in one.product_classes
    ]


def _offers(
    policy: Policy, said: dict[TermSource, _Word], part_class: PartClass | None
) -> tuple[_Offer, ...]:
    """The word of the first that speaks of the part; what stacks adds the next one's to it."""
    found: list[_Offer] = []
    for source in policy.precedence:
        terms, paper = said.get(source, ((), None))
        own = _of_class(terms, part_class)
        number = paper.number if paper is not None else None
        found.extend(_Offer(term, source, number) for term in own)
        if own and not (paper is not None and paper.stacks):
            break
    return tuple(found)


def _of_class(terms: Sequence[Term], part_class: PartClass | None) -> list[Term]:
    """Those of that part class, else those without one, which are of the whole unit."""
    asked = part_class or PartClass.WHOLE_UNIT
    own = [one for one in terms if asked in one.part_classes]
    return own or [one for one in terms if not one.part_classes]


def _by_date(terms: _Terms, reported_on: date) -> WarrantyDecision:
    full = terms.of_kind(CoverageKind.PARTS_AND_LABOUR)
    runs = terms.runs(full)
    covering = [run for run in runs if run.covers(reported_on)]
    if covering:
        return _decision(Warranty.IN, max(covering, key=lambda run: run.ends_on))
    for run in runs:
        if run.is_in_doubt(reported_on):
            note = ",其后是否因法定休假日顺延尚不知道"
            return _decision(Warranty.UNKNOWN, run, note)
    if len(runs) < len(full):
        return _unknown([one for one in full if terms.run(one) is None])
    return _out(terms, runs, reported_on)


def months_later(day: date, months: int) -> date:
    """The day of the same number so many months on, or the month's last day (Civil Code 202)."""
    years, month = divmod(day.month - 1 + months, 12)
    last = calendar.monthrange(day.year + years, month + 1)[1]
    return date(day.year + years, month + 1, min(day.day, last))


def _decision(
    answer: Warranty, run: _Run, note: str = "", before: _Run | None = None
) -> WarrantyDecision:
    """The decision by that term; `before` is the fuller one that has expired."""
    return WarrantyDecision(
        in_warranty=answer,
        basis=f"{before},已过期;{run}" if before else f"{run}{note}",
        clauses=(*(before.offer.clauses if before else ()), *run.offer.clauses),
        source=run.offer.source,
        starts_on=run.starts_on,
        ends_on=run.ends_on,
        coverage=run.offer.term.kind,
    )


def _unknown(offers: Sequence[_Offer]) -> WarrantyDecision:
    missing = tuple(dict.fromkeys(basis for one in offers for basis in one.term.starts))
    names = "、".join(_DATE_NAMES[basis] for basis in missing)
    return WarrantyDecision(
        in_warranty=Warranty.UNKNOWN,
        basis=(
            f"{offers[0]}不知道{names}{'中的任何一个' if len(missing) > 1 else ''},无法判定保修期"
        ),
        clauses=tuple(dict.fromkeys(clause for one in offers for clause in one.clauses)),
        source=offers[0].source,
        missing=missing,
    )


def _out(terms: _Terms, expired: Sequence[_Run], reported_on: date) -> WarrantyDecision:
    """Out of warranty, and what is still free, or offered for ever."""
    latest = max(expired, key=lambda run: run.ends_on, default=None)
    for run in terms.runs(terms.of_kind(CoverageKind.LABOUR)):
        if run.covers(reported_on):
            return _decision(Warranty.OUT, run, before=latest)
    if latest is None:
        source = terms.offers[0].source if terms.offers else None
        return WarrantyDecision(in_warranty=Warranty.OUT, basis=_NOT_FREE, source=source)
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
