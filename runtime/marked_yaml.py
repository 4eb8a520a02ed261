"""A YAML file with the line of everything in it.

Read as YAML 1.2 reads words: `on`, `off`, `yes` and `no` are words (a step says `on: second`), and
a number with a leading zero is one (a telephone number), not octal.
"""

import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from runtime.file_faults import FaultyFile, FileFault

Place = tuple[str | int, ...]
"""The keys and indexes that lead to a value."""


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

    def fault(self, place: Place, message: str, fix: str = "") -> FileFault:
        """What is wrong at that place; fields as `promises[2].within`."""
        return fault(self.path, self.line(place), message, fix, field=_spelled(place))


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


def read(path: Path) -> Marked:
    """The file, marked. Raises FaultyFile when it cannot be opened or is no YAML."""
    marked = Marked(path)
    try:
        loader = _Loader(_text(path))
        try:
            node = loader.get_single_node()
            marked.content = _build(loader, node, (), marked) if node is not None else None
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FaultyFile(
            [fault(path, mark.line + 1 if mark else 1, f"YAML 读不懂:{error.problem}", _CHECK)]
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise FaultyFile([fault(path, 1, f"YAML 读不懂:{error}", _CHECK)]) from None
    return marked


def fault(path: Path, line: int, message: str, fix: str = "", *, field: str = "") -> FileFault:
    """A fault of a file at that line."""
    return FileFault(file=str(path), line=line, field=field, message=message, fix=fix)


_CHECK = "请检查缩进、括号、引号和冒号"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FaultyFile([fault(path, 1, f"打不开:{error.strerror or error}")]) from None
    except UnicodeDecodeError:
        raise FaultyFile([fault(path, 1, "不是 UTF-8 编码", "请另存为 UTF-8")]) from None


def _spelled(place: Place) -> str:
    spelled = ""
    for part in place:
        spelled += f"[{part}]" if isinstance(part, int) else f".{part}"
    return spelled.lstrip(".")


def _build(loader: _Loader, node: yaml.Node, place: Place, marked: Marked) -> Any:
    marked.lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, place, marked)
    if isinstance(node, yaml.SequenceNode):
        return [
            _build(loader, one, (*place, index), marked) for index, one in enumerate(node.value)
        ]
    return loader.construct_object(node)


def _mapping(
    loader: _Loader, node: yaml.MappingNode, place: Place, marked: Marked
) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        key: Hashable = loader.construct_object(key_node)
        if not isinstance(key, str):
            key = str(key_node.value)
        if key in content:
            raise FaultyFile([fault(marked.path, line, f"{key} 写了两次", "请删去一个")])
        marked.lines[(*place, key)] = line
        content[key] = _build(loader, value_node, (*place, key), marked)
    return content
