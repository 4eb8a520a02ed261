"""From phone events to tickets, on a real Postgres, whatever fails in between."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import permutations

import asyncpg
import pytest

from desk import which_ticket
from desk.calls import enter
from desk.delivery import Delivery, open_ticket
from domain.calls import CallEventKind, Direction, PhoneEvent
from domain.civil_time import CHINA
from domain.vocabulary import Channel
from storage import phone
from storage.errors import DATABASE_ERRORS
from tests.storage.ticket_recorder import TicketRecorder

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=CHINA)
RING, ANSWER, HANGUP = CallEventKind.NEW_CALL, CallEventKind.ANSWER, CallEventKind.HANGUP
WANG, SHARED, ESTATE, STRANGER = "13900010001", "13900010003", "07176100001", "13712633920"
BOOKS = """
INSERT INTO service_line (number, policy) VALUES ('4008001234', 'instruments');
INSERT INTO property (id, name) VALUES ('P01', '江南花园物业');
INSERT INTO property_phone (property, number) VALUES ('P01', '07176100001');
INSERT INTO customer (id, name) VALUES ('C001', '王秀英'), ('C003', '张敏'), ('C012', '赵小兰');
INSERT INTO customer_phone (customer, number) VALUES
    ('C001', '13900010001'), ('C003', '13900010003'), ('C012', '13900010003');
"""


def minute(n: float) -> datetime:
    return NINE + timedelta(minutes=n)


class Clock:
    """Ours, moved by hand."""

    def __init__(self) -> None:
        self.now = minute(30)

    def __call__(self) -> datetime:
        return self.now


def inbound(call: str, number: str, start: float, *, missed: bool = False) -> list[PhoneEvent]:
    """A call of two minutes, its three events in order; a missed one has two."""
    numbers = {"from_number": number, "to_number": "84008001234", "direction": Direction.IN}
    return _events(call, start, numbers, missed=missed)


def outbound(call: str, number: str, start: float, *, missed: bool = False) -> list[PhoneEvent]:
    numbers = {"from_number": "84008001234", "to_number": number, "direction": Direction.OUT}
    return _events(call, start, numbers, missed=missed)


def _events(
    call: str, start: float, numbers: Mapping[str, object], *, missed: bool
) -> list[PhoneEvent]:
    told = [(RING, start, None), (ANSWER, start + 0.5, None), (HANGUP, start + 2, "normalClearing")]
    if missed:
        told = [(RING, start, None), (HANGUP, start + 1, "noAnswer")]
    return [
        PhoneEvent.model_validate(
            dict(numbers)
            | {"call_id": call, "event": kind, "at": minute(at), "received": minute(at)}
            | {"cause": cause}
        )
        for kind, at, cause in told
    ]


class Desk:
    """A front desk with its delivery task, swept by hand."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.clock = Clock()
        self.recorder = TicketRecorder(pool)
        self.delivery = Delivery(pool, self.recorder, self.clock)

    async def hear(self, *events: PhoneEvent) -> None:
        """Each event comes and is dealt with before the next."""
        for event in events:
            await enter(self.pool, event)
            await self.delivery.sweep()

    def tickets(self) -> list[set[str]]:
        """The call ids of each ticket, oldest number first."""
        return [set(self.recorder.tickets[no].calls) for no in sorted(self.recorder.tickets)]

    def numbers(self) -> list[str]:
        return sorted(self.recorder.tickets)


@pytest.fixture
async def desk(pool: asyncpg.Pool) -> Desk:
    await pool.execute(BOOKS)
    return Desk(pool)


async def test_a_ticket_starts_at_the_answer_and_hears_the_hangup(desk: Desk) -> None:
    ring, answer, hangup = inbound("c1", "+8613900010001", 0)
    await desk.hear(ring)
    assert desk.tickets() == []
    await desk.hear(answer)
    (ticket,) = desk.recorder.tickets.values()
    assert ticket.opening.number == "W10001"
    assert (ticket.opening.caller, ticket.opening.policy) == (WANG, "instruments")
    assert [one.name for one in ticket.opening.candidates] == ["王秀英"]
    assert ticket.reported is None
    await desk.hear(hangup)
    assert ticket.reported == minute(2)
    assert (desk.recorder.starts, desk.recorder.signals) == (1, 1)


async def test_a_missed_call_starts_one_at_its_hangup(desk: Desk) -> None:
    await desk.hear(*inbound("c1", STRANGER, 0, missed=True))
    (ticket,) = desk.recorder.tickets.values()
    assert not ticket.calls["c1"].answered
    assert (desk.recorder.starts, desk.recorder.signals) == (1, 0)
    assert ticket.opening.candidates == ()


async def test_resends_do_nothing(desk: Desk) -> None:
    events = inbound("c1", WANG, 0)
    await desk.hear(*events)
    late = [one.model_copy(update={"received": minute(300)}) for one in events]
    await desk.hear(*late, *late[::-1])
    assert desk.tickets() == [{"c1"}]
    assert (desk.recorder.starts, desk.recorder.signals) == (1, 1)


async def test_a_second_call_joins_and_urges(desk: Desk) -> None:
    await desk.hear(*inbound("c1", WANG, 0), *inbound("c2", WANG, 10))
    (ticket,) = desk.recorder.tickets.values()
    assert set(ticket.calls) == {"c1", "c2"}
    assert ticket.urges == 1


@pytest.mark.parametrize("number", [SHARED, ESTATE, "anonymous", ""])
async def test_a_number_that_names_nobody_opens_a_ticket_each_time(desk: Desk, number: str) -> None:
    await desk.hear(*inbound("c1", number, 0), *inbound("c2", number, 10))
    assert desk.tickets() == [{"c1"}, {"c2"}]
    first, second = (desk.recorder.tickets[no].opening for no in desk.numbers())
    assert first.candidates == second.candidates
    assert len(first.candidates) == {SHARED: 2, ESTATE: 1}.get(number, 0)
    assert second.related == ((first.number,) if number in {SHARED, ESTATE} else ())


async def test_an_answer_without_numbers_waits_for_its_call(desk: Desk) -> None:
    ring, answer, hangup = inbound("c1", WANG, 0)
    bare = {"from_number": None, "to_number": None, "direction": None}
    await desk.hear(hangup.model_copy(update=bare), answer.model_copy(update=bare))
    assert desk.tickets() == []
    await desk.hear(ring)
    assert [ticket.opening.caller for ticket in desk.recorder.tickets.values()] == [WANG]


async def test_joined_by_the_registered_number(desk: Desk) -> None:
    await desk.hear(*inbound("c1", "anonymous", 0))
    await desk.recorder.register("W10001", STRANGER)
    await desk.hear(*inbound("c2", STRANGER, 10))
    assert desk.tickets() == [{"c1", "c2"}]


async def test_after_the_ticket_closed_a_new_one(desk: Desk) -> None:
    await desk.hear(*inbound("c1", WANG, 0))
    await desk.recorder.close("W10001")
    await desk.hear(*inbound("c2", WANG, 10))
    assert desk.tickets() == [{"c1"}, {"c2"}]


async def test_decided_again_when_the_ticket_closed_unseen(desk: Desk) -> None:
    await desk.hear(*inbound("c1", WANG, 0))
    await desk.recorder.close("W10001", ledger_knows=False)
    await desk.hear(*inbound("c2", WANG, 10), *inbound("c3", WANG, 20))
    assert desk.tickets() == [{"c1"}, {"c2", "c3"}]
    assert desk.recorder.tickets["W10002"].opening.related == ()


async def test_a_late_event_of_a_closed_ticket_only_updates_the_call(desk: Desk) -> None:
    ring, answer, hangup = inbound("c1", WANG, 0)
    await desk.hear(ring, answer)
    await desk.recorder.close("W10001", ledger_knows=False)
    await desk.hear(hangup)
    assert desk.numbers() == ["W10001"]
    row = await phone.find_call(desk.pool, ("cti", "c1"))
    assert row is not None
    assert (row.ticket_no, row.call.ended_at) == ("W10001", minute(2))
    assert await desk.delivery.sweep() == 0
    assert await phone.tickets_due(desk.pool) == []


async def test_the_ticket_starts_after_a_crash_between_the_phases(desk: Desk) -> None:
    desk.recorder.away = True
    await desk.hear(*inbound("c1", WANG, 0), *inbound("c2", WANG, 10))
    assert desk.tickets() == []
    # Another worker, after the crash: the events are taken, the debt is in the rows.
    later = Delivery(desk.pool, desk.recorder, desk.clock)
    desk.recorder.away = False
    await later.sweep()
    assert desk.tickets() == [{"c1", "c2"}]
    assert desk.recorder.tickets["W10001"].urges == 1


async def test_a_start_whose_answer_was_lost_loses_no_hangup(desk: Desk) -> None:
    ring, answer, hangup = inbound("c1", WANG, 0)
    desk.recorder.lost = 1
    await desk.hear(ring, answer, hangup)
    (ticket,) = desk.recorder.tickets.values()
    assert ticket.reported == minute(2)
    assert ticket.calls["c1"].revision == 3


async def test_one_unreachable_ticket_holds_up_no_other(desk: Desk) -> None:
    await desk.hear(*inbound("c1", WANG, 0)[:2])
    del desk.recorder.tickets["W10001"].__dict__["calls"]  # every message to it fails from now on
    await desk.hear(inbound("c1", WANG, 0)[2], *inbound("c2", STRANGER, 1))
    assert set(desk.recorder.tickets["W10002"].calls) == {"c2"}


async def test_a_call_that_never_hangs_up_is_given_up_after_two_hours(desk: Desk) -> None:
    await desk.hear(inbound("c1", WANG, 0)[0])
    await desk.hear(*inbound("c2", STRANGER, 0)[:2])
    assert desk.tickets() == [{"c2"}]
    desk.clock.now = minute(120) - timedelta(milliseconds=1)
    await desk.delivery.sweep()
    assert desk.tickets() == [{"c2"}]
    desk.clock.now = minute(120.5)
    await desk.delivery.sweep()
    assert desk.tickets() == [{"c2"}, {"c1"}]
    ended = {no: ticket.reported for no, ticket in desk.recorder.tickets.items()}
    assert ended == {"W10001": minute(120.5), "W10002": minute(120)}
    assert desk.recorder.tickets["W10002"].calls["c1"].end_assumed
    # The true hang-up comes after all.
    await desk.hear(inbound("c2", STRANGER, 0)[2])
    assert desk.recorder.tickets["W10001"].reported == minute(2)


async def test_the_call_back_of_a_ticket(desk: Desk) -> None:
    await desk.hear(*inbound("c1", WANG, 0, missed=True))
    await desk.hear(*outbound("o1", WANG, 5, missed=True), *outbound("o2", WANG, 8))
    (ticket,) = desk.recorder.tickets.values()
    assert ticket.called_back == [minute(8.5)]
    assert ticket.urges == 0


async def test_no_call_back_before_the_report_and_none_of_two_tickets(desk: Desk) -> None:
    await desk.hear(*outbound("o1", WANG, -10), *inbound("c1", WANG, 0))
    await desk.hear(*inbound("s1", SHARED, 0), *inbound("s2", SHARED, 5))
    await desk.hear(*outbound("o2", SHARED, 10), *outbound("o3", "13999999999", 10))
    assert desk.tickets() == [{"c1"}, {"s1"}, {"s2"}]


async def test_a_call_back_is_the_same_in_any_order(pool: asyncpg.Pool) -> None:
    """Two tickets of one number, a call-back after the first and one after both."""
    await pool.execute(BOOKS)
    first, between = inbound("s1", SHARED, 0), outbound("o1", SHARED, 5)
    second, after = inbound("s2", SHARED, 10), outbound("o2", SHARED, 15)
    for order in permutations([first, between, second, after]):
        desk = Desk(pool)
        for events in order:
            async with pool.acquire() as connection:
                await phone.put_events(connection, events)
            await desk.delivery.sweep()
        found = sorted(desk.tickets(), key=len)
        assert found == [{"s2"}, {"s1", "o1"}], [events[0].call_id for events in order]
        await pool.execute(
            "TRUNCATE call, call_detach, phone_inbox, ticket_opening, ticket CASCADE"
        )


async def test_a_call_back_is_taken_back_when_the_report_moves_past_it(desk: Desk) -> None:
    ring, answer, hangup = inbound("c1", WANG, 0)
    await desk.hear(ring.model_copy(update={"received": minute(-90)}))
    desk.clock.now = minute(31)
    await desk.hear(answer.model_copy(update={"received": minute(-89)}))
    assert desk.recorder.tickets["W10001"].reported == minute(30)
    await desk.hear(*outbound("o1", WANG, 32))
    assert desk.recorder.tickets["W10001"].called_back == [minute(32.5)]
    await desk.hear(hangup.model_copy(update={"at": minute(40), "received": minute(41)}))
    assert desk.recorder.tickets["W10001"].called_back == []
    await desk.hear(*outbound("o2", WANG, 45))
    assert desk.recorder.tickets["W10001"].called_back == [minute(45.5)]


async def test_several_workers_sweep_at_once(desk: Desk) -> None:
    numbers = [WANG, SHARED, STRANGER, "anonymous"]
    events = [event for n in range(24) for event in inbound(f"c{n:02}", numbers[n % 4], n)]
    workers = [Delivery(desk.pool, desk.recorder, desk.clock) for _ in range(4)]
    for part in (events[::3], events[1::3], events[2::3]):
        async with desk.pool.acquire() as connection:
            await phone.put_events(connection, part)
        await asyncio.gather(*(worker.sweep() for worker in workers))
    await desk.delivery.sweep()
    sizes = sorted(len(held) for held in desk.tickets())
    assert sizes == [1] * 12 + [6, 6]
    assert desk.recorder.starts == 14
    assert await phone.tickets_due(desk.pool) == []


async def test_calls_of_one_number_are_judged_one_after_the_other(desk: Desk) -> None:
    async def take(call: str) -> None:
        async with desk.pool.acquire() as connection:
            await which_ticket.take_call(connection, ("cti", call), desk.clock())

    calls = [f"c{n}" for n in range(6)]
    for call in calls:
        await enter(desk.pool, inbound(call, WANG, 0)[1])
    await asyncio.gather(*(take(call) for call in calls))
    await desk.delivery.sweep()
    assert desk.tickets() == [set(calls)]


@asynccontextmanager
async def running(delivery: Delivery) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(delivery.run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 5)


async def until_tickets(desk: Desk, wanted: list[set[str]]) -> None:
    async with asyncio.timeout(10):
        while desk.tickets() != wanted:  # noqa: ASYNC110 - another task's work, seen in its effect
            await asyncio.sleep(0.01)


async def test_the_task_sweeps_at_start_on_the_bell_and_again_after_a_failure(
    desk: Desk,
) -> None:
    for event in inbound("c1", WANG, 0):
        await enter(desk.pool, event)
    async with running(desk.delivery):
        await until_tickets(desk, [{"c1"}])
        for event in inbound("c2", STRANGER, 0):
            await enter(desk.pool, event)
        await until_tickets(desk, [{"c1"}, {"c2"}])
        desk.recorder.away = True
        for event in inbound("c3", WANG, 9):
            await enter(desk.pool, event)
        await asyncio.sleep(0.3)
        desk.recorder.away = False
        await until_tickets(desk, [{"c1", "c3"}, {"c2"}])
    assert desk.tickets() == [{"c1", "c3"}, {"c2"}]


async def test_the_task_lives_through_the_loss_of_its_connections(
    desk: Desk, database_url: str
) -> None:
    async with running(desk.delivery):
        await enter(desk.pool, inbound("c1", WANG, 0)[1])
        await until_tickets(desk, [{"c1"}])
        other = await asyncpg.connect(database_url)
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await other.close()
        async with asyncio.timeout(10):
            while True:
                try:
                    await enter(desk.pool, inbound("c2", STRANGER, 0)[1])
                    break
                except DATABASE_ERRORS:
                    await asyncio.sleep(0.05)
        await until_tickets(desk, [{"c1"}, {"c2"}])
    assert desk.tickets() == [{"c1"}, {"c2"}]


@pytest.mark.clause("D5-C7.1.b")
async def test_a_ticket_without_a_call_and_its_source_id_again(desk: Desk) -> None:
    async def opened(source: str) -> str:
        return await open_ticket(
            desk.delivery, desk.pool, Channel.FAX, source, received=minute(0), caller=WANG
        )

    assert await asyncio.gather(*(opened("F-1") for _ in range(4))) == ["W10001"] * 4
    assert await opened("F-2") == "W10002"
    assert desk.recorder.starts == 2
    second = desk.recorder.tickets["W10002"].opening
    assert (second.channel, second.source_id, second.related) == (Channel.FAX, "F-2", ("W10001",))
    assert [one.name for one in second.candidates] == ["王秀英"]
    await desk.recorder.close("W10001")
    await desk.hear(*inbound("c1", WANG, 10), *outbound("o1", WANG, 5))
    assert desk.tickets() == [set(), {"c1", "o1"}]
    assert await opened("F-1") == "W10001"
