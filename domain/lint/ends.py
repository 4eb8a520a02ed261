"""An end that is promised before the step it needs, or that lies before its own start."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from domain.lint.conditions import together
from domain.lint.finding import Fault
from domain.lint.moments import due_sooner, has_number, limit
from domain.lint.naming import clauses_of, named, names
from domain.lint.reading import PromiseView, Reading, View
from domain.lint.steps import FROM_AFAR, ON_SITE, needed_by, needs, not_before
from domain.vocabulary import OF_OTHER_PROCEDURES, Keeper, Milestone

_EARLIEST = frozenset({Milestone.REPORTED})


def started(view: PromiseView) -> PromiseView:
    """The promise with the start that counts: without one in the document, the earliest event."""
    return view if view.starts else replace(view, starts=_EARLIEST)


def end_before_step(reading: Reading) -> Iterator[Fault]:
    """A promise whose end may be due while the step that it needs is not due yet (D4-F2, R1.b)."""
    for step in reading.promises:
        if len(step.ends) != 1 or step.last or not has_number(step):
            continue
        (milestone,) = step.ends
        too_soon: dict[frozenset[Milestone], list[PromiseView]] = defaultdict(list)
        for one in reading.promises:
            if _could_need(one, step, milestone) and due_sooner(reading, one, step):
                too_soon[one.ends].append(one)
        for ends, sooner in too_soon.items():
            # Those of the same end that name no start either stand or fall with the same reading.
            also = [
                one
                for one in reading.promises
                if one.ends == ends
                and not one.starts
                and one not in sooner
                and _could_need(one, step, milestone)
                and any(not other.starts for other in sooner)
            ]
            yield _end_before_step(step, milestone, sooner, also)


def _could_need(one: PromiseView, step: PromiseView, milestone: Milestone) -> bool:
    if one.place == step.place or one.last or milestone in one.ends:
        return False
    if not (has_number(one) and needs(one.ends, milestone)):
        return False
    if not not_before(started(step).starts, started(one).starts):
        return False
    hands_on = one.ends & FROM_AFAR and milestone not in needed_by(Milestone.GUIDED)
    return together(one.when, step.when, *([ON_SITE] if hands_on else [])) is not None


def _end_before_step(
    step: PromiseView, milestone: Milestone, sooner: list[PromiseView], also: list[PromiseView]
) -> Fault:
    entries = (*sooner, *also, step)
    startless = [one for one in (*sooner, *also) if not one.starts]
    reading = f"{names(startless)} 没有写起算点,从 reported 起算时," if startless else ""
    return Fault(
        rule="end_before_step",
        clauses=clauses_of(entries),
        place=sooner[0].place,
        message=f"{reading}{'、'.join(f'{named(one)} 的 {limit(one)}' for one in sooner)}"
        f",早于它先要的 {milestone}:{named(step)} 允许 {limit(step)}",
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
