"""Who gets which loaner: the devices in stock are handed along the line, in its order."""

from collections.abc import Iterable
from typing import Literal

from domain.directory import Loaner
from domain.loan import Reservation, Wanted
from domain.records import Record

NEW = "new"


class InLine(Record):
    """A loan without a device, and what it was answered when it last asked."""

    loan_id: str
    wanted: Wanted
    answer: Literal["needs_decision", "no_stock"]


def fits(device: Loaner, wanted: Wanted) -> bool:
    """Whether a supervisor may pick it: of the class, and new where that is promised."""
    same_class = wanted.product_class in (None, device.product_class)
    return same_class and (wanted.grade == "any" or device.grade == NEW)


def matches(device: Loaner, wanted: Wanted) -> bool:
    """Whether nobody need be asked: it fits, and is the same product."""
    same = (device.product_class, device.product) == (wanted.product_class, wanted.product)
    return same and fits(device, wanted)


def answer(stock: Iterable[Loaner], before: Iterable[Wanted], wanted: Wanted) -> Reservation:
    """What a loan gets that stands behind `before`. `stock`: the free devices of its class.

    What those before would get is theirs, even if they have not asked again yet.
    """
    left = list(stock)
    for earlier in before:
        _take(left, earlier)
    device = _take(left, wanted)
    if device is not None:
        return Reservation(answer="reserved", device=device)
    if wanted.product_class is None or any(fits(one, wanted) for one in left):
        return Reservation(answer="needs_decision")
    return Reservation(answer="no_stock")


def to_call(stock: Iterable[Loaner], line: Iterable[InLine]) -> list[str]:
    """The loans that would be answered otherwise if they asked again; in the line's order."""
    left = list(stock)
    called = []
    for one in line:
        got = _take(left, one.wanted)
        others = any(fits(device, one.wanted) for device in left)
        if got is not None or (others and one.answer == "no_stock"):
            called.append(one.loan_id)
    return called


def _take(left: list[Loaner], wanted: Wanted) -> Loaner | None:
    fitting = [device for device in left if matches(device, wanted)]
    if not fitting:
        return None
    # The new ones are kept for those to whom a new one is promised.
    device = min(fitting, key=lambda one: (one.grade == NEW, one.id))
    left.remove(device)
    return device
