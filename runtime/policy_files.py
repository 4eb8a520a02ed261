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

# Taken over from the extended policy key by key; the rest belongs to one file alone.
_MERGED = ("calendars", "ladders", "procedure")
_DATES = "dates"

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
    "greater_than": ("数字太小", "应大于 0"),
    "greater_than_equal": ("数字太小", "不能小于 0"),
    "less_than_equal": ("数字太大", "请核对"),
    "tuple_type": ("应是一个列表", "写成 [甲, 乙]"),
    "dict_type": ("应是一组 键: 值", ""),
    "too_short": ("不能是空的", "至少写一项"),
    "union_tag_not_found": ("没有写 kind", "如 kind: opening_hours"),
    "union_tag_invalid": ("没有这种 kind", "可用:always、opening_hours、workdays"),
}


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
        if name not in self.names():
            known = "、".join(self.names())
            raise Refused(RefusalType.UNKNOWN_POLICY, f"没有政策 {name};可用:{known}", "policy")
        stamp = self._stamp()
        known_stamp, policy = self._read.get(name, (None, None))
        if policy is None or known_stamp != stamp:
            policy = self.load_file(self._directory / f"{name}.yaml")
            if policy.name != name:
                # Tickets pin a policy by its name, and are later asked for by it.
                raise PolicyFileFaulty([_misnamed(self._directory / f"{name}.yaml", name)])
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

    def fault(self, place: Place, message: str, fix: str) -> FileFault:
        """A fault at a place of the merged content, told at its place in its own file."""
        for length in range(len(place), -1, -1):
            if place[:length] in self.origins:
                marked, start = self.origins[place[:length]]
                return marked.fault((*start, *place[length:]), message, fix)
        raise KeyError(place)


class _Reader:
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def policy(self, path: Path) -> Policy:
        return _validated(self._merged(path, below=()))

    def _merged(self, path: Path, below: tuple[Path, ...]) -> _Merged:
        marked = marked_yaml.read(path)
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
        if not path.exists():
            fix = nearest(str(name), (one.stem for one in self._directory.glob("*.yaml")))
            raise FaultyFile([marked.fault(("extends",), f"没有政策 {name}", fix)])
        if path.resolve() in {one.resolve() for one in below}:
            raise FaultyFile(
                [marked.fault(("extends",), "政策不能绕一圈又继承自己", "删去 extends")]
            )
        merged = self._merged(path, below)
        # A base is judged by itself first: merging relies on its shape, and its faults are its own.
        _validated(merged)
        # A title is nobody else's, and a base's classes would claim its devices.
        for own in ("title", "product_classes"):
            merged.content.pop(own, None)
            merged.origins.pop((own,), None)
        return merged

    def _take(self, merged: _Merged, marked: Marked, key: str, value: Any) -> None:
        if key == "promises" and isinstance(value, list):
            _take_promises(merged, marked, value)
        elif key in _MERGED and isinstance(value, Mapping):
            kept = {**merged.content.get(key, {})}
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
        if not path.exists():
            fix = nearest(str(calendar[_DATES]), (one.stem for one in folder.glob("*.yaml")))
            place = ("calendars", name, _DATES)
            raise FaultyFile([marked.fault(place, f"没有日历数据 {calendar[_DATES]}", fix)])
        dates = marked_yaml.read(path)
        if not isinstance(dates.content, dict):
            raise FaultyFile([dates.fault((), "日历数据应是一组 键: 值", "由 seed.py 重新生成")])
        for key in dates.content:
            merged.origins["calendars", name, key] = (dates, (key,))
        return {**dates.content, **{key: one for key, one in calendar.items() if key != _DATES}}


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


def _misnamed(path: Path, name: str) -> FileFault:
    return marked_yaml.read(path).fault(("name",), "政策的 name 与文件名不同", f"写成 {name}")


def _take_promises(merged: _Merged, marked: Marked, own: list[Any]) -> None:
    """The same id takes the other's place; new ones follow in their order."""
    promises = merged.content.setdefault("promises", [])
    inherited = {one["id"]: place for place, one in enumerate(promises)}
    for index, promise in enumerate(own):
        name = promise.get("id") if isinstance(promise, Mapping) else None
        known = isinstance(name, str) and name in inherited
        # Taken once: a second promise of that id is appended, and found to be a repetition.
        place = inherited.pop(name) if known else len(promises)
        promises[place : place + 1] = [promise]
        merged.origins["promises", place] = (marked, ("promises", index))


def _explain(merged: _Merged, error: ErrorDetails) -> FileFault:
    kind, context = error["type"], error.get("ctx", {})
    place = tuple(_known(merged.content, error["loc"]))
    if kind == MISTAKE:
        at = tuple(context.get("at", ()))
        return merged.fault((*place, *at), context["message"], context.get("fix", ""))
    message, fix = _SAID.get(kind, (f"写得不对:{error['msg']}", ""))
    if kind in ("literal_error", "enum"):
        choices = re.findall("'([^']+)'", context["expected"])
        message, fix = f"没有 {error['input']} 这个词", nearest(str(error["input"]), choices)
    if kind == "missing":
        place = (*place, error["loc"][-1])
    return merged.fault(place, message, fix)


def _known(content: Any, loc: tuple[int | str, ...]) -> Iterator[int | str]:
    """The parts of a pydantic location that are in the file: it also names the union's members."""
    for part in loc:
        inside = isinstance(content, Mapping) and part in content
        if inside or (isinstance(content, list) and isinstance(part, int) and part < len(content)):
            yield part
            content = content[part]
