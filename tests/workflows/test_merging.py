"""One fault reported twice: two workflows agree on one ticket, whatever happens meanwhile."""

import asyncio

import pytest

from domain.calls import CallEventKind
from domain.refusals import RefusalType, Refused
from domain.ticket import Ticket
from domain.vocabulary import LoanerState, Milestone, Outcome, Stage
from storage import phone, tickets
from tests.workflows.driving import AGENT, SUPERVISOR, House, OnTicket
from tests.workflows.lending import INSTRUMENT
from tests.workflows.phone_line import Line


async def merged(one: OnTicket, into: OnTicket) -> None:
    await one.do("merge_into", SUPERVISOR, ticket=into.number, reason="同一处故障")


async def stored(one: OnTicket) -> Ticket:
    ticket = await tickets.load(one.house.pool, one.number)
    assert ticket is not None
    return ticket


async def refused(one: OnTicket, into: str) -> Refused:
    with pytest.raises(Refused) as caught:
        await one.do("merge_into", SUPERVISOR, ticket=into)
    return caught.value


async def test_calls_and_the_earlier_report_follow(live_house: House) -> None:
    first, second = await live_house.open(), await live_house.open()
    await second.register()
    await merged(first, second)
    assert await first.handle.result() == Outcome.MERGED.value
    gone, left = await stored(first), await stored(second)
    assert (gone.stage, gone.outcome, gone.merged_into) == (
        Stage.CLOSED,
        Outcome.MERGED,
        second.number,
    )
    assert {call.call_id for call in left.calls} == {first.call.call_id, second.call.call_id}
    assert left.merged_from == (first.number,)
    assert left.first(Milestone.REPORTED) == gone.first(Milestone.REPORTED)
    # Whoever still asks the one that is gone is told where it went.
    with pytest.raises(Refused, match=f"已并入 {second.number}") as caught:
        await first.do("note", AGENT, text="还在吗")
    assert caught.value.type is RefusalType.TICKET_CLOSED


async def test_bad_targets_are_refused_and_leave_nothing(live_house: House) -> None:
    one, other, closed = [await live_house.open() for _ in range(3)]
    await closed.do("register", AGENT, kind="enquiry")
    await other.register()
    before = await other.kinds()
    assert (await refused(other, other.number)).type is RefusalType.INVALID_INPUT
    assert (await refused(other, closed.number)).type is RefusalType.TICKET_CLOSED
    assert (await refused(other, "W0")).type is RefusalType.UNKNOWN_TICKET
    # What is registered does not go into what is not.
    assert (await refused(other, one.number)).type is RefusalType.INVALID_INPUT
    assert await other.kinds() == before
    await merged(one, other)
    # Round in a circle.
    assert (await refused(other, one.number)).type is RefusalType.INVALID_INPUT
    assert "merge_ordered" not in await other.kinds()


async def test_two_that_are_merged_into_each_other_at_once_never_make_a_circle(
    live_house: House,
) -> None:
    for _ in range(5):
        one, other = await live_house.open(), await live_house.open()
        await one.register()
        await other.register()
        answers = await asyncio.gather(
            merged(one, other), merged(other, one), return_exceptions=True
        )
        turned_down = [isinstance(answer, Refused) for answer in answers]
        assert any(turned_down), answers
        for ticket, went_on in zip((one, other), turned_down, strict=True):
            assert ((await stored(ticket)).merged_into is None) == went_on
            if went_on:
                await ticket.do("note", AGENT, text="还在")


async def test_a_loaner_that_is_out_follows(live_house: House) -> None:
    first, second = await live_house.open(), await live_house.open()
    for one in (first, second):
        await one.do("register", AGENT, site="实验室", symptom="开不了机", device=INSTRUMENT)
    await first.do("request_loaner", SUPERVISOR, reason="停不得")
    await in_state(first, LoanerState.RESERVED)
    await merged(first, second)
    left = (await second.view()).ticket
    assert [one.id for one in left.loaners] == [f"loaner/{first.number}/1"]
    await second.do("cancel", SUPERVISOR, reason="不修了")
    assert await second.handle.result() == Outcome.CANCELLED.value
    result = await live_house.client.get_workflow_handle(f"loaner/{first.number}/1").result()
    assert result == LoanerState.RELEASED.value


async def test_a_hang_up_that_comes_after_the_merge_reaches_the_other(live_house: House) -> None:
    line = Line(live_house)
    for call_id, number in (("late", "13900010777"), ("other", "13900010778")):
        await line.say(call_id, number, CallEventKind.NEW_CALL)
        await line.say(call_id, number, CallEventKind.ANSWER)
    talking, other = await line.ticket("late"), await line.ticket("other")
    await merged(talking, other)
    assert await talking.handle.result() == Outcome.MERGED.value
    await line.say("late", "13900010777", CallEventKind.HANGUP)
    calls = {}
    for _ in range(100):
        calls = {call.call_id: call for call in (await other.view()).ticket.calls}
        if calls["late"].ended_at is not None:
            break
        await asyncio.sleep(0.05)
    assert calls["late"].ended_at is not None
    # Whoever rings from that number again urges the ticket that is left.
    await other.settled()
    found = await phone.tickets_of(live_house.pool, "13900010777")
    assert [(one.ticket_no, one.is_open) for one in found] == [(other.number, True)]


async def in_state(ticket: OnTicket, state: LoanerState) -> None:
    for _ in range(200):
        loaner = (await ticket.view()).ticket.loaner
        if loaner is not None and loaner.state is state:
            return
        await asyncio.sleep(0.05)
    raise TimeoutError(f"no loaner of {ticket.number} is {state.value}: {loaner}")
