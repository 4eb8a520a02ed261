"""Promises on a real ticket, time skipped: kept at due, missed a millisecond later, told once."""

from datetime import datetime, timedelta

import pytest

from domain.civil_time import MILLISECOND, local
from domain.ticket import Firing
from domain.vocabulary import PromiseState
from rehearsal.ticket_clocks import TicketClocks
from runtime.embedded.skipping import SkippingEnvironment
from storage import tickets
from tests.unit.acting import MONDAY
from tests.workflows.driving import AGENT, House, OnTicket

GUIDANCE = timedelta(minutes=15)


class Clocked:
    """One ticket whose clock the test moves."""

    def __init__(self, ticket: OnTicket, environment: SkippingEnvironment) -> None:
        self.ticket = ticket
        self.clocks = TicketClocks(environment)

    async def begin(self) -> "Clocked":
        await self.clocks.take_in(self.ticket.number)
        return self

    async def to(self, moment: datetime) -> None:
        """Every deadline before `moment` comes by itself; then the clock stands there."""
        for _ in range(100):
            wake = self.clocks.next_wake()
            if wake is None or wake.moment > moment:
                break
            await self.clocks.wake(wake)
        await self.clocks.bring(self.ticket.number, moment)
        await self.clocks.settle([self.ticket.number])

    async def state(self, promise: str) -> PromiseState:
        view = await self.ticket.view()
        return next(one.state for one in view.standings if one.promise == promise)

    async def firings(self, promise: str) -> list[Firing]:
        state = await tickets.load(self.ticket.house.pool, self.ticket.number)
        assert state is not None
        return [firing for firing in state.firings if firing.promise == promise]


@pytest.fixture
async def instrument(skipping_house: House, skipping_env: SkippingEnvironment) -> Clocked:
    ticket = await skipping_house.open(policy="instruments", at=MONDAY)
    return await Clocked(ticket, skipping_env).begin()


@pytest.mark.parametrize(
    ("late", "state"),
    [
        (-MILLISECOND, PromiseState.MET),
        (timedelta(0), PromiseState.MET),
        (MILLISECOND, PromiseState.MISSED),
    ],
)
async def test_exactly_at_due_is_kept_and_a_millisecond_later_missed(
    instrument: Clocked, late: timedelta, state: PromiseState
) -> None:
    due = MONDAY + GUIDANCE
    # Said a little later of the very moment, so that the race is with the promise, not with us.
    await instrument.to(due + timedelta(seconds=5))
    assert await instrument.state("phone_guidance") is PromiseState.MISSED
    await instrument.ticket.do("start_guidance", AGENT, at=(due + late).isoformat())
    assert await instrument.state("phone_guidance") is state
    missed = [one for one in await instrument.firings("phone_guidance") if one.level == 1]
    assert [one.withdrawn for one in missed] == [state is PromiseState.MET]


async def test_every_step_of_the_ladder_fires_once_at_its_moment(instrument: Clocked) -> None:
    await instrument.to(MONDAY + timedelta(hours=1))
    fired = await instrument.firings("phone_guidance")
    assert [one.level for one in fired] == [0, 1, 2, 3]
    expected = [MONDAY + GUIDANCE * share for share in (0.75, 1, 1.5, 2)]
    for firing, moment in zip(fired, expected, strict=True):
        lateness = firing.fired_at - moment
        assert timedelta(0) < lateness < timedelta(seconds=2)
        assert firing.due == MONDAY + GUIDANCE
        assert firing.clauses == ("D5-A3.3",)
    kinds = await instrument.ticket.kinds()
    assert kinds.count("promise_missed") == 2  # and the registration's
    assert kinds.count("notice_due") >= 4


async def test_met_late_stays_missed_with_its_lateness_and_stops_the_ladder(
    instrument: Clocked,
) -> None:
    await instrument.to(MONDAY + timedelta(minutes=20))
    await instrument.ticket.do("start_guidance", AGENT)
    await instrument.to(MONDAY + timedelta(hours=2))
    assert [one.level for one in await instrument.firings("phone_guidance")] == [0, 1]
    state = await tickets.load(instrument.ticket.house.pool, instrument.ticket.number)
    assert state is not None
    kept = next(one for one in state.kept if one.promise == "phone_guidance")
    assert 300 <= kept.late_seconds <= 302
    assert await instrument.state("phone_guidance") is PromiseState.MISSED


async def test_one_timer_stands_at_the_nearest_moment_and_none_once_closed(
    instrument: Clocked,
) -> None:
    view = await instrument.ticket.view()
    assert view.next_wake == MONDAY + GUIDANCE * 0.75 + MILLISECOND
    await instrument.ticket.do("register", AGENT, kind="enquiry")
    assert await instrument.ticket.handle.result() == "redirected"
    history = await instrument.ticket.handle.fetch_history()
    names = [event.WhichOneof("attributes") for event in history.events]
    started = sum(name == "timer_started_event_attributes" for name in names)
    cancelled = sum(name == "timer_canceled_event_attributes" for name in names)
    assert started - cancelled in (0, 1)


async def test_the_pinned_policy_works_everything_out_again_from_reported(
    skipping_house: House, skipping_env: SkippingEnvironment
) -> None:
    ticket = await skipping_house.open(policy="house", at=MONDAY)
    clocked = await Clocked(ticket, skipping_env).begin()
    await clocked.to(MONDAY + timedelta(minutes=20))
    device = {"product": "水质仪", "product_class": "instrument", "weight_kg": 6}
    await ticket.do("register", AGENT, device=device, site="实验室", symptom="无法开机")
    assert await clocked.state("phone_guidance") is PromiseState.MISSED
    view = await ticket.view()
    due = {one.promise: one.due for one in view.standings}
    assert due["phone_guidance"] == MONDAY + GUIDANCE
    small = due["fixed_or_loaner_small"]
    assert small is not None
    assert local(small).isoformat() == "2026-03-05T00:00:00+08:00"
    assert "policy_pinned" in await ticket.kinds()
