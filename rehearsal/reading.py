"""Reading the steps of a script: each word checked before anything is acted."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from desk.phone_events import read_event
from domain.calls import PhoneEvent
from domain.civil_time import CHINA, DAY
from domain.policy_entry import nearest
from domain.refusals import RefusalType, Refused
from domain.ticket import Actor
from domain.vocabulary import Command, LoanerCommand, Role
from rehearsal.faults import Misread
from rehearsal.steps import (
    Act,
    Address,
    CommandAct,
    ExpectAct,
    OpenAct,
    PhoneAct,
    Step,
)

LOANER_COMMANDS = tuple(command.value for command in LoanerCommand)

_KINDS: dict[str, frozenset[str]] = {
    "call": frozenset({"as"}),
    "open": frozenset({"by", "as"}),
    "do": frozenset({"by", "with", "on", "id", "as"}),
    "refused": frozenset({"by", "with", "on", "id", "because"}),
    "expect": frozenset({"on"}),
}
"""What a step does, and what else it may say then."""
_KEYS = ("at", *_KINDS, "by", "with", "because", "on", "as", "id")
_CALL_KEYS = (
    *("event", "callId", "from", "to", "direction", "cause", "user", "user[]"),
    *("queue", "answeringNumber", "at"),
)
# What an answer or a hang-up takes from its call's earlier event where it says nothing itself.
_CARRIED = ("from", "to", "direction", "user", "queue")
_LOANER = re.compile(r"(?:(?P<ticket>[^/]+)/)?loaner/(?P<number>[1-9]\d*)")
_OFFSET = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?")
_UNITS = (
    DAY,
    *(timedelta(**{unit: 1}) for unit in ("hours", "minutes", "seconds", "milliseconds")),
)

E = TypeVar("E", Role, RefusalType)
T = TypeVar("T")


def read_offset(written: Any) -> timedelta:
    """A stretch of time such as `0m`, `90s`, `1d2h30m` or `500ms`. Raises Misread."""
    match = _OFFSET.fullmatch(written) if isinstance(written, str) else None
    if match is None or not any(match.groups()):
        raise Misread(f"看不懂时间 {written!r};写成从开始算起的 0m、90s、40h、3d 或 1d2h30m")
    amounts = zip(match.groups(), _UNITS, strict=True)
    try:
        return sum((int(amount) * unit for amount, unit in amounts if amount), timedelta(0))
    except OverflowError:
        raise Misread(f"时间 {written!r} 太长") from None


def as_text(written: Any) -> str:
    """A word or a line of text, not empty. Raises Misread."""
    if not isinstance(written, str) or not written.strip():
        raise Misread("要写文字")
    return written.strip()


def as_map(written: Any, fix: str) -> dict[str, Any]:
    """A map. Raises Misread with `fix`."""
    if not isinstance(written, dict):
        raise Misread(fix)
    return written


class StepReader:
    """Reads one step after another; knows the calls and names that came before."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._calls: dict[str, dict[str, Any]] = {}
        self._named: dict[str, str | None] = {}
        self._something_opened = False

    def step(self, written: Any, number: int, line: int) -> Step:
        """The step. Raises Misread."""
        step = as_map(written, "一步应为一个映射,如 {at: 0m, do: …, by: …}")
        for key in step:
            if key not in _KEYS:
                raise Misread(f"没有 {key} 这个键;{nearest(key, _KEYS)}", key)
        if "at" not in step:
            raise Misread("缺少 at:从开始算起的时间,如 10m")
        at = _below("at", read_offset, step["at"])
        kind = self._kind(step)
        on = self._address(step.get("on"))
        act = self._act(kind, step, on, self._start + at)
        opens = self._naming(step, act)
        shown = f"{kind} {step[kind]}" if kind in ("do", "refused") else kind
        return Step(
            number=number,
            line=line,
            at=at,
            written_at=step["at"],
            kind=shown,
            act=act,
            on=on,
            opens=opens,
        )

    def _kind(self, step: Mapping[str, Any]) -> str:
        kinds = [kind for kind in _KINDS if kind in step]
        if len(kinds) != 1:
            raise Misread(f"一步要写且只写一个:{'、'.join(_KINDS)}")
        for key in step:
            if key not in ("at", kinds[0]) and key not in _KINDS[kinds[0]]:
                raise Misread(f"{kinds[0]} 的步骤不用 {key}", key)
        return kinds[0]

    def _act(self, kind: str, step: Mapping[str, Any], on: Address, now: datetime) -> Act:
        if kind == "call":
            act: Act = PhoneAct(_below("call", self._event, step["call"], now))
        elif kind == "expect":
            self._need_a_ticket(kind)
            act = ExpectAct(_below("expect", as_map, step["expect"], "expect 应为一个映射"))
        elif kind == "open":
            act = OpenAct(_actor(step, kind), _json_map(step, "open"))
        else:
            act = self._command(kind, step, on)
        return act

    def _command(self, kind: str, step: Mapping[str, Any], on: Address) -> Act:
        name = _below(kind, as_text, step[kind])
        by = _actor(step, f"{kind}: {name}")
        fields = _json_map(step, "with") if step.get("with") is not None else {}
        because = None
        if kind == "refused":
            if "because" not in step:
                raise Misread("refused 要写 because:拒绝的类型,如 InvalidTransition")
            because = _word(RefusalType, step["because"], "because")
        _know(name, kind, on, because)
        if name == Command.OPEN and "on" not in step:
            return OpenAct(by, fields, because)
        self._need_a_ticket(kind)
        command_id = step.get("id")
        if command_id is not None:
            command_id = _below("id", as_text, command_id)
        return CommandAct(name, by, fields, command_id, because)

    def _need_a_ticket(self, kind: str) -> None:
        if not self._something_opened:
            raise Misread("此前没有来电或 open,还没有工单", kind)

    def _event(self, written: Any, now: datetime) -> PhoneEvent:
        fields = as_map(written, "call 应为一个映射,如 {event: newCall, callId: c1, …}")
        for key in fields:
            if key not in _CALL_KEYS:
                raise Misread(f"来电没有 {key} 这个字段;{nearest(key, _CALL_KEYS)}", key)
        known = self._calls.setdefault(str(fields.get("callId")), {})
        filled = {**{key: known[key] for key in _CARRIED if key in known}, **fields}
        for key in _CARRIED:
            if key in filled:
                known.setdefault(key, filled[key])
        filled["at"] = self._moment(fields["at"]) if "at" in fields else now.isoformat()
        try:
            event = read_event(filled, now)
        except Refused as refused:
            raise Misread(str(refused), *([refused.field] if refused.field else [])) from None
        self._something_opened = True
        return event

    def _moment(self, written: Any) -> str:
        """The phone system's own clock: a moment, or an offset like a step's `at`."""
        if isinstance(written, datetime):
            return (written if written.tzinfo else written.replace(tzinfo=CHINA)).isoformat()
        return (self._start + _below("at", read_offset, written)).isoformat()

    def _address(self, written: Any) -> Address:
        if written is None:
            return Address()
        text = _below("on", as_text, written)
        loaner = _LOANER.fullmatch(text)
        ticket = loaner["ticket"] if loaner else text
        if ticket is not None and ticket not in self._named:
            named = "、".join(self._named) or "(没有)"
            raise Misread(f"没有步骤用 as 命名过 {ticket};已命名:{named}", "on")
        return Address(ticket, int(loaner["number"]) if loaner else None)

    def _naming(self, step: Mapping[str, Any], act: Act) -> str | None:
        if isinstance(act, OpenAct) and act.because is None:
            self._something_opened = True
        if "as" not in step:
            return None
        name = _below("as", as_text, step["as"])
        if not isinstance(act, PhoneAct | OpenAct):
            raise Misread("as 只用在开出工单的步骤上", "as")
        call = act.event.call_id if isinstance(act, PhoneAct) else None
        if "/" in name or name == "loaner":
            raise Misread(f"{name} 不能作名字:不要用 / 和 loaner", "as")
        if name in self._named and (call is None or self._named[name] != call):
            raise Misread(f"{name} 这个名字用过了", "as")
        self._named[name] = call
        return name


def _know(name: str, kind: str, on: Address, because: RefusalType | None) -> None:
    if on.loaner is not None:
        if name not in LOANER_COMMANDS:
            raise Misread(f"备机没有命令 {name};{nearest(name, LOANER_COMMANDS)}", kind)
        return
    if name not in set(Command) and because is not RefusalType.UNKNOWN_COMMAND:
        raise Misread(f"没有命令 {name};{nearest(name, Command)}", kind)


def _actor(step: Mapping[str, Any], what: str) -> Actor:
    if "by" not in step:
        raise Misread(f"{what} 缺少 by:谁做的,如 agent/客服小何")
    role, slash, name = str(step["by"]).partition("/")
    if not slash or not name.strip():
        raise Misread("by 要写成 角色/姓名,如 technician/马工", "by")
    return Actor(role=_word(Role, role, "by"), name=name.strip())


def _word(words: type[E], written: Any, key: str) -> E:
    known = [word.value for word in words]
    if written not in known:
        raise Misread(f"{key}: 没有 {written};{nearest(str(written), known)}", key)
    return words(written)


def _json_map(step: Mapping[str, Any], key: str) -> dict[str, Any]:
    fields = _below(key, as_map, step[key], f"{key} 应为一个映射")
    return {name: _as_json(value) for name, value in fields.items()}


def _as_json(value: Any) -> Any:
    """The value as a command carries it: dates and moments in ISO 8601."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=CHINA)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _as_json(one) for name, one in value.items()}
    return [_as_json(one) for one in value] if isinstance(value, list) else value


def _below(key: str, read: Callable[..., T], *given: Any) -> T:
    try:
        return read(*given)
    except Misread as wrong:
        message = wrong.message if wrong.at else f"{key}: {wrong.message}"
        raise Misread(message, key, *wrong.at) from None
