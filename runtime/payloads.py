"""How values become payloads in a workflow's history: compact JSON, and zlib when it is large.

History is kept for as long as the ticket, read on each replay, and sent over the wire; a ticket
that says only what differs from the defaults is a third of the size.
"""

import functools
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_json
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
    PayloadCodec,
)

_JSON_KINDS = frozenset({"list", "dict", "str", "bool", "int", "float", "NoneType"})
COMPRESS_ABOVE = 1024
DEFLATE_ENCODING = b"binary/deflate-1"


class CompactJsonConverter(PydanticJSONPlainPayloadConverter):
    """Pydantic JSON that leaves out a model's fields that equal their defaults.

    A default is thereby part of the history's format: change one, and old histories read anew.
    Which fields were set outright (`model_fields_set`) is not kept. Models where leaving out
    could change the reading (a tag or a member of a union told apart by its fields) and values
    that are not models are written in full.
    """

    def to_payload(self, value: Any) -> Payload | None:
        """JSON of `value`; the encoding is json/plain either way."""
        if isinstance(value, BaseModel) and reads_back_without_defaults(type(value)):
            data = value.__pydantic_serializer__.to_json(
                value, exclude_defaults=True, by_alias=True
            )
        else:
            data = to_json(value)
        return Payload(metadata={"encoding": self.encoding.encode()}, data=data)


class CompactPayloadConverter(CompositePayloadConverter):
    """The SDK's converters (null, bytes, protobuf) with the compact JSON last."""

    def __init__(self) -> None:
        json = CompactJsonConverter()
        super().__init__(
            *(
                json if isinstance(converter, JSONPlainPayloadConverter) else converter
                for converter in DefaultPayloadConverter.default_encoding_payload_converters
            )
        )


# What nearly every snapshot has in common: the house's promises, the workdays, the keys. It is part
# of the format: a payload is read with the very dictionary that it was written with, so this file
# never changes. A better one gets a name and an encoding of its own beside it.
_DICTIONARY = (Path(__file__).parent / "payload_dictionary.txt").read_bytes()


class CompressionCodec(PayloadCodec):
    """Deflate for payloads over 1 KiB, where it helps; all others pass as they are.

    A policy snapshot of a dozen promises shrinks to a sixth, and with the dictionary by as much
    again. Encryption, where a company adds it, comes after this: ciphertext does not shrink.
    """

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """The payloads, the large ones wrapped whole (metadata and data) in a compressed one."""
        return [_compressed(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """The payloads as they were. Raises zlib.error for one that is damaged."""
        return [
            Payload.FromString(_inflate(payload.data))
            if payload.metadata.get("encoding") == DEFLATE_ENCODING
            else payload
            for payload in payloads
        ]


def _compressed(payload: Payload) -> Payload:
    if len(payload.data) <= COMPRESS_ABOVE:
        return payload
    packed = _deflate(payload.SerializeToString())
    if len(packed) >= len(payload.data):
        return payload
    return Payload(metadata={"encoding": DEFLATE_ENCODING}, data=packed)


def _deflate(data: bytes) -> bytes:
    # The dictionary does most of the work: more effort costs a tenth of a ticket's CPU for 1 %.
    packer = zlib.compressobj(level=1, zdict=_DICTIONARY)
    return packer.compress(data) + packer.flush()


def _inflate(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(zdict=_DICTIONARY)
    unpacked = unpacker.decompress(data)
    if not unpacker.eof:
        raise zlib.error("incomplete or truncated stream")
    return unpacked


@functools.cache
def reads_back_without_defaults(model: type[BaseModel]) -> bool:
    """Whether JSON of `model` without its default fields is read as the same value.

    Not so where a union of several models is told apart by what their fields hold: by a tag with
    a default, or by whichever member fits best.
    """
    return not any(_needs_all_fields(node) for node in _nodes(model.__pydantic_core_schema__))


def _nodes(node: object) -> Iterator[Mapping[str, Any]]:
    """Every schema node below `node`, itself included."""
    if isinstance(node, Mapping):
        yield node
        for key, value in node.items():
            if key != "metadata":
                yield from _nodes(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _nodes(value)


def _needs_all_fields(node: Mapping[str, Any]) -> bool:
    kind = node.get("type")
    if kind == "tagged-union":
        tag = node["discriminator"]
        if set(node["choices"]) <= _JSON_KINDS:
            return False  # pydantic's JsonValue: told apart by JSON's own kinds
        return not isinstance(tag, str) or any(
            _has_default(choice, tag) for choice in node["choices"].values()
        )
    if kind == "union":
        return sum(_holds_fields(choice) for choice in node["choices"]) > 1
    return False


def _has_default(choice: object, field: str) -> bool:
    return any(
        node["fields"][field]["schema"]["type"] == "default"
        for node in _nodes(choice)
        if node.get("type") == "model-fields" and field in node["fields"]
    )


def _holds_fields(choice: object) -> bool:
    """Whether a member of a union is read by its fields (a model, a reference to one, a map)."""
    schema = choice[0] if isinstance(choice, tuple) else choice
    kinds = {node.get("type") for node in _nodes(schema)}
    return bool(kinds & {"model", "definition-ref", "typed-dict", "dataclass", "dict"})
