"""What may be charged, and what is: exact to the fen (D1-5.2.1.d, D1-5.2.1.f).

A paid line stands on the quote that the customer agreed to, whatever was said in which order. A
quote is for the whole repair: what earlier visits charged counts, on the quote before it as well.

Before that, no line may cost more than the warranty and the fee rules allow (`rule_line`). The
warranty speaks first, for the class of part that the line names (D5-C1), then the policy's rules,
of which the best for the customer counts. What bounds a price is of one unit; a share of the list
price loses its fraction of a fen, in the customer's favour.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from pydantic import JsonValue

from domain.conditions import holds
from domain.policy import Policy, QuoteTolerance
from domain.records import Record
from domain.refusals import RefusalType, Refused, invalid
from domain.terms import CoverageKind, FeeRule, Price
from domain.ticket import FeeLine, Quote, Ticket
from domain.vocabulary import Cause, FeeKind, PartClass, QuoteState, Remedy, Warranty
from domain.warranty import (
    PurchaseFacts,
    WarrantyDecision,
    coverages_over,
    coverages_running,
    decide_warranty,
)

_Item = tuple[str, str]

_FREE_INSIDE: Mapping[CoverageKind, frozenset[str]] = {
    CoverageKind.PARTS_AND_LABOUR: frozenset({FeeKind.PART, FeeKind.LABOUR, FeeKind.TRAVEL}),
    CoverageKind.LABOUR: frozenset({FeeKind.LABOUR}),
}
"""What each coverage makes free. An upgrade repairs nothing, so no warranty covers it (D2-2.8)."""
_BEST_FIRST = (Price.FREE, Price.COST, Price.DISCOUNT)
_AS_FACT: Mapping[Warranty, object] = {
    Warranty.IN: True,
    Warranty.OUT: False,
    Warranty.UNKNOWN: None,
}


class Cover(Record):
    """The warranty as it stands for one class of part: the decision, and by the dates the kinds
    of coverage that run and those that are over. Of an unknown date they are neither.
    """

    decision: WarrantyDecision
    running: frozenset[CoverageKind] = frozenset()
    over: frozenset[CoverageKind] = frozenset()


class FeeRuling(Record):
    """What a line may cost, and why.

    `price` None: by the price list, no rule bounds it. `at_most_fen` is the most that one unit may
    cost; None where nothing bounds it, or while what bounds it was not given (`needs`, the field of
    the line). `certain` False: free for a quality cause, and nobody has recorded the cause.
    """

    price: Price | None = None
    reason: str
    clauses: tuple[str, ...] = ()
    rule: str | None = None
    at_most_fen: int | None = None
    needs: str | None = None
    certain: bool = True

    @property
    def says(self) -> str:
        """The reason with its clauses, for whoever is refused."""
        return f"{self.reason}({'、'.join(self.clauses)})" if self.clauses else self.reason


def cover_of(
    policy: Policy,
    purchase: PurchaseFacts,
    reported_on: date,
    facts: Mapping[str, object],
    part_class: PartClass | None = None,
    by_person: WarrantyDecision | None = None,
) -> Cover:
    """The warranty for that class of part; what somebody decided stands for every part.

    A cause that nobody has recorded is taken for one of quality, as at registration.
    """
    running = coverages_running(policy, purchase, reported_on, part_class)
    over = coverages_over(policy, purchase, reported_on, part_class)
    if by_person is None:
        said = facts.get("cause")
        cause = Cause(str(said)) if said in set(Cause) else Cause.QUALITY
        cause = Cause.QUALITY if cause is Cause.UNKNOWN else cause
        decision = decide_warranty(policy, purchase, reported_on, cause, part_class)
        return Cover(decision=decision, running=running, over=over)
    if by_person.in_warranty is Warranty.IN:
        running |= {CoverageKind.PARTS_AND_LABOUR}
        over -= {CoverageKind.PARTS_AND_LABOUR}
    elif by_person.in_warranty is Warranty.OUT:
        # Not over for that: somebody may have put it out of warranty for misuse inside its time.
        running -= {CoverageKind.PARTS_AND_LABOUR}
    return Cover(decision=by_person, running=running, over=over)


def rule_line(
    policy: Policy, facts: Mapping[str, object], line: FeeLine, cover: Cover
) -> FeeRuling:
    """What that line may cost on these facts; `in_warranty` is that of the line's own part."""
    if _is_exchanged(policy, facts, line):
        assert policy.three_guarantees is not None
        clauses = policy.three_guarantees.clauses
        return FeeRuling(price=Price.FREE, reason="三包换机免费", clauses=clauses, at_most_fen=0)
    cause = facts.get("cause")
    inside = _is_inside(line, cover)
    if inside and cause == Cause.QUALITY:
        return _inside(cover.decision, certain=True)
    known = {**facts, "in_warranty": _AS_FACT[cover.decision.in_warranty]}
    able = [rule for rule in policy.fees if _concerns(rule, line, known, cover)]
    if able:
        best = min(able, key=lambda rule: _BEST_FIRST.index(rule.price))
        return _by_rule(best, line, certain=_knows_the_cause(best, cause))
    if inside and cause in (None, Cause.UNKNOWN):
        return _inside(cover.decision, certain=False)
    return FeeRuling(reason="没有规定,按价目")


def rulings(
    policy: Policy, ticket: Ticket, reported_on: date, lines: Sequence[FeeLine]
) -> tuple[FeeRuling, ...]:
    """The ruling on each line of a quote or a final amount of that ticket."""
    device = ticket.registration.device if ticket.registration else None
    purchase = PurchaseFacts.of(device)
    decided = ticket.warranty if ticket.warranty_by_person else None
    covers = {
        part_class: cover_of(policy, purchase, reported_on, ticket.facts, part_class, decided)
        for part_class in {line.part_class for line in lines}
    }
    return tuple(rule_line(policy, ticket.facts, one, covers[one.part_class]) for one in lines)


def checked_prices(
    policy: Policy, ticket: Ticket, reported_on: date, lines: Sequence[FeeLine]
) -> list[JsonValue]:
    """What the ledger is told of paid lines that a rule concerns: which, and what is unproven.

    Raises as `check_prices`. A ticket of an older procedure is asked nothing.
    """
    if ticket.procedure < 3 or not is_paid(lines):
        return []
    ruled = rulings(policy, ticket, reported_on, lines)
    check_prices(policy, lines, ruled)
    return [
        _told(line, ruling)
        for line, ruling in zip(lines, ruled, strict=True)
        if line.total_fen > 0 and ruling.price is not None
    ]


def check_prices(policy: Policy, lines: Sequence[FeeLine], ruled: Sequence[FeeRuling]) -> None:
    """Refuse (InvalidInput, `lines.N.…`, from 0) a unit price above what its ruling allows.

    While the price that bounds it was not given it is let through, unless the policy requires it
    (`procedure.cost_price_required`).
    """
    for place, (line, ruling) in enumerate(zip(lines, ruled, strict=True)):
        if line.unit_price_fen == 0 or not ruling.certain:
            continue
        if ruling.needs is not None and policy.procedure.cost_price_required:
            raise invalid(f"lines.{place}.{ruling.needs}", f"{ruling.says};请写明这一项")
        if ruling.at_most_fen is not None and line.unit_price_fen > ruling.at_most_fen:
            most = f"单价最多 {yuan(ruling.at_most_fen)} 元" if ruling.at_most_fen else "不能收费"
            raise invalid(
                f"lines.{place}.unit_price_fen",
                f"{line.item} 单价 {yuan(line.unit_price_fen)} 元:{ruling.says},{most}",
            )


def _told(line: FeeLine, ruling: FeeRuling) -> JsonValue:
    told: dict[str, JsonValue] = {"item": line.item, "says": ruling.reason}
    if ruling.price is not None:
        told["price"] = ruling.price.value
    if ruling.clauses:
        told["clauses"] = list(ruling.clauses)
    if ruling.needs is not None:
        told["unproven"] = ruling.needs
    return told


def _is_exchanged(policy: Policy, facts: Mapping[str, object], line: FeeLine) -> bool:
    """The unit that an exchange brings costs nothing (D5-C6.2.b)."""
    exchange = facts.get("remedy") == Remedy.EXCHANGE and policy.three_guarantees is not None
    return exchange and line.part_class is PartClass.WHOLE_UNIT


def _is_inside(line: FeeLine, cover: Cover) -> bool:
    """Whether the warranty makes that kind of line free, for a cause that is not paid for."""
    if cover.decision.in_warranty is Warranty.IN:
        return line.kind in _FREE_INSIDE[CoverageKind.PARTS_AND_LABOUR]
    if (
        cover.decision.coverage is CoverageKind.LABOUR
        and cover.decision.in_warranty is Warranty.OUT
    ):
        return line.kind in _FREE_INSIDE[CoverageKind.LABOUR]
    return False


def _inside(decision: WarrantyDecision, *, certain: bool) -> FeeRuling:
    return FeeRuling(
        price=Price.FREE,
        reason=f"保修免费:{decision.basis}" if certain else f"质量原因则保修免费:{decision.basis}",
        clauses=decision.clauses,
        at_most_fen=0,
        certain=certain,
    )


def _concerns(rule: FeeRule, line: FeeLine, facts: Mapping[str, object], cover: Cover) -> bool:
    return (
        (not rule.kinds or line.kind in rule.kinds)
        and (not rule.part_classes or line.part_class in rule.part_classes)
        and (rule.during is None or rule.during in cover.running)
        and (rule.after is None or rule.after in cover.over)
        and holds(rule.when, facts)
    )


def _knows_the_cause(rule: FeeRule, cause: object) -> bool:
    """A price that hangs on the cause binds once somebody has recorded the cause."""
    return cause not in (None, Cause.UNKNOWN) or not any("cause" in tests for tests in rule.when)


def _by_rule(rule: FeeRule, line: FeeLine, *, certain: bool) -> FeeRuling:
    at_most, needs = _bound(rule, line)
    return FeeRuling(
        price=rule.price,
        reason=rule.says,
        clauses=rule.clauses,
        rule=rule.id,
        at_most_fen=at_most,
        needs=needs,
        certain=certain,
    )


def _bound(rule: FeeRule, line: FeeLine) -> tuple[int | None, str | None]:
    """The most that one unit may cost, or else the field of the line that would tell it."""
    if rule.price is Price.FREE:
        return 0, None
    if rule.price is Price.COST:
        cost = line.unit_cost_fen
        return cost, None if cost is not None else "unit_cost_fen"
    listed, percent = line.list_price_fen, rule.percent or 0
    return (listed * percent // 100, None) if listed is not None else (None, "list_price_fen")


def is_paid(lines: Iterable[FeeLine]) -> bool:
    """Whether any line is above zero."""
    return any(line.total_fen > 0 for line in lines)


def agreed_quote(ticket: Ticket) -> Quote | None:
    """The quote that paid lines may stand on: the latest, if the answer was yes."""
    quote = ticket.quote
    return quote if quote is not None and quote.state is QuoteState.APPROVED else None


def charged_fen(ticket: Ticket) -> int:
    """What the customer owes for the visits so far."""
    return sum(line.total_fen for line in _charged(ticket))


def check_agreed(ticket: Ticket, tolerance: QuoteTolerance, lines: Iterable[FeeLine]) -> None:
    """Refuse (ConsentNeeded) a paid line that nobody agreed to, or that exceeds what was agreed."""
    final = tuple(lines)
    if not is_paid(final):
        return
    quote = agreed_quote(ticket)
    if quote is None:
        raise Refused(RefusalType.CONSENT_NEEDED, "收费项目要先报价并取得同意", "lines")
    agreed, before = _by_item(quote.lines), _by_item(_charged(ticket))
    for item, more in _by_item(final).items():
        total = before[item] + more
        if more and total > agreed[item] + _allowance(tolerance, agreed[item]):
            raise Refused(
                RefusalType.CONSENT_NEEDED,
                f"{item[0]} 共 {yuan(total)} 元,超出同意的 {yuan(agreed[item])} 元;请重新报价",
                "lines",
            )


def _charged(ticket: Ticket) -> Iterator[FeeLine]:
    charging = {quote.number for quote in ticket.quotes if quote.charges}
    for visit in ticket.visits:
        if visit.quote in charging:
            yield from visit.lines


def yuan(fen: int) -> str:
    """Fen as yuan, for people."""
    return f"{fen // 100}.{fen % 100:02d}"


def _by_item(lines: Iterable[FeeLine]) -> Counter[_Item]:
    totals: Counter[_Item] = Counter()
    for line in lines:
        totals[line.item, line.kind] += line.total_fen
    return totals


def _allowance(tolerance: QuoteTolerance, agreed_fen: int) -> int:
    share = agreed_fen * tolerance.percent // 100
    return share if tolerance.at_most_fen is None else min(share, tolerance.at_most_fen)
