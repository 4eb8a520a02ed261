"""A script is read whole before it is acted; what is wrong is told with its line."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from domain.calls import CallEventKind, Direction
from domain.civil_time import CHINA
from domain.refusals import RefusalType
from domain.vocabulary import LoanerCommand, Role
from rehearsal.faults import Misread, ScriptFault
from rehearsal.reading import read_offset
from rehearsal.script import Script, load
from rehearsal.steps import Address, CommandAct, ExpectAct, OpenAct, PhoneAct

CALLS = """\
  - at: 0m
    call: {event: newCall, from: "13900000001", to: "4000000000", callId: c1, direction: in}
  - at: 1m
    call: {event: answer, callId: c1}
"""


def written(tmp_path: Path, steps: str, head: str = "") -> Path:
    path = tmp_path / "script.yaml"
    top = f"rehearsal: 试演\n{head}start: 2026-03-02T09:00:00+08:00\nsteps:\n"
    path.write_text(top + steps, encoding="utf-8")
    return path


def read(tmp_path: Path, steps: str, head: str = "") -> Script:
    return load(written(tmp_path, steps, head))


def faults(tmp_path: Path, steps: str, head: str = "") -> tuple[str, ...]:
    with pytest.raises(ScriptFault) as raised:
        read(tmp_path, steps, head)
    return tuple(str(fault) for fault in raised.value.faults)


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("0m", timedelta(0)),
        ("90s", timedelta(seconds=90)),
        ("40h", timedelta(hours=40)),
        ("3d", timedelta(days=3)),
        ("1d2h30m", timedelta(days=1, hours=2, minutes=30)),
        ("500ms", timedelta(milliseconds=500)),
        ("15m1ms", timedelta(minutes=15, milliseconds=1)),
        ("1d2h3m4s5ms", timedelta(days=1, hours=2, minutes=3, seconds=4, milliseconds=5)),
    ],
)
def test_offsets_are_read(text: str, offset: timedelta) -> None:
    assert read_offset(text) == offset


@pytest.mark.parametrize(
    "text", ["5x", "", "m", "1m2h", "-5m", "1.5h", "5", 5, None, "9" * 20 + "d"]
)
def test_other_offsets_are_not(text: object) -> None:
    with pytest.raises(Misread):
        read_offset(text)


def test_a_call_takes_its_numbers_from_its_earlier_event(tmp_path: Path) -> None:
    script = read(tmp_path, CALLS)
    answer = script.steps[1].act
    assert isinstance(answer, PhoneAct)
    assert answer.event.event is CallEventKind.ANSWER
    assert answer.event.direction is Direction.IN
    assert (answer.event.from_number, answer.event.to_number) == ("13900000001", "4000000000")
    assert answer.event.at == datetime(2026, 3, 2, 9, 1, tzinfo=CHINA)


def test_a_late_event_keeps_the_phone_systems_own_time(tmp_path: Path) -> None:
    late = "  - {at: 30m, call: {event: hangup, callId: c1, cause: normalClearing, at: 5m}}\n"
    hangup = read(tmp_path, CALLS + late).steps[-1].act
    assert isinstance(hangup, PhoneAct)
    assert hangup.event.at == datetime(2026, 3, 2, 9, 5, tzinfo=CHINA)
    assert hangup.event.received == datetime(2026, 3, 2, 9, 30, tzinfo=CHINA)


def test_steps_of_every_kind(tmp_path: Path) -> None:
    script = read(
        tmp_path,
        CALLS
        + """\
  - {at: 2m, open: {channel: fax, source_id: F-1}, by: agent/客服小何, as: second}
  - at: 8m
    do: register
    by: agent/客服小何
    on: second
    id: once
    with: {device: {product: 仪器, invoice_date: 2025-09-01}, site: 实验室}
  - {at: 9m, refused: accept, by: technician/马工, because: InvalidTransition}
  - {at: 9m, expect: {stage: intake}, on: second}
  - {at: 9m, do: open, by: agent/客服小何, with: {channel: slip, source_id: S-1}, as: third}
""",
    )
    opened, registered, refused, expected, third = (step.act for step in script.steps[2:])
    assert isinstance(opened, OpenAct)
    assert opened.by.role is Role.AGENT
    assert isinstance(registered, CommandAct)
    assert registered.fields["device"]["invoice_date"] == "2025-09-01"
    assert registered.id == "once"
    assert script.steps[3].on == Address("second")
    assert isinstance(refused, CommandAct)
    assert refused.because is RefusalType.INVALID_TRANSITION
    assert isinstance(expected, ExpectAct)
    assert isinstance(third, OpenAct)
    assert script.steps[6].opens == "third"


def test_a_loaner_is_addressed_by_its_ticket_and_number(tmp_path: Path) -> None:
    loaner = "  - {at: 41h, do: deliver, on: loaner/1, by: supervisor/高主管}\n"
    assert read(tmp_path, CALLS + loaner).steps[-1].on == Address(None, 1)


@pytest.mark.parametrize("command", list(LoanerCommand))
def test_every_command_of_a_loaner_may_be_done_or_turned_down(
    tmp_path: Path, command: LoanerCommand
) -> None:
    done = f"  - {{at: 41h, do: {command}, on: loaner/1, by: supervisor/高主管}}\n"
    refused = (
        f"  - {{at: 41h, refused: {command}, on: loaner/2, by: agent/何, because: NotAllowed}}\n"
    )
    first, second = read(tmp_path, CALLS + done + refused).steps[-2:]
    assert isinstance(first.act, CommandAct)
    assert isinstance(second.act, CommandAct)
    assert (first.act.command, first.act.because) == (command, None)
    assert (second.act.command, second.act.because) == (command, RefusalType.NOT_ALLOWED)
    assert second.on == Address(None, 2)


def test_a_loaner_of_a_ticket_that_was_named(tmp_path: Path) -> None:
    steps = """\
  - {at: 2m, open: {channel: fax, source_id: F-1}, by: agent/客服小何, as: second}
  - {at: 41h, do: deliver, on: second/loaner/1, by: supervisor/高主管}
  - {at: 42h, do: merge_into, by: supervisor/高主管, with: {ticket: second}}
"""
    delivered, merged = read(tmp_path, CALLS + steps).steps[-2:]
    assert delivered.on == Address("second", 1)
    assert isinstance(merged.act, CommandAct)
    # Whoever acts the script puts the ticket's number in the name's place.
    assert merged.act.fields == {"ticket": "second"}


def test_a_loaners_command_is_no_tickets(tmp_path: Path) -> None:
    slip = "  - {at: 41h, do: deliver, by: supervisor/高主管}\n"
    assert "没有命令 deliver" in faults(tmp_path, CALLS + slip)[0]


@pytest.mark.parametrize(
    ("steps", "line", "word"),
    [
        ("  - {at: 0m, cal: {event: newCall}}\n", 5, "call"),
        ("  - {at: 5x, call: {event: newCall, callId: c1}}\n", 5, "5x"),
        ("  - {at: 0m, call: {event: newcal, callId: c1}}\n", 5, "newCall"),
        ("  - {at: 0m, call: {event: newCall, callid: c1}}\n", 5, "callId"),
        ("  - {at: 0m, do: register, by: agent/何}\n", 5, "还没有工单"),
        (CALLS + "  - at: 2m\n    do: regster\n    by: agent/何\n", 10, "register"),
        (CALLS + "  - {at: 2m, do: register}\n", 9, "by"),
        (CALLS + "  - {at: 2m, do: register, by: agnt/何}\n", 9, "agent"),
        (CALLS + "  - {at: 2m, do: register, by: agent}\n", 9, "角色/姓名"),
        (CALLS + "  - {at: 2m, do: register, by: agent/何, on: second}\n", 9, "second"),
        (CALLS + "  - {at: 30s, expect: {stage: intake}}\n", 9, "时间排列"),
        (CALLS + "  - {at: 2m, expect: {stage: intake}, by: agent/何}\n", 9, "不用 by"),
        (CALLS + "  - {at: 2m, do: note, expect: {}, by: agent/何}\n", 9, "只写一个"),
        (CALLS + "  - {at: 2m, refused: note, by: agent/何}\n", 9, "because"),
        (CALLS + "  - {at: 2m, refused: note, by: a/b, because: NotAllowd}\n", 9, "agent"),
        (
            CALLS + "  - {at: 2m, refused: note, by: agent/何, because: NotAllowd}\n",
            9,
            "NotAllowed",
        ),
        (CALLS + "  - {at: 2m, do: accept, on: loaner/1, by: technician/马}\n", 9, "deliver"),
        (CALLS + "  - {at: 2m, do: note, do: note, by: agent/何}\n", 9, "两次"),
        (CALLS + "  - {do: note, by: agent/何}\n", 9, "at"),
        ("  - {at: 0m, open: {channel: fax}, by: agent/何, as: a/b}\n", 5, "名字"),
    ],
)
def test_a_slip_is_told_with_its_line(tmp_path: Path, steps: str, line: int, word: str) -> None:
    found = faults(tmp_path, steps, head="policy: house\n")
    assert found[0].startswith(f"{tmp_path / 'script.yaml'}:{line}: ")
    assert word in found[0]


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    steps = CALLS + "  - {at: 5x, expect: {}}\n  - {at: 3m, do: flie, by: agent/何}\n"
    assert len(faults(tmp_path, steps, head="polcy: house\n")) == 3


def test_given_replaces_known_parts_only(tmp_path: Path) -> None:
    assert "technicians" in faults(tmp_path, CALLS, head="given: {technician: []}\n")[0]
    assert "NotYetSupported" in faults(tmp_path, CALLS, head="given: {weather: []}\n")[0]
    assert read(tmp_path, CALLS, head="given: {loaners: []}\n").given == {"loaners": []}


@pytest.mark.parametrize("text", ["", "- 1\n", "rehearsal: [\n", "rehearsal: 试\nsteps: []\n"])
def test_what_is_no_script_is_a_fault(tmp_path: Path, text: str) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScriptFault, match=r"script\.yaml"):
        load(path)


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ScriptFault, match="打不开"):
        load(tmp_path / "none.yaml")
