"""Two numbers for one thing in one case, and laxer numbers that are not laxer."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import combinations

from domain.calendars import CalendarNeverOpens
from domain.lint.conditions import case_said, together
from domain.lint.finding import Fault, Place
from domain.lint.moments import due, has_number, length, limit, starts
from domain.lint.naming import clauses_of, named
from domain.lint.ranges import in_one_family, same_thing
from domain.lint.reading import PromiseView, Reading, View
from domain.promise import Laxer, Promise
from domain.promises import standings


def two_numbers(reading: Reading) -> Iterator[Fault]:
    """Promises of one start and end that can stand in one case with different due times.

    All that hang together are one finding: D5-C9.a, C10.a and C0.a.
    """
    judged = in_one_family(reading)
    views = [one for one in reading.promises if has_number(one) and one.ends]
    pairs = [
        (one, other)
        for one, other in combinations(views, 2)
        if same_thing(one) == same_thing(other)
        and limit(one) != limit(other)
        and frozenset({one.place, other.place}) not in judged
        and together(one.when, other.when) is not None
    ]
    for group in _groups(pairs):
        strictest = _strictest(reading, group)
        case = together(*(one.when for one in group))
        where = f"{case_said(case)}时" if case else "同一情形" if case == {} else "情形有重叠"
        yield Fault(
            rule="two_numbers",
            clauses=clauses_of(group),
            place=strictest.place,
            message=f"{where},{' / '.join(sorted(strictest.ends))} 有几个时限:"
            + "、".join(dict.fromkeys(f"{named(one)} {limit(one)}" for one in group)),
            fix="以最严的为承诺,较宽的写作它的 laxer;或用 when 把情形分开",
            entries=frozenset(one.place for one in group),
        )


def _groups(pairs: Sequence[tuple[PromiseView, PromiseView]]) -> list[list[PromiseView]]:
    """The pairs joined where they share a promise, each group in the order of the policy."""
    groups: list[dict[Place, PromiseView]] = []
    for one, other in pairs:
        joined = {one.place: one, other.place: other}
        apart = []
        for group in groups:
            if group.keys() & joined.keys():
                joined = {**group, **joined}
            else:
                apart.append(group)
        groups = [*apart, joined]
    return [sorted(group.values(), key=lambda one: _order(one.place)) for group in groups]


def _order(place: Place) -> list[tuple[int, str]]:
    return [(part, "") if isinstance(part, int) else (-1, part) for part in place]


def _strictest(reading: Reading, group: Sequence[PromiseView]) -> PromiseView:
    start = next(starts(*(reading.calendar(one.calendar) for one in group)), None)
    if start is None:  # two workday calendars that know no year in common
        return group[0]
    ends = [(due(reading, one, start), one) for one in group if not one.of_laxer]
    known = [(end, one) for end, one in ends if end is not None]
    return min(known, key=lambda pair: pair[0])[1] if known else group[0]


def laxer_order(reading: Reading) -> Iterator[Fault]:
    """A laxer number that is as strict, that no rung tells, or whose level comes out of turn."""
    if reading.view is View.WRITTEN:
        return
    for index, promise in enumerate(reading.policy.promises):
        for number, laxer in enumerate(promise.laxer):
            problem = _laxer_problem(reading, promise, laxer)
            if problem is not None:
                message, fix = problem
                place = ("promises", index, "laxer", number)
                yield Fault(
                    rule="laxer_order",
                    clauses=(*promise.clauses, *laxer.clauses),
                    place=place,
                    message=message,
                    fix=fix,
                    entries=frozenset({place}),
                )


def _laxer_problem(reading: Reading, promise: Promise, laxer: Laxer) -> tuple[str, str] | None:
    said = "、".join(laxer.clauses)
    ladder = reading.policy.ladder(promise)
    if ladder is None or ladder.rung(laxer.level) is None:
        message = f"阶梯 {promise.escalate} 没有第 {laxer.level} 级,{said} 的时限到了没有人知道"
        return message, f"在阶梯里加上第 {laxer.level} 级"
    calendar = reading.calendar(promise.calendar)
    for start in starts(calendar):
        plan = _plan(reading, promise, start)
        if plan is None:
            continue
        end, levels = plan
        at = levels[laxer.level]
        if at <= end:
            message = f"{said} 的 {length(laxer.within)}并不比承诺本身宽"
            return message, "较严的数写在承诺上,较宽的写作 laxer"
        for level, other in levels.items():
            if (level < laxer.level and other > at) or (level > laxer.level and other < at):
                message = (
                    f"{said} 的 {length(laxer.within)}到第 {laxer.level} 级,"
                    f"与第 {level} 级的先后颠倒"
                )
                return message, "改阶梯的百分比,或改 laxer 的 level"
    return None


def _plan(
    reading: Reading, promise: Promise, start: datetime
) -> tuple[datetime, dict[int, datetime]] | None:
    """Due and the moments of the ladder from that start, as the engine works them out."""
    alone = reading.policy.model_copy(
        update={"promises": (promise.model_copy(update={"when": ()}),)}
    )
    begun = {promise.starts.milestones[0]: (start,)}
    try:
        (standing,) = standings(alone, begun, {}, (), start)
    except CalendarNeverOpens:
        return None
    if standing.due is None or standing.unknown_from is not None:
        return None
    return standing.due, {one.level: one.at for one in standing.moments}
