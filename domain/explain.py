"""`policy explain`: how every promise of a policy stands in a case that somebody writes down.

The case is JSON data as in design §8: `facts`, `milestones` (each a time, or a list of times where
it came again), `now`, and `holds` with `from` and, unless still open, `to`. A time without an
offset is Chinese time. What the case dates after its `now` has not happened yet, but for an
appointment, which was made before its time.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from pydantic import JsonValue

from domain.civil_time import CHINA, to_millisecond
from domain.facts import read_fact
from domain.policy import Policy
from domain.policy_entry import nearest
from domain.promises import HoldPeriod, Milestones, Moment, Standing, standings
from domain.refusals import Refused, invalid
from domain.vocabulary import HoldReason, Milestone

_KEYS = ("facts", "milestones", "now", "holds")
_HOLD_KEYS = ("reason", "from", "to")
# A slip of the pen in the year must not run out of the calendar.
_YEARS = range(1990, 2201)


def explain(policy: Policy, case: object, *, all: bool = False) -> dict[str, JsonValue]:
    """`{"promises": [...]}` of design §8, in the policy's order.

    Each has `id, clauses, state, starts_at, due, met_at, late_seconds, remedy_at, escalations`;
    times are text at +08:00 or null. `escalations` are the steps of the ladder, level 0 the
    warning, but for those that the promise stopped before. Promises whose condition does not hold
    are left out, or with `all` stand as void. Where the calendar's data end, `due` is null, or the
    ladder short, and `unknown_from` names the first day that it does not know.
    Refused (InvalidInput, the field) for anything that is not such a case.
    """
    written = _mapping("", case, _KEYS)
    now = _moment("now", written.get("now"))
    milestones = _milestones(written.get("milestones"), now)
    stood = standings(
        policy,
        milestones,
        _facts(written.get("facts")),
        _holds(written.get("holds"), now),
        now,
        closed_at=min(milestones.get(Milestone.CLOSED, ()), default=None),
        all=all,
    )
    return {"promises": [_shown(standing) for standing in stood]}


def _shown(standing: Standing) -> JsonValue:
    shown: dict[str, JsonValue] = {
        "id": standing.promise,
        "clauses": list(standing.clauses),
        "state": standing.state.value,
        "starts_at": _written(standing.starts_at),
        "due": _written(standing.due),
        "met_at": _written(standing.met_at),
        "late_seconds": standing.late_seconds,
        "remedy_at": _written(standing.remedy_at),
        "escalations": [
            {"level": moment.level, "at": _written(moment.at)} for moment in _reached(standing)
        ],
    }
    if standing.unknown_from is not None:
        shown["unknown_from"] = standing.unknown_from.isoformat()
    return shown


def _reached(standing: Standing) -> Iterable[Moment]:
    """The ladder, up to where the promise stopped; one that still runs may reach all of it."""
    stopped = standing.stopped_at
    told = (one for one in standing.moments if one.tell is not None)
    return (one for one in told if stopped is None or one.at < stopped)


def _written(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")


def _facts(written: object) -> Mapping[str, object]:
    """The facts as written, once every one of them has been read."""
    facts = _mapping("facts", {} if written is None else written)
    for name, value in facts.items():
        try:
            read_fact(name, value)
        except Refused as refusal:
            raise invalid(f"facts.{name}", refusal.message) from None
    return facts


def _milestones(written: object, now: datetime) -> Milestones:
    """When each came, without what comes after now: `explain` may be asked of an earlier now."""
    came: dict[Milestone, list[datetime]] = {}
    names = _mapping("milestones", {} if written is None else written, tuple(Milestone))
    for name, value in names.items():
        field = f"milestones.{name}"
        if isinstance(value, list):
            times = [_moment(f"{field}[{index}]", one) for index, one in enumerate(value)]
        else:
            times = [_moment(field, value)]
        ahead = name == Milestone.APPOINTED
        known = [moment for moment in times if ahead or moment <= now]
        if known:
            came[Milestone(name)] = known
    return came


def _holds(written: object, now: datetime) -> list[HoldPeriod]:
    if written is None:
        return []
    if not isinstance(written, list):
        raise invalid("holds", "应是一列暂停,每一项有 reason、from,结束了的还有 to")
    holds = [_hold(f"holds[{index}]", one) for index, one in enumerate(written)]
    return [hold for hold in holds if hold.since <= now]


def _hold(field: str, written: object) -> HoldPeriod:
    entry = _mapping(field, written, _HOLD_KEYS)
    reason = entry.get("reason")
    if not isinstance(reason, str) or reason not in set(HoldReason):
        raise invalid(f"{field}.reason", f"没有这种暂停;{nearest(str(reason), HoldReason)}")
    since = _moment(f"{field}.from", entry.get("from"))
    until = None if entry.get("to") is None else _moment(f"{field}.to", entry["to"])
    if until is not None and until < since:
        raise invalid(f"{field}.to", "暂停的结束早于开始;请对调,或删去 to 表示还在暂停")
    return HoldPeriod(reason=HoldReason(reason), since=since, until=until)


def _mapping(field: str, written: object, names: tuple[str, ...] = ()) -> Mapping[str, Any]:
    """A map with no other keys than `names`; any keys when there are none."""
    if not isinstance(written, Mapping):
        raise invalid(field, f"应是一组 键: 值{',如 ' + '、'.join(_KEYS) if not field else ''}")
    for key in written:
        if names and key not in names:
            place = f"{field}.{key}" if field else str(key)
            raise invalid(place, f"没有 {key} 这个键;{nearest(str(key), names)}")
    return written


def _moment(field: str, written: object) -> datetime:
    """A time, cut to milliseconds; a date alone is not one."""
    if written is None:
        raise invalid(field, "缺少时间;写成 2026-03-02T09:00:00+08:00")
    moment = _read_time(written)
    if moment is None or moment.year not in _YEARS:
        raise invalid(field, f"{written!r} 不是可用的时间;写成 2026-03-02T09:00:00+08:00")
    return to_millisecond(moment if moment.tzinfo else moment.replace(tzinfo=CHINA))


def _read_time(written: object) -> datetime | None:
    if not isinstance(written, str) or _is_day(written):
        return None
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return None


def _is_day(written: str) -> bool:
    """Whether it names a day without a time, which `datetime` reads as its 00:00."""
    try:
        date.fromisoformat(written)
    except ValueError:
        return False
    return True
