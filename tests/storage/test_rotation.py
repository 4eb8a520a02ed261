"""轮流派工 in Postgres: one turn at a time, the same answer to the same question."""

import asyncio
from collections import Counter

import asyncpg
import pytest

from domain.directory import Directory, Technician
from domain.refusals import RefusalType, Refused
from domain.rotation import Turn
from storage.directory import replace_directory
from storage.ledger import write
from storage.rotation import peek_turn, take_turn
from tests.storage.stories import START, batch, dispatched, opened


def technician(id: str, *skills: str, department: str = "engineering") -> Technician:
    return Technician(id=id, name=f"{id}师傅", department=department, skills=skills)


A, B, C = technician("A", "door"), technician("B", "window"), technician("C", "door", "window")
D = technician("D", "door", department="production")
BOOKS = Directory(technicians=(A, B, C, D))


@pytest.fixture(autouse=True)
async def books(pool: asyncpg.Pool) -> None:
    await replace_directory(pool, BOOKS)


def chosen(turn: Turn) -> str | None:
    return turn.technician.id if turn.technician else None


async def test_each_ring_goes_its_own_round(pool: asyncpg.Pool) -> None:
    got = [chosen(await take_turn(pool, f"T{n}", 1, "engineering", None)) for n in range(5)]
    assert got == ["A", "B", "C", "A", "B"]
    assert chosen(await take_turn(pool, "T8", 1, "production", None)) == "D"
    everybody = [chosen(await take_turn(pool, f"U{n}", 1, None, None)) for n in range(5)]
    assert everybody == ["A", "B", "C", "D", "A"]


async def test_the_same_question_gets_the_same_answer(pool: asyncpg.Pool) -> None:
    first = await take_turn(pool, "T1", 1, "engineering", "window", excluded={"C", "A"})
    assert chosen(first) == "B"
    assert await take_turn(pool, "T1", 1, "engineering", "window", excluded=["A", "C"]) == first
    assert chosen(await take_turn(pool, "T2", 1, "engineering", None)) == "C"


async def test_another_question_for_the_latest_visit_takes_its_turn_back(
    pool: asyncpg.Pool,
) -> None:
    assert chosen(await take_turn(pool, "T1", 1, "engineering", None)) == "A"
    assert chosen(await take_turn(pool, "T2", 1, "engineering", None)) == "B"
    named = await take_turn(pool, "T2", 1, "engineering", None, "A")
    assert (chosen(named), named.by_rotation) == ("A", False)
    assert chosen(await take_turn(pool, "T3", 1, "engineering", None)) == "B"
    # T1's is no longer the latest: the ring stays where it is.
    assert chosen(await take_turn(pool, "T1", 1, "engineering", "door")) == "C"


async def test_peeking_takes_nothing(pool: asyncpg.Pool) -> None:
    for _ in range(2):
        assert chosen(await peek_turn(pool, "engineering", "window")) == "B"
    turn = await take_turn(pool, "T1", 1, "engineering", "window")
    assert [(one.technician, one.reason.value) for one in turn.skipped] == [("A", "skill")]


async def test_a_named_person_is_an_override_or_the_turn(pool: asyncpg.Pool) -> None:
    override = await take_turn(pool, "T1", 1, "engineering", None, "C")
    assert (chosen(override), override.by_rotation) == ("C", False)
    turn = await take_turn(pool, "T2", 1, "engineering", None, "A")
    assert (chosen(turn), turn.by_rotation) == ("A", True)
    assert chosen(await take_turn(pool, "T3", 1, "engineering", None)) == "B"
    with pytest.raises(Refused) as caught:
        await take_turn(pool, "T4", 1, "engineering", None, "Z")
    assert caught.value.type is RefusalType.UNKNOWN_TECHNICIAN


async def test_whoever_is_on_the_way_is_passed_over(pool: asyncpg.Pool) -> None:
    await write(pool, batch(dispatched(opened("T0"), START, "A", out=True)))
    turn = await take_turn(pool, "T1", 1, "engineering", None)
    assert chosen(turn) == "B"
    assert [(one.technician, one.reason.value) for one in turn.skipped] == [("A", "out")]


async def test_nobody_is_not_remembered(pool: asyncpg.Pool) -> None:
    assert chosen(await take_turn(pool, "T1", 1, "production", "server")) is None
    expert = technician("E", "server", department="production")
    await replace_directory(pool, Directory(technicians=(*BOOKS.technicians, expert)))
    assert chosen(await take_turn(pool, "T1", 1, "production", "server")) == "E"


async def test_a_kept_turn_is_owed(pool: asyncpg.Pool) -> None:
    async def ask(ticket: str, skill: str | None) -> str | None:
        keep = await take_turn(pool, ticket, 1, "engineering", skill, keep_turn_on_skip=True)
        return chosen(keep)

    assert [await ask("T1", "window"), await ask("T2", None), await ask("T3", None)] == [
        "B",
        "A",
        "C",
    ]


async def test_a_joiner_waits_at_the_tail_and_a_leaver_shifts_nobody(pool: asyncpg.Pool) -> None:
    assert chosen(await take_turn(pool, "T1", 1, "engineering", None)) == "A"
    assert chosen(await take_turn(pool, "T2", 1, "engineering", None)) == "B"
    joiner = technician("N")
    await replace_directory(pool, Directory(technicians=(joiner, A, C, D)))
    got = [chosen(await take_turn(pool, f"U{n}", 1, "engineering", None)) for n in range(4)]
    assert got == ["C", "N", "A", "C"]


async def test_many_at_once_are_served_one_after_another(pool: asyncpg.Pool) -> None:
    turns = await asyncio.gather(
        *(take_turn(pool, f"T{n % 12}", 1, "engineering", None) for n in range(24))
    )
    assert turns[:12] == turns[12:]
    assert Counter(chosen(turn) for turn in turns[:12]) == {"A": 4, "B": 4, "C": 4}
