"""Policy files (YAML) read into whole, self-contained policies: every fault, with its line.

A file may say `extends`: the two are merged here, the same promise id or key taking the place of
the other's, and a workday calendar's dates are put in from `calendars/`. What comes out names
nothing outside itself and has one version.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain.policy import Policy
from domain.policy_entry import MISTAKE, nearest
from domain.refusals import RefusalType, Refused
from runtime import marked_yaml
from runtime.file_faults import FaultyFile, FileFault
from runtime.marked_yaml import Marked, Place

# Taken over from the extended policy key by key, entry by entry (the same id takes the other's
# place), or all of both; the rest belongs to one file alone.
_MERGED = ("calendars", "ladders", "default_warranty", "procedure")
_MERGED_BY_ID = ("promises", "fees", "provisions")
_JOINED = ("set_aside",)
_DATES = "dates"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_LARGEST = 1_000_000  # bytes: some three thousand promises, or a slip

_SAID = {
    "missing": ("缺少此项", "请补上"),
    "string_pattern_mismatch": ("名字只能用小写字母、数字和下划线", ""),
    "string_type": ("应是一段文字", "加上引号"),
    "string_too_short": ("不能是空的", "请填写"),
    "model_type": ("应是一组 键: 值", ""),
    "model_attributes_type": ("应是一组 键: 值", ""),
    "extra_forbidden": ("没有这个键", "请删去"),
    "int_type": ("应是整数", ""),
    "int_from_float": ("应是整数", ""),
    "int_parsing": ("应是整数", ""),
    "float_parsing": ("应是数字", ""),
    "bool_type": ("应是 true 或 false", ""),
    "bool_parsing": ("应是 true 或 false", ""),
    "date_type": ("应是日期", "写成 2026-10-01 的样子"),
    "date_from_datetime_parsing": ("应是日期", "写成 2026-10-01 的样子"),
    "greater_than": ("数字太小", "应大于 {gt}"),
    "greater_than_equal": ("数字太小", "不能小于 {ge}"),
    "less_than_equal": ("数字太大", "不能大于 {le}"),
    "less_than": ("数字太大", "应小于 {lt}"),
    "finite_number": ("应是一个有限的数字", ""),
    "tuple_type": ("应是一个列表", "写成 [甲, 乙]"),
    "dict_type": ("应是一组 键: 值", ""),
    "too_short": ("不能是空的", "至少写一项"),
    "union_tag_not_found": ("没有写 kind", "如 kind: opening_hours"),
    "union_tag_invalid": ("没有这种 kind", "可用:always、opening_hours、workdays"),
}


_RULES = {
    "missing": "missing_key",
    "extra_forbidden": "unknown_key",
    "literal_error": "unknown_word",
    "enum": "unknown_word",
}
"""Kinds of fault with a name of their own."""


class PolicyFileFaulty(FaultyFile):
    """A policy file with faults; nothing was taken from it."""


class PolicyShelf:
    """The policies of one folder, each read again when its files have changed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._read: dict[str, tuple[tuple[object, ...], Policy]] = {}

    def names(self) -> list[str]:
        """The policies that there are, sorted."""
        return sorted(path.stem for path in self._directory.glob("*.yaml"))

    def get(self, name: str) -> Policy:
        """The policy of that name. Raises Refused UnknownPolicy; PolicyFileFaulty for its file."""
        path = self.known(name)
        stamp = self._stamp()
        known_stamp, policy = self._read.get(name, (None, None))
        if policy is None or known_stamp != stamp:
            policy = self.load_file(path)
            if misnamed := self.misnamed(path, policy):
                raise PolicyFileFaulty([misnamed])
            self._read[name] = (stamp, policy)
        return policy

    def load_file(self, path: Path) -> Policy:
        """The policy in that file, which may extend one of the folder. Raises PolicyFileFaulty."""
        try:
            return _Reader(self._directory).policy(path)
        except PolicyFileFaulty:
            raise
        except FaultyFile as faulty:
            raise PolicyFileFaulty(faulty.faults) from None

    def sourced(self, path: Path) -> "SourcedPolicy":
        """The policy in that file, and where each piece of it is written. As `load_file`."""
        try:
            return _Reader(self._directory).sourced(path)
        except PolicyFileFaulty:
            raise
        except FaultyFile as faulty:
            raise PolicyFileFaulty(faulty.faults) from None

    def misnamed(self, path: Path, policy: Policy) -> FileFault | None:
        """The fault of a file of this folder that bears another name than its policy, if it does.

        Tickets pin a policy by its name, and it is later asked for by it.
        """
        if policy.name == path.stem or path.resolve().parent != self._directory.resolve():
            return None
        message, fix = "政策的 name 与文件名不同", f"写成 {path.stem}"
        return marked_yaml.read(path).fault(("name",), message, fix)

    def path(self, name: str) -> Path:
        """The file of the policy of that name, whether it is there or not."""
        return self._directory / f"{name}.yaml"

    def known(self, name: str) -> Path:
        """The file of the policy of that name. Raises Refused UnknownPolicy."""
        if name not in self.names():
            hint = nearest(name, self.names()).replace("可选", "可用")
            raise Refused(RefusalType.UNKNOWN_POLICY, f"没有政策 {name};{hint}", "policy")
        return self.path(name)

    def for_product_class(self, product_class: str) -> list[str]:
        """The policies that list that class of product."""
        return [name for name in self.names() if product_class in self.get(name).product_classes]

    def _stamp(self) -> tuple[object, ...]:
        files = [*self._directory.glob("*.yaml"), *self._directory.glob("calendars/*.yaml")]
        return tuple(
            (path.name, stat.st_mtime_ns, stat.st_size)
            for path in sorted(files)
            for stat in (path.stat(),)
        )


@dataclass(slots=True)
class _Merged:
    """The content of a policy, and from which file and place each part of it comes."""

    content: dict[str, Any] = field(default_factory=dict)
    origins: dict[Place, tuple[Marked, Place]] = field(default_factory=dict)

    def fault(self, place: Place, message: str, fix: str, *, rule: str = "malformed") -> FileFault:
        """A fault at a place of the merged content, told at its place in its own file."""
        marked, own = self.source(place)
        return marked.fault(own, message, fix, rule=rule)

    def source(self, place: Place) -> tuple[Marked, Place]:
        """The file that a place of the merged content comes from, and the place in it."""
        for length in range(len(place), -1, -1):
            if place[:length] in self.origins:
                marked, start = self.origins[place[:length]]
                return marked, (*start, *place[length:])
        raise KeyError(place)


@dataclass(frozen=True, slots=True)
class SourcedPolicy:
    """A policy, and where each piece of it is written."""

    policy: Policy
    _merged: _Merged

    def where(self, place: Place) -> tuple[Path, int]:
        """The file and the line (from 1) of a place in the policy, or of what holds it."""
        marked, own = self._merged.source(place)
        return marked.path, marked.line(own)


class _Reader:
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def policy(self, path: Path) -> Policy:
        return self.sourced(path).policy

    def sourced(self, path: Path) -> SourcedPolicy:
        merged = self._merged(path, below=())
        return SourcedPolicy(_validated(merged), merged)

    def _merged(self, path: Path, below: tuple[Path, ...]) -> _Merged:
        marked = _read(path)
        if not isinstance(marked.content, dict):
            raise FaultyFile([marked.fault((), "政策应是一组 键: 值", "以 name: 和 title: 开头")])
        merged = _Merged(origins={(): (marked, ())})
        base = marked.content.get("extends")
        if base is not None:
            merged = self._base(marked, base, (*below, path))
            merged.origins[()] = (marked, ())
        for key, value in marked.content.items():
            self._take(merged, marked, key, value)
        return merged

    def _base(self, marked: Marked, name: object, below: tuple[Path, ...]) -> _Merged:
        path = self._directory / f"{name}.yaml"
        if not _names_a_file(name, path):
            fix = nearest(str(name), (one.stem for one in self._directory.glob("*.yaml")))
            message = f"没有政策 {name}"
            raise FaultyFile([marked.fault(("extends",), message, fix, rule="unknown_policy")])
        if path.resolve() in {one.resolve() for one in below}:
            message = "政策不能绕一圈又继承自己"
            raise FaultyFile([marked.fault(("extends",), message, "删去 extends", rule="cycle")])
        merged = self._merged(path, below)
        # A base is judged by itself first: merging relies on its shape, and its faults are its own.
        _validated(merged)
        # A title is nobody else's, a base's classes would claim its devices, and a base answers for
        # its own clauses.
        for own in ("title", "product_classes", "covers"):
            merged.content.pop(own, None)
            merged.origins.pop((own,), None)
        return merged

    def _take(self, merged: _Merged, marked: Marked, key: str, value: Any) -> None:
        if key in _MERGED_BY_ID and isinstance(value, list):
            _take_entries(merged, marked, key, value)
        elif key in _JOINED and isinstance(value, list):
            _join(merged, marked, key, value)
        elif key in _MERGED and isinstance(value, Mapping):
            kept = {**(merged.content.get(key) or {})}
            for name, one in value.items():
                merged.origins[key, name] = (marked, (key, name))
                is_calendar = key == "calendars" and isinstance(one, Mapping)
                kept[name] = self._with_dates(merged, marked, name, one) if is_calendar else one
            merged.content[key] = kept
        else:
            merged.content[key] = value
            merged.origins[key,] = (marked, (key,))

    def _with_dates(
        self, merged: _Merged, marked: Marked, name: str, calendar: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """A workday calendar with the dates of the file that it names."""
        if _DATES not in calendar:
            return calendar
        folder = self._directory / "calendars"
        path = folder / f"{calendar[_DATES]}.yaml"
        if not _names_a_file(calendar[_DATES], path):
            fix = nearest(str(calendar[_DATES]), (one.stem for one in folder.glob("*.yaml")))
            place = ("calendars", name, _DATES)
            message = f"没有日历数据 {calendar[_DATES]}"
            raise FaultyFile([marked.fault(place, message, fix, rule="unknown_calendar")])
        dates = _read(path)
        if not isinstance(dates.content, dict):
            raise FaultyFile([dates.fault((), "日历数据应是一组 键: 值", "由 seed.py 重新生成")])
        for key in dates.content:
            merged.origins["calendars", name, key] = (dates, (key,))
        return {**dates.content, **{key: one for key, one in calendar.items() if key != _DATES}}


def _read(path: Path) -> Marked:
    """The file, marked, unless it is too large for what it should be."""
    if path.is_file() and path.stat().st_size > _LARGEST:
        message = f"文件有 {path.stat().st_size:,} 字节,最多 {_LARGEST:,}"
        raise FaultyFile([marked_yaml.fault(path, 1, message, "请核对是不是政策文件,或分成几份")])
    return marked_yaml.read(path)


def _names_a_file(name: object, path: Path) -> bool:
    """Whether that is the plain name of a file that is there: never a way into another folder."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None and path.exists()


def _validated(merged: _Merged) -> Policy:
    try:
        return Policy.model_validate(merged.content)
    except ValidationError as error:
        raise PolicyFileFaulty(_explain(merged, one) for one in _causes(error)) from None


def _causes(error: ValidationError) -> Iterator[ErrorDetails]:
    """The errors, without "too short" for a list that is so only because its entries are wrong."""
    errors = error.errors()
    for one in errors:
        depth = len(one["loc"])
        inside = (
            other for other in errors if other is not one and other["loc"][:depth] == one["loc"]
        )
        if one["type"] != "too_short" or next(inside, None) is None:
            yield one


def _take_entries(merged: _Merged, marked: Marked, key: str, own: list[Any]) -> None:
    """The same id takes the other's place; new ones follow in their order."""
    entries = merged.content.setdefault(key, [])
    inherited = {one["id"]: place for place, one in enumerate(entries)}
    for index, entry in enumerate(own):
        name = entry.get("id") if isinstance(entry, Mapping) else None
        known = isinstance(name, str) and name in inherited
        # Taken once: a second entry of that id is appended, and found to be a repetition.
        place = inherited.pop(name) if known else len(entries)
        entries[place : place + 1] = [entry]
        merged.origins[key, place] = (marked, (key, index))


def _join(merged: _Merged, marked: Marked, key: str, own: list[Any]) -> None:
    """Those of the extended policy first."""
    entries = merged.content.setdefault(key, [])
    for index, entry in enumerate(own):
        merged.origins[key, len(entries)] = (marked, (key, index))
        entries.append(entry)


def _explain(merged: _Merged, error: ErrorDetails) -> FileFault:
    kind, context = error["type"], error.get("ctx", {})
    place = tuple(_known(merged.content, error["loc"]))
    if kind == MISTAKE:
        at = tuple(context.get("at", ()))
        fix, rule = context.get("fix", ""), context.get("rule", "malformed")
        return merged.fault((*place, *at), context["message"], fix, rule=rule)
    message, fix = _SAID.get(kind, (f"写得不对:{error['msg']}", ""))
    fix = fix.format(**context)
    if kind in ("literal_error", "enum"):
        choices = re.findall("'([^']+)'", context["expected"])
        message, fix = f"没有 {error['input']} 这个词", nearest(str(error["input"]), choices)
    if kind == "missing":
        place = (*place, error["loc"][-1])
    return merged.fault(place, message, fix, rule=_RULES.get(kind, "malformed"))


def _known(content: Any, loc: tuple[int | str, ...]) -> Iterator[int | str]:
    """The parts of a pydantic location that are in the file: it also names the union's members."""
    for part in loc:
        inside = isinstance(content, Mapping) and part in content
        if inside or (isinstance(content, list) and isinstance(part, int) and part < len(content)):
            yield part
            content = content[part]
