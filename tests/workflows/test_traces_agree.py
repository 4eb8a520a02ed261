"""The same trace on a live workflow and on the pure domain: the same answers, the same ticket.

The pure side is told only the times of the live one and whom the ring chose; what is accepted, what
is refused with which word, and what all of it makes, it works out for itself.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import pytest

from desk.looking_up import LOOKS_UP, with_looked_up
from domain.case import Case, open_case
from domain.civil_time import local
from domain.commands import LookedUp, Order
from domain.events import Event
from domain.policy import Policy
from domain.procedure import decide
from domain.refusals import RefusalType, Refused
from domain.rotation import Turn
from domain.settling import settle
from domain.steps.calls import take_call
from domain.steps.dispatching import assign
from domain.ticket import Actor, TechnicianRef, Ticket
from domain.vocabulary import ENDED, Command
from rehearsal.ticket_clocks import TicketClocks
from runtime.embedded.skipping import SkippingEnvironment
from storage import tickets
from tests.unit.acting import MONDAY
from tests.unit.asking import Ask, Fields, Scene, forward, nonsense, sensible
from tests.unit.invariants import faults_of, faults_of_ledger
from tests.workflows.driving import House, OnTicket

STEPS = 15
# Loaners and merges are other workflows; their traces are in tests of their own.
ELSEWHERE = (Command.REQUEST_LOANER, Command.MERGE_INTO)
TRACES = [
    *(("doors_windows", 1), ("doors_windows", 2), ("doors_windows", 3)),
    *(("instruments", 4), ("instruments", 5), ("house", 6)),
]
WINDOW: Fields = {"product": "断桥铝窗", "product_class": "window", "policy": "doors_windows"}
METER: Fields = {"product": "水质仪", "product_class": "instrument", "policy": "instruments"}
DEVICES: dict[str, Sequence[Fields]] = {
    "doors_windows": (
        {**WINDOW, "accepted_on": "2020-01-01"},
        {**WINDOW, "accepted_on": "2026-01-05"},
        WINDOW,
    ),
    # None in warranty: nobody lends by himself, and no other workflow begins.
    "instruments": ({**METER, "invoice_date": "2020-01-01", "weight_kg": 10}, METER),
    "house": ({"product": "水泵", "policy": "house"},),
}


class Twice:
    """One ticket, live and pure."""

    def __init__(
        self, on: OnTicket, environment: SkippingEnvironment, policy: Policy, began: list[Event]
    ) -> None:
        self.on, self.environment = on, environment
        self.clocks = TicketClocks(environment)
        opening = began[0].changes.opening
        assert opening is not None
        case = open_case(opening, policy)
        self.case = take_call(case, on.call, began[0].at)
        self.heard = 0

    @property
    def seq(self) -> int:
        return self.case.ticket.seq

    async def live(self) -> Ticket:
        ticket = await tickets.load(self.on.house.pool, self.on.number)
        assert ticket is not None
        return ticket

    async def now(self) -> datetime:
        offset = timedelta(milliseconds=(await self.on.view()).clock_offset_ms)
        return local(await self.environment.get_current_time(self.on.handle)) + offset

    async def goes_by(self, time: timedelta) -> None:
        """Every deadline on the way comes by itself."""
        goal = await self.now() + time
        for _ in range(60):
            wake = self.clocks.next_wake()
            if wake is None or wake.moment > goal:
                break
            await self.clocks.wake(wake)
        await self.clocks.bring(self.on.number, goal)
        await self.clocks.settle([self.on.number])
        self._follow(await self._news())

    async def asked(self, ask: Ask) -> RefusalType | None:
        """Both are asked; the word of the refusal, if it was one."""
        order = Order(by=Actor(role=ask.role, name=ask.name), fields=ask.fields)
        if ask.command in LOOKS_UP:
            pool, shelf = self.on.house.pool, self.on.house.shelf
            ticket, command = await self.live(), Command(ask.command)
            looked_up = await with_looked_up(pool, shelf, ticket, command, order)
        else:
            looked_up = order.model_copy(update={"looked_up": LookedUp()})
        refused = await self._live_answer(ask)
        await self.clocks.settle([self.on.number])
        news = await self._news()
        if refused is not None:
            self._follow(news)
            now = await self.now()
            settled = settle(self.case, now)
            with pytest.raises(Refused) as caught:
                decide(settled, ask.command, looked_up, now)
            # A workflow that is over judges no role: the desk answers for it.
            over = self.case.ticket.stage in ENDED and refused is RefusalType.TICKET_CLOSED
            assert over or caught.value.type is refused, (ask, caught.value, refused)
            return refused
        at = next(event.at for event in news if event.by is not None)
        self._follow([event for event in news if event.at < at])
        self._become(decide(settle(self.case, at), ask.command, looked_up, at), at)
        self._follow([event for event in news if event.at >= at])
        return None

    async def _live_answer(self, ask: Ask) -> RefusalType | None:
        try:
            await self.on.do(ask.command, f"{ask.role.value}/{ask.name}", None, **ask.fields)
        except Refused as refused:
            return refused.type
        return None

    async def _news(self) -> list[Event]:
        """What the live ledger has more than we heard of."""
        events = await tickets.events(self.on.house.pool, self.on.number)
        news = [event for event in events if event.seq > self.heard]
        self.heard = events[-1].seq
        return news

    def _follow(self, news: Sequence[Event]) -> None:
        """At those times something was due, or the ring answered."""
        for event in news:
            if event.kind in ("dispatched", "nobody_to_dispatch"):
                visit = event.changes.visit
                chosen: TechnicianRef | None = visit.technician if visit else None
                turn = Turn(technician=chosen)
                self._become(assign(settle(self.case, event.at), turn, event.at), event.at)
            else:
                self._become(self.case, event.at)

    def _become(self, case: Case, now: datetime) -> None:
        self.case = settle(case, now)
        faults = faults_of(self.case, now)
        assert not faults, faults


@pytest.mark.parametrize(("policy", "seed"), TRACES)
async def test_the_live_ticket_and_the_pure_one_agree(
    skipping_house: House, skipping_env: SkippingEnvironment, policy: str, seed: int
) -> None:
    pick = Random(seed).choice
    on = await skipping_house.open(policy=policy, at=MONDAY)
    await on.settled()
    began = await tickets.events(skipping_house.pool, on.number)
    pinned = skipping_house.shelf.get(policy).for_ticket(MONDAY.date())
    twice = Twice(on, skipping_env, pinned, began)
    await twice.clocks.take_in(on.number)
    twice._follow(await twice._news())
    answers: list[RefusalType | None] = []
    for _ in range(STEPS):
        if pick([True, False, False, False]):
            await twice.goes_by(pick([timedelta(hours=2), timedelta(hours=27), timedelta(days=3)]))
        how = pick([forward, forward, forward, sensible, nonsense])
        scene = Scene(await twice.live(), await twice.now(), DEVICES[policy])
        ask = how(scene, pick) if how is not sensible else sensible(scene, pick, but=ELSEWHERE)
        if ask.command not in ELSEWHERE:
            answers.append(await twice.asked(ask))
    live = await twice.live()
    assert _outline(twice.case.ticket) == _outline(live)
    assert twice.case.ticket == live
    events = await tickets.events(skipping_house.pool, on.number)
    assert [event.kind for event in twice.case.events] == [event.kind for event in events]
    assert not faults_of_ledger(live, events)
    assert None in answers


def _outline(ticket: Ticket) -> dict[str, object]:
    """What people see first; a difference here says more than the whole ticket would."""
    return {
        "stage": ticket.stage,
        "outcome": ticket.outcome,
        "milestones": {name: len(times) for name, times in ticket.milestones.items()},
        "quotes": [(quote.number, quote.state) for quote in ticket.quotes],
        "holds": [(hold.reason, hold.over) for hold in ticket.holds],
        "facts": ticket.facts,
    }
