"""备机 in Postgres: one device for one loan, a fair line, and a story that only grows."""

import asyncio
from datetime import datetime, timedelta

import asyncpg
import pytest

from domain.directory import Directory, Loaner
from domain.loan import Asked, Loan, LoanEvent, Reservation, Wanted
from domain.vocabulary import LoanerState, Milestone
from storage import loaners, tickets
from storage.directory import replace_directory
from storage.ledger import write
from tests.storage.stories import AGENT, MINUTE, START, batch, opened

NEW = Loaner(id="L1", product_class="instrument", product="水质仪", grade="new")
USED = Loaner(id="L2", product_class="instrument", product="水质仪", grade="usable")
BALANCE = Loaner(id="L3", product_class="instrument", product="天平", grade="new")
PRINTER = Loaner(id="L4", product_class="printer", product="打印机", grade="usable")
BOOKS = Directory(loaners=(NEW, USED, BALANCE, PRINTER))

METER = Wanted(product_class="instrument", product="水质仪")
NEW_METER = Wanted(product_class="instrument", product="水质仪", grade="new")
PRINT = Wanted(product_class="printer", product="打印机")


@pytest.fixture(autouse=True)
async def books(pool: asyncpg.Pool) -> None:
    await replace_directory(pool, Directory(loaners=BOOKS.loaners))


def loan_id(number: int) -> str:
    return f"loaner/260302-{number:04}/1"


async def ask(
    pool: asyncpg.Pool, number: int, wanted: Wanted = METER, device: str | None = None
) -> Reservation:
    """The loan of that number asks; a smaller number asked first."""
    return await loaners.reserve(pool, loan_id(number), wanted, START + number * MINUTE, device)


async def got(
    pool: asyncpg.Pool, number: int, wanted: Wanted = METER, device: str | None = None
) -> str:
    """What it got: the device's id, or else the answer."""
    reservation = await ask(pool, number, wanted, device)
    return reservation.device.id if reservation.device else reservation.answer


async def holders(pool: asyncpg.Pool) -> dict[str, str]:
    return {
        line.device.id: line.loan_id
        for line in await loaners.stock(pool)
        if line.loan_id is not None
    }


class Workflows:
    """Hears who is told to look again; those of `over` have ended."""

    def __init__(self, *over: int) -> None:
        self.told: list[str] = []
        self.over = {loan_id(number) for number in over}

    async def look_again(self, id: str) -> bool:
        if id in self.over:
            return False
        self.told.append(id)
        return True


async def test_twenty_at_once_for_two_devices(pool: asyncpg.Pool) -> None:
    answers = await asyncio.gather(*(ask(pool, number) for number in range(20)))
    devices = [one.device.id for one in answers if one.device is not None]
    assert sorted(devices) == ["L1", "L2"]
    # A balance is still there, so the others are the supervisor's to decide.
    assert [one.answer for one in answers].count("needs_decision") == 18
    assert sorted(await holders(pool)) == ["L1", "L2"]


async def test_twenty_times_at_once_for_one_loan_is_one_device(pool: asyncpg.Pool) -> None:
    answers = await asyncio.gather(*(ask(pool, 1) for _ in range(20)))
    assert {one.device.id if one.device else None for one in answers} == {"L2"}
    assert await holders(pool) == {"L2": loan_id(1)}


async def test_the_database_itself_gives_a_device_to_one_loan_only(pool: asyncpg.Pool) -> None:
    await ask(pool, 1)
    await ask(pool, 2)
    with pytest.raises(asyncpg.UniqueViolationError):
        await pool.execute("UPDATE loan_claim SET device = 'L3'")


async def test_a_new_one_is_kept_for_whom_it_is_promised(pool: asyncpg.Pool) -> None:
    assert await got(pool, 1) == "L2"
    assert await got(pool, 2, NEW_METER) == "L1"


async def test_only_a_used_one_left_where_a_new_one_is_promised(pool: asyncpg.Pool) -> None:
    assert await got(pool, 1, NEW_METER) == "L1"
    assert await got(pool, 2, NEW_METER) == "needs_decision"


async def test_no_stock_is_of_the_class_and_no_class_is_for_a_person(pool: asyncpg.Pool) -> None:
    assert await got(pool, 1, PRINT) == "L4"
    assert await got(pool, 2, PRINT) == "no_stock"
    assert await got(pool, 3, Wanted(product_class="server", product="服务器")) == "no_stock"
    assert await got(pool, 4, Wanted(product="打印机")) == "needs_decision"
    assert await got(pool, 5, Wanted(product_class="instrument")) == "needs_decision"


async def test_the_line_is_fair(pool: asyncpg.Pool) -> None:
    assert await got(pool, 1, PRINT) == "L4"
    # They come out of order, and the one that asked first has not looked again yet.
    assert [await got(pool, number, PRINT) for number in (4, 2, 3)] == ["no_stock"] * 3
    await loaners.release(pool, loan_id(1))
    assert [await got(pool, number, PRINT) for number in (4, 3, 5)] == ["no_stock"] * 3
    assert await got(pool, 2, PRINT) == "L4"
    assert await loaners.next_in_line(pool) == []


async def test_a_decision_that_waits_keeps_its_place_for_its_own_product(
    pool: asyncpg.Pool,
) -> None:
    assert [await got(pool, 1), await got(pool, 2)] == ["L2", "L1"]
    assert await got(pool, 3) == "needs_decision"
    await loaners.release(pool, loan_id(1))
    assert await got(pool, 4) == "needs_decision"
    assert await loaners.next_in_line(pool) == [loan_id(3)]
    assert await got(pool, 3) == "L2"


async def test_one_behind_gets_what_those_before_do_not_want(pool: asyncpg.Pool) -> None:
    assert [await got(pool, 1), await got(pool, 2)] == ["L2", "L1"]
    assert await got(pool, 3, NEW_METER) == "needs_decision"
    await loaners.release(pool, loan_id(1))
    assert await got(pool, 4) == "L2"


async def test_whoever_is_first_is_called_and_one_that_is_over_is_passed_by(
    pool: asyncpg.Pool,
) -> None:
    assert await got(pool, 1, PRINT) == "L4"
    for number in (2, 3, 4):
        assert await got(pool, number, PRINT) == "no_stock"
    await loaners.release(pool, loan_id(1))
    assert await loaners.next_in_line(pool) == [loan_id(2)]
    workflows = Workflows(2)
    assert await loaners.call_line(pool, workflows.look_again) == 1
    assert workflows.told == [loan_id(3)]
    assert await got(pool, 3, PRINT) == "L4"


async def test_a_call_that_was_lost_is_made_again(pool: asyncpg.Pool) -> None:
    assert await got(pool, 1, PRINT) == "L4"
    assert await got(pool, 2, PRINT) == "no_stock"
    for _ in range(2):
        await loaners.release(pool, loan_id(1))
        assert await loaners.next_in_line(pool) == [loan_id(2)]


async def test_no_stock_is_told_when_there_is_something_to_decide(pool: asyncpg.Pool) -> None:
    await replace_directory(pool, Directory(loaners=(NEW,)))
    assert [await got(pool, 1), await got(pool, 2)] == ["L1", "no_stock"]
    assert await loaners.next_in_line(pool) == []
    await replace_directory(pool, Directory(loaners=(NEW, BALANCE)))
    assert await loaners.next_in_line(pool) == [loan_id(2)]
    assert await got(pool, 2) == "needs_decision"
    assert await loaners.next_in_line(pool) == []


async def test_a_pick_is_of_the_class_and_swaps_only_when_free(pool: asyncpg.Pool) -> None:
    assert await got(pool, 1) == "L2"
    assert await got(pool, 2, PRINT) == "L4"
    assert await got(pool, 3, NEW_METER) == "L1"
    assert await loaners.in_stock(pool, "L3", Wanted(product_class="instrument"))
    for device in ("L1", "L4", "L99"):
        assert await got(pool, 1, device=device) == "not_in_stock"
        assert not await loaners.in_stock(pool, device, Wanted(product_class="instrument"))
    assert (await holders(pool))["L2"] == loan_id(1)
    assert await got(pool, 1, device="L3") == "L3"
    assert await got(pool, 1, device="L3") == "L3"
    assert await got(pool, 1) == "L3"
    assert await loaners.in_stock(pool, "L2", Wanted())
    assert not await loaners.in_stock(pool, "L2", Wanted(product_class="printer"))


async def test_a_pick_that_is_not_there_leaves_the_place_in_line(pool: asyncpg.Pool) -> None:
    assert await got(pool, 1, PRINT) == "L4"
    assert await got(pool, 2, PRINT) == "no_stock"
    assert await got(pool, 2, PRINT, device="L4") == "not_in_stock"
    await loaners.release(pool, loan_id(1))
    assert await loaners.next_in_line(pool) == [loan_id(2)]


async def test_without_a_class_any_device_may_be_picked(pool: asyncpg.Pool) -> None:
    assert await got(pool, 1, Wanted(), device="L4") == "L4"
    assert await got(pool, 1, Wanted(), device="L1") == "L1"
    assert await holders(pool) == {"L1": loan_id(1)}


async def test_many_swaps_at_once_give_each_device_once(pool: asyncpg.Pool) -> None:
    await asyncio.gather(*(ask(pool, number) for number in range(2)))
    await asyncio.gather(
        *(ask(pool, n % 4, Wanted(), device=f"L{(n * 7) % 4 + 1}") for n in range(24))
    )
    kept = await holders(pool)
    assert len(set(kept.values())) == len(kept) >= 2


async def test_a_reservation_that_comes_after_the_release_takes_nothing(
    pool: asyncpg.Pool,
) -> None:
    await loaners.release(pool, loan_id(1))
    assert await got(pool, 1) == "no_stock"
    assert await got(pool, 1, device="L1") == "not_in_stock"
    assert await got(pool, 2) == "L2"
    await loaners.release(pool, loan_id(2))
    assert await got(pool, 2) == "no_stock"
    assert await holders(pool) == {}
    assert await loaners.next_in_line(pool) == []


async def test_a_device_that_left_the_books_stays_with_its_loan(pool: asyncpg.Pool) -> None:
    assert await got(pool, 1, PRINT) == "L4"
    await replace_directory(pool, Directory(loaners=(NEW,)))
    assert await got(pool, 1, PRINT) == "L4"
    assert [line.device.id for line in await loaners.stock(pool)] == ["L1", "L4"]
    await loaners.release(pool, loan_id(1))
    assert await got(pool, 2, PRINT) == "no_stock"
    assert [line.device.id for line in await loaners.stock(pool)] == ["L1"]


def lent(number: int, ticket_no: str, seq: int, asked_at: datetime = START) -> Loan:
    return Loan(
        id=loan_id(number),
        ticket_no=ticket_no,
        number=1,
        wanted=METER,
        asked=Asked(at=asked_at, by=AGENT, reason="急用"),
        state=LoanerState.RESERVED,
        device=USED,
        holding=True,
        milestones={Milestone.LOANER_RESERVED: (START,)},
        seq=seq,
    )


def event(seq: int) -> LoanEvent:
    return LoanEvent(
        seq=seq, at=START + seq * MINUTE, kind=f"event_{seq}", by=AGENT, details={"n": seq}
    )


async def test_a_loan_is_read_as_it_was_written(pool: asyncpg.Pool) -> None:
    loan = lent(1, "T1", 2)
    await ask(pool, 1)
    await loaners.record(pool, loan, (event(1), event(2)))
    assert await loaners.load(pool, loan.id) == loan
    assert await loaners.load(pool, "loaner/none/1") is None
    assert await loaners.events_of(pool, loan.id) == [event(1), event(2)]
    held = next(line for line in await loaners.stock(pool) if line.device.id == "L2")
    assert (held.loan_id, held.ticket_no, held.state) == (loan.id, "T1", LoanerState.RESERVED)


async def test_what_comes_twice_or_late_changes_nothing(pool: asyncpg.Pool) -> None:
    rung = asyncio.Queue[str]()
    async with pool.acquire() as listening:
        hear = lambda *heard: rung.put_nowait(str(heard[-1]))  # noqa: E731
        await listening.add_listener("ticket_changed", hear)
        await loaners.record(pool, lent(1, "T1", 1), (event(1),))
        await loaners.record(pool, lent(1, "T2", 3), (event(2), event(3)))
        await loaners.record(pool, lent(1, "T1", 1), (event(1),))
        await pool.execute("SELECT pg_notify('ticket_changed', 'end')")
        async with asyncio.timeout(10):
            bells = [await rung.get() for _ in range(3)]
        await listening.remove_listener("ticket_changed", hear)
    assert bells == ["T1", "T2", "end"]
    assert await loaners.load(pool, loan_id(1)) == lent(1, "T2", 3)
    assert await loaners.events_of(pool, loan_id(1)) == [event(1), event(2), event(3)]


async def test_a_ticket_has_the_loans_that_were_moved_to_it(pool: asyncpg.Pool) -> None:
    first, second = lent(1, "T1", 1), lent(2, "T2", 1, START - timedelta(days=1))
    for loan in (first, second):
        await loaners.record(pool, loan, (event(1),))
    assert await loaners.loans_of(pool, "T1") == [first]
    moved = second.model_copy(update={"ticket_no": "T1", "seq": 2})
    await loaners.record(pool, moved, (event(2),))
    assert await loaners.loans_of(pool, "T1") == [moved, first]
    assert await loaners.loans_of(pool, "T2") == []


@pytest.mark.parametrize(
    "attack",
    ["UPDATE loan_event SET kind = 'x'", "DELETE FROM loan_event", "TRUNCATE loan_event"],
)
async def test_the_loans_ledger_is_append_only(pool: asyncpg.Pool, attack: str) -> None:
    await loaners.record(pool, lent(1, "T1", 1), (event(1),))
    with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
        await pool.execute(attack)
    assert await loaners.events_of(pool, loan_id(1)) == [event(1)]


async def test_a_merged_ticket_leads_to_the_end_of_the_trail(pool: asyncpg.Pool) -> None:
    for number in ("A", "B", "C"):
        await write(pool, batch(opened(number)))
    assert await tickets.merged_into(pool, "A") is None
    assert await tickets.merged_into(pool, "unknown") is None
    await pool.execute("UPDATE ticket SET merged_into = 'B' WHERE number = 'A'")
    await pool.execute("UPDATE ticket SET merged_into = 'C' WHERE number = 'B'")
    assert await tickets.merged_into(pool, "A") == "C"
    assert await tickets.merged_into(pool, "B") == "C"
    # No merge makes a circle; should one ever stand there, asking still comes to an end.
    await pool.execute("UPDATE ticket SET merged_into = 'A' WHERE number = 'C'")
    assert await tickets.merged_into(pool, "A") in {"A", "B", "C"}
