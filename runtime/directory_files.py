"""A directory file (YAML) read into the company's books: every fault, with its line."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain.directory import (
    Customer,
    Device,
    Directory,
    Line,
    Loaner,
    Property,
    StaffMember,
    Technician,
)
from domain.directory_checks import DEPARTMENTS, faults
from domain.policy_entry import nearest
from domain.records import Record
from runtime.file_faults import FaultyFile, FileFault

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

    `policies` are the known names, checked where given. Raises DirectoryFileFaulty; OSError when
    the file cannot be read.
    """
    reader = _Reader(str(path), normalise)
    document = reader.document(path)
    sections = reader.sections(document) if document is not None else {}
    if not reader.faults:
        directory = Directory.model_validate(sections)
        for fault in faults(directory, departments=departments, policies=policies):
            line = reader.line_of(fault.section, fault.index, fault.field)
            place = f"{fault.section}[{fault.index}].{fault.field}"
            reader.fault(line, place, fault.message, fault.fix)
        if not reader.faults:
            return directory
    raise DirectoryFileFaulty(reader.faults)


class _Reader:
    """Walks the YAML nodes rather than loaded values: they know their lines, and their spelling.

    So an unquoted 07176000001 is not taken for an octal number, nor a name 否 for anything else.
    """

    def __init__(self, file: str, normalise: Normalise) -> None:
        self.file = file
        self.faults: list[FileFault] = []
        self._normalise = normalise
        self._lines: dict[tuple[str, int], dict[str, int]] = {}

    def fault(self, line: int, field: str, message: str, fix: str) -> None:
        self.faults.append(
            FileFault(file=self.file, line=line, field=field, message=message, fix=fix)
        )

    def line_of(self, section: str, index: int, field: str) -> int:
        """Where that field stands; where it is absent, where its entry does."""
        lines = self._lines[section, index]
        return lines.get(field, lines[""])

    def document(self, path: Path) -> yaml.MappingNode | None:
        """The document's root; None, with a fault, when it is no mapping."""
        text = ""
        try:
            text = path.read_text(encoding="utf-8-sig")
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except UnicodeDecodeError:
            self.fault(1, "", "不是 UTF-8 文字", "用 UTF-8 另存这个文件")
            return None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            self.fault(line, "", f"YAML 写法有误:{error.problem}", "检查缩进、括号、引号和冒号")
            return None
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            self.fault(line, "", "YAML 写法有误:有不可见的控制字符", "删去它")
            return None
        except RecursionError:
            self.fault(1, "", "YAML 写法有误:括号套得太深", "检查括号")
            return None
        if not isinstance(root, yaml.MappingNode):
            line = _line(root) if root is not None else 1
            self.fault(line, "", "文件里没有名册", f"写上 {'、'.join(_SECTIONS)} 等段")
            return None
        return root

    def sections(self, root: yaml.MappingNode) -> dict[str, list[Record]]:
        """Each section's entries that are sound by themselves; the rest become faults."""
        found: dict[str, list[Record]] = {}
        for name, value in self._pairs(root, ""):
            model = _SECTIONS.get(name)
            if model is None:
                self.fault(_line(value), name, "没有这个段", nearest(name, _SECTIONS))
            elif isinstance(value, yaml.SequenceNode):
                entries = [self._entry(name, model, i, node) for i, node in enumerate(value.value)]
                found[name] = [entry for entry in entries if entry is not None]
            elif not _is_null(value):
                self.fault(_line(value), name, "应是一个列表", "每条一行,以 - 开头")
        return found

    def _entry(
        self, section: str, model: type[Record], index: int, node: yaml.Node
    ) -> Record | None:
        place = f"{section}[{index}]"
        lines = self._lines[section, index] = {"": _line(node)}
        if not isinstance(node, yaml.MappingNode):
            self.fault(_line(node), place, "应是一组 字段: 值", "写成 {id: …, name: …} 的样子")
            return None
        before = len(self.faults)
        written: dict[str, Any] = {}
        for name, value in self._pairs(node, place):
            lines[name] = _line(value)
            written[name] = self._value(f"{place}.{name}", name, value)
        if len(self.faults) > before:
            return None
        try:
            return model.model_validate(written)
        except ValidationError as error:
            for detail in error.errors():
                self._explain(section, index, model, detail)
            return None

    def _pairs(self, node: yaml.MappingNode, place: str) -> Iterator[tuple[str, yaml.Node]]:
        seen: set[str] = set()
        for key, value in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            if name in seen:
                self.fault(_line(key), f"{place}.{name}".lstrip("."), "写了两次", "只留一个")
            else:
                seen.add(name)
                yield name, value

    def _value(self, place: str, name: str, node: yaml.Node) -> Any:
        if isinstance(node, yaml.SequenceNode):
            return tuple(self._word(place, name, one) for one in node.value)
        return self._word(place, name, node)

    def _word(self, place: str, name: str, node: yaml.Node) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self.fault(_line(node), place, "应是一个值", "写成一个值,或由值组成的列表")
            return None
        text = str(node.value).strip()
        if _is_null(node) or not text:
            return None
        if name not in _PHONES:
            return text
        number = self._normalise(text)
        if number is None:
            self.fault(
                _line(node), place, f"{text!r} 不是电话号码", "写成 13900000001 或 0717-6000001"
            )
        return number

    def _explain(self, section: str, index: int, model: type[Record], detail: ErrorDetails) -> None:
        field = str(detail["loc"][0]) if detail["loc"] else ""
        kind = detail["type"]
        if kind == "extra_forbidden":
            message, fix = "没有这个字段", nearest(field, model.model_fields)
        elif kind == "enum":
            message, fix = f"没有 {detail['input']} 这个词", f"可选:{detail['ctx']['expected']}"
        elif kind.startswith("date"):
            message, fix = _DATE
        else:
            message, fix = _SAID.get(kind, ("写得不对", detail["msg"]))
        place = f"{section}[{index}].{field}"
        self.fault(self.line_of(section, index, field), place, message, fix)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"
