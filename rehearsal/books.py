"""The books of one rehearsal: the example company's, with what the script says otherwise."""

import re
import tempfile
from pathlib import Path
from typing import Any

import yaml

from desk.numbers import normalise
from domain.calls import Direction
from domain.directory import Directory
from domain.refusals import Refused
from rehearsal.faults import ScriptFault
from rehearsal.script import Script
from rehearsal.steps import PhoneAct
from runtime import marked_yaml
from runtime.directory_files import DirectoryFileFaulty, read_directory
from runtime.marked_yaml import Place
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
    sections: dict[str, Any] = marked_yaml.read(EXAMPLE, as_spelt=True).content
    called = dict.fromkeys(_lines_called(script), script.policy)
    kept = [one for one in sections.get("lines", ()) if normalise(one["number"]) not in called]
    lines = [{"number": number, "policy": policy} for number, policy in called.items()]
    merged = {**sections, "lines": [*kept, *lines], **script.given}
    with tempfile.TemporaryDirectory(prefix="aftercare-books-") as folder:
        path = Path(folder) / "directory.yaml"
        path.write_text(yaml.safe_dump(merged, allow_unicode=True), encoding="utf-8")
        try:
            return read_directory(path, normalise)
        except DirectoryFileFaulty as faulty:
            raise ScriptFault(
                tuple(
                    script.fault(
                        _place(fault.field), f"{fault.field}: {fault.message}。{fault.fix}"
                    )
                    for fault in faulty.faults
                )
            ) from None


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
