"""The push format, read leniently where systems differ and strictly where they err."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.phone_events import read_event, read_file, read_json
from domain.calls import CallEventKind, Direction, PhoneEvent
from domain.civil_time import CHINA
from domain.refusals import RefusalType, Refused
from runtime.file_faults import FaultyFile

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=CHINA)
RING: dict[str, Any] = {
    "event": "newCall",
    "from": "13900010001",
    "to": "84008001234",
    "direction": "in",
    "callId": "c1",
}


def test_a_whole_event() -> None:
    event = read_event(
        RING
        | {
            "user": ["客服小何", "客服小罗"],
            "queue": "报修",
            "answeringNumber": 8001,
            "cause": "normalClearing",
            "at": "2026-03-02T08:59:58.1234+08:00",
            "trunk": {"unknown": [1, 2]},
        },
        NOW,
    )
    assert event.event is CallEventKind.NEW_CALL
    assert event.direction is Direction.IN
    assert (event.from_number, event.to_number) == ("13900010001", "84008001234")
    assert event.users == ("客服小何", "客服小罗")
    assert (event.queue, event.answering_number) == ("报修", "8001")
    assert event.at == datetime(2026, 3, 2, 8, 59, 58, 123000, tzinfo=CHINA)
    assert (event.received, event.flagged) == (NOW, False)


@pytest.mark.parametrize(
    ("fields", "users"),
    [
        ({"user": "何"}, ("何",)),
        ({"user[]": "何"}, ("何",)),
        ({"user[]": ["何", "罗"]}, ("何", "罗")),
        ({"user": ["何"], "user[]": ["何", "罗"]}, ("何", "罗")),
        ({"user": []}, ()),
        ({"user": None}, ()),
        ({}, ()),
    ],
)
def test_users_once_or_repeated(fields: dict[str, Any], users: tuple[str, ...]) -> None:
    assert read_event(RING | fields, NOW).users == users


def test_a_form_sends_single_fields_as_lists() -> None:
    event = read_event({name: [value] for name, value in RING.items()}, NOW)
    assert (event.call_id, event.from_number) == ("c1", "13900010001")


def test_at_is_the_receipt_when_missing() -> None:
    assert read_event(RING, NOW).at == NOW


def test_without_an_offset_it_is_chinese_time() -> None:
    assert read_event(RING | {"at": "2026-03-02 08:30:00"}, NOW).at == NOW - timedelta(minutes=30)


@pytest.mark.parametrize(
    ("ahead", "flagged"),
    [
        (timedelta(minutes=5), False),
        (timedelta(minutes=5, milliseconds=1), True),
        (timedelta(days=400), True),
        (timedelta(days=-400), False),
    ],
)
def test_a_clock_ahead_of_ours_is_not_believed(ahead: timedelta, flagged: bool) -> None:
    event = read_event(RING | {"at": (NOW + ahead).isoformat()}, NOW)
    assert event.flagged is flagged
    assert event.at == (NOW if flagged else NOW + ahead)


def test_a_live_event_does_not_say_when_we_received_it() -> None:
    assert read_event(RING | {"received": "2020-01-01T00:00:00+08:00"}, NOW).received == NOW


def test_a_replayed_event_keeps_its_times() -> None:
    at, received = NOW + timedelta(days=3), NOW + timedelta(days=2)
    event = read_event(
        RING | {"at": at.isoformat(), "received": received.isoformat()}, NOW, replayed=True
    )
    assert (event.at, event.received, event.flagged) == (at, received, False)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"event": "ring"}, "event"),
        ({"event": ""}, "event"),
        ({"event": None}, "event"),
        ({"event": ["newCall", "answer"]}, "event"),
        ({"callId": ""}, "callId"),
        ({"callId": "  "}, "callId"),
        ({"callId": None}, "callId"),
        ({"callId": {"a": 1}}, "callId"),
        ({"callId": True}, "callId"),
        ({"callId": 1.5}, "callId"),
        ({"callId": "x" * 201}, "callId"),
        ({"callId": "a\x00b"}, "callId"),
        ({"callId": "\ud800"}, "callId"),
        ({"callId": "a\nb"}, "callId"),
        ({"callId": 10**40}, "callId"),
        ({"direction": "inwards"}, "direction"),
        ({"from": {}}, "from"),
        ({"to": "1" * 300}, "to"),
        ({"user": [["何"]]}, "user"),
        ({"user": [str(n) for n in range(51)]}, "user"),
        ({"at": "yesterday"}, "at"),
        ({"at": 1772413200}, "at"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "at"),
        ({"at": "9999-12-31T23:59:59-12:00"}, "at"),
    ],
)
def test_a_malformed_field_is_named(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        read_event(RING | fields, NOW)
    assert refused.value.type is RefusalType.INVALID_INPUT
    assert refused.value.field == field
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "1", '"x"', "[" * 100_000, "{'a': 1}", "NaN"])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        read_json(text, NOW)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
_FIELDS = st.sampled_from([*RING, "user", "user[]", "queue", "cause", "at", "received", "x"])


@given(st.dictionaries(_FIELDS, _JSON), st.booleans())
def test_anything_is_read_or_refused(fields: dict[str, Any], replayed: bool) -> None:
    read = read_or_refused(RING | fields, replayed)
    if isinstance(read, Refused):
        assert read.field in {*RING, *fields}
    else:
        read.model_dump_json().encode()
        assert "\x00" not in read.call_id


def read_or_refused(fields: dict[str, Any], replayed: bool) -> PhoneEvent | Refused:
    try:
        return read_event(fields, NOW, replayed=replayed)
    except Refused as refused:
        return refused


def test_a_file_with_faults_names_every_one_of_them(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    good = json.dumps(RING).encode()
    lines = [good, b"", b"{", b'{"event": "answer"}', b'{"callId": "\xff"}', b"  ", good]
    file.write_bytes(b"\r\n".join(lines))
    with pytest.raises(FaultyFile) as faulty:
        read_file(file, NOW)
    told = str(faulty.value).splitlines()
    assert [line.split(": ")[:2] for line in told] == [
        [f"{file}:3", "json"],
        [f"{file}:4", "callId"],
        [f"{file}:5", "不是 UTF-8 编码,请另存为 UTF-8"],
    ]


def test_a_file_with_a_byte_order_mark_and_without_a_last_newline(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(RING | {"callId": "电话"}).encode())
    assert [event.call_id for event in read_file(file, NOW)] == ["电话"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        read_file(tmp_path / "none.jsonl", NOW)
    assert refused.value.field == "file"
