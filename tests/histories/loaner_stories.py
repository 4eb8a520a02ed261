"""The ways of a loaner, on the live server: lent, wanted back, lost, or never had."""

from collections.abc import Mapping
from typing import Any

from desk.loaner_desk import LoanerDesk
from domain.vocabulary import LoanerState
from tests.histories.story import Story, Under, until
from tests.workflows.driving import AGENT, CUSTOMER, SUPERVISOR, OnTicket
from tests.workflows.lending import DEPT_HEAD, INSTRUMENT, OnLoan

ENGINEER = "technician/T05"
# Of a class in which the example's books have nothing to lend.
NOTHING_TO_LEND = {"product_class": "machine", "policy": "instruments"}


async def requested(ticket: OnTicket, **device: Any) -> OnLoan:
    asked = {**INSTRUMENT, **device}
    await ticket.do("register", AGENT, site="实验室", symptom="开不了机", device=asked)
    loaner = (await ticket.do("request_loaner", SUPERVISOR, reason="停不得")).loaner
    assert loaner is not None
    desk = LoanerDesk(ticket.house.client, ticket.house.pool)
    loan = OnLoan(ticket.house, loaner, ticket.number, desk)
    await knows(ticket)
    return loan


async def _reserved(ticket: OnTicket) -> None:
    await requested(ticket)
    await knows(ticket, LoanerState.RESERVED)


async def _no_stock(ticket: OnTicket) -> None:
    await requested(ticket, **NOTHING_TO_LEND)
    await knows(ticket, LoanerState.NO_STOCK)


async def _delivered(ticket: OnTicket) -> OnLoan:
    loan = await requested(ticket)
    await loan.do("deliver", ENGINEER, signer="王秀英")
    await knows(ticket, LoanerState.DELIVERED)
    return loan


async def _out(ticket: OnTicket) -> None:
    await _delivered(ticket)


async def _recalled_by_the_repair(ticket: OnTicket) -> OnLoan:
    loan = await _delivered(ticket)
    await arrives(ticket)
    await ticket.do("finish", ENGINEER)
    await knows(ticket, LoanerState.RECALLED)
    return loan


async def _recalled(ticket: OnTicket) -> None:
    await _recalled_by_the_repair(ticket)


async def _recall_withdrawn(ticket: OnTicket) -> None:
    await _recalled_by_the_repair(ticket)
    await ticket.do("sign_off", CUSTOMER, satisfied=False)
    await knows(ticket, LoanerState.DELIVERED)


async def _released(ticket: OnTicket) -> None:
    loan = await requested(ticket)
    await ticket.do("cancel", SUPERVISOR, reason="不修了")
    await loan.ended()


async def _returned(ticket: OnTicket) -> None:
    loan = await _recalled_by_the_repair(ticket)
    await loan.do("take_back", ENGINEER, condition="good")
    await knows(ticket, LoanerState.RETURNED)


async def _damaged(ticket: OnTicket) -> None:
    loan = await _delivered(ticket)
    await loan.do("recall", SUPERVISOR, reason="另有急用")
    await loan.do("take_back", ENGINEER, condition="damaged", charge_fen=5000)
    await knows(ticket, LoanerState.RETURNED)


async def _lost(ticket: OnTicket) -> None:
    loan = await _delivered(ticket)
    await loan.do("report_lost", SUPERVISOR, reason="找不到", charge_fen=80000)
    await loan.do("approve_charge", DEPT_HEAD, amount_fen=60000)
    await loan.ended()


async def _overdue(ticket: OnTicket) -> None:
    """Under short limits: it is due back within a minute."""
    loan = await _delivered(ticket)
    await loan.do("recall", SUPERVISOR, reason="另有急用")

    async def overdue() -> bool:
        return (await loan.view()).loan.state is LoanerState.OVERDUE

    await until(overdue, within=90)
    await knows(ticket, LoanerState.OVERDUE)


async def arrives(ticket: OnTicket) -> None:
    await ticket.do("dispatch", SUPERVISOR, technician="T05", reason="只有他会修")
    for step in ("accept", "arrive"):
        await ticket.do(step, ENGINEER)


async def knows(ticket: OnTicket, state: LoanerState | None = None) -> None:
    """Until the ticket has heard of it; without `state`, until it has heard anything."""

    async def heard() -> bool:
        loaner = (await ticket.view()).ticket.loaner
        return loaner is not None and loaner.revision > 0 and state in (None, loaner.state)

    await until(heard)


LOANER_STORIES: Mapping[str, Story] = {
    "loaner_reserved": Story(_reserved),
    "loaner_no_stock": Story(_no_stock),
    "loaner_delivered": Story(_out),
    "loaner_recalled": Story(_recalled),
    "loaner_recall_withdrawn": Story(_recall_withdrawn),
    "loaner_released": Story(_released),
    "loaner_returned": Story(_returned),
    "loaner_damaged": Story(_damaged),
    "loaner_lost": Story(_lost),
    "loaner_overdue": Story(_overdue, Under.SHORT_LIMITS),
}
"""The name of the file, and what leads a new ticket and its loaner there."""
