"""A YAML file with the line of everything in it.

Read as YAML 1.2 reads words: `on`, `off`, `yes` and `no` are words (a step says `on: second`), and
a number with a leading zero is a word too (a telephone number), not octal.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from runtime.file_faults import FaultyFile, FileFault

Place = tuple[str | int, ...]
"""The keys and indexes that lead to a value."""

_MOST_REPEATED = 10_000
"""So many values a file may say again by references: more is no abbreviation, but a bomb."""


@dataclass(slots=True)
class Marked:
    """What a file says, and the line on which each place begins (from 1)."""

    path: Path
    content: Any = None
    lines: dict[Place, int] = field(default_factory=dict)

    def line(self, place: Place) -> int:
        """The line of the place, or of the nearest one that holds it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def fault(
        self, place: Place, message: str, fix: str = "", *, rule: str = "malformed"
    ) -> FileFault:
        """What is wrong at that place."""
        return fault(self.path, self.line(place), message, fix, field=spelled(place), rule=rule)


class _Loader(yaml.SafeLoader):
    """The safe loader with YAML 1.2's words."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, how) for tag, how in resolvers if not tag.endswith((":bool", ":int", ":float"))]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+\.[0-9]+$"), list("-+0123456789")
)
_NULL = "tag:yaml.org,2002:null"
_SHOWN = 40  # characters of a value in a message


def read(path: Path, *, as_spelt: bool = False) -> Marked:
    """The file, marked. `as_spelt`: a value is its text (007, no, 2026-03-01), an empty one None.

    Raises FaultyFile when the file cannot be opened, is no YAML, or says a key twice.
    """
    text = _text(path)
    try:
        loader = _Loader(text)
        try:
            return _Builder(path, loader, as_spelt).marked_file()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, problem = mark.line + 1 if mark else 1, str(error.problem)
    except yaml.reader.ReaderError as error:
        line, problem = text.count("\n", 0, error.position) + 1, "有不可见的控制字符"
    except RecursionError:
        line, problem = 1, "括号套得太深"
    raise FaultyFile([fault(path, line, f"YAML 读不懂:{problem}", _CHECK)])


def fault(
    path: Path,
    line: int,
    message: str,
    fix: str = "",
    *,
    field: str = "",
    rule: str = "malformed",
) -> FileFault:
    """A fault of a file at that line."""
    return FileFault(file=str(path), line=line, field=field, message=message, fix=fix, rule=rule)


def spelled(place: Place) -> str:
    """The place as a person writes it: `promises[2].within`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


_CHECK = "请检查缩进、括号、引号和冒号"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FaultyFile([fault(path, 1, f"打不开:{error.strerror or error}")]) from None
    except UnicodeDecodeError:
        raise FaultyFile([fault(path, 1, "不是 UTF-8 编码", "请另存为 UTF-8")]) from None


class _Builder:
    """Walks the nodes rather than loaded values: they know their lines, and their spelling."""

    def __init__(self, path: Path, loader: _Loader, as_spelt: bool) -> None:
        self._loader = loader
        self._as_spelt = as_spelt
        self._marked = Marked(path)
        self._faults: list[FileFault] = []
        self._open: set[yaml.Node] = set()
        self._built_once: set[yaml.Node] = set()
        self._repeated = 0

    def marked_file(self) -> Marked:
        """All of the file. Raises FaultyFile with what is wrong in it."""
        node = self._loader.get_single_node()
        if node is not None:
            self._marked.content = self._built(node, ())
        if self._faults:
            raise FaultyFile(self._faults)
        return self._marked

    def _built(self, node: yaml.Node, place: Place) -> Any:
        self._marked.lines.setdefault(place, _line(node))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if node in self._open:
            self._fault(node, "这一组里又引用了它自己", "请写成一个值")
            return None
        self._count_again(node)
        self._open.add(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, place)
            return [self._built(one, (*place, index)) for index, one in enumerate(node.value)]
        finally:
            self._open.remove(node)

    def _count_again(self, node: yaml.Node) -> None:
        """Raises FaultyFile for groups of groups of references, which would never end."""
        if node not in self._built_once:
            self._built_once.add(node)
            return
        self._repeated += 1
        if self._repeated > _MOST_REPEATED:
            message = "引用(*)套引用,展开后太大"
            raise FaultyFile([fault(self._marked.path, _line(node), message, "请直接写出来")])

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key, str):
                self._fault(key_node, "键应是一个词", "写成 键: 值")
            elif key in content:
                self._fault(key_node, f"{key} 写了两次", "请删去一个")
            else:
                self._marked.lines[*place, key] = _line(key_node)
                content[key] = self._built(value_node, (*place, key))
        return content

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        if self._as_spelt:
            return None if node.tag == _NULL else node.value
        try:
            return self._loader.construct_object(node)
        except ValueError as error:  # a 13th month, say
            shown = node.value if len(node.value) <= _SHOWN else f"{node.value[:_SHOWN]}…"
            why = "数字太长" if node.tag.endswith(":int") else error
            self._fault(node, f"{shown} 读不懂:{why}", "请改正,或加上引号")
            return None

    def _fault(self, node: yaml.Node, message: str, fix: str) -> None:
        self._faults.append(fault(self._marked.path, _line(node), message, fix))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
