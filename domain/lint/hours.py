"""A step that happens only in certain hours, against a duty that needs it at others."""

from collections.abc import Iterator
from datetime import datetime

from domain.calendars import LONGEST_CLOSURE_DAYS, Workdays
from domain.lint.conditions import Case, case_said, together
from domain.lint.finding import Fault
from domain.lint.moments import days, due, limit, moment, next_open, open_only_in, starts
from domain.lint.naming import clauses_of, named
from domain.lint.reading import PromiseView, ProvisionView, Reading, View
from domain.lint.steps import FROM_AFAR, ON_SITE, needed_by, needs
from domain.policy_phrases import listed
from domain.vocabulary import Milestone


def never_open(reading: Reading) -> Iterator[Fault]:
    """A workday calendar that is shut for longer than any count of open time would look ahead."""
    if reading.view is View.WRITTEN:
        return
    for name, calendar in reading.policy.calendars.items():
        if not isinstance(calendar, Workdays):
            continue
        shut = _longest_closure(calendar)
        if shut > LONGEST_CLOSURE_DAYS:
            place = ("calendars", name)
            yield Fault(
                rule="calendar_never_opens",
                clauses=(),
                place=place,
                message=f"日历 {name} 接连 {shut} 天不开,走它的时限等于没有",
                fix="核对 holidays",
                entries=frozenset({place}),
            )


def _longest_closure(calendar: Workdays) -> int:
    longest = shut = 0
    for day in days(calendar, all_years=True):
        shut = 0 if calendar.is_workday(day) else shut + 1
        longest = max(longest, shut)
    return longest


def narrow_calendar(reading: Reading) -> Iterator[Fault]:
    """Visits at the weekend against an emergency; visiting hours against an elapsed deadline.

    One finding for each provision that narrows a step, with all the duties that it stands against.
    Conditions that exclude each other, such as `emergency` true and false, resolve it.
    """
    for step in reading.provisions:
        if not step.steps or step.calendar is None:
            continue
        against: list[tuple[ProvisionView | PromiseView, str]] = [
            *_duties(reading, step),
            *_promises(reading, step),
        ]
        if against:
            entries = [one for one, _ in against]
            yield Fault(
                rule="narrow_calendar",
                clauses=clauses_of((step, *entries)),
                place=step.place,
                message=f"{named(step)} 让 {'、'.join(sorted(step.steps))} 只在日历 {step.calendar}"
                f" 之内;" + listed((said for _, said in against), between=";"),
                fix="用 when 把两者的情形分开,或放宽这一步的日历,或让时限走同一个日历",
                entries=frozenset(one.place for one in (step, *entries)),
            )


def _duties(reading: Reading, step: ProvisionView) -> Iterator[tuple[ProvisionView, str]]:
    narrow = reading.calendar(step.calendar or "always")
    for duty in reading.provisions:
        if duty.calendar is None or not any(needs(duty.needs, one) for one in step.steps):
            continue
        case = together(step.when, duty.when)
        at = open_only_in(reading.calendar(duty.calendar), narrow) if case is not None else None
        if at is not None:
            yield duty, f"而 {named(duty)} 在{moment(at)} 也要做到{_in_case(case)}"


def _promises(reading: Reading, step: ProvisionView) -> Iterator[tuple[PromiseView, str]]:
    tried: dict[str, tuple[datetime, datetime, datetime] | None] = {}
    for one in reading.promises:
        for milestone in sorted(step.steps):
            if not _has_to_come(one, milestone):
                continue
            case = together(step.when, one.when, *([ON_SITE] if one.ends & FROM_AFAR else []))
            if case is None:
                continue
            if limit(one) not in tried:
                tried[limit(one)] = _nothing_open(reading, step, one)
            found = tried[limit(one)]
            if found is not None:
                start, end, opens = found
                from_to = f"{moment(start)} 起算,{moment(end)} 到期,{moment(opens)} 才开"
                yield one, f"{named(one)} 要 {limit(one)}:{from_to}"
                break


def _has_to_come(one: PromiseView, milestone: Milestone) -> bool:
    """Whether that step has to come while the promise runs."""
    if not needs(one.ends, milestone):
        return False
    return not any(milestone in (*needed_by(start), start) for start in one.starts)


def _nothing_open(
    reading: Reading, step: ProvisionView, one: PromiseView
) -> tuple[datetime, datetime, datetime] | None:
    """A start from which the promise is over before the step is possible at all."""
    narrow = reading.calendar(step.calendar or "always")
    for start in starts(reading.calendar(one.calendar), narrow):
        end = due(reading, one, start)
        opens = next_open(narrow, start)
        if end is not None and opens is not None and opens > end:
            return start, end, opens
    return None


def _in_case(case: Case | None) -> str:
    said = case_said(case) if case else ""
    return f"({said})" if said else ""
