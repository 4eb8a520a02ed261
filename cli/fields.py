"""A command's fields as the command line takes them: which there are, and how each is written.

--FIELD takes text, numbers and booleans as they are, and JSON for maps and lists. What a field
may be is read off the domain's own shapes, so the command line cannot know other fields than it.
"""

import json
import re
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from pydantic import BaseModel, JsonValue

from cli.terminal import BadUsage
from cli.usage import closest
from domain.commands import FIELDS, Fields
from domain.lending.orders import RULES
from domain.ticket import Actor
from domain.vocabulary import Command, LoanerCommand, Role

TEXT, FLAG, NUMBER, JSON, ANY = "text", "flag", "number", "json", "any"
Kinds = frozenset[str]

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")
_ANY_KIND = frozenset({ANY})

AnyCommand = Command | LoanerCommand

# Open to every command; shown last.
_COMMON = tuple(Fields.model_fields)


def fields_of(command: AnyCommand) -> dict[str, Kinds]:
    """The command's fields and what each may be, its own first."""
    shape = _shape_of(command)
    own = {
        info.alias or name: _kinds(info.annotation)
        for name, info in shape.model_fields.items()
        if name not in _COMMON
    }
    common = {name: _kinds(info.annotation) for name, info in Fields.model_fields.items()}
    return {**own, **common}


def _shape_of(command: AnyCommand) -> type[Fields]:
    if isinstance(command, LoanerCommand):
        return RULES[command].fields
    return FIELDS.get(command, Fields)


def flags_of(command: AnyCommand) -> frozenset[str]:
    """The fields that may stand without a value, which then is true."""
    return frozenset(name for name, kinds in fields_of(command).items() if kinds == {FLAG})


def read_value(name: str, written: str, kinds: Kinds) -> JsonValue:
    """The value that `written` stands for. Raises BadUsage for JSON that is none."""
    if ANY in kinds:
        return _json_or_text(name, written)
    if JSON in kinds and written.lstrip()[:1] in ("{", "["):
        return _json(name, written)
    if FLAG in kinds and written in ("true", "false"):
        return written == "true"
    if NUMBER in kinds and _NUMBER.fullmatch(written):
        value: JsonValue = json.loads(written)
        return value
    if kinds == {JSON}:
        raise BadUsage(f"--{name} 要写 JSON(一个对象或列表),而不是 {written!r}")
    return written


def read_with(command: AnyCommand, written: str | None) -> dict[str, JsonValue]:
    """The JSON object of --with. Raises BadUsage: no object, or a field that is none."""
    if written is None:
        return {}
    value = _json("with", written)
    if not isinstance(value, dict):
        raise BadUsage('--with 要写一个 JSON 对象,如 {"reason": "…"}')
    known = fields_of(command)
    for name in value:
        if name not in known:
            hint = closest(name, known) or f";可用:{'、'.join(known)}"
            raise BadUsage(f"--with 里的 {name} 不是 {command.value} 的字段{hint}")
    return value


def merged(
    command: AnyCommand, options: Mapping[str, str | None], with_: str | None
) -> dict[str, JsonValue]:
    """The fields of the options and of --with together. Raises BadUsage for one given in both."""
    kinds = fields_of(command)
    fields = read_with(command, with_)
    for name, written in options.items():
        if written is None:
            continue
        if name in fields:
            raise BadUsage(f"{name} 在 --{name} 和 --with 里各写了一次,请删去一个")
        fields[name] = read_value(name, written, kinds[name])
    return fields


def read_actor(written: str) -> Actor:
    """ROLE/NAME. Raises BadUsage."""
    role, slash, name = written.partition("/")
    if role not in set(Role):
        hint = closest(role, Role) or f";可用:{'、'.join(Role)}"
        raise BadUsage(f"--by 里没有角色 {role!r}{hint}(写成 角色/姓名,如 agent/客服小何)")
    if not slash or not name.strip():
        raise BadUsage(f"--by 缺少姓名:写成 {role}/姓名,如 agent/客服小何")
    return Actor(role=Role(role), name=name.strip())


def _json(name: str, written: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(written)
    except (ValueError, RecursionError) as error:
        where = f"第 {error.pos + 1} 个字符处" if isinstance(error, json.JSONDecodeError) else ""
        raise BadUsage(f"--{name} 的 JSON {where}读不懂:{written[:80]}") from None
    return value


def _json_or_text(name: str, written: str) -> JsonValue:
    if written.lstrip()[:1] in ("{", "["):
        return _json(name, written)
    # A number stays text: it is as likely a telephone number. --with says which is meant.
    return written == "true" if written in ("true", "false") else written


def _kinds(annotation: Any) -> Kinds:
    """What a field of that type may be on the command line."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _kinds(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        kinds = [_kinds(one) for one in typing.get_args(annotation) if one is not type(None)]
        return frozenset().union(*kinds)
    if origin in (tuple, list, dict) or annotation in (tuple, list, dict):
        return frozenset({JSON})
    if not isinstance(annotation, type):
        return _ANY_KIND
    if issubclass(annotation, BaseModel):
        return frozenset({JSON})
    if issubclass(annotation, str | Enum | datetime):
        return frozenset({TEXT})
    if issubclass(annotation, bool):
        return frozenset({FLAG})
    return frozenset({NUMBER}) if issubclass(annotation, int | float) else _ANY_KIND
