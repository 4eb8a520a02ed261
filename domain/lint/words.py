"""What a document leaves open: no start, no number, a word instead of one, no consequence."""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from domain.lint.conditions import said
from domain.lint.finding import Fault, Place, Severity
from domain.lint.reading import (
    Entry,
    Overlaid,
    Reading,
    View,
    entries_of,
    fact_or_key,
    overlaid,
)
from domain.policy_phrases import length, listed
from domain.promise import Ladder, Promise
from domain.terms import Coverage
from domain.time_limits import Duration

_NUMBERS = ("within", "by", "every", "months", "percent", "warn_before")
"""The keys whose values are numbers of the promise itself."""

_KEYS = {
    "within": "时限",
    "by": "时限",
    "every": "间隔",
    "months": "保修期限",
    "percent": "折扣",
    "warn_before": "提前提醒",
    "numbers": "数字",
    "starts": "起算点",
}
_COUNTED = {"months": "{} 个月", "percent": "定价的 {}%"}


def left_open(reading: Reading) -> Iterator[Fault]:
    """What `as_written` says is not in the document, and what the policy puts in its place.

    A word or a gap that the entry itself leaves without a value is left open: an error.
    """
    if reading.view is View.PROMISED:
        return
    for place, entry in entries_of(reading.policy):
        if entry.as_written:
            yield from _left_open(place, entry, overlaid(entry, entry.as_written))


def _left_open(place: Place, entry: Entry, laid: Overlaid) -> Iterator[Fault]:
    for key, word in laid.words.items():
        chosen = _chosen(entry, key)
        message = f"{_cited(entry)} 的{_key(key)}只说 {word}"
        yield _fault("undefined_word", place, entry, key, message, chosen)
    for key, value in laid.unread.items():
        yield Fault(
            rule="unreadable_as_written",
            clauses=entry.clauses,
            place=(*place, "as_written", key),
            message=f"as_written 的 {fact_or_key(key)} 写作 {value!r},不是它能取的值,也不是一个词",
            fix="写原文的值,null,或一个英文词如 promptly",
            entries=frozenset({place}),
            severity=Severity.ERROR,
        )
    if "starts" in laid.absent and not ("within" in laid.absent and isinstance(entry, Promise)):
        rule = "missing_start_basis" if isinstance(entry, Coverage) else "missing_start"
        message = f"{_cited(entry)} 没有写从何时起算"
        yield _fault(rule, place, entry, "starts", message, _chosen(entry, "starts"))
    absent = [key for key in _NUMBERS if key in laid.absent]
    if absent:
        chosen = _chosen(entry, absent[0]) or (
            _chosen(entry, "by") if absent[0] == "within" else ""
        )
        message = f"{_cited(entry)} 没有写{_key(absent[0])}"
        yield _fault("missing_number", place, entry, absent[0], message, chosen)


def _fault(rule: str, place: Place, entry: Entry, key: str, message: str, chosen: str) -> Fault:
    if chosen:
        message, severity = f"{message};政策取 {chosen}", Severity.WARNING
        fix = "核对所取的值;另一家公司可以另取"
    else:
        message, severity = f"{message},政策也没有给出", Severity.ERROR
        fix = f"给 {key} 一个值"
    return Fault(
        rule=rule,
        clauses=entry.clauses,
        place=(*place, "as_written", key),
        message=message,
        fix=fix,
        entries=frozenset({place}),
        severity=severity,
    )


def _cited(entry: Entry) -> str:
    return listed(entry.clauses)


def _key(key: str) -> str:
    return f"{_KEYS[key]}({key})" if key in _KEYS else f" {fact_or_key(key)} "


def _chosen(entry: Entry, key: str) -> str:
    """The entry's own value of that key, in words; empty where it has none."""
    if key not in type(entry).model_fields:
        when = getattr(entry, "when", ())
        values = [v for one in when if key in one for v in one[key].one_of]
        return "、".join(said(key, value) for value in values) or ("条件另定" if when else "")
    value = getattr(entry, key)
    if value is None and key in ("within", "by"):
        value = getattr(entry, "by" if key == "within" else "within", None)
    if isinstance(value, int) and key in _COUNTED:
        return _COUNTED[key].format(value)
    return _in_words(value)


def _in_words(value: object) -> str:
    if isinstance(value, Duration):
        return length(value)
    if isinstance(value, Mapping):
        return "、".join(f"{name} {one}" for name, one in value.items())
    if isinstance(value, bool):
        return "是" if value else ""
    if isinstance(value, tuple):
        return "、".join(_in_words(one) for one in value)
    if isinstance(value, BaseModel):
        written: object = value.model_dump(mode="json")
        return written if isinstance(written, str) else str(value)
    return "" if value is None else str(value)


def no_consequence(reading: Reading) -> Iterator[Fault]:
    """A deadline that may be missed without anybody being told, or anything following.

    As promised, that is an error; where only the document names no consequence, a note.
    """
    for place, entry in entries_of(reading.policy):
        if not isinstance(entry, Promise) or entry.objective:
            continue
        if reading.view is View.PROMISED:
            ladder = reading.policy.ladder(entry)
            if not _tells(ladder) and entry.remedy is None:
                yield Fault(
                    rule="no_consequence",
                    clauses=entry.clauses,
                    place=(*place, "escalate"),
                    message=f"{_cited(entry)} 逾期后没有人知道,也没有补救",
                    fix="写 escalate 和有第 1 级的阶梯,或 remedy;只是目标的写 objective: true",
                    entries=frozenset({place}),
                )
        elif _names_no_consequence(entry):
            yield Fault(
                rule="no_consequence",
                clauses=entry.clauses,
                place=(*place, "as_written", "escalate"),
                message=f"{_cited(entry)} 没有写逾期的后果;政策按阶梯 {entry.escalate} 升级",
                fix="不必改动;要别的后果时改 escalate 或 remedy",
                entries=frozenset({place}),
                severity=Severity.NOTE,
            )


def _names_no_consequence(promise: Promise) -> bool:
    written = promise.as_written
    if "escalate" not in written or written["escalate"] is not None:
        return False
    return promise.remedy is None or written.get("remedy", promise.remedy) is None


def _tells(ladder: Ladder | None) -> bool:
    return ladder is not None and any(rung.level >= 1 for rung in ladder.rungs)
