"""Two numbers for one thing in one case, and laxer numbers that are not laxer."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import combinations, islice
from math import prod
from typing import Any

from domain.calendars import CalendarNeverOpens
from domain.lint.conditions import case_said, together
from domain.lint.finding import Fault, Place
from domain.lint.moments import due, has_number, limit, starts
from domain.lint.naming import clauses_of, named
from domain.lint.overlap import Overlaps
from domain.lint.ranges import in_one_family, same_thing
from domain.lint.reading import PromiseView, Reading, View
from domain.policy import Policy
from domain.policy_phrases import length, listed
from domain.promise import Laxer, Promise
from domain.promises import standings

_MOST_TRIED = 4096


def two_numbers(reading: Reading) -> Iterator[Fault]:
    """Promises of one start and end that can stand in one case with different due times.

    All that hang together are one finding: D5-C9.a, C10.a and C0.a.
    """
    judged = in_one_family(reading)
    for alike in _alike(reading).values():
        for group in _groups(alike, judged):
            strictest = _strictest(reading, group)
            yield Fault(
                rule="two_numbers",
                clauses=clauses_of(group),
                place=strictest.place,
                message=f"{_where(group)},{' / '.join(sorted(strictest.ends))} 有几个时限:"
                + listed((f"{named(one)} {limit(one)}" for one in group), each="个"),
                fix="以最严的为承诺,较宽的写作它的 laxer;或用 when 把情形分开",
                entries=frozenset(one.place for one in group),
            )


def _alike(reading: Reading) -> dict[tuple[Any, ...], list[PromiseView]]:
    """The promises with a number, by what they promise: only those can contradict each other."""
    found: dict[tuple[Any, ...], list[PromiseView]] = defaultdict(list)
    for one in reading.promises:
        if has_number(one) and one.ends:
            found[same_thing(one)].append(one)
    return found


def _groups(
    alike: Sequence[PromiseView], judged: Mapping[Place, frozenset[int]]
) -> list[list[PromiseView]]:
    """Those that contradict each other, joined where they share one, in the policy's order.

    Promises of one number, condition and family behave alike, and are compared as one.
    """
    overlaps = Overlaps()
    classes: dict[tuple[str, int, frozenset[int]], list[PromiseView]] = defaultdict(list)
    for one in alike:
        families = judged.get(one.place, frozenset())
        classes[limit(one), overlaps.number(one.when), families].append(one)
    above = list(range(len(classes)))  # each class below another that it was joined to

    def top(place: int) -> int:
        while above[place] != place:
            place = above[place] = above[above[place]]
        return place

    members = list(classes.items())
    numbered = enumerate(members)
    for (n, (key, first)), (m, (other, second)) in combinations(numbered, 2):
        if key[0] == other[0] or not key[2].isdisjoint(other[2]) or top(n) == top(m):
            continue
        if overlaps.together(first[0].when, second[0].when):
            above[top(m)] = top(n)
    groups: dict[int, list[PromiseView]] = defaultdict(list)
    for n, (_, those) in enumerate(members):
        groups[top(n)].extend(those)
    found = [those for those in groups.values() if len({limit(one) for one in those}) > 1]
    return [sorted(those, key=lambda one: _order(one.place)) for those in found]


def _where(group: Sequence[PromiseView]) -> str:
    """The case in which they all stand; of many, the combinations are too many to try."""
    if prod(max(len(one.when), 1) for one in group) > _MOST_TRIED:
        return "情形有重叠"
    case = together(*(one.when for one in group))
    return f"{case_said(case)}时" if case else "同一情形" if case == {} else "情形有重叠"


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
    known: dict[tuple[Any, ...], tuple[str, str] | None] = {}
    for index, promise in enumerate(reading.policy.promises):
        for number, laxer in enumerate(promise.laxer):
            key = (number, *_counted_by(promise))
            if key not in known:
                known[key] = _laxer_problem(reading, promise, laxer)
            problem = known[key]
            if problem is not None:
                message, fix = problem
                said = listed(laxer.clauses)
                place = ("promises", index, "laxer", number)
                yield Fault(
                    rule="laxer_order",
                    clauses=(*promise.clauses, *laxer.clauses),
                    place=place,
                    message=f"{said} 的 {message}",
                    fix=fix,
                    entries=frozenset({place}),
                )


def _counted_by(promise: Promise) -> tuple[Any, ...]:
    """All that its moments hang on: promises that have it in common have the same problem."""
    laxer = tuple((one.level, one.within) for one in promise.laxer)
    counted = (promise.starts, promise.within, promise.by, promise.calendar, promise.move_into)
    return (*counted, promise.not_before, promise.remedy, promise.escalate, laxer)


def _laxer_problem(reading: Reading, promise: Promise, laxer: Laxer) -> tuple[str, str] | None:
    ladder = reading.policy.ladder(promise)
    if ladder is None or ladder.rung(laxer.level) is None:
        missing = f"阶梯 {promise.escalate} 没有第 {laxer.level} 级"
        message = f"{length(laxer.within)}到了没有人知道:{missing}"
        return message, f"在阶梯里加上第 {laxer.level} 级"
    alone = reading.policy.model_copy(
        update={"promises": (promise.model_copy(update={"when": ()}),)}
    )
    for start in _telling(reading, promise):
        plan = _plan(alone, promise, start)
        if plan is None:
            continue
        end, levels = plan
        at = levels[laxer.level]
        if at <= end:
            message = f"{length(laxer.within)}并不比承诺本身宽"
            return message, "较严的数写在承诺上,较宽的写作 laxer"
        for level, other in levels.items():
            if (level < laxer.level and other > at) or (level > laxer.level and other < at):
                message = f"{length(laxer.within)}到第 {laxer.level} 级,与第 {level} 级的先后颠倒"
                return message, "改阶梯的百分比,或改 laxer 的 level"
    return None


def _telling(reading: Reading, promise: Promise) -> Iterator[datetime]:
    """The starts that could tell its moments apart: one is enough where all time counts alike."""
    lengths = [promise.within, *(one.within for one in promise.laxer)]
    elapsed = all(one is not None and one.elapsed is not None for one in lengths)
    alike = elapsed and promise.calendar == "always" and promise.move_into is None
    known = starts(reading.calendar(promise.calendar))
    return islice(known, 1) if alike else known


def _plan(
    alone: Policy, promise: Promise, start: datetime
) -> tuple[datetime, dict[int, datetime]] | None:
    """Due and the moments of the ladder from that start, as the engine works them out."""
    begun = {promise.starts.milestones[0]: (start,)}
    try:
        (standing,) = standings(alone, begun, {}, (), start)
    except CalendarNeverOpens:
        return None
    if standing.due is None or standing.unknown_from is not None:
        return None
    return standing.due, {one.level: one.at for one in standing.moments}
