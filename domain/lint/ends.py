"""An end that is promised before the step it needs, or that lies before its own start."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from domain.lint.finding import Fault
from domain.lint.moments import Sooner, has_number, limit
from domain.lint.naming import clauses_of, named, names
from domain.lint.overlap import Overlaps
from domain.lint.reading import PromiseView, Reading, View
from domain.lint.steps import FROM_AFAR, ON_SITE, needed_by, needs, not_before
from domain.policy_phrases import listed
from domain.vocabulary import OF_OTHER_PROCEDURES, Keeper, Milestone

_EARLIEST = frozenset({Milestone.REPORTED})


def started(view: PromiseView) -> PromiseView:
    """The promise with the start that counts: without one in the document, the earliest event."""
    return view if view.starts else replace(view, starts=_EARLIEST)


def end_before_step(reading: Reading) -> Iterator[Fault]:
    """A promise whose end may be due while the step that it needs is not due yet (D4-F2, R1.b)."""
    overlaps, is_sooner = Overlaps(), Sooner(reading)
    counted = [one for one in reading.promises if has_number(one) and not one.last and one.ends]
    for (ends, _), steps in _alike(counted, overlaps).items():
        if len(ends) != 1:
            continue
        (milestone,) = ends
        step = steps[0]
        too_soon: dict[frozenset[Milestone], list[PromiseView]] = defaultdict(list)
        others: dict[frozenset[Milestone], list[PromiseView]] = defaultdict(list)
        for one in _could_need(counted, step, milestone):
            sooner = is_sooner(one, step)
            if (sooner or not one.starts) and _in_one_case(one, step, milestone, overlaps):
                (too_soon if sooner else others)[one.ends].append(one)
        for end, those in too_soon.items():
            # Those of the same end that name no start either stand or fall with the same reading.
            also = others[end] if any(not one.starts for one in those) else []
            yield _end_before_step(steps, milestone, those, also)


def _alike(
    views: Sequence[PromiseView], overlaps: Overlaps
) -> dict[tuple[frozenset[Milestone], object], list[PromiseView]]:
    """Promises of one end, start, number and condition: all are told in one finding."""
    found: dict[tuple[frozenset[Milestone], object], list[PromiseView]] = defaultdict(list)
    for one in views:
        found[one.ends, (started(one).starts, limit(one), overlaps.number(one.when))].append(one)
    return found


def _could_need(
    views: Sequence[PromiseView], step: PromiseView, milestone: Milestone
) -> Iterator[PromiseView]:
    """Those that need the step for all their ends, and whose clock starts no later than its own."""
    begun = started(step).starts
    fits: dict[tuple[frozenset[Milestone], frozenset[Milestone]], bool] = {}
    for one in views:
        key = one.ends, one.starts
        if key not in fits:
            fits[key] = (
                milestone not in one.ends
                and needs(one.ends, milestone)
                and not_before(begun, started(one).starts)
            )
        if fits[key]:
            yield one


def _in_one_case(
    one: PromiseView, step: PromiseView, milestone: Milestone, overlaps: Overlaps
) -> bool:
    hands_on = one.ends & FROM_AFAR and milestone not in needed_by(Milestone.GUIDED)
    return overlaps.together(one.when, step.when, ON_SITE if hands_on else ())


def _end_before_step(
    steps: Sequence[PromiseView],
    milestone: Milestone,
    sooner: Sequence[PromiseView],
    also: Sequence[PromiseView],
) -> Fault:
    step = steps[0]
    entries = (*sooner, *also, *steps)
    startless = [one for one in (*sooner, *also) if not one.starts]
    reading = f"{names(startless)} 没有写起算点,从 reported 起算时," if startless else ""
    return Fault(
        rule="end_before_step",
        clauses=clauses_of(entries),
        place=sooner[0].place,
        message=f"{reading}{listed((f'{named(one)} 的 {limit(one)}' for one in sooner), each='个')}"
        f",早于它先要的 {milestone}:{names(steps)} 允许 {limit(step)}",
        fix=f"让它从 {milestone} 起算,或放宽时限,或收紧前一步",
        entries=frozenset(one.place for one in entries),
    )


def end_before_start(reading: Reading) -> Iterator[Fault]:
    """A promise that is always kept before it starts, so that it promises nothing."""
    for one in reading.promises:
        if one.last or not one.starts or not one.ends:
            continue
        if all(all(end in (*needed_by(start), start) for end in one.ends) for start in one.starts):
            yield Fault(
                rule="end_before_start",
                clauses=one.clauses,
                place=one.place,
                message=f"{named(one)} 要的 {' / '.join(sorted(one.ends))} 总在起算点"
                f" {' / '.join(sorted(one.starts))} 之前,这条承诺什么也没有约定",
                fix="对调 starts 和 met_by,或换一个里程碑",
                entries=frozenset({one.place}),
            )


def void_at_once(reading: Reading) -> Iterator[Fault]:
    """A promise that what starts it, or all that would keep it, makes void: nobody can break it."""
    if reading.view is View.WRITTEN:
        return
    for one in reading.promises:
        void = frozenset(one.promise.void_by)
        if begun := one.starts & void:
            names = " / ".join(sorted(begun))
            message = f"{named(one)} 从 {names} 起算,又因 {names} 作废:一开始就没有了"
        elif one.ends and one.ends <= void:
            names = " / ".join(sorted(one.ends))
            message = f"{named(one)} 要的 {names} 都写在 void_by 里:做到了也作废,算不上守约"
        else:
            continue
        yield Fault(
            rule="void_at_once",
            clauses=one.clauses,
            place=(*one.place, "void_by"),
            message=message,
            fix="从 void_by 里删去它",
            entries=frozenset({one.place}),
        )


def never_starts(reading: Reading) -> Iterator[Fault]:
    """A promise of a ticket, or of its loaner, that waits for what only other procedures reach."""
    if reading.view is View.WRITTEN:
        return
    for one in reading.promises:
        if one.promise.kept_by not in (Keeper.TICKET, Keeper.LOANER):
            continue
        for key, found in (("starts", one.starts), ("met_by", one.ends)):
            if found and found <= OF_OTHER_PROCEDURES:
                yield Fault(
                    rule="unreachable_milestone",
                    clauses=one.clauses,
                    place=(*one.place, key),
                    message=f"{named(one)} 由工单守,而工单到不了 {' / '.join(sorted(found))}",
                    fix="写 kept_by: enquiry、complaint、delivery 或 inspection,或换一个里程碑",
                    entries=frozenset({one.place}),
                )
