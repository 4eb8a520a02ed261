"""Two at one moment that is a deadline as well: the timer is then the third in the race."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import asyncpg
import pytest

from domain.civil_time import MILLISECOND
from runtime.embedded.skipping import SkippingEnvironment
from storage import tickets
from tests.unit.acting import MONDAY
from tests.workflows.driving import House, house, polling_worker
from tests.workflows.racing import (
    CONTESTS,
    Contest,
    FeeAgainstSilence,
    Results,
    sent_at_once,
    stock_up,
    told_of_the_miss,
)
from tests.workflows.soundness import nothing_left_over, sound
from tests.workflows.test_promises import Clocked

TRIES = 3
OFFSETS = (-MILLISECOND, timedelta(0), MILLISECOND)
SIGNALED = "workflow_execution_signaled_event_attributes"
ACCEPTED = "workflow_execution_update_accepted_event_attributes"
COMPLETED = "workflow_task_completed_event_attributes"
# So long before the moment the clocks are set; what is left passes by itself.
SHORT_OF = timedelta(milliseconds=100)
# From sending a message until its workflow task begins, on this server.
ON_ITS_WAY = timedelta(milliseconds=5)
REACHES_THE_SERVER = 0.05
"""Seconds after which a message that was sent is there, though nobody takes it."""


@pytest.fixture
async def manned_by_hand(
    skipping_env: SkippingEnvironment, pool: asyncpg.Pool
) -> AsyncIterator[House]:
    """A house whose worker is the test's to start."""
    async with house(skipping_env.client, pool, rehearsal=True, polling=False) as made:
        yield made


@pytest.mark.parametrize("kind", CONTESTS, ids=lambda kind: kind.__name__)
async def test_as_near_to_the_deadline_as_the_server_lets_us(
    skipping_house: House, skipping_env: SkippingEnvironment, kind: type[Contest]
) -> None:
    """Aimed at the millisecond before, the very one, and the one after."""
    await stock_up(skipping_house, len(OFFSETS))
    contests = await asyncio.gather(*(kind.begin(skipping_house, MONDAY) for _ in OFFSETS))
    for contest, offset in zip(contests, OFFSETS, strict=True):
        due = await contest.due()
        await _near(contest, skipping_env, due)
        await _reach(contest, skipping_env, due + offset - ON_ITS_WAY)
        await _judged(contest, await sent_at_once(contest), due)
    assert await nothing_left_over([contest.ticket for contest in contests])


@pytest.mark.parametrize("kind", CONTESTS, ids=lambda kind: kind.__name__)
async def test_deadline_and_messages_in_one_activation(
    manned_by_hand: House, skipping_env: SkippingEnvironment, kind: type[Contest]
) -> None:
    """Nobody works while the deadline passes: timer and messages reach the ticket together.

    It judges by the moment at which it hears of them, and by then the deadline is over, though a
    message was sent before it.
    """
    await stock_up(manned_by_hand, 2 * TRIES)
    contests: list[Contest] = []
    for sent in (-50 * MILLISECOND, 20 * MILLISECOND):
        for attempt in range(1, TRIES + 1):
            contest = await _unheard(manned_by_hand, skipping_env, kind, attempt * sent)
            contests.append(contest)
            if await _heard_with_the_timer(contest):
                break
        else:
            pytest.fail(f"in {TRIES} tries the messages never came with the timer")
    async with polling_worker(manned_by_hand):
        assert await nothing_left_over([contest.ticket for contest in contests])


async def _unheard(
    house: House, environment: SkippingEnvironment, kind: type[Contest], sent: timedelta
) -> Contest:
    """A contest whose messages are sent so long after its deadline while nobody works; judged."""
    async with polling_worker(house):
        contest = await kind.begin(house, MONDAY)
        due = await contest.due()
        await _near(contest, environment, due, 4 * abs(sent) + SHORT_OF)
        fired = await _timers_fired(contest)
    late = sent > timedelta(0)
    if late:
        await _timer_fires(contest, fired)
    await _reach(contest, environment, due + sent)
    sending = asyncio.create_task(sent_at_once(contest))
    if not late:
        await _timer_fires(contest, fired)
    await asyncio.sleep(REACHES_THE_SERVER)
    async with polling_worker(house):
        await _judged(contest, await sending, due)
    return contest


async def _timer_fires(contest: Contest, before: int) -> None:
    """A timer comes up to a second late where time was skipped shortly before.

    None comes where a slow machine let it fire before the worker left: that try does not count.
    """
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(_another(contest, before), 5)


async def _another(contest: Contest, before: int) -> None:
    while await _timers_fired(contest) == before:  # noqa: ASYNC110  a history has no event
        await asyncio.sleep(0.02)


async def _timers_fired(contest: Contest) -> int:
    history = await contest.ticket.handle.fetch_history()
    return sum(event.HasField("timer_fired_event_attributes") for event in history.events)


async def _heard_with_the_timer(contest: Contest) -> bool:
    """Whether the task after the deadline's timer was the first to let a message in, if any was."""
    history = await contest.ticket.handle.fetch_history()
    names = [str(event.WhichOneof("attributes")) for event in history.events]
    fired = len(names) - 1 - names[::-1].index("timer_fired_event_attributes")
    heard = [
        place for place, name in enumerate(names) if name in (SIGNALED, ACCEPTED) and place > fired
    ]
    if not heard:
        return True
    # A signal stands before the task that takes it in, an update after the one that accepts it.
    tasks = names[fired : heard[0]].count(COMPLETED)
    return tasks == (1 if names[heard[0]] == ACCEPTED else 0)


async def _near(
    contest: Contest,
    environment: SkippingEnvironment,
    moment: datetime,
    short_of: timedelta = SHORT_OF,
) -> None:
    """All deadlines before it have come; the clocks stand a little short of it, and run."""
    clocked = await Clocked(contest.ticket, environment).begin()
    await clocked.to(moment - timedelta(seconds=2))
    for clock in contest.clocks(environment):
        await clock.look()
        await clock.bring(moment - short_of)
    await contest.now(environment)  # asks the ticket, which later nobody may be there to answer for


async def _reach(contest: Contest, environment: SkippingEnvironment, moment: datetime) -> None:
    """Until the ticket's clock stands there."""
    left = moment - await contest.now(environment)
    await asyncio.sleep(max(0.0, left.total_seconds()))


async def _judged(contest: Contest, results: Results, due: datetime) -> None:
    await _deadline_over(contest, due)
    stored = await sound(contest.ticket)
    if isinstance(contest, FeeAgainstSilence):
        await _answered_in_time(contest, due)
    else:
        told_of_the_miss(contest, stored, due)
    await contest.judge(results)


async def _deadline_over(contest: Contest, due: datetime) -> None:
    """The timer may come a little later than a message of the same millisecond."""
    async with asyncio.timeout(10):
        while True:
            wake = (await contest.ticket.view()).next_wake
            if wake is None or wake > due + MILLISECOND:
                return
            await asyncio.sleep(0.02)


async def _answered_in_time(contest: Contest, due: datetime) -> None:
    """Exactly at the end of the wait is in time; the ledger has the moment that counted."""
    events = await tickets.events(contest.ticket.house.pool, contest.ticket.number)
    approved = [event.at for event in events if event.kind == "fee_approved"]
    expired = [event.at for event in events if event.kind == "consent_expired"]
    assert len(approved) + len(expired) == 1
    assert all(moment <= due for moment in approved)
    assert all(moment > due for moment in expired)
