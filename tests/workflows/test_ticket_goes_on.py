"""A ticket goes on as it began: what a later procedure brought is not for it."""

import secrets
from datetime import datetime, timedelta

import pytest

from desk.temporal_starter import TemporalStarter
from domain.calls import Call, Direction
from domain.events import PROCEDURE, Opening
from domain.refusals import RefusalType, Refused
from domain.vocabulary import LoanerState, Outcome, PromiseState, QuoteState, Stage
from runtime.embedded.skipping import SkippingEnvironment
from tests.unit.acting import MONDAY
from tests.workflows.driving import AGENT, CUSTOMER, NUMBER, SUPERVISOR, House, OnTicket
from tests.workflows.lending import INSTRUMENT
from tests.workflows.soundness import replayable, sound
from tests.workflows.test_promises import Clocked
from workflows.messages import REPAIR_TICKET, TicketStart, ticket_workflow_id

LINES = [{"item": "锁体", "kind": "part", "quantity": 1, "unit_price_fen": 26000}]
# Two civil days after Monday; a loaner is asked for a day before.
DUE = MONDAY.replace(hour=0) + timedelta(days=3)


async def opened_under(house: House, procedure: int, policy: str) -> OnTicket:
    """A ticket as the release of that procedure started it."""
    number = f"P{secrets.randbelow(10**9):09d}"
    call = Call(
        call_id=secrets.token_hex(8),
        direction=Direction.IN,
        caller=NUMBER,
        line="4008001234",
        started_at=MONDAY,
        answered_at=MONDAY,
        ended_at=MONDAY,
        answered=True,
    )
    snapshot = house.shelf.get(policy)
    opening = Opening(
        number=number,
        opened_at=MONDAY,
        policy=policy,
        policy_version=snapshot.version,
        caller=NUMBER,
        procedure=procedure,
    )
    start = TicketStart(opening=opening, policy=snapshot, call=call, clock_start=MONDAY)
    await house.client.start_workflow(
        REPAIR_TICKET, start, id=ticket_workflow_id(number), task_queue=house.task_queue
    )
    starter = TemporalStarter(house.client, house.shelf, house.task_queue, _monday, rehearsal=True)
    return OnTicket(house, number, call, starter)


@pytest.mark.parametrize("procedure", [1, PROCEDURE])
async def test_only_a_new_ticket_asks_for_a_loaner_by_itself(
    skipping_house: House, skipping_env: SkippingEnvironment, procedure: int
) -> None:
    ticket = await opened_under(skipping_house, procedure, "instruments")
    clocked = await Clocked(ticket, skipping_env).begin()
    await ticket.do("register", AGENT, site="实验室", symptom="开不了机", device=INSTRUMENT)
    await clocked.to(DUE - timedelta(hours=1))
    loaner = (await ticket.view()).ticket.loaner
    if procedure == 1:
        assert loaner is None
        await clocked.to(DUE + timedelta(minutes=1))
        assert await clocked.state("fixed_or_loaner_small") is PromiseState.MISSED
        assert [kind for kind in await ticket.kinds() if "loaner" in kind] == []
    else:
        assert loaner is not None
        assert loaner.state is LoanerState.RESERVED
    await sound(ticket)
    await replayable(ticket)


@pytest.mark.parametrize("procedure", [1, PROCEDURE])
async def test_only_a_new_ticket_has_its_rework_verified(
    skipping_house: House, procedure: int
) -> None:
    ticket = await opened_under(skipping_house, procedure, "house")
    await ticket.road(until="finish")
    await ticket.do("sign_off", CUSTOMER, satisfied=False)
    await ticket.do("dispatch", SUPERVISOR)
    for step in ("accept", "arrive", "finish"):
        await ticket.do(step, ticket.technician)
    await ticket.do("sign_off", CUSTOMER)
    await ticket.do("return_order", ticket.technician)
    await ticket.do("record_follow_up", AGENT, reached=True, satisfied=True)
    stored = await sound(ticket)
    assert stored.outcome is Outcome.REPAIRED
    assert stored.stage is (Stage.CLOSED if procedure == 1 else Stage.FOLLOW_UP)
    await replayable(ticket)


@pytest.mark.parametrize("procedure", [1, PROCEDURE])
async def test_only_on_a_new_ticket_a_paid_line_inside_the_warranty_needs_a_yes(
    skipping_house: House, procedure: int
) -> None:
    ticket = await opened_under(skipping_house, procedure, "house")
    await ticket.road(until="arrive")
    if procedure == 1:
        await ticket.do("finish", ticket.technician, lines=LINES)
        # Today's invariants ask for the yes, which the old rules did not know of.
        await ticket.settled()
        assert (await ticket.view()).ticket.stage is Stage.REPAIRED
    else:
        with pytest.raises(Refused) as caught:
            await ticket.do("finish", ticket.technician, lines=LINES)
        assert caught.value.type is RefusalType.CONSENT_NEEDED
        await sound(ticket)
    await replayable(ticket)


@pytest.mark.parametrize("procedure", [1, PROCEDURE])
async def test_what_a_new_release_lets_people_do_an_old_ticket_can_do_as_well(
    skipping_house: House, procedure: int
) -> None:
    """A quote, its answer and a wait are asked for by somebody, whenever the ticket began."""
    ticket = await opened_under(skipping_house, procedure, "house")
    await ticket.register("D102")
    quoted = await ticket.do("quote", AGENT, lines=LINES)
    await ticket.do("decide_fee", CUSTOMER, quote=quoted.quote, decision="approve")
    await ticket.do("hold", SUPERVISOR, reason="parts")
    await ticket.do("dispatch", SUPERVISOR)
    stored = await sound(ticket)
    assert stored.stage is Stage.SCHEDULED
    assert stored.quote is not None
    assert stored.quote.state is QuoteState.APPROVED
    assert len(stored.open_holds) == 1
    await replayable(ticket)


def _monday() -> datetime:
    return MONDAY
