"""三包: which remedies the customer may choose from, decided from the recorded facts (D5-C6).

The one place that answers it. Day 0 is the day of the invoice; a stretch of n days ends at 24:00 of
the n-th (Civil Code 201, 203(2)).
"""

from collections.abc import Mapping
from datetime import date, timedelta

from domain.facts import read_fact
from domain.policy import ThreeGuarantees
from domain.vocabulary import Cause, Remedy
from domain.warranty import months_later


def choices(
    terms: ThreeGuarantees | None, facts: Mapping[str, object], reported_on: date
) -> tuple[Remedy, ...]:
    """What may be chosen for a fault reported on that day; empty where there is no choice.

    A fault that is not the product's, of another class of product, or without an invoice date
    gives none: whoever decides must know these first.
    """
    if terms is None or read_fact("product_class", facts.get("product_class")) not in terms.classes:
        return ()
    bought = read_fact("invoice_date", facts.get("invoice_date"))
    if facts.get("cause", Cause.QUALITY.value) != Cause.QUALITY.value:
        return ()
    if not isinstance(bought, date) or reported_on < bought:
        return ()
    age = reported_on - bought
    if age <= timedelta(days=terms.return_days):
        return (Remedy.RETURN, Remedy.EXCHANGE, Remedy.REPAIR)
    if age <= timedelta(days=terms.exchange_days):
        return (Remedy.EXCHANGE, Remedy.REPAIR)
    repairs = read_fact("repairs_done", facts.get("repairs_done"))
    often = isinstance(repairs, int | float) and repairs >= terms.exchange_after_repairs
    if often and reported_on <= months_later(bought, terms.exchange_months):
        return (Remedy.EXCHANGE, Remedy.REPAIR)
    return ()
