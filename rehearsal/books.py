"""The books of one rehearsal: the example company's, with what the script says otherwise."""

import re
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from desk.numbers import normalise
from domain.calls import Direction
from domain.directory import Directory
from domain.refusals import Refused
from rehearsal.faults import ScriptFault
from rehearsal.script import Script
from rehearsal.steps import PhoneAct
from runtime import marked_yaml
from runtime.directory_files import DirectoryFileFaulty, directory_of
from runtime.marked_yaml import Marked, Place
from runtime.policy_files import PolicyShelf

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "directory.yaml"

_FIELD = re.compile(r"(?P<section>\w+)(?:\[(?P<index>\d+)\])?(?:\.(?P<name>\w+))?")


def of_script(script: Script, shelf: PolicyShelf) -> Directory:
    """The example directory with the script's `given` parts in place of its own.

    The lines that the script calls begin under its policy, unless it gives lines itself. Raises
    ScriptFault for a policy that there is not, and for faults in what is given.
    """
    try:
        shelf.get(script.policy)
    except Refused as refused:
        raise ScriptFault((script.fault(("policy",), refused.message),)) from None
    sections = _example()
    called = dict.fromkeys(_lines_called(script), script.policy)
    kept = [one for one in sections.get("lines", ()) if normalise(one["number"]) not in called]
    lines = [{"number": number, "policy": policy} for number, policy in called.items()]
    given = {section: _as_spelt(entries) for section, entries in script.given.items()}
    merged = {**sections, "lines": [*kept, *lines], **given}
    try:
        return directory_of(Marked(script.path, merged), normalise)
    except DirectoryFileFaulty as faulty:
        raise ScriptFault(
            tuple(
                script.fault(_place(fault.field), f"{fault.field}: {fault.message}。{fault.fix}")
                for fault in faulty.faults
            )
        ) from None


@cache
def _example() -> dict[str, Any]:
    """The example company's books, read once for all scripts."""
    content: dict[str, Any] = marked_yaml.read(EXAMPLE, as_spelt=True).content
    return content


def _as_spelt(value: Any) -> Any:
    """What a script says, as a file of books says it: every value is its text."""
    if isinstance(value, dict):
        return {key: _as_spelt(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_spelt(one) for one in value]
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if value is None else str(value)


def _lines_called(script: Script) -> list[str]:
    """Our own numbers in the script's inbound calls, normalised."""
    numbers: dict[str, None] = {}
    for step in script.steps:
        if isinstance(step.act, PhoneAct) and step.act.event.direction is not Direction.OUT:
            number = normalise(step.act.event.to_number)
            if number is not None:
                numbers[number] = None
    return list(numbers)


def _place(field: str) -> Place:
    """Where `technicians[0].name` stands in the script."""
    match = _FIELD.fullmatch(field)
    if match is None:
        return ("given",)
    index = int(match["index"]) if match["index"] else None
    parts = (match["section"], index, match["name"])
    return ("given", *(part for part in parts if part is not None))
