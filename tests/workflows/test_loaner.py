"""A loan on the real servers: one device, lent, wanted back, and in stock again."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer

from domain.civil_time import CHINA, local
from domain.commands import Order
from domain.policy import LoanerTerms, Procedure
from domain.refusals import RefusalType, Refused
from domain.ticket import Actor
from domain.vocabulary import LoanerState, PromiseState, Role
from runtime.embedded.skipping import SkippingEnvironment
from runtime.temporal import DATA_CONVERTER, workflow_runner
from tests.unit.acting import MONDAY
from tests.workflows.driving import House
from tests.workflows.lending import (
    BALANCE,
    DEPT_HEAD,
    DUE,
    METER,
    SUPERVISOR,
    TECHNICIAN,
    OnLoan,
    holder_of,
    lend,
    recalled,
    stock_book_closed,
)
from workflows.loaner import LoanerWorkflow
from workflows.messages import LOANER_NEWS, LOOK_AGAIN, TICKET_NEWS

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
EVENTS_AT_MOST = 80


def now() -> datetime:
    return datetime.now(CHINA)


async def test_the_straight_road_of_a_loan(
    skipping_house: House, skipping_env: SkippingEnvironment
) -> None:
    loan, clocked = await recalled(skipping_house, skipping_env)
    assert await holder_of(skipping_house, "L01") == loan.id
    [promise] = (await loan.view()).standings
    assert promise.due is not None
    assert local(promise.due) == DUE
    await clocked.to(MONDAY + 2 * DAY)
    answer = await loan.do("take_back", TECHNICIAN, condition="good")
    assert answer.state is LoanerState.RETURNED
    await clocked.to(MONDAY + 3 * DAY - MINUTE)
    assert await holder_of(skipping_house, "L01") == loan.id
    await clocked.to(MONDAY + 3 * DAY + MINUTE)
    assert await loan.ended() == "returned"
    assert await holder_of(skipping_house, "L01") is None
    assert [kind for kind in await loan.kinds() if kind != "ticket_over"] == [
        "loaner_requested",
        "loaner_reserved",
        "loaner_delivered",
        "loaner_recalled",
        "loaner_returned",
        "promise_met",
        "loaner_back_in_stock",
    ]
    with pytest.raises(Refused) as late:
        await loan.do("take_back", TECHNICIAN, condition="good")
    assert late.value.type is RefusalType.TICKET_CLOSED


async def test_an_overdue_loaner_goes_up_the_ladder_step_by_step(
    skipping_house: House, skipping_env: SkippingEnvironment
) -> None:
    loan, clocked = await recalled(skipping_house, skipping_env)
    await clocked.to(DUE - MINUTE)
    assert (await loan.view()).loan.state is LoanerState.RECALLED
    await clocked.to(DUE + 4 * DAY)
    view = await loan.until("overdue")
    began = MONDAY + timedelta(hours=3)
    expected = [began + (DUE - began) * share for share in (0.75, 1, 1.5, 2)]
    assert [one.level for one in view.loan.firings] == [0, 1, 2, 3]
    for firing, moment in zip(view.loan.firings, expected, strict=True):
        assert timedelta(0) < firing.fired_at - moment < timedelta(seconds=3)
    told = await loan.told()
    assert [to for to, about in told if about.startswith("promise_")] == [
        "agent",
        "supervisor",
        "dept_head",
        "manager",
    ]
    assert (await loan.kinds()).count("loaner_overdue") == 1
    await loan.do("report_lost", SUPERVISOR, reason="找不到", charge_fen=80000)
    answer = await loan.do("approve_charge", DEPT_HEAD, amount_fen=60000)
    assert answer.state is LoanerState.LOST
    assert await loan.ended() == "lost"
    assert ("customer", "loaner_charge") in await loan.told()
    assert await holder_of(skipping_house, "L01") == loan.id


@pytest.mark.parametrize(
    ("late", "state"),
    [(timedelta(0), PromiseState.MET), (timedelta(milliseconds=1), PromiseState.MISSED)],
)
async def test_a_return_exactly_at_due_is_kept(
    skipping_house: House,
    skipping_env: SkippingEnvironment,
    late: timedelta,
    state: PromiseState,
) -> None:
    loan, clocked = await recalled(skipping_house, skipping_env)
    await clocked.to(DUE + timedelta(seconds=5))
    assert (await loan.view()).loan.state is LoanerState.OVERDUE
    await loan.do("take_back", TECHNICIAN, condition="good", at=(DUE + late).isoformat())
    [promise] = (await loan.view()).standings
    assert promise.state is state


async def test_who_waits_in_line_gets_what_another_brings_back(
    skipping_house: House, skipping_env: SkippingEnvironment
) -> None:
    first = await lend(skipping_house, at=MONDAY)
    await first.until("reserved")
    other = await lend(skipping_house, BALANCE, at=MONDAY)
    await other.until("reserved")
    second = await lend(skipping_house, at=MONDAY)
    await second.until("no_stock")
    assert ("supervisor", "loaner_no_stock") in await second.told()
    await first.hear("ended", MONDAY + MINUTE)
    assert await first.ended() == "released"
    view = await second.until("reserved")
    assert view.loan.device is not None
    assert view.loan.device.id == "L01"
    assert await holder_of(skipping_house, "L01") == second.id


@pytest.mark.parametrize("kind", ["repaired", "ended"])
async def test_news_during_the_reservation_wins_and_leaves_no_device_held(
    live_house: House, kind: str
) -> None:
    async with stock_book_closed(live_house):
        loan = await lend(live_house)
        await loan.hear(kind, now())
        view = await loan.until("released")
        assert view.loan.device is None
    assert await loan.ended() == "released"
    assert await holder_of(live_house, "L01") is None


async def test_news_that_is_there_before_anything_was_asked(live_house: House) -> None:
    loan = await lend(live_house)
    await loan.until("reserved")
    await loan.hear("ended", now())
    assert await loan.ended() == "released"
    assert await holder_of(live_house, "L01") is None
    assert (await loan.kinds())[-1] == "loaner_back_in_stock"


async def test_handed_over_in_the_very_moment_of_the_repair(live_house: House) -> None:
    for _ in range(6):
        loan = await lend(live_house)
        await loan.until("reserved")
        handed, _ = await asyncio.gather(
            loan.do("deliver", TECHNICIAN),
            loan.hear("repaired", now()),
            return_exceptions=True,
        )
        if isinstance(handed, Refused):
            assert handed.type is RefusalType.TICKET_CLOSED
            assert await loan.ended() == "released"
        else:
            await loan.until("recalled")
            assert await holder_of(live_house, "L01") == loan.id
            await loan.do("take_back", TECHNICIAN, condition="damaged")
            await loan.do("report_lost", SUPERVISOR, reason="进水")
            assert await loan.ended() == "lost"
            return
        assert await holder_of(live_house, "L01") is None


async def test_the_repair_before_the_hand_over_refuses_it(live_house: House) -> None:
    loan = await lend(live_house)
    await loan.until("reserved")
    await loan.hear("repaired", now())
    with pytest.raises(Refused) as caught:
        await loan.do("deliver", TECHNICIAN)
    assert caught.value.type is RefusalType.TICKET_CLOSED
    assert await loan.ended() == "released"


async def test_a_hand_over_waits_for_the_device_that_is_being_asked_for(live_house: House) -> None:
    loan = await lend(live_house)
    await loan.until("reserved")
    async with stock_book_closed(live_house):
        swap = asyncio.create_task(loan.do("reserve", SUPERVISOR, loaner="L02"))
        await _asking(loan)
        deliver = asyncio.create_task(loan.do("deliver", TECHNICIAN))
        await asyncio.sleep(0.2)
        assert (await loan.view()).loan.state is LoanerState.RESERVED
    assert (await swap).device == "L02"
    answer = await deliver
    assert (answer.state, answer.device) == (LoanerState.DELIVERED, "L02")
    assert await holder_of(live_house, "L01") is None
    assert await holder_of(live_house, "L02") == loan.id


async def test_a_pick_that_is_not_in_stock_is_refused_with_nothing_changed(
    live_house: House,
) -> None:
    loan = await lend(live_house)
    view = await loan.at_rest()
    kinds = await loan.kinds()
    order = Order(by=Actor(role=Role.SUPERVISOR, name="高主管"), fields={"loaner": "L03"})
    with pytest.raises(WorkflowUpdateFailedError) as decided:
        await loan.handle.execute_update("reserve", order)
    assert isinstance(decided.value.cause, ApplicationError)
    assert decided.value.cause.type == RefusalType.NOT_IN_STOCK
    await loan.at_rest()
    length = (await loan.handle.describe()).history_length
    with pytest.raises(Refused) as looked_up:
        await loan.do("reserve", SUPERVISOR, loaner="L03")
    assert looked_up.value.type is RefusalType.NOT_IN_STOCK
    assert (await loan.handle.describe()).history_length == length
    assert (await loan.at_rest()).loan == view.loan
    assert await loan.kinds() == kinds


async def test_no_device_of_the_product_is_the_supervisors_to_decide(live_house: House) -> None:
    strange = METER.model_copy(update={"product": "光谱仪"})
    loan = await lend(live_house, strange)
    view = await loan.until("needs_decision")
    assert view.loan.task is not None
    answer = await loan.do("reserve", SUPERVISOR, loaner="L02")
    assert (answer.state, answer.device, answer.task) == (LoanerState.RESERVED, "L02", None)


async def test_a_poisoned_message_is_refused_or_dropped_and_the_loan_lives(
    live_house: House,
) -> None:
    loan = await lend(live_house)
    await loan.until("reserved")
    news = {"kind": "ended", "ticket_no": "W1", "at": "2026-03-02T09:00:00+08:00"}
    poisons: list[Any] = ["text", 7, None, {"by": 1}, {"by": {"role": "king", "name": "x"}}, []]
    for poison in poisons:
        with pytest.raises(WorkflowUpdateFailedError) as caught:
            await loan.handle.execute_update("deliver", poison)
        assert isinstance(caught.value.cause, ApplicationError)
        assert caught.value.cause.type == "InvalidInput"
        await loan.handle.signal(TICKET_NEWS, poison)
    await loan.handle.signal(TICKET_NEWS)
    await loan.handle.signal(TICKET_NEWS, args=[news, news])
    await loan.handle.signal(TICKET_NEWS, {**news, "kind": "exploded"})
    await loan.handle.signal(TICKET_NEWS, {**news, "kind": "merged", "ticket_no": ""})
    await loan.handle.signal(TICKET_NEWS, {**news, "kind": "merged", "ticket_no": "W\u00001"})
    await loan.handle.signal(LOOK_AGAIN, args=["x", 1])
    await loan.handle.signal("no_such_signal", news)
    with pytest.raises(WorkflowUpdateFailedError):
        await loan.handle.execute_update("deliver", args=[1, 2, 3])
    answer = await loan.do("deliver", TECHNICIAN)
    assert answer.state is LoanerState.DELIVERED
    # A naive time cannot be compared: that is dropped, what comes after it is not.
    await loan.handle.signal(TICKET_NEWS, {**news, "at": "2026-03-02T09:00:00"})
    await loan.handle.signal(TICKET_NEWS, {**news, "at": "9999-12-31T23:50:00+08:00"})
    await loan.until("recalled")


async def test_a_merge_tells_the_new_ticket_how_it_stands_at_once(live_house: House) -> None:
    ticket = await live_house.open()
    loan = await lend(live_house)
    await loan.until("reserved")
    await loan.hear("merged", now(), ticket.number)
    async with asyncio.timeout(20):
        while LOANER_NEWS not in await _signals(ticket.handle):  # noqa: ASYNC110  a history has no event
            await asyncio.sleep(0.05)
    assert (await loan.kinds()).count("ticket_over") == 1
    assert (await loan.view()).loan.ticket_no == ticket.number


async def test_deadlines_go_on_while_the_ledger_is_away(
    skipping_house: House, skipping_env: SkippingEnvironment
) -> None:
    loan, clocked = await recalled(skipping_house, skipping_env)
    # Time is not skipped while an activity is at work, so this much passes by itself.
    await clocked.to(DUE - timedelta(seconds=1))
    async with skipping_house.pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE loan IN ACCESS EXCLUSIVE MODE")
        async with asyncio.timeout(20):
            while True:
                view = await loan.view()
                if view.loan.state is LoanerState.OVERDUE:
                    break
                await asyncio.sleep(0.05)
        assert view.unflushed > 0
    view = await loan.until("overdue")
    assert "loaner_overdue" in await loan.kinds()


async def test_clock_start_is_refused_outside_a_rehearsal(live_house: House) -> None:
    loan = await lend(live_house, at=MONDAY)
    with pytest.raises(WorkflowFailureError) as caught:
        await loan.ended()
    assert isinstance(caught.value.cause, ApplicationError)
    assert "clock_start" in caught.value.cause.message


async def test_a_loan_keeps_to_its_budget_and_replays(live_house: House) -> None:
    house = live_house.shelf.get("house")
    uncleaned = house.model_copy(update={"procedure": Procedure(loaner=LoanerTerms(clean_hours=0))})
    loan = await lend(live_house, policy=uncleaned)
    await loan.until("reserved")
    await loan.do("deliver", TECHNICIAN)
    await loan.hear("repaired", now())
    await loan.until("recalled")
    await loan.do("take_back", TECHNICIAN, condition="good")
    assert await loan.ended() == "returned"
    history = await loan.handle.fetch_history()
    assert len(history.events) <= EVENTS_AT_MOST
    replayer = Replayer(
        workflows=[LoanerWorkflow], data_converter=DATA_CONVERTER, workflow_runner=workflow_runner()
    )
    replayed = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    assert replayed.replay_failure is None


async def _asking(loan: OnLoan) -> None:
    """Until its question to the stock book is out."""
    async with asyncio.timeout(20):
        while True:
            described = (await loan.handle.describe()).raw_description
            names = [one.activity_type.name for one in described.pending_activities]
            if "reserve_loaner" in names:
                return
            await asyncio.sleep(0.02)


async def _signals(handle: Any) -> list[str]:
    history = await handle.fetch_history()
    return [
        event.workflow_execution_signaled_event_attributes.signal_name for event in history.events
    ]
