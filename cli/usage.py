"""Bad usage in one Chinese line: what was wrong, and what was probably meant."""

import difflib
from collections.abc import Iterable, Sequence

from cyclopts import App
from cyclopts.exceptions import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)


def line_of(error: CycloptsError) -> str:
    """The line for an error of the parser."""
    where = " ".join(("aftercare", *(error.command_chain or ())))
    return f"{_what(error)}(用法见 {where} --help)"


def closest(word: str, known: Iterable[str]) -> str:
    """`,是否想写 x?` for the known word that is close to it; nothing when none is."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f",是否想写 {found[0]}?" if found else ""


def _what(error: CycloptsError) -> str:
    if isinstance(error, UnknownCommandError):
        return _unknown_command(error)
    if isinstance(error, UnknownOptionError):
        name = (error.token.keyword or error.token.value).split("=", 1)[0]
        options = [one for arg in error.argument_collection if arg.parse for one in arg.names]
        return f"没有选项 {name}{closest(name, options)}"
    if isinstance(error, MissingArgumentError):
        return _missing(error)
    if isinstance(error, RepeatArgumentError):
        return f"{error.token.keyword} 写了两次,请删去一个"
    if isinstance(error, UnusedCliTokensError):
        return f"多出来的参数:{' '.join(error.unused_tokens or ())}"
    if isinstance(error, CoercionError) and error.token is not None:
        name = error.token.keyword or (error.argument.name if error.argument else "")
        return f"{name} 的值 {error.token.value!r} 不合要求,应为 {_kind(error.target_type)}"
    return str(error).splitlines()[-1]


def _unknown_command(error: UnknownCommandError) -> str:
    word = (error.unused_tokens or ["?"])[0]
    known = _commands(error.app)
    hint = closest(word, known) or f";可用:{'、'.join(known)}"
    return f"没有命令 {word}{hint}"


def _commands(app: App | None) -> Sequence[str]:
    return [name for name in app if not name.startswith("-")] if app is not None else []


def _missing(error: MissingArgumentError) -> str:
    name = error.keyword or (error.argument.name if error.argument else "参数")
    if error.argument is not None and error.argument.tokens:
        return f"{name} 后面缺少值"
    written = name if name.startswith("-") else name.upper()
    return f"{written} 后面缺少值" if error.keyword else f"缺少 {written}"


def _kind(type_: type | None) -> str:
    names = {int: "整数", float: "数字", bool: "true 或 false"}
    if type_ in names:
        return names[type_]
    members = getattr(type_, "__members__", None)
    if members:
        return "、".join(str(one.value) for one in members.values())
    return getattr(type_, "__name__", "别的类型")
