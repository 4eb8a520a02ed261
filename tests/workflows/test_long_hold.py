"""A ticket that waits for long costs next to nothing: no poll, no heartbeat, one timer."""

import asyncio
from collections import Counter
from datetime import timedelta
from itertools import pairwise

from domain.vocabulary import HoldReason, Outcome, Stage
from runtime.embedded.skipping import SkippingEnvironment
from tests.unit.acting import MONDAY
from tests.workflows.driving import AGENT, SUPERVISOR, House, OnTicket
from tests.workflows.lending import INSTRUMENT
from tests.workflows.soundness import replayable, sound
from tests.workflows.test_promises import Clocked

EVENTS_AT_MOST = 40
DAYS = timedelta(days=90)
UNTIL = (MONDAY + DAYS - timedelta(days=10)).isoformat()
LINES = [{"item": "玻璃", "kind": "part", "quantity": 1, "unit_price_fen": 42000}]

# Each `fast_forward` writes these two into the history: the order to skip, and that it was skipped.
# A server whose time runs by itself has neither, so they are not the ticket's.
OF_SKIPPING = {
    "workflow_execution_options_updated_event_attributes",
    "workflow_execution_time_skipping_transitioned_event_attributes",
}

OPENED = "workflow_task_scheduled_event_attributes"
OF_A_TASK = (
    OPENED,
    "workflow_task_started_event_attributes",
    "workflow_task_completed_event_attributes",
)
# A query that comes while a task is open, as the moving of clocks asks them, has the server open
# another at once: one that follows straight upon the last has no cause in the ticket.
LEFT_BY_A_TASK = {
    "workflow_task_completed_event_attributes",
    "marker_recorded_event_attributes",
    "timer_started_event_attributes",
    "timer_canceled_event_attributes",
}


class Counted:
    """How many events a ticket's history has gained, those of the skipping left out."""

    def __init__(self, ticket: OnTicket) -> None:
        self._ticket = ticket
        self._before: Counter[str] = Counter()

    async def begin(self) -> "Counted":
        self._before = await self._events()
        return self

    async def gained(self) -> Counter[str]:
        return await self._events() - self._before

    async def _events(self) -> Counter[str]:
        history = await self._ticket.handle.fetch_history()
        kinds = [str(event.WhichOneof("attributes")) for event in history.events]
        described = await self._ticket.handle.describe()
        assert described.history_length == len(kinds)
        kept = Counter(kind for kind in kinds if kind not in OF_SKIPPING)
        asked = sum(kind == OPENED and before in LEFT_BY_A_TASK for before, kind in pairwise(kinds))
        return kept - Counter(dict.fromkeys(OF_A_TASK, asked))


async def waits(
    ticket: OnTicket, environment: SkippingEnvironment, days: timedelta = DAYS
) -> Counter[str]:
    """What those days added to its history."""
    counted = await Counted(ticket).begin()
    clocked = await Clocked(ticket, environment).begin()
    await clocked.to(MONDAY + days)
    gained = await counted.gained()
    await sound(ticket)
    await replayable(ticket)
    return gained


async def test_on_hold_by_command(skipping_house: House, skipping_env: SkippingEnvironment) -> None:
    """With everything that was promised before running out, and its ladder climbed, meanwhile."""
    added = await asyncio.gather(
        *(
            _held(skipping_house, skipping_env, reason, until)
            for reason in HoldReason
            for until in (None, UNTIL)
        )
    )
    assert len(added) == 2 * len(HoldReason)
    assert max(one.total() for one in added) <= EVENTS_AT_MOST, added


async def _held(
    house: House, environment: SkippingEnvironment, reason: HoldReason, until: str | None
) -> Counter[str]:
    """What the command and the days on that hold added."""
    ticket = await house.open(at=MONDAY)
    await ticket.register("D101")
    ended = {} if until is None else {"until": until}
    counted = await Counted(ticket).begin()
    await ticket.do("hold", SUPERVISOR, reason=reason.value, **ended)
    of_the_command = await counted.gained()
    if reason is HoldReason.WEATHER:
        # The customer is told of it in time (D1-5.2.3.b): it is no cost of the waiting.
        await ticket.do("call_back", AGENT)
    gained = await waits(ticket, environment)
    view = await ticket.view()
    assert view.ticket.stage is Stage.DISPATCHING
    assert bool(view.ticket.open_holds) == (until is None)
    # Nothing is left that time alone would change, or it is the promises that were paused.
    assert view.next_wake is None
    return gained + of_the_command


async def test_in_dispute_that_nobody_rules(
    skipping_house: House, skipping_env: SkippingEnvironment
) -> None:
    ticket = await skipping_house.open(at=MONDAY)
    await ticket.road(until="accept")
    await ticket.do("call_back", AGENT)
    await ticket.do("dispute", AGENT, subject="fault", reason="顾客说是安装问题")
    gained = await waits(ticket, skipping_env)
    assert gained.total() <= EVENTS_AT_MOST, gained
    assert [hold.reason for hold in (await ticket.view()).ticket.open_holds] == ["dispute"]


async def test_a_quote_that_nobody_answers(
    skipping_house: House, skipping_env: SkippingEnvironment
) -> None:
    """Reminded twice, closed after seven days, and nothing after that."""
    ticket = await skipping_house.open(at=MONDAY)
    await ticket.register("D102")
    await ticket.do("call_back", AGENT)
    await ticket.do("quote", AGENT, lines=LINES)
    gained = await waits(ticket, skipping_env)
    assert gained.total() <= EVENTS_AT_MOST, gained
    assert (await ticket.view()).ticket.outcome is Outcome.NO_CONSENT
    assert (await ticket.kinds()).count("consent_reminded") == 2


async def test_two_waits_at_once(skipping_house: House, skipping_env: SkippingEnvironment) -> None:
    ticket = await skipping_house.open(at=MONDAY)
    await ticket.road(until="accept")
    await ticket.do("hold", SUPERVISOR, reason="weather", until=UNTIL)
    await ticket.do("hold", SUPERVISOR, reason="customer")
    gained = await waits(ticket, skipping_env)
    assert gained.total() <= EVENTS_AT_MOST, gained
    assert [hold.reason for hold in (await ticket.view()).ticket.open_holds] == ["customer"]


async def test_it_is_the_ladders_that_cost_and_once_climbed_nothing_does(
    skipping_house: House, skipping_env: SkippingEnvironment
) -> None:
    """Six events a rung: an instrument that waits for parts has more rungs than any other."""
    ticket = await skipping_house.open(policy="instruments", at=MONDAY)
    await ticket.do("register", AGENT, site="实验室", symptom="开不了机", device=INSTRUMENT)
    await ticket.do("hold", SUPERVISOR, reason="parts")
    climbed = await waits(ticket, skipping_env, timedelta(days=10))
    assert climbed["timer_fired_event_attributes"] >= 8
    assert (await waits(ticket, skipping_env)).total() == 0
