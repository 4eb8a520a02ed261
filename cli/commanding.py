"""A command of the contract as one of the command line: its fields are its options."""

import inspect
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

from cyclopts import Group, Parameter
from pydantic import JsonValue

from cli import words
from cli.fields import AnyCommand, fields_of, flags_of, merged, read_actor
from cli.terminal import BadUsage, print_json
from domain.records import Record
from domain.ticket import Actor
from domain.vocabulary import Command, LoanerCommand

WAIT_SECONDS = 30.0

Json = Annotated[bool, Parameter(name="--json", negative="", help="输出一个 JSON 文档。")]
By = Annotated[str, Parameter(name="--by", help="谁:角色/姓名,如 agent/客服小何。")]
Wait = Annotated[float, Parameter(name="--wait", help="最多等几秒回答。")]

_FIELDS = Group("字段", sort_key=1)
_COMMANDS: Mapping[str, type[StrEnum]] = {"ticket": Command, "loaner": LoanerCommand}


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked on the command line, read. `id` makes a repeat harmless."""

    by: Actor
    fields: Mapping[str, JsonValue]
    id: str
    wait: timedelta


def doing(
    command: AnyCommand,
    whom: Any,
    send: Callable[[str, Asked], Record],
    show: Callable[[str, Any], None],
) -> Callable[..., None]:
    """The function of one command; its signature, which the parser reads, has its fields.

    `whom` is the annotated type of its first argument; `send` does it, `show` prints the answer
    for a person.
    """

    def do(
        number: str,
        *,
        by: str,
        with_: str | None = None,
        id_: str | None = None,
        wait: float = WAIT_SECONDS,
        json: bool = False,
        **fields: str | None,
    ) -> None:
        asked = Asked(
            by=read_actor(by),
            fields=merged(command, fields, with_),
            id=id_ or secrets.token_hex(8),
            wait=seconds(wait),
        )
        answer = send(number, asked)
        if not json:
            show(number, answer)
            return
        told = {"number": number, "command": command.value, "id": asked.id}
        print_json({**told, **answer.model_dump(mode="json")})

    do.__annotations__ = {}  # the parser would believe these before the signature's
    parameters = [*_every_command(whom), *_fields(command)]
    vars(do)["__signature__"] = inspect.Signature(parameters)
    do.__name__ = command.value
    do.__doc__ = f"{words.COMMANDS[command.value]}。"
    return do


def with_bare_flags(arguments: Sequence[str]) -> list[str]:
    """The arguments with `true` after each yes-or-no field that stands without a value.

    `ticket register N --urgent --site X` reads as `--urgent true`; the parser takes a value after
    every field, so that `--satisfied false` can be said.
    """
    given = list(arguments)
    commands = _COMMANDS.get(given[0]) if len(given) > 1 else None
    if commands is None or given[1] not in set(commands):
        return given
    command = Command(given[1]) if commands is Command else LoanerCommand(given[1])
    flags = {f"--{name.replace('_', '-')}" for name in flags_of(command)}
    filled: list[str] = []
    for word, following in zip(given, [*given[1:], None], strict=True):
        filled.append(word)
        bare = following is None or following.startswith("--")
        if bare and word.replace("_", "-") in flags:
            filled.append("true")
    return filled


def seconds(wait: float) -> timedelta:
    """The patience of --wait. Raises BadUsage."""
    if not 0 < wait <= 86_400:
        raise BadUsage("--wait 要写大于 0 的秒数,最多 86400")
    return timedelta(seconds=wait)


def _every_command(whom: Any) -> list[inspect.Parameter]:
    empty = inspect.Parameter.empty
    text = str | None
    options: list[tuple[str, Any, Any]] = [
        ("by", By, empty),
        (
            "with_",
            Annotated[text, Parameter(name="--with", help="字段,一个 JSON 对象。")],
            None,
        ),
        (
            "id_",
            Annotated[text, Parameter(name="--id", help="这次命令的编号;同号重发无害。")],
            None,
        ),
        ("wait", Wait, WAIT_SECONDS),
        ("json", Json, False),
    ]
    return [
        inspect.Parameter("number", inspect.Parameter.POSITIONAL_ONLY, annotation=whom),
        *(
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default
            )
            for name, kind, default in options
        ),
    ]


def _fields(command: AnyCommand) -> list[inspect.Parameter]:
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[
                str | None,
                Parameter(name=_spellings(name), group=_FIELDS, help=words.FIELDS.get(name, "")),
            ],
        )
        for name in fields_of(command)
    ]


def _spellings(field: str) -> tuple[str, ...]:
    """--caller_name as the contract writes it, and --caller-name as command lines do."""
    return tuple(dict.fromkeys((f"--{field}", f"--{field.replace('_', '-')}")))
