"""The generic CTI push format, read into phone events.

One event is a map of fields: `event` (newCall, answer, hangup) and `callId` always; `from`, `to`,
`direction` (in, out), `user` or `user[]` (once, repeated or a list), `queue`,
`answeringNumber`, `cause`, `at` and `received` where the phone system sends them. Fields that we
do not know are the phone system's own affair and are left out.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from domain.calls import CallEventKind, Direction, PhoneEvent
from domain.civil_time import CHINA, to_millisecond
from domain.refusals import Refused, invalid
from runtime.file_faults import FaultyFile, FileFault

CLOCK_TOLERANCE = timedelta(minutes=5)
_LONGEST_TEXT = 200
_MOST_USERS = 50
_YEARS = range(2000, 2200)

_Word = TypeVar("_Word", bound=StrEnum)


def read_event(
    fields: Mapping[str, object], now: datetime, *, provider: str = "cti", replayed: bool = False
) -> PhoneEvent:
    """One event. `now` is our clock at its receipt.

    Live: `received` is `now`, and an `at` more than five minutes ahead of it is replaced by it
    and flagged. Replayed: both times are the file's. Raises `Refused` naming the field.
    """
    received = (_time(fields, "received") if replayed else None) or to_millisecond(now)
    at = _time(fields, "at") or received
    direction = _text(fields, "direction")
    flagged = not replayed and at > received + CLOCK_TOLERANCE
    return PhoneEvent(
        provider=provider,
        call_id=_required_text(fields, "callId"),
        event=_word("event", _required_text(fields, "event"), CallEventKind),
        direction=_word("direction", direction, Direction) if direction else None,
        from_number=_text(fields, "from"),
        to_number=_text(fields, "to"),
        users=_users(fields),
        queue=_text(fields, "queue") or None,
        answering_number=_text(fields, "answeringNumber") or None,
        cause=_text(fields, "cause") or None,
        at=received if flagged else at,
        received=received,
        flagged=flagged,
    )


def read_json(text: str, now: datetime, *, replayed: bool = False) -> PhoneEvent:
    """One event from its JSON object. Raises `Refused`."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f"第 {error.colno} 列" if isinstance(error, json.JSONDecodeError) else "此行"
        raise invalid("json", f"{where}不是合法的 JSON,请写成一行一个对象") from None
    if not isinstance(fields, dict):
        raise invalid("json", '应为一个对象,如 {"event": "newCall", "callId": "…"}')
    return read_event(fields, now, replayed=replayed)


def read_file(path: Path, now: datetime) -> tuple[PhoneEvent, ...]:
    """The events of a JSON Lines file, replayed, in the file's order; empty lines are skipped.

    Raises `FaultyFile` with all of its faults, or `Refused` when it cannot be opened.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise invalid("file", f"打不开 {path}:{error.strerror or error}") from None
    events: list[PhoneEvent] = []
    faults: list[FileFault] = []
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            events.append(read_json(line.decode(), now, replayed=True))
        except UnicodeDecodeError:
            faults.append(_fault(path, number, "", "不是 UTF-8 编码,请另存为 UTF-8"))
        except Refused as refused:
            faults.append(_fault(path, number, refused.field or "", refused.message))
    if faults:
        raise FaultyFile(faults)
    return tuple(events)


def _fault(path: Path, line: int, field: str, message: str) -> FileFault:
    return FileFault(file=str(path), line=line, field=field, message=message)


def _scalar(fields: Mapping[str, object], name: str) -> object:
    """The field's one value: forms and some systems send even a single one as a list."""
    value = fields.get(name)
    if isinstance(value, list | tuple):
        if len(value) > 1:
            raise invalid(name, "只能有一个值")
        value = value[0] if value else None
    return value


def _text(fields: Mapping[str, object], name: str) -> str | None:
    return _as_text(name, _scalar(fields, name))


def _required_text(fields: Mapping[str, object], name: str) -> str:
    text = _text(fields, name)
    if not text:
        raise invalid(name, "缺少此字段,或其值为空")
    return text


def _as_text(name: str, value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**32:
        value = str(value)
    if not isinstance(value, str):
        raise invalid(name, "应为一段文字")
    text = value.strip()
    if len(text) > _LONGEST_TEXT:
        raise invalid(name, f"太长:最多 {_LONGEST_TEXT} 个字符")
    # A NUL or half a surrogate pair is a string to JSON and none to the database.
    if not all(one.isprintable() for one in text):
        raise invalid(name, "含有不可见的控制字符或残缺的字符,请去掉")
    return text


def _word(name: str, text: str, words: type[_Word]) -> _Word:
    for word in words:
        if word.value.lower() == text.lower():
            return word
    raise invalid(name, f"不认识“{text}”,应为 {'、'.join(word.value for word in words)} 之一")


def _users(fields: Mapping[str, object]) -> tuple[str, ...]:
    users: list[str] = []
    for name in ("user", "user[]"):
        for value in _flat(fields.get(name)):
            text = _as_text(name, value)
            if text and text not in users:
                users.append(text)
    if len(users) > _MOST_USERS:
        raise invalid("user", f"太多:最多 {_MOST_USERS} 个坐席")
    return tuple(users)


def _flat(value: object) -> Iterator[object]:
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
        yield from value
    else:
        yield value


def _time(fields: Mapping[str, object], name: str) -> datetime | None:
    """A moment of the field; one written without an offset is Chinese time."""
    text = _text(fields, name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(name, f"不是时间:“{text}”,请写成 2026-03-02T09:00:00+08:00") from None
    if moment.year not in _YEARS:
        raise invalid(name, f"年份不在 {_YEARS.start}–{_YEARS.stop - 1} 之内:“{text}”")
    return to_millisecond(moment if moment.tzinfo else moment.replace(tzinfo=CHINA))
