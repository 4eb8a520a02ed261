"""`aftercare loaner`: the stock, one loaner, and every command of the contract."""

from collections.abc import Callable
from typing import Annotated, Any

from cyclopts import App, Group, Parameter

from cli import loaner_views
from cli.commanding import Asked, Json, doing
from cli.connecting import in_loop, ledger, servers
from cli.grouping import group_of
from cli.terminal import print_json
from desk.loaner_desk import LoanerDesk, loan_named
from desk.showing_loaners import show_loaner, stock
from domain.vocabulary import LoanerCommand
from workflows.messages import LoanAnswer

Which = Annotated[str, Parameter(help="备机:工单号/第几台,如 W20261124-0001/1。")]


def add_to(app: App) -> None:
    """Add the group to the command line."""
    group = group_of("loaner", "备机:库存、预留、交接。", commands="看")
    group.command(_list, name="list")
    group.command(_show, name="show")
    steps = Group("办理", sort_key=1)
    for place, command in enumerate(LoanerCommand):
        group.command(_doing(command), name=command.value, group=steps, sort_key=place)
    app.command(group)


def _list(*, json: Json = False) -> None:
    """备机库:每一台在哪里,何时该收回。"""

    async def read() -> dict[str, Any]:
        async with ledger() as pool:
            return await stock(pool)

    found = in_loop(read())
    if json:
        print_json(found)
    else:
        loaner_views.print_stock(found["loaners"])


def _show(number: Which, /, *, json: Json = False) -> None:
    """一台备机的全部:为哪一条承诺、在谁那里、时间线。"""
    loan_id = loan_named(number)

    async def read() -> dict[str, Any]:
        async with ledger() as pool:
            return await show_loaner(pool, loan_id)

    found = in_loop(read())
    if json:
        print_json(found)
    else:
        loaner_views.print_loaner(found)


def _doing(command: LoanerCommand) -> Callable[..., None]:
    def send(number: str, asked: Asked) -> LoanAnswer:
        loan_id = loan_named(number)

        async def sent() -> LoanAnswer:
            async with servers() as (client, pool, _):
                desk = LoanerDesk(client, pool)
                return await desk.send(
                    loan_id, command.value, asked.by, asked.fields, asked.id, asked.wait
                )

        return in_loop(sent())

    def told(number: str, answer: LoanAnswer) -> None:
        loaner_views.print_answer(number, command, answer)

    return doing(command, Which, send, told)
