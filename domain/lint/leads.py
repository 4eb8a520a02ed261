"""A remedy that takes longer than the promise that it is for."""

from collections.abc import Iterator

from domain.lint.finding import Fault
from domain.lint.moments import length, limit, shortest
from domain.lint.naming import named
from domain.lint.reading import Reading, View


def lead_too_long(reading: Reading) -> Iterator[Fault]:
    """A loaner that would have to be on its way before its promise starts."""
    if reading.view is View.WRITTEN:
        return
    for one in reading.promises:
        remedy = one.promise.remedy
        lead = remedy.lead if remedy is not None else None
        if lead is None or lead.elapsed is None:
            continue
        least = shortest(reading, one)
        if least is not None and lead.elapsed >= least:
            yield Fault(
                rule="lead_too_long",
                clauses=one.clauses,
                place=(*one.place, "remedy", "lead"),
                message=f"{named(one)} 的备机要提前 {length(lead)},而时限只有 {limit(one)}:"
                "承诺还没有开始就要动手",
                fix="缩短 lead,或不写 lead(逾期才提供)",
                entries=frozenset({one.place}),
            )
