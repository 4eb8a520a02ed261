"""A directory file (YAML) read into the company's books: every fault, with its line."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain.directory import (
    Customer,
    Device,
    Directory,
    Entitlement,
    Line,
    Loaner,
    Property,
    StaffMember,
    Technician,
)
from domain.directory_checks import DEPARTMENTS, faults
from domain.policy_entry import MISTAKE, nearest
from domain.records import Record
from runtime import marked_yaml
from runtime.file_faults import FaultyFile, FileFault
from runtime.marked_yaml import Marked, Place, spelled

Normalise = Callable[[str], str | None]
"""The one spelling of a telephone number; None when it is none."""

_SECTIONS: dict[str, type[Record]] = {
    "lines": Line,
    "customers": Customer,
    "properties": Property,
    "devices": Device,
    "technicians": Technician,
    "staff": StaffMember,
    "loaners": Loaner,
}
_PHONES = {"phones", "phone", "number"}
# What a contract or a warranty card says: a map of its own, whose words the model reads.
_PAPERS = {"contract", "warranty_card"}

# pydantic's kind of fault, and what is said of it: the fault, the fix.
_SAID: dict[str, tuple[str, str]] = {
    "missing": ("缺少这个字段", "请补上"),
    "string_type": ("应是一段文字", "请填写,不要留空,也不要写成列表"),
    "string_too_short": ("不能为空", "请填写"),
    "tuple_type": ("应是一个列表", "写成 [甲, 乙]"),
    "float_parsing": ("不是数字", "写成数字,如 6.5"),
    "finite_number": ("不是一个有限的数", "写成数字,如 6.5"),
    "int_parsing": ("不是整数", "写成整数,如 2"),
    "greater_than": ("必须大于 0", "改正数字;不知道就不写"),
    "greater_than_equal": ("不能小于 0", "改正数字;不知道就不写"),
    "less_than_equal": ("太大", "改正数字;不知道就不写"),
    "bool_parsing": ("不是 true 或 false", "写 true 或 false"),
    "model_type": ("应是一组 字段: 值", "写成 {coverages: [{kind: …, months: …, starts: […]}]}"),
    "too_short": ("至少要有一项", "写上一项"),
}
_DATE = ("不是日期", "写成 2026-03-01 的样子")


class DirectoryFileFaulty(FaultyFile):
    """A directory file with faults; nothing was taken from it."""


def read_directory(
    path: Path,
    normalise: Normalise,
    *,
    departments: Collection[str] = DEPARTMENTS,
    policies: Collection[str] | None = None,
) -> Directory:
    """The books in that file, numbers normalised.

    `policies` are the known names, checked where given. Raises DirectoryFileFaulty.
    """
    try:
        marked = marked_yaml.read(path, as_spelt=True)
    except FaultyFile as faulty:
        raise DirectoryFileFaulty(faulty.faults) from None
    return directory_of(marked, normalise, departments=departments, policies=policies)


def directory_of(
    marked: Marked,
    normalise: Normalise,
    *,
    departments: Collection[str] = DEPARTMENTS,
    policies: Collection[str] | None = None,
) -> Directory:
    """The books in a file that was read as spelt. Raises DirectoryFileFaulty."""
    reader = _Reader(marked, normalise)
    sections = reader.sections()
    if not reader.faults:
        directory = Directory.model_validate(sections)
        for found in faults(directory, departments=departments, policies=policies):
            reader.fault((found.section, found.index, found.field), found.message, found.fix)
        if not reader.faults:
            return directory
    raise DirectoryFileFaulty(reader.faults)


class _Reader:
    """Collects faults as it reads, so that one run tells all of them."""

    def __init__(self, marked: Marked, normalise: Normalise) -> None:
        self.faults: list[FileFault] = []
        self._marked = marked
        self._normalise = normalise

    def fault(self, place: Place, message: str, fix: str) -> None:
        """What is wrong there: the line is the place's own, the field is the entry's."""
        inside = len(place) > 2 and place[2] in _PAPERS
        line, field = self._marked.line(place), spelled(place if inside else place[:3])
        self.faults.append(marked_yaml.fault(self._marked.path, line, message, fix, field=field))

    def sections(self) -> dict[str, list[Record]]:
        """Each section's entries that are sound by themselves; the rest become faults."""
        content = self._marked.content
        if not isinstance(content, dict):
            self.fault((), "文件里没有名册", f"写上 {'、'.join(_SECTIONS)} 等段")
            return {}
        found: dict[str, list[Record]] = {}
        for name, entries in content.items():
            model = _SECTIONS.get(name)
            if model is None:
                self.fault((name,), "没有这个段", nearest(name, _SECTIONS))
            elif isinstance(entries, list):
                read = [self._entry((name, i), model, one) for i, one in enumerate(entries)]
                found[name] = [entry for entry in read if entry is not None]
            elif entries is not None:
                self.fault((name,), "应是一个列表", "每条一行,以 - 开头")
        return found

    def _entry(self, place: Place, model: type[Record], written: Any) -> Record | None:
        if not isinstance(written, dict):
            self.fault(place, "应是一组 字段: 值", "写成 {id: …, name: …} 的样子")
            return None
        before = len(self.faults)
        fields = {name: self._value((*place, name), one) for name, one in written.items()}
        if len(self.faults) > before:
            return None
        try:
            return model.model_validate(fields)
        except ValidationError as error:
            told = error.errors()
            for detail in told:
                if not any(_is_within(one["loc"], detail["loc"]) for one in told):
                    self._explain(place, model, detail)
            return None

    def _value(self, place: Place, written: Any) -> Any:
        if place[2] in _PAPERS:
            return written
        if isinstance(written, list):
            return tuple(self._word((*place, i), one) for i, one in enumerate(written))
        return self._word(place, written)

    def _word(self, place: Place, written: Any) -> str | None:
        if isinstance(written, list | dict):
            self.fault(place, "应是一个值", "写成一个值,或由值组成的列表")
            return None
        text = (written or "").strip()
        if not text or place[2] not in _PHONES:
            return text or None
        number = self._normalise(text)
        if number is None:
            self.fault(place, f"{text!r} 不是电话号码", "写成 13900000001 或 0717-6000001")
        return number

    def _explain(self, place: Place, model: type[Record], detail: ErrorDetails) -> None:
        kind, field = detail["type"], detail["loc"]
        if kind == MISTAKE:
            said = detail["ctx"]
            field, message, fix = (*field, *said["at"]), said["message"], said["fix"] or "请改正"
        elif kind == "extra_forbidden":
            message, fix = "没有这个字段", nearest(str(field[-1]), _fields_at(model, field))
        elif kind == "enum":
            message, fix = f"没有 {detail['input']} 这个词", f"可选:{detail['ctx']['expected']}"
        elif kind.startswith("date"):
            message, fix = _DATE
        else:
            message, fix = _SAID.get(kind, ("写得不对", detail["msg"]))
        self.fault((*place, *field), message, fix)


def _fields_at(model: type[Record], field: tuple[int | str, ...]) -> Collection[str]:
    """The names that may stand there: an entry's own, or those of the paper inside it."""
    return (Entitlement if len(field) > 1 else model).model_fields


def _is_within(place: tuple[int | str, ...], other: tuple[int | str, ...]) -> bool:
    """Whether it lies deeper inside: a list of faulty entries is called empty as well."""
    return len(place) > len(other) and place[: len(other)] == other
