"""What may be charged, and what is: exact to the fen (D1-5.2.1.d, D1-5.2.1.f).

A paid line stands on the quote that the customer agreed to, whatever was said in which order. A
quote is for the whole repair: what earlier visits charged counts, on the quote before it as well.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from domain.policy import QuoteTolerance
from domain.refusals import RefusalType, Refused
from domain.ticket import FeeLine, Quote, Ticket
from domain.vocabulary import QuoteState

_Item = tuple[str, str]


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
