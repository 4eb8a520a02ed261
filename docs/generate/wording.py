"""How ways, stages and fields are said on a page: short, the Chinese beside the contract's word."""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from cli.event_words import EVENTS
from docs.generate.found import Found, Way
from domain.commands import Fields

E = TypeVar("E", bound=StrEnum)


def said(found: Found, ways: Iterable[Way], *, code: bool = True) -> list[str]:
    """The ways in words, commands first; a command by its name alone if every shade does it."""
    shades: dict[tuple[bool, str], set[str]] = {}
    for way in ways:
        shades.setdefault((not way.command, way.word), set()).add(way.shade)
    told = []
    for itself, word in sorted(shades):
        here = shades[itself, word]
        whole = "" in here or here >= found.shades[word]
        shown = "" if whole else " " + "/".join(sorted(here))
        if itself:
            told.append(f"*{word}{shown}*" if code else f"{word}{shown}")
        else:
            told.append(f"`{word}`{shown}" if code else f"{word}{shown}")
    return told


def grouped(members: Collection[E], groups: Mapping[str, frozenset[E]], order: type[E]) -> str:
    """The members by the names of the largest groups that they fill, and what is left by itself."""
    left, names = set(members), []
    for name, group in sorted(groups.items(), key=lambda one: -len(one[1])):
        if group <= left:
            names.append(f"*{name}*")
            left -= group
    return ", ".join([*names, *(one.value for one in order if one in left)])


def carried(shape: type[Fields]) -> str:
    """The fields beside the common ones; **bold** ones must be given."""
    told = []
    for name, info in shape.model_fields.items():
        if info.is_required():
            told.append(f"**{name}**")
        elif name not in Fields.model_fields:
            told.append(name)
    return ", ".join(told)


def beside(word: str, chinese: Mapping[str, str]) -> str:
    """The contract's word and the Chinese for it, where there is one."""
    return f"{word} {chinese[word]}" if word in chinese else word


def with_chinese(kind: str) -> str:
    """The kind of an event, with its Chinese."""
    return beside(kind, EVENTS)


def table(head: tuple[str, ...], rows: Iterable[Iterable[str]]) -> list[str]:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]
