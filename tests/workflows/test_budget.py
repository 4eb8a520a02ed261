"""What one straight-road ticket may cost, counted; `make bench` tells the whole of it."""

import pytest

from benchmarks.straight_road import (
    ACTIONS_AT_MOST,
    BYTES_AT_MOST,
    EVENTS_AT_MOST,
    cost_of,
    drive,
)
from tests.workflows.driving import House


@pytest.mark.parametrize("device", ["D101", "D503"])
async def test_a_ticket_keeps_to_its_budget(live_house: House, device: str) -> None:
    ticket = await drive(live_house, device)
    cost = await cost_of(ticket.handle)
    assert cost.events <= EVENTS_AT_MOST
    assert cost.bytes <= BYTES_AT_MOST
    assert cost.total <= ACTIONS_AT_MOST, cost.actions
