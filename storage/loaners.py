"""备机 in Postgres: the stock book, which decides who has a device, and what happened to each loan.

The book is changed under one lock: a swap touches two classes, and reservations are rare.
"""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any

import asyncpg

from domain.civil_time import local
from domain.directory import Loaner
from domain.loan import Loan, LoanEvent, Reservation, Wanted
from domain.loaner_line import InLine, answer, fits, to_call
from domain.records import Record
from domain.ticket import Actor
from domain.vocabulary import LoanerState, Role
from storage.statements import statement

LookAgain = Callable[[str], Awaitable[bool]]
"""Tells the loan of that id that there may be stock; False: its workflow is over."""


class StockLine(Record):
    """A loaner of the books, and the loan that has it; `loan_id` None: it is in stock.

    `ticket_no` and `state` are None until that loan's story is written.
    """

    device: Loaner
    loan_id: str | None
    ticket_no: str | None
    state: LoanerState | None


async def reserve(
    pool: asyncpg.Pool,
    loan_id: str,
    wanted: Wanted,
    asked_at: datetime,
    device: str | None = None,
) -> Reservation:
    """A device for this loan alone, by the fair line; what it has already, it keeps.

    A loan that gets none stands in line, in the order of `asked_at`, then of its id: nobody behind
    it gets a device that matches it. `device` is a supervisor's pick, any free one of the class;
    it overrides the line, and what the loan had goes back to stock. A loan that was released gets
    nothing, so an attempt that comes late does no harm.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(statement("loan_stock_lock"))
        (claim,) = await connection.fetch(
            statement("loan_claim_ask"),
            loan_id,
            wanted.product_class,
            wanted.product,
            wanted.grade,
            asked_at,
        )
        if claim["released"]:
            return Reservation(answer="not_in_stock" if device else "no_stock")
        if claim["device"] is not None and device in (None, claim["device"]):
            row = await connection.fetchrow(statement("loaner_find"), claim["device"])
            return Reservation(answer="reserved", device=_loaner(row))
        if device is not None:
            got = await _picked(connection, device, wanted)
        else:
            got = await _by_line(connection, loan_id, wanted, asked_at)
        if got.answer != "not_in_stock":
            taken = got.device.id if got.device else None
            await connection.execute(statement("loan_claim_answer"), loan_id, got.answer, taken)
    return got


async def release(pool: asyncpg.Pool, loan_id: str) -> None:
    """The loan is over: its device is in stock again, and it gets no other. `call_line` next."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(statement("loan_stock_lock"))
        await connection.execute(statement("loan_claim_release"), loan_id)


async def call_line(pool: asyncpg.Pool, look_again: LookAgain) -> int:
    """Tell those for whom there is something now to ask again; how many were told.

    A loan whose workflow is over loses its place, and whoever stood behind it is told instead.
    """
    told: set[str] = set()
    while waiting := [one for one in await next_in_line(pool) if one not in told]:
        for loan_id in waiting:
            if await look_again(loan_id):
                told.add(loan_id)
            else:
                await pool.execute(statement("loan_claim_leave"), loan_id)
    return len(told)


async def next_in_line(pool: asyncpg.Pool) -> list[str]:
    """The loans without a device that would be answered otherwise now, in the line's order."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        free = await connection.fetch(statement("loaner_free"), None)
        rows = await connection.fetch(statement("loan_claim_line"))
    line = [
        InLine(loan_id=row["loan_id"], wanted=_wanted(row), answer=row["answer"]) for row in rows
    ]
    return to_call(map(_loaner, free), line)


async def in_stock(pool: asyncpg.Pool, device_id: str, wanted: Wanted) -> bool:
    """Whether that device is in the books, with nobody, and fits what is wanted."""
    row = await pool.fetchrow(statement("loaner_find"), device_id)
    return _is_free(row, wanted)


async def stock(pool: asyncpg.Pool) -> list[StockLine]:
    """Every loaner of the books, by class and product; also one that left them and is still out."""
    return [
        StockLine(
            device=_loaner(row),
            loan_id=row["loan_id"],
            ticket_no=row["ticket_no"],
            state=LoanerState(row["state"]) if row["state"] is not None else None,
        )
        for row in await pool.fetch(statement("loaner_stock"))
    ]


async def record(pool: asyncpg.Pool, loan: Loan, events: Iterable[LoanEvent]) -> None:
    """Write events of a loan, and the loan after the last of them; again, it changes nothing.

    Rings `ticket_changed` with the ticket's number when something is new.
    """
    row = {
        "id": loan.id,
        "ticket_no": loan.ticket_no,
        "number": loan.number,
        "asked_at": loan.asked.at.isoformat(),
        "state": loan.state.value,
        "last_seq": loan.seq,
        "body": loan.model_dump(mode="json", by_alias=True),
    }
    happened = [
        {
            "loan_id": loan.id,
            "seq": event.seq,
            "at": event.at.isoformat(),
            "kind": event.kind,
            "actor_role": event.by.role.value if event.by else None,
            "actor_name": event.by.name if event.by else None,
            "details": event.details,
        }
        for event in events
    ]
    await pool.execute(statement("loan_record"), row, happened)


async def load(pool: asyncpg.Pool, loan_id: str) -> Loan | None:
    """The loan after its last written event; None when there is none of that id."""
    body = await pool.fetchval(statement("loan_body"), loan_id)
    return Loan.model_validate(body) if body is not None else None


async def loans_of(pool: asyncpg.Pool, ticket_no: str) -> list[Loan]:
    """The loans that are the ticket's by now, merged ones among them; the oldest first."""
    rows = await pool.fetch(statement("loan_of_ticket"), ticket_no)
    return [Loan.model_validate(row["body"]) for row in rows]


async def events_of(pool: asyncpg.Pool, loan_id: str) -> list[LoanEvent]:
    """What happened to the loan, oldest first; empty when there is no such loan."""
    return [
        LoanEvent(
            seq=row["seq"],
            at=local(row["at"]),
            kind=row["kind"],
            by=_actor(row),
            details=row["details"],
        )
        for row in await pool.fetch(statement("loan_events"), loan_id)
    ]


async def _picked(connection: Any, device: str, wanted: Wanted) -> Reservation:
    row = await connection.fetchrow(statement("loaner_find"), device)
    if not _is_free(row, wanted):
        return Reservation(answer="not_in_stock")
    return Reservation(answer="reserved", device=_loaner(row))


async def _by_line(
    connection: Any, loan_id: str, wanted: Wanted, asked_at: datetime
) -> Reservation:
    if wanted.product_class is None:
        return answer((), (), wanted)
    free = await connection.fetch(statement("loaner_free"), wanted.product_class)
    before = await connection.fetch(
        statement("loan_claim_line_before"), wanted.product_class, asked_at, loan_id
    )
    return answer(map(_loaner, free), map(_wanted, before), wanted)


def _is_free(row: Any, wanted: Wanted) -> bool:
    return row is not None and row["in_stock"] and fits(_loaner(row), wanted)


def _loaner(row: Any) -> Loaner:
    return Loaner(
        id=row["id"],
        product_class=row["product_class"],
        product=row["product"],
        grade=row["grade"],
    )


def _wanted(row: Any) -> Wanted:
    return Wanted(product_class=row["product_class"], product=row["product"], grade=row["grade"])


def _actor(row: Any) -> Actor | None:
    role = row["actor_role"]
    return Actor(role=Role(role), name=row["actor_name"]) if role is not None else None
