"""What a value becomes in history, and that it comes back the same."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from random import Random
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from temporalio.api.common.v1 import Payload

from domain.civil_time import CHINA
from runtime.payloads import (
    COMPRESS_ABOVE,
    DEFLATE_ENCODING,
    CompactJsonConverter,
    CompressionCodec,
    reads_back_without_defaults,
)
from runtime.temporal import DATA_CONVERTER


class Grade(StrEnum):
    NEW = "new"
    USED = "used"


class Part(BaseModel):
    name: str = ""
    price_fen: int = 0
    grade: Grade = Grade.NEW


class Order(BaseModel):
    number: str
    opened: datetime | None = None
    waits: timedelta = timedelta(hours=1)
    weight_kg: Decimal | None = None
    parts: list[Part] = Field(default_factory=list)
    first: Part = Part(name="pump")
    notes: dict[str, str] = Field(default_factory=dict)
    urgent: bool | None = False


class ByPhone(BaseModel):
    channel: Literal["phone"] = "phone"
    number: str = ""


class ByFax(BaseModel):
    channel: Literal["fax"] = "fax"
    page: int = 1


class Tagged(BaseModel):
    via: Annotated[ByPhone | ByFax, Field(discriminator="channel")]


class NamedPhone(BaseModel):
    channel: Literal["phone"]
    number: str = ""


class NamedFax(BaseModel):
    channel: Literal["fax"]
    page: int = 1


class TaggedOutright(BaseModel):
    via: Annotated[NamedPhone | NamedFax, Field(discriminator="channel")]
    note: str = ""


class Guessed(BaseModel):
    via: Part | ByFax
    note: str = ""


def written(value: Any) -> Any:
    payload = CompactJsonConverter().to_payload(value)
    assert payload is not None
    return json.loads(payload.data)


async def round_trip(value: Any, hint: type) -> Any:
    payloads = await DATA_CONVERTER.encode([value])
    return (await DATA_CONVERTER.decode(payloads, [hint]))[0]


def test_only_what_differs_from_the_defaults_is_written() -> None:
    order = Order(number="R1", parts=[Part(price_fen=5), Part()], urgent=None)
    assert written(order) == {"number": "R1", "parts": [{"price_fen": 5}, {}], "urgent": None}


def test_a_default_made_by_a_factory_is_left_out() -> None:
    assert written(Order(number="R1", parts=[], notes={})) == {"number": "R1"}


orders = st.builds(
    Order,
    number=st.text(max_size=8),
    opened=st.none() | st.datetimes(timezones=st.just(CHINA)),
    waits=st.timedeltas(timedelta(0), timedelta(days=400)),
    weight_kg=st.none() | st.decimals(0, 1000, places=3),
    parts=st.lists(
        st.builds(
            Part,
            name=st.text(max_size=4),
            price_fen=st.integers(0, 10**9),
            grade=st.sampled_from(Grade),
        ),
        max_size=3,
    ),
    first=st.builds(Part, name=st.sampled_from(["pump", ""])),
    notes=st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
    urgent=st.none() | st.booleans(),
)


@given(orders)
async def test_every_model_comes_back_equal(order: Order) -> None:
    assert await round_trip(order, Order) == order


@pytest.mark.parametrize(
    "value",
    [
        Tagged(via=ByFax()),
        Tagged(via=ByPhone(number="1")),
        TaggedOutright(via=NamedFax(channel="fax")),
        Guessed(via=ByFax()),
        Guessed(via=Part()),
    ],
    ids=repr,
)
async def test_members_of_a_union_are_told_apart(value: BaseModel) -> None:
    assert await round_trip(value, type(value)) == value


def test_unions_told_apart_by_defaults_are_written_in_full() -> None:
    assert not reads_back_without_defaults(Tagged)
    assert not reads_back_without_defaults(Guessed)
    assert written(Tagged(via=ByFax())) == {"via": {"channel": "fax", "page": 1}}


def test_a_tag_without_a_default_keeps_the_rest_compact() -> None:
    assert reads_back_without_defaults(TaggedOutright)
    assert written(TaggedOutright(via=NamedFax(channel="fax"))) == {"via": {"channel": "fax"}}


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (None, type(None)),
        ("修理", str),
        (b"\x00\xff", bytes),
        ({"a": [1, 2.5, None]}, dict[str, Any]),
        ([Part(price_fen=3)], list[Part]),
        (datetime(2026, 3, 2, 9, tzinfo=CHINA), datetime),
    ],
    ids=repr,
)
async def test_values_that_are_no_models_come_back_equal(value: Any, hint: type) -> None:
    assert await round_trip(value, hint) == value


async def test_a_payload_of_one_kibibyte_is_left_alone() -> None:
    payload = Payload(metadata={"encoding": b"json/plain"}, data=b"a" * COMPRESS_ABOVE)
    assert await CompressionCodec().encode([payload]) == [payload]


async def test_a_larger_one_is_compressed_and_read_back_whole() -> None:
    payload = Payload(
        metadata={"encoding": b"json/plain", "messageType": b"x"}, data=b"a" * (COMPRESS_ABOVE + 1)
    )
    codec = CompressionCodec()
    [packed] = await codec.encode([payload])
    assert packed.metadata["encoding"] == DEFLATE_ENCODING
    assert packed.ByteSize() < 100
    assert await codec.decode([packed]) == [payload]


async def test_what_does_not_shrink_is_left_alone() -> None:
    noise = Random(1).randbytes(4 * COMPRESS_ABOVE)
    payload = Payload(metadata={"encoding": b"binary/plain"}, data=noise)
    assert await CompressionCodec().encode([payload]) == [payload]


@given(st.binary(max_size=3 * COMPRESS_ABOVE))
async def test_any_bytes_pass_the_codec(data: bytes) -> None:
    codec = CompressionCodec()
    payload = Payload(metadata={"encoding": b"binary/plain"}, data=data)
    assert await codec.decode(await codec.encode([payload])) == [payload]
