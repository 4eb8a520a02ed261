"""Pieces of a policy in Chinese, the same wherever a person reads them: in the lint, in tables."""

from collections.abc import Iterable, Mapping
from typing import Final

from domain.terms import CoverageKind
from domain.time_limits import ClockTarget, Duration, Unit

COVERAGES: Final[Mapping[CoverageKind, str]] = {
    CoverageKind.PARTS_AND_LABOUR: "配件和人工免费",
    CoverageKind.LABOUR: "人工免费",
    CoverageKind.LIFETIME_PAID: "终身有偿服务",
}
"""What a coverage gives."""

_UNITS = {Unit.MINUTE: "分钟", Unit.HOUR: "小时", Unit.DAY: "天", Unit.WORKDAY: "个工作日"}
_MOST_LISTED = 8


def length(duration: Duration) -> str:
    """A length of time with its unit: `3 个工作日`."""
    return f"{duration.amount} {_UNITS[duration.unit]}"


def clock(target: ClockTarget) -> str:
    """A time on the clock: `次日 10:00`."""
    return f"{'次日' if target.days_later else '当日'} {target.clock}"


def listed(parts: Iterable[str], *, between: str = "、", each: str = "条") -> str:
    """The parts, once each; of a long list the first few, and how many there are in all."""
    known = list(dict.fromkeys(parts))
    if len(known) <= _MOST_LISTED:
        return between.join(known)
    return f"{between.join(known[:_MOST_LISTED])} 等 {len(known)} {each}"
