"""`aftercare ticket`: the list, one ticket, and every command of the contract."""

import asyncio
import inspect
import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Annotated, Any

from cyclopts import App, Group, Parameter
from temporalio.service import RPCError

from cli import ticket_views, words
from cli.connecting import in_loop, ledger, servers
from cli.fields import fields_of, flags_of, merged, read_actor
from cli.grouping import group_of
from cli.terminal import BadUsage, Failed, out, print_json
from cli.times import now
from cli.usage import closest
from desk.delivery import Delivery, open_ticket
from desk.numbers import normalise
from desk.showing import listing, show
from desk.temporal_starter import TemporalStarter
from desk.ticket_desk import TicketDesk
from domain.refusals import RefusalType, Refused
from domain.vocabulary import Channel, Command, Role, Stage
from runtime.settings import Settings
from storage import tickets
from workflows.messages import Answer

WAIT_SECONDS = 30.0
_LOOK_EVERY = 0.05

Json = Annotated[bool, Parameter(name="--json", negative="", help="输出一个 JSON 文档。")]
By = Annotated[str, Parameter(name="--by", help="谁:角色/姓名,如 agent/客服小何。")]
Wait = Annotated[float, Parameter(name="--wait", help="最多等几秒回答。")]
Number = Annotated[str, Parameter(help="工单号。")]

_FIELDS = Group("字段", sort_key=1)


def add_to(app: App) -> None:
    """Add the group to the command line."""
    group = group_of("ticket", "工单:看、开、办。", commands="看与开")
    group.command(_list, name="list")
    group.command(_show, name="show")
    group.command(_open, name="open")
    steps = Group("办理", sort_key=1)
    for place, command in enumerate(Command):
        if command is not Command.OPEN:
            group.command(_doing(command), name=command.value, group=steps, sort_key=place)
    app.command(group)


def with_bare_flags(arguments: Sequence[str]) -> list[str]:
    """The arguments with `true` after each yes-or-no field that stands without a value.

    `ticket register N --urgent --site X` reads as `--urgent true`; the parser takes a value after
    every field, so that `--satisfied false` can be said.
    """
    given = list(arguments)
    if len(given) < 2 or given[0] != "ticket" or given[1] not in set(Command):
        return given
    flags = {f"--{name.replace('_', '-')}" for name in flags_of(Command(given[1]))}
    filled: list[str] = []
    for word, following in zip(given, [*given[1:], None], strict=True):
        filled.append(word)
        bare = following is None or following.startswith("--")
        if bare and word.replace("_", "-") in flags:
            filled.append("true")
    return filled


# --- list, show, open ------------------------------------------------------------------------


def _list(*, stage: str | None = None, limit: int | None = None, json: Json = False) -> None:
    """所有工单,新的在前。

    Parameters
    ----------
    stage
        只看这个阶段的。
    limit
        最多几张。
    """
    if limit is not None and limit < 1:
        raise BadUsage("--limit 至少为 1")
    if stage is not None and stage not in set(Stage):
        hint = closest(stage, Stage) or f";可用:{'、'.join(Stage)}"
        raise BadUsage(f"没有阶段 {stage}{hint}")
    chosen = Stage(stage) if stage is not None else None

    async def read() -> None:
        async with ledger() as pool:
            found = await listing(pool, stage=chosen, limit=limit)
            if json:
                print_json(found)
            else:
                ticket_views.print_list(found["tickets"], await tickets.overdue(pool))

    in_loop(read())


def _show(number: Number, /, *, json: Json = False) -> None:
    """一张工单的全部:承诺、上门、时间线。"""

    async def read() -> dict[str, Any]:
        async with ledger() as pool:
            return await show(pool, number)

    found = in_loop(read())
    if json:
        print_json(found)
    else:
        ticket_views.print_ticket(found)


def _open(
    *,
    channel: str,
    source_id: str,
    by: By,
    caller: str | None = None,
    wait: Wait = WAIT_SECONDS,
    json: Json = False,
) -> None:
    """开一张没有来电的工单;同一个来源编号就是同一张。

    Parameters
    ----------
    channel
        渠道:fax、slip、wechat、web、api。
    source_id
        传真、报修单或消息自己的编号。
    caller
        报修人的电话,知道的话。
    """
    papers = [one.value for one in Channel if one is not Channel.PHONE]
    if channel not in papers:
        raise BadUsage(
            f"没有渠道 {channel}{closest(channel, papers) or ';可用:' + '、'.join(papers)}"
        )
    if not source_id.strip():
        raise BadUsage("--source-id 不能为空")
    actor = read_actor(by)
    if actor.role is not Role.AGENT:
        raise Refused(RefusalType.NOT_ALLOWED, f"{actor.role.value} 不能 open;可以的有:agent")
    number, stage = in_loop(
        _opened(Channel(channel), source_id.strip(), caller, _seconds(wait).total_seconds())
    )
    if json:
        print_json({"number": number, "stage": stage})
    else:
        out().print(f"工单 [bold]{number}[/] {words.beside(stage, words.STAGES)}")


async def _opened(
    channel: Channel, source_id: str, caller: str | None, wait: float
) -> tuple[str, str]:
    """The ticket's number and stage, once the ledger has it."""
    settings = Settings()
    async with servers(settings) as (client, pool, shelf):
        starter = TemporalStarter(client, shelf, settings.task_queue, now)
        again = "来件已保存,不会丢失;用同一个 --source-id 重发无害"
        try:
            number = await open_ticket(
                Delivery(pool, starter, now),
                pool,
                channel,
                source_id,
                received=now(),
                caller=(normalise(caller) or caller) if caller else None,
            )
            async with asyncio.timeout(wait):
                while (ticket := await tickets.load(pool, number)) is None:  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_EVERY)
        except TimeoutError:
            raise Failed(f"{wait:g} 秒内没有回答(worker 在运行吗?);{again}") from None
        except RPCError as error:
            raise Failed(f"Temporal 没有接受:{error};{again}") from None
    return number, ticket.stage.value


# --- the commands ----------------------------------------------------------------------------


def _doing(command: Command) -> Callable[..., None]:
    """The function of one command; its signature, which the parser reads, has its fields."""

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
        actor, given = read_actor(by), merged(command, fields, with_)
        patience = _seconds(wait)
        command_id = id_ or secrets.token_hex(8)

        async def send() -> Answer:
            async with servers() as (client, pool, shelf):
                desk = TicketDesk(client, pool, shelf)
                return await desk.send(number, command.value, actor, given, command_id, patience)

        answer = in_loop(send())
        if json:
            print_json(
                {
                    "number": number,
                    "command": command.value,
                    "id": command_id,
                    **answer.model_dump(mode="json"),
                }
            )
        else:
            ticket_views.print_answer(number, command, answer)

    do.__annotations__ = {}  # the parser would believe these before the signature's
    vars(do)["__signature__"] = inspect.Signature([*_every_command(), *_fields(command)])
    do.__name__ = command.value
    do.__doc__ = f"{words.COMMANDS[command.value]}。"
    return do


def _every_command() -> list[inspect.Parameter]:
    fixed = inspect.Parameter.KEYWORD_ONLY
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
        inspect.Parameter("number", inspect.Parameter.POSITIONAL_ONLY, annotation=Number),
        *(
            inspect.Parameter(name, fixed, annotation=kind, default=default)
            for name, kind, default in options
        ),
    ]


def _fields(command: Command) -> list[inspect.Parameter]:
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


def _seconds(wait: float) -> timedelta:
    if not 0 < wait <= 86_400:
        raise BadUsage("--wait 要写大于 0 的秒数,最多 86400")
    return timedelta(seconds=wait)
