"""What was expected beside what was found: maps by subset, lists and scalars whole.

Moments are compared as moments, however each is spelt; an expectation that is written to the
second is met by any moment within a second of it, since a ticket's clock stands near the script's
moments and not on them. A key that is absent counts as null below the top.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

from domain.civil_time import CHINA

NOTHING = "nothing"
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the two do not agree."""

    path: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, found {self.found}"


def differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[Difference]:
    """Where `found` falls short of `expected`, in the order of the expectation.

    A field of the top that does not exist is a difference even when null was expected, since it
    is a slip of the pen.
    """
    result: list[Difference] = []
    for name, value in expected.items():
        if name in found:
            result += _compare(value, found[name], name)
        else:
            known = ", ".join(found)
            result.append(Difference(name, shown(value), f"no such field (there are: {known})"))
    return result


def _compare(expected: Any, found: Any, path: str) -> list[Difference]:
    if isinstance(expected, Mapping):
        if not isinstance(found, Mapping):
            return [_difference(path, expected, found)]
        return [
            difference
            for name, value in cast("Mapping[str, Any]", expected).items()
            for difference in _compare(value, found.get(name), f"{path}.{name}")
        ]
    if _is_list(expected):
        return _compare_lists(expected, found, path)
    return [] if _same(expected, found) else [_difference(path, expected, found)]


def _compare_lists(expected: Sequence[Any], found: Any, path: str) -> list[Difference]:
    if not _is_list(found) or len(found) != len(expected):
        return [_difference(path, expected, found)]
    return [
        difference
        for index, (one, other) in enumerate(zip(expected, found, strict=True))
        for difference in _compare(one, other, f"{path}[{index}]")
    ]


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _same(expected: Any, found: Any) -> bool:
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if type(expected) is type(found) and expected == found:
        return True
    if isinstance(expected, int | float) and isinstance(found, int | float):
        return expected == found
    day, other_day = _day(expected), _day(found)
    if day is not None or other_day is not None:
        return day == other_day
    moment, other = _moment(expected), _moment(found)
    if moment is None or other is None:
        return False
    if moment.microsecond == 0:
        return abs(other - moment) < _SECOND
    return moment == other


def _moment(value: Any) -> datetime | None:
    if isinstance(value, str) and ("T" in value or " " in value):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=CHINA)


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return None
    if isinstance(value, str) and len(value) == len("2026-03-02"):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, date) else None


def _difference(path: str, expected: Any, found: Any) -> Difference:
    return Difference(path, shown(expected), shown(found))


def shown(value: Any) -> str:
    """A value in one short line, as a script would write it."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        inside = ", ".join(f"{name}: {shown(one)}" for name, one in value.items())
        return f"{{{inside}}}"
    if _is_list(value):
        return f"[{', '.join(shown(one) for one in value)}]"
    return str(value)
