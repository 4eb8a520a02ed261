"""Whose turn it is, kept in Postgres: one turn at a time for each ring, asked again at will."""

from collections.abc import Collection
from typing import Any

import asyncpg

from domain.refusals import RefusalType, Refused
from domain.rotation import RingMember, Turn, choose
from domain.ticket import TechnicianRef
from storage.statements import statement

_ALL = ""


async def take_turn(
    pool: asyncpg.Pool,
    ticket_no: str,
    visit_no: int,
    department: str | None,
    skill: str | None,
    technician_id: str | None = None,
    excluded: Collection[str] = (),
    *,
    keep_turn_on_skip: bool = False,
) -> Turn:
    """Who goes on that visit, and remember it. `department` None: one ring of all technicians.

    The same question for the same visit gets the same answer, as often as it is asked. Another
    question for it, from a worker that decided anew after a crash, takes the first turn back where
    it was the ring's latest. A turn for nobody is not remembered, so asking later may find one.

    `technician_id` names somebody: that is the turn when it was theirs anyway, else an override
    (`by_rotation` False) that leaves the ring alone. Refused (UnknownTechnician) for an unknown id.
    """
    ring = department or _ALL
    visit = (ticket_no, visit_no)
    question = {
        "ring": ring,
        "skill": skill,
        "technician": technician_id,
        "excluded": sorted(excluded),
        "keep_turn_on_skip": keep_turn_on_skip,
    }
    async with pool.acquire() as connection, connection.transaction():
        await connection.fetchval(statement("rotation_lock"), ring)
        known = await connection.fetchrow(statement("rotation_turn_find"), *visit)
        if known is not None:
            if known["question"] == question:
                return Turn.model_validate(known["answer"])
            await _take_back(connection, visit, known)
        turn, before = await _next(connection, ring, skill, excluded, keep_turn_on_skip)
        if technician_id is not None:
            turn = await _named(connection, technician_id, turn, before)
        if turn.technician is None:
            return turn
        if turn.by_rotation:
            await connection.execute(
                statement("rotation_ring_save"), ring, turn.last, list(turn.owed), *visit
            )
        await connection.execute(
            statement("rotation_turn_save"),
            *visit,
            ring,
            question,
            turn.technician.id,
            turn.by_rotation,
            turn.model_dump(mode="json"),
            before.last,
            list(before.owed),
        )
        return turn


async def peek_turn(
    pool: asyncpg.Pool,
    department: str | None,
    skill: str | None,
    excluded: Collection[str] = (),
    *,
    keep_turn_on_skip: bool = False,
) -> Turn:
    """Whose turn it would be now. Nothing is remembered."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        ring = department or _ALL
        turn, _ = await _next(connection, ring, skill, excluded, keep_turn_on_skip)
    return turn


async def _next(
    connection: Any, ring: str, skill: str | None, excluded: Collection[str], keep: bool
) -> tuple[Turn, Turn]:
    """The ring's next turn, and a turn for nobody that holds what the ring remembers so far."""
    kept = await connection.fetchrow(statement("rotation_ring_find"), ring)
    last, owed = (kept["last"], tuple(kept["owed"])) if kept is not None else (None, ())
    rows = await connection.fetch(statement("rotation_members"), ring, last)
    members = [
        RingMember(id=row["id"], name=row["name"], skills=tuple(row["skills"]), out=row["out"])
        for row in rows
        if row["active"]
    ]
    turn = choose(
        members,
        _still_here(rows, last),
        skill,
        excluded,
        keep_turn_on_skip=keep,
        owed=owed,
    )
    return turn, Turn(last=last, owed=owed)


def _still_here(rows: list[Any], last: str | None) -> str | None:
    """Whoever had the last turn, or where that one has left, the nearest before in the ring."""
    ids = [row["id"] for row in rows]
    if last not in ids:
        return None
    before = [row["id"] for row in rows[: ids.index(last) + 1] if row["active"]]
    return before[-1] if before else None


async def _named(connection: Any, technician_id: str, due: Turn, before: Turn) -> Turn:
    if due.technician is not None and due.technician.id == technician_id:
        return due
    row = await connection.fetchrow(statement("rotation_named"), technician_id)
    if row is None:
        raise Refused(
            RefusalType.UNKNOWN_TECHNICIAN,
            f"没有编号为 {technician_id} 的维修人员:请查看名册",
            "technician",
        )
    return Turn(
        technician=TechnicianRef(id=row["id"], name=row["name"]),
        by_rotation=False,
        last=before.last,
        owed=before.owed,
    )


async def _take_back(connection: Any, visit: tuple[str, int], known: Any) -> None:
    if known["by_rotation"]:
        # The lock is this question's ring; when the first one asked another ring, that ring's row
        # itself is the lock, and a turn that came after it shows there.
        await connection.execute(
            statement("rotation_ring_restore"),
            known["ring"],
            known["last_before"],
            known["owed_before"],
            *visit,
        )
    await connection.execute(statement("rotation_turn_forget"), *visit)
