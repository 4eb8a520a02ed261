"""A ticket that goes on for long leaves its history behind, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from domain.commands import Order
from domain.evolving import fold
from domain.ticket import Actor
from domain.vocabulary import Outcome, Role
from runtime.embedded.skipping import live_server
from storage import tickets
from tests.workflows.driving import AGENT, CUSTOMER, SUPERVISOR, House, OnTicket, house
from workflows.messages import Answer

SOON = 60
"""The server suggests a new run after so many events, where it otherwise would after 4096."""
NOTES = 40


@pytest.fixture
async def hasty_house(pool: asyncpg.Pool) -> AsyncIterator[House]:
    limits = {"limit.historyCount.suggestContinueAsNew": str(SOON)}
    async with (
        live_server(dynamic_config=limits) as server,
        house(server.client, pool) as made,
    ):
        yield made


async def test_nothing_is_lost_or_repeated(hasty_house: House) -> None:
    ticket = await hasty_house.open()
    first_run = (await ticket.handle.describe()).run_id
    await ticket.register()
    first = await ticket.do("note", AGENT, id="first", text="第一条")
    for number in range(NOTES):
        await ticket.do("note", AGENT, text=f"第{number}条")
    await _new_run(ticket, first_run)

    described = await ticket.handle.describe()
    attributes = {pair.key.name: pair.value for pair in described.typed_search_attributes}
    assert attributes["Stage"] == "dispatching"
    # A repeat of a command that an earlier run answered is that command, even where the ticket
    # has moved on since.
    late = await _again(ticket, "first", "第一条")
    assert late == first

    await ticket.do("dispatch", SUPERVISOR)
    for step in ("accept", "depart", "arrive", "finish"):
        await ticket.do(step, ticket.technician)
    await ticket.do("sign_off", CUSTOMER)
    await ticket.do("return_order", ticket.technician)
    await ticket.do("record_follow_up", AGENT, reached=True, satisfied=True)
    assert await ticket.handle.result() == Outcome.REPAIRED.value

    events = await tickets.events(hasty_house.pool, ticket.number)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert sum(event.kind == "noted" for event in events) == NOTES + 1
    assert fold(events) == await tickets.load(hasty_house.pool, ticket.number)


async def test_commands_in_flight_are_all_answered_on_one_run_or_the_next(
    hasty_house: House,
) -> None:
    ticket = await hasty_house.open()
    first_run = (await ticket.handle.describe()).run_id
    await ticket.register()
    for _ in range(5):
        await asyncio.gather(*(ticket.do("note", AGENT, text=f"{n}") for n in range(20)))
    await _new_run(ticket, first_run)
    assert (await ticket.kinds()).count("noted") == 100


async def test_the_promises_go_on_on_the_new_run(hasty_house: House) -> None:
    ticket = await hasty_house.open()
    first_run = (await ticket.handle.describe()).run_id
    await ticket.register()
    for number in range(NOTES):
        await ticket.do("note", AGENT, text=f"{number}")
    before = await ticket.view()
    await _new_run(ticket, first_run)
    after = await ticket.view()
    assert after.next_wake == before.next_wake is not None
    assert after.ticket == before.ticket


async def _new_run(ticket: OnTicket, old: str) -> None:
    """Until the ticket is on another run. Each try wakes it, since it renews itself when woken."""
    for _ in range(100):
        current = await ticket.house.client.get_workflow_handle(ticket.handle.id).describe()
        if current.run_id != old:
            return
        await asyncio.sleep(0.05)
    raise TimeoutError(f"{ticket.handle.id} is still on its first run")


async def _again(ticket: OnTicket, id: str, text: str) -> Answer:
    order = Order(by=Actor(role=Role.AGENT, name="客服小何"), fields={"text": text})
    answer: Answer = await asyncio.wait_for(
        ticket.handle.execute_update("note", order, id=id, result_type=Answer),
        timedelta(seconds=30).total_seconds(),
    )
    return answer
