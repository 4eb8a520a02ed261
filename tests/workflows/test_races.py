"""Two at one moment, on the real server: whoever is first, there is one end, and it holds."""

import asyncio
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
    YesAgainstNo,
    stock_up,
    told_of_the_miss,
)
from tests.workflows.soundness import nothing_held_in_vain, replayable, sound
from tests.workflows.test_promises import Clocked

ROUNDS = 10
OFFSETS = (-MILLISECOND, timedelta(0), MILLISECOND)
# So long before the moment the clocks are set; what is left passes by itself.
SHORT_OF = timedelta(milliseconds=100)
# From sending a message until its workflow task begins, on this server.
ON_ITS_WAY = timedelta(milliseconds=5)


@pytest.fixture
async def manned_by_hand(
    skipping_env: SkippingEnvironment, pool: asyncpg.Pool
) -> AsyncIterator[House]:
    """A house whose worker is the test's to start."""
    async with house(skipping_env.client, pool, rehearsal=True, polling=False) as made:
        yield made


@pytest.mark.parametrize("offset", OFFSETS, ids=["before", "at", "after"])
@pytest.mark.parametrize("kind", CONTESTS, ids=lambda kind: kind.__name__)
async def test_as_near_to_the_deadline_as_the_server_lets_us(
    skipping_house: House,
    skipping_env: SkippingEnvironment,
    kind: type[Contest],
    offset: timedelta,
) -> None:
    contest = await kind.begin(skipping_house, MONDAY)
    due = await contest.due()
    await _near(contest, skipping_env, due)
    await _reach(contest, skipping_env, due + offset - ON_ITS_WAY)
    results = await _all(contest)
    await _judged(contest, results, due)


@pytest.mark.parametrize("sent_late", [False, True], ids=["sent-before", "sent-after"])
@pytest.mark.parametrize("kind", CONTESTS, ids=lambda kind: kind.__name__)
async def test_deadline_and_messages_in_one_activation(
    manned_by_hand: House,
    skipping_env: SkippingEnvironment,
    kind: type[Contest],
    sent_late: bool,
) -> None:
    """Nobody works while the deadline passes: timer and messages reach the ticket together.

    It judges by the moment at which it hears of them, and by then the deadline is over.
    """
    async with polling_worker(manned_by_hand):
        contest = await kind.begin(manned_by_hand, MONDAY)
        due = await contest.due()
        await _near(contest, skipping_env, due)
    if sent_late:
        await _reach(contest, skipping_env, due + 20 * MILLISECOND)
    sending = asyncio.create_task(_all(contest))
    await _reach(contest, skipping_env, due + 40 * MILLISECOND)
    async with polling_worker(manned_by_hand):
        results = await sending
        await _judged(contest, results, due)


@pytest.mark.parametrize("kind", [YesAgainstNo, *CONTESTS[1:]], ids=lambda kind: kind.__name__)
async def test_truly_at_once(live_house: House, kind: type[Contest]) -> None:
    await stock_up(live_house, ROUNDS)
    contests = [await kind.begin(live_house, None) for _ in range(ROUNDS)]
    for number, contest in enumerate(contests):
        results = await _all(contest, backwards=number % 2 == 1)
        await sound(contest.ticket)
        await contest.judge(results)
        await sound(contest.ticket)
    await replayable(*(contest.ticket for contest in contests))
    await nothing_held_in_vain(live_house)


async def _near(contest: Contest, environment: SkippingEnvironment, moment: datetime) -> None:
    """All deadlines before it have come; the clocks stand a little short of it, and run."""
    clocked = await Clocked(contest.ticket, environment).begin()
    await clocked.to(moment - timedelta(seconds=2))
    for clock in contest.clocks(environment):
        await clock.look()
        await clock.bring(moment - SHORT_OF)
    await contest.now(environment)  # asks the ticket, which later nobody may be there to answer for


async def _reach(contest: Contest, environment: SkippingEnvironment, moment: datetime) -> None:
    """Until the ticket's clock stands there."""
    left = moment - await contest.now(environment)
    await asyncio.sleep(max(0.0, left.total_seconds()))


async def _all(contest: Contest, *, backwards: bool = False) -> Results:
    """Both are sent at once; the results in the order of the contest's messages."""
    messages = contest.messages()
    order = messages[::-1] if backwards else messages
    results = await asyncio.gather(*order, return_exceptions=True)
    return results[::-1] if backwards else results


async def _judged(contest: Contest, results: Results, due: datetime) -> None:
    await _deadline_over(contest, due)
    stored = await sound(contest.ticket)
    if isinstance(contest, FeeAgainstSilence):
        await _answered_in_time(contest, due)
    else:
        told_of_the_miss(contest, stored, due)
    await contest.judge(results)
    await sound(contest.ticket)
    await replayable(contest.ticket)
    await nothing_held_in_vain(contest.ticket.house)


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
