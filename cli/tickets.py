"""`aftercare ticket`: the list, one ticket, and every command of the contract."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

from cyclopts import App, Group, Parameter
from temporalio.service import RPCError

from cli import ticket_views, words
from cli.commanding import WAIT_SECONDS, Asked, By, Json, Wait, doing, seconds
from cli.connecting import in_loop, ledger, servers
from cli.fields import read_actor
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

_LOOK_EVERY = 0.05

Number = Annotated[str, Parameter(help="工单号。")]


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
        _opened(Channel(channel), source_id.strip(), caller, seconds(wait).total_seconds())
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
    def send(number: str, asked: Asked) -> Answer:
        async def sent() -> Answer:
            async with servers() as (client, pool, shelf):
                desk = TicketDesk(client, pool, shelf)
                return await desk.send(
                    number, command.value, asked.by, asked.fields, asked.id, asked.wait
                )

        return in_loop(sent())

    def told(number: str, answer: Answer) -> None:
        ticket_views.print_answer(number, command, answer)

    return doing(command, Number, send, told)
