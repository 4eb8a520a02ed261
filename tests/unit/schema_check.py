"""A small JSON Schema validator: the words that the policy schema uses, and no more.

A word that it does not know fails, so that the schema cannot grow past what is checked here.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_SILENT = frozenset(
    {"$schema", "$defs", "title", "description", "default", "discriminator", "format"}
)
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
    "number": (int, float),
}


def faults(value: Any, schema: Any, whole: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """The places at which the value is not as the schema says."""
    for word, said in schema.items():
        if word in _SILENT or word in ("properties", "additionalProperties"):
            continue
        if not _holds(word, said, value, whole):
            yield f"{at or '.'}: {word}"
    if isinstance(value, dict):
        yield from _of_object(value, schema, whole, at)
    if isinstance(value, list) and "items" in schema:
        for index, one in enumerate(value):
            yield from faults(one, schema["items"], whole, f"{at}[{index}]")


def _of_object(
    value: dict[str, Any], schema: Any, whole: Mapping[str, Any], at: str
) -> Iterator[str]:
    properties, more = schema.get("properties", {}), schema.get("additionalProperties", True)
    for key, one in value.items():
        if key in properties:
            yield from faults(one, properties[key], whole, f"{at}.{key}")
        elif more is False:
            yield f"{at}.{key}: unknown"
        elif isinstance(more, Mapping):
            yield from faults(one, more, whole, f"{at}.{key}")


def _holds(word: str, said: Any, value: Any, whole: Mapping[str, Any]) -> bool:
    match word:
        case "items":
            return True  # each of them is judged at its own place
        case "$ref":
            return _is(value, whole["$defs"][said.removeprefix("#/$defs/")], whole)
        case "anyOf":
            return any(_is(value, one, whole) for one in said)
        case "oneOf":
            return [_is(value, one, whole) for one in said].count(True) == 1
        case "not":
            return not _is(value, said, whole)
        case "propertyNames":
            return not isinstance(value, dict) or all(_is(key, said, whole) for key in value)
        case "patternProperties":
            return not isinstance(value, dict) or all(
                re.search(pattern, key) is None or _is(one, inner, whole)
                for pattern, inner in said.items()
                for key, one in value.items()
            )
    kind, check = _PLAIN[word]
    return not isinstance(value, kind) or check(value, said)


def _of_type(value: Any, said: str) -> bool:
    is_flag = isinstance(value, bool) and said in ("integer", "number")
    return isinstance(value, _TYPES[said]) and not is_flag


_PLAIN: Mapping[str, tuple[type | tuple[type, ...], Callable[[Any, Any], bool]]] = {
    "type": (object, _of_type),
    "enum": (object, lambda value, said: value in said),
    "const": (object, lambda value, said: bool(value == said)),
    "pattern": (str, lambda value, said: re.search(said, value) is not None),
    "required": (dict, lambda value, said: set(said) <= value.keys()),
    "minItems": (list, lambda value, said: len(value) >= said),
    "minLength": (str, lambda value, said: len(value) >= said),
    "minProperties": (dict, lambda value, said: len(value) >= said),
    "minimum": ((int, float), lambda value, said: bool(value >= said)),
    "maximum": ((int, float), lambda value, said: bool(value <= said)),
    "exclusiveMinimum": ((int, float), lambda value, said: bool(value > said)),
    "exclusiveMaximum": ((int, float), lambda value, said: bool(value < said)),
}
"""What each word asks of a value of its kind; values of other kinds it does not concern."""


def _is(value: Any, schema: Any, whole: Mapping[str, Any]) -> bool:
    return next(faults(value, schema, whole), None) is None
