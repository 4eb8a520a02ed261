"""Two at once, on the real server: whoever is first, there is one end, and it holds."""

import asyncio

import pytest

from tests.workflows.driving import House
from tests.workflows.racing import CONTESTS, Contest, YesAgainstNo, sent_at_once, stock_up
from tests.workflows.soundness import nothing_left_over, sound

ROUNDS = 6


@pytest.mark.parametrize("kind", [YesAgainstNo, *CONTESTS[1:]], ids=lambda kind: kind.__name__)
async def test_truly_at_once(live_house: House, kind: type[Contest]) -> None:
    await stock_up(live_house, ROUNDS)
    contests = await asyncio.gather(*(kind.begin(live_house, None) for _ in range(ROUNDS)))
    for number, contest in enumerate(contests):
        results = await sent_at_once(contest, backwards=number % 2 == 1)
        await sound(contest.ticket)
        await contest.judge(results)
    assert await nothing_left_over([contest.ticket for contest in contests])
