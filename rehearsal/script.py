"""A rehearsal's script: what happens when, who does it, and what must then be so (design §8)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from domain.civil_time import CHINA
from domain.policy_entry import nearest
from rehearsal.faults import Misread, ScriptFault
from rehearsal.reading import StepReader, as_map, as_text
from rehearsal.steps import Step
from runtime import marked_yaml
from runtime.file_faults import FaultyFile, FileFault
from runtime.marked_yaml import Marked, Place

GIVEN = ("lines", "customers", "properties", "devices", "technicians", "staff", "loaners")
"""Parts of the directory that a script may replace."""
LATER = ("roster", "weather", "stock", "areas")
"""Parts that `given` takes once the procedure knows them."""

_TOP = ("rehearsal", "proves", "policy", "start", "given", "steps", "expect")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Script:
    """The whole scenario. `policy` is that of the line that is called."""

    path: Path
    title: str
    start: datetime
    policy: str
    steps: tuple[Step, ...]
    proves: tuple[str, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)
    expect: Mapping[str, Any] | None = None
    lines: Mapping[Place, int] = field(default_factory=dict)

    @property
    def end(self) -> datetime:
        """When its last step is."""
        return self.start + self.steps[-1].at

    def fault(self, place: Place, message: str) -> FileFault:
        """`file:line: message` for a place in the script."""
        return Marked(self.path, lines=dict(self.lines)).fault(place, message)


def load(path: Path) -> Script:
    """The script in that file. Raises ScriptFault with every fault that was found in it."""
    try:
        marked = marked_yaml.read(path)
    except FaultyFile as faulty:
        raise ScriptFault(faulty.faults) from None
    return _Reader(marked).script()


class _Reader:
    """Collects faults as it reads, so that one run tells all of them."""

    def __init__(self, marked: Marked) -> None:
        self._marked = marked
        self._faults: list[FileFault] = []

    def script(self) -> Script:
        content = self._marked.content
        if not isinstance(content, dict):
            raise ScriptFault((self._marked.fault((), "剧本应为一个映射,以 rehearsal: 标题 开头"),))
        for key in content:
            if key not in _TOP:
                self._fault((key,), f"没有 {key} 这个键;{nearest(key, _TOP)}")
        title = self._read("rehearsal", lambda: as_text(content.get("rehearsal")))
        policy = self._read("policy", lambda: as_text(content.get("policy", "house")))
        start = self._read("start", lambda: _read_start(content.get("start")))
        proves = self._read("proves", lambda: _read_clauses(content.get("proves", [])))
        given = self._read("given", lambda: _read_given(content.get("given", {})))
        expect = self._read("expect", lambda: _read_expect(content.get("expect")))
        steps = self._steps(content.get("steps"), start) if start else ()
        if self._faults or start is None:
            raise ScriptFault(tuple(self._faults))
        return Script(
            path=self._marked.path,
            title=title or "",
            start=start,
            policy=policy or "",
            steps=steps,
            proves=proves or (),
            given=given or {},
            expect=expect,
            lines=self._marked.lines,
        )

    def _steps(self, written: Any, start: datetime) -> tuple[Step, ...]:
        if not isinstance(written, list) or not written:
            self._fault(("steps",), "steps 应为一列步骤,至少一步")
            return ()
        reader = StepReader(start)
        steps: list[Step] = []
        for index, one in enumerate(written):
            place: Place = ("steps", index)
            try:
                step = reader.step(one, index + 1, self._marked.line(place))
            except Misread as wrong:
                self._fault((*place, *wrong.at), wrong.message)
                continue
            if steps and step.at < steps[-1].at:
                before = steps[-1].written_at
                self._fault(
                    (*place, "at"), f"步骤要按时间排列:{step.written_at} 早于前面的 {before}"
                )
            steps.append(step)
        return tuple(steps)

    def _read(self, key: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except Misread as wrong:
            self._fault(
                (key, *wrong.at), f"{key}: {wrong.message}" if not wrong.at else wrong.message
            )
            return None

    def _fault(self, place: Place, message: str) -> None:
        self._faults.append(self._marked.fault(place, message))


def _read_start(written: Any) -> datetime:
    if not isinstance(written, datetime):
        raise Misread("要写时间,如 2026-03-02T09:00:00+08:00")
    return written.astimezone(CHINA) if written.tzinfo else written.replace(tzinfo=CHINA)


def _read_clauses(written: Any) -> tuple[str, ...]:
    listed = [written] if isinstance(written, str) else written
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise Misread("应为一列条款号,如 [D5-A3.3]")
    return tuple(listed)


def _read_given(written: Any) -> dict[str, Any]:
    given = as_map(written, "应为一个映射,如 technicians: […]")
    for part in given:
        if part in LATER:
            raise Misread(f"NotYetSupported: given 里的 {part} 在本版本还不能用", part)
        if part not in GIVEN:
            raise Misread(f"名录里没有 {part} 这一部分;{nearest(part, GIVEN)}", part)
    return given


def _read_expect(written: Any) -> dict[str, Any] | None:
    if written is None:
        return None
    return as_map(written, "应为一个映射,键是 ticket show --json 的字段")
