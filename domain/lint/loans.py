"""What a promise that a loaner's workflow keeps may not ask: it knows no facts and no new dates."""

from collections.abc import Iterator

from domain.calendars import Workdays
from domain.lint.finding import Fault
from domain.lint.naming import named
from domain.lint.reading import Reading, View
from domain.vocabulary import Keeper


def beyond_a_loaner(reading: Reading) -> Iterator[Fault]:
    """A loaner outlives its ticket, so it has none of the ticket's facts, nor hears of new years.

    And it tells each level once: who lends has the device in view.
    """
    if reading.view is View.WRITTEN:
        return
    policy = reading.policy
    for one in reading.promises:
        promise = one.promise
        if promise.kept_by is not Keeper.LOANER:
            continue
        ladder = policy.ladder(promise)
        asked = (
            ("when", "看工单的事实", bool(promise.when)),
            ("calendar", "按工作日计", isinstance(policy.calendar(promise.calendar), Workdays)),
            ("escalate", "重复提醒", ladder is not None and ladder.repeat is not None),
        )
        for key, what, is_asked in asked:
            if is_asked:
                yield Fault(
                    rule="beyond_a_loaner",
                    clauses=one.clauses,
                    place=(*one.place, key),
                    message=f"{named(one)} 由备机的流程守,备机的流程不能{what}",
                    fix="改由工单守(kept_by: ticket),或去掉这一项",
                    entries=frozenset({one.place}),
                )
