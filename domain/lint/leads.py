"""A remedy that takes longer than the promise that it is for."""

from collections.abc import Iterator
from datetime import timedelta

from domain.lint.finding import Fault
from domain.lint.moments import limit, shortest
from domain.lint.naming import named
from domain.lint.reading import Reading, View
from domain.policy_phrases import length


def lead_too_long(reading: Reading) -> Iterator[Fault]:
    """A loaner that would have to be on its way before its promise starts."""
    if reading.view is View.WRITTEN:
        return
    shortest_of: dict[str, timedelta | None] = {}
    for one in reading.promises:
        remedy = one.promise.remedy
        lead = remedy.lead if remedy is not None else None
        if lead is None or lead.elapsed is None:
            continue
        said = limit(one)
        if said not in shortest_of:
            shortest_of[said] = shortest(reading, one)
        least = shortest_of[said]
        if least is not None and lead.elapsed >= least:
            yield Fault(
                rule="lead_too_long",
                clauses=one.clauses,
                place=(*one.place, "remedy", "lead"),
                message=f"{named(one)} 的备机要提前 {length(lead)},而时限只有 {said}:"
                "承诺还没有开始就要动手",
                fix="缩短 lead,或不写 lead(逾期才提供)",
                entries=frozenset({one.place}),
            )
