"""Commands on a real ticket: answered when durable, harmless when repeated, never a wedge."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from desk.temporal_starter import TemporalStarter
from domain.intake import TicketOpening
from domain.refusals import RefusalType, Refused
from domain.vocabulary import Outcome, Stage
from storage import tickets
from tests.unit.acting import MONDAY
from tests.workflows.driving import AGENT, CUSTOMER, SUPERVISOR, TECHNICIAN, House
from workflows.messages import DROP_CALL, PHONE_CALL


async def test_the_straight_road_ends_and_the_ledger_has_all_of_it(live_house: House) -> None:
    ticket = await live_house.open()
    await ticket.road()
    await ticket.do("return_order", TECHNICIAN)
    await ticket.do("record_follow_up", AGENT, reached=True, satisfied=True, score=5)
    assert await ticket.handle.result() == "repaired"
    state = await tickets.load(live_house.pool, ticket.number)
    assert state is not None
    assert (state.stage, state.outcome) == (Stage.CLOSED, Outcome.REPAIRED)
    events = await tickets.events(live_house.pool, ticket.number)
    assert [event.seq for event in events] == list(range(1, state.seq + 1))


async def test_an_answer_means_that_the_row_is_there(live_house: House) -> None:
    ticket = await live_house.open()
    answer = await ticket.register()
    events = await tickets.events(live_house.pool, ticket.number)
    assert events[-1].seq >= answer.seq
    assert "registered" in [event.kind for event in events]


async def test_the_same_id_again_is_the_same_command(live_house: House) -> None:
    ticket = await live_house.open()
    await ticket.register()
    first = await ticket.do("note", AGENT, id="note-1", text="业主晚上在家")
    again = await ticket.do("note", AGENT, id="note-1", text="业主晚上在家")
    assert first == again
    assert (await ticket.kinds()).count("noted") == 1


async def test_a_refusal_leaves_no_event_in_the_ledger_or_in_the_history(
    live_house: House,
) -> None:
    ticket = await live_house.open()
    await ticket.register()
    before, kinds = (await ticket.handle.describe()).history_length, await ticket.kinds()
    for command, by, word in (
        ("sign_off", CUSTOMER, RefusalType.INVALID_TRANSITION),
        ("dispatch", AGENT, RefusalType.NOT_ALLOWED),
        ("adopt_policy", "manager/许总", RefusalType.INVALID_INPUT),
        ("regster", AGENT, RefusalType.UNKNOWN_COMMAND),
    ):
        with pytest.raises(Refused) as caught:
            await ticket.do(command, by)
        assert caught.value.type is word
    assert (await ticket.handle.describe()).history_length == before
    assert await ticket.kinds() == kinds


async def test_a_poisoned_message_is_refused_or_dropped_and_the_ticket_lives(
    live_house: House,
) -> None:
    ticket = await live_house.open()
    await ticket.register()
    poisons: list[Any] = ["text", 7, None, {"by": 1}, {"by": {"role": "king", "name": "x"}}, []]
    for poison in poisons:
        with pytest.raises(WorkflowUpdateFailedError) as caught:
            await ticket.handle.execute_update("note", poison)
        assert isinstance(caught.value.cause, ApplicationError)
        assert caught.value.cause.type == "InvalidInput"
        await ticket.handle.signal(PHONE_CALL, poison)
        await ticket.handle.signal(DROP_CALL, poison)
    far = {**ticket.call.model_dump(mode="json"), "call_id": "x", "revision": 9}
    await ticket.handle.signal(PHONE_CALL)
    await ticket.handle.signal(PHONE_CALL, args=[far, far])
    await ticket.handle.signal(PHONE_CALL, {**far, "ended_at": "9999-12-31T23:50:00+08:00"})
    await ticket.handle.signal(PHONE_CALL, {**far, "started_at": "2026-03-02T09:00:00"})
    await ticket.handle.signal("no_such_signal", far)
    with pytest.raises(WorkflowUpdateFailedError):
        await ticket.handle.execute_update("note", args=[1, 2, 3])
    deep: Any = "x"
    for _ in range(196):
        deep = [deep]
    for heavy in ({"evidence": deep}, {"text": "长" * 40_000}):
        with pytest.raises(Refused) as refused:
            await ticket.do("note", AGENT, **heavy)
        assert refused.value.type is RefusalType.INVALID_INPUT
    await ticket.do("note", AGENT, text="还活着")
    assert "call_joined" not in await ticket.kinds()


async def test_twenty_commands_at_once_are_all_answered(live_house: House) -> None:
    ticket = await live_house.open()
    await ticket.register()
    answers = await asyncio.gather(*(ticket.do("note", AGENT, text=f"第{n}条") for n in range(20)))
    assert len(answers) == 20
    assert (await ticket.kinds()).count("noted") == 20


async def test_unknown_ticket_and_closed_ticket_have_their_own_words(live_house: House) -> None:
    ticket = await live_house.open()
    await ticket.do("register", AGENT, kind="enquiry")
    with pytest.raises(Refused) as closed:
        await ticket.do("note", AGENT, text="x")
    assert closed.value.type is RefusalType.TICKET_CLOSED
    ticket.number = "W0"
    with pytest.raises(Refused) as unknown:
        await ticket.do("note", AGENT, text="x")
    assert unknown.value.type is RefusalType.UNKNOWN_TICKET


@pytest.mark.parametrize(
    ("command", "by", "fields", "word"),
    [
        ("register", AGENT, {"device": "D999", "symptom": "x"}, RefusalType.UNKNOWN_DEVICE),
        # the role is judged before the look-up
        ("register", SUPERVISOR, {"device": "D999"}, RefusalType.NOT_ALLOWED),
        (
            "register",
            AGENT,
            {"device": {"product": "窗", "policy": "nope"}, "symptom": "x", "site": "y"},
            RefusalType.UNKNOWN_POLICY,
        ),
    ],
)
async def test_what_the_books_do_not_know_is_refused(
    live_house: House, command: str, by: str, fields: dict[str, Any], word: RefusalType
) -> None:
    ticket = await live_house.open()
    with pytest.raises(Refused) as caught:
        await ticket.do(command, by, **fields)
    assert caught.value.type is word


async def test_an_unknown_technician_is_refused_and_an_override_needs_its_reason(
    live_house: House,
) -> None:
    ticket = await live_house.open()
    await ticket.register()
    with pytest.raises(Refused) as unknown:
        await ticket.do("dispatch", SUPERVISOR, technician="T99", reason="x")
    assert unknown.value.type is RefusalType.UNKNOWN_TECHNICIAN
    with pytest.raises(Refused) as silent:
        await ticket.do("dispatch", SUPERVISOR, technician="郑师傅")
    assert (silent.value.type, silent.value.field) == (RefusalType.INVALID_INPUT, "reason")
    answer = await ticket.do("dispatch", SUPERVISOR, technician="郑师傅", reason="就近")
    assert answer.technician == "郑师傅"


async def test_clock_start_is_refused_outside_a_rehearsal(live_house: House) -> None:
    starter = TemporalStarter(
        live_house.client,
        live_house.shelf,
        live_house.task_queue,
        lambda: MONDAY,
        rehearsal=True,
    )
    ticket = await live_house.open()
    ticket.number += "X"
    await starter.start(ticket.number, TicketOpening(number=ticket.number, opened_at=MONDAY), None)
    with pytest.raises(WorkflowFailureError) as caught:
        await asyncio.wait_for(ticket.handle.result(), timedelta(seconds=30).total_seconds())
    assert isinstance(caught.value.cause, ApplicationError)
    assert "clock_start" in caught.value.cause.message
