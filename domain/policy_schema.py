"""The JSON schema of a policy file, for editors: made from the models, so that it cannot lag.

A file may write things shorter than the models store them (`starts: reported`, `within: 2 days`),
and a workday calendar may name its dates instead of holding them: the schema is of the file.
"""

from collections.abc import Mapping
from typing import Any

from domain.facts import FACTS, UNKNOWN, Fact, FactType
from domain.policy import Policy
from domain.round_time import ROUNDS
from domain.vocabulary import Milestone, PurchaseDate

Schema = dict[str, Any]

_ONE_OR_MANY = frozenset({"met_by", "void_by", "pauses_on", "steps", "needs", "to"})
"""Keys in which a single word stands for a list of one."""

_MILESTONE: Schema = {"$ref": "#/$defs/Milestone"}
_BOUNDS = ("min", "max", "above", "below")
_ANY = f"({'|'.join(Milestone)})"
_START = rf"(last )?({_ANY}|\[ *{_ANY}( *, *{_ANY})* *\])"
_CLOCK = r"([01]?[0-9]|2[0-4]):[0-5][0-9]"


def policy_schema() -> Schema:
    """The schema of a policy file (JSON Schema 2020-12)."""
    made = Policy.model_json_schema(mode="validation")
    definitions: dict[str, Schema] = made.pop("$defs")
    definitions.update(_as_written_in_files(definitions))
    whole: Schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Aftercare policy",
        **{key: value for key, value in made.items() if key != "title"},
        "$defs": definitions,
    }
    shortened: Schema = _file_form(whole)
    return shortened


def _as_written_in_files(models: Mapping[str, Schema]) -> dict[str, Schema]:
    """What a file writes for the models that have a short form."""
    rungs = models["Ladder"]["properties"]["rungs"]
    return {
        "Duration": _worded(models["Duration"], r"^\d{1,5} ?(minute|hour|day|workday)s?$"),
        "ClockTarget": _worded(models["ClockTarget"], rf"^(same|next) day {_CLOCK}$"),
        "Start": {
            **_described(models["Start"]),
            "anyOf": [
                _MILESTONE,
                {"type": "array", "items": _MILESTONE, "minItems": 1},
                {"type": "string", "pattern": rf"^{_START}$"},
            ],
        },
        "Basis": {
            **_described(models["Basis"]),
            "anyOf": [
                {"$ref": "#/$defs/PurchaseDate"},
                {"type": "array", "items": _MILESTONE, "minItems": 1},
                {
                    "type": "string",
                    "pattern": rf"^{_START}( *, *else ({'|'.join(PurchaseDate)}))?$",
                },
            ],
        },
        "RoundTime": _worded(models["RoundTime"], rf"^({'|'.join(ROUNDS)}) {_CLOCK}$"),
        "Ladder": {**_described(models["Ladder"]), "anyOf": [rungs, models["Ladder"]]},
        "Workdays": _with_dates(models["Workdays"]),
        # A file may write some of its keys, and take the others over from what it extends.
        "DefaultWarranty": {
            key: value for key, value in models["DefaultWarranty"].items() if key != "required"
        },
        "FactTests": {
            "description": "Tests on facts, all of which must hold.",
            "type": "object",
            "properties": {name: _test(fact) for name, fact in FACTS.items()},
            "additionalProperties": False,
        },
        "Condition": {
            "description": "Tests that must all hold, or a list of such maps: any will do.",
            "anyOf": [
                {"$ref": "#/$defs/FactTests"},
                {"type": "array", "items": {"$ref": "#/$defs/FactTests"}},
            ],
        },
    }


def _worded(model: Schema, pattern: str) -> Schema:
    return {**_described(model), "type": "string", "pattern": pattern}


def _described(model: Schema) -> Schema:
    return {"description": model["description"]}


def _with_dates(model: Schema) -> Schema:
    """A workday calendar with its dates, or with the name of the file that holds them."""
    named = {"dates": {"type": "string", "description": "A file of calendars/, without .yaml."}}
    return {
        **model,
        "properties": {**model["properties"], **named},
        "required": ["kind"],
        "anyOf": [{"required": ["dates"]}, {"required": model["required"]}],
    }


def _test(fact: Fact) -> Schema:
    """What a file may write for the test of one fact: a value, several, a range, unknown."""
    if fact.type is FactType.DAY:
        return {"description": fact.says, "not": {}}  # a day is no condition
    value: Schema
    match fact.type:
        case FactType.FLAG:
            value = {"type": "boolean"}
        case FactType.NUMBER:
            value = {"type": "number"}
        case FactType.CHOICE:
            value = {"enum": list(fact.choices)}
        case _:
            value = {"type": "string", "minLength": 1}
    either: Schema = {"anyOf": [value, {"const": UNKNOWN}]}
    keys: dict[str, Schema] = {
        "one_of": {"type": "array", "items": value, "minItems": 1},
        "unknown": {"const": "applies"},
    }
    if fact.type is FactType.NUMBER:
        keys |= {bound: {"type": "number"} for bound in _BOUNDS}
    test: Schema = {
        "type": "object",
        "properties": keys,
        "additionalProperties": False,
        "minProperties": 1,
    }
    several: Schema = {"type": "array", "items": either, "minItems": 1}
    return {"description": fact.says, "anyOf": [either, several, test]}


def _file_form(node: Any) -> Any:
    """The schema with the short forms of keys, and without the titles that repeat the names."""
    if isinstance(node, list):
        return [_file_form(one) for one in node]
    if not isinstance(node, Mapping):
        return node
    made = {
        key: value
        for key, value in node.items()
        if not (
            key == "title" and isinstance(value, str) and "type" in node and "$defs" not in node
        )
    }
    properties = made.pop("properties", None)
    made = {key: _file_form(value) for key, value in made.items()}
    if properties is not None:
        made["properties"] = {name: _key(name, one) for name, one in properties.items()}
    return made


def _key(name: str, schema: Schema) -> Any:
    if name == "when":
        return {"$ref": "#/$defs/Condition"}
    made: Schema = _file_form(schema)
    if made.get("type") == "array" and "minLength" in made:
        made["minItems"] = made.pop("minLength")
    if name in _ONE_OR_MANY and made.get("type") == "array":
        return {"anyOf": [made["items"], made]}
    return made
