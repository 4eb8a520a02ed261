"""Writing the ledger: one statement a batch, harmless when repeated, lost to a newer decision."""

from collections.abc import Collection
from typing import Any

import asyncpg

from domain.ledger import LedgerBatch
from storage.errors import DATABASE_ERRORS, is_outage
from storage.projection import event_row, promise_rows, ticket_row
from storage.statements import statement

_STALE = "AC001"
_ACQUIRE_SECONDS = 1.0


class LedgerUnavailable(Exception):
    """The database cannot take the batch now. Nothing was written, or all of it: send it again."""


class LedgerRefused(Exception):
    """The batch itself is at fault: sending it again changes nothing. Nothing was written."""


class LedgerStale(LedgerRefused):
    """The ledger has a newer decision: this attempt comes from a worker that was superseded."""


async def write(pool: asyncpg.Pool, batch: LedgerBatch, *, stored: Collection[str] = ()) -> None:
    """Write a batch: its events, the ticket that they make, and the policies that they pinned.

    Rows decided earlier are replaced, and those after the batch's last deleted; both are kept in
    `ticket_event_undone` (design §5). Rings `ticket_changed` only when something changed.
    `stored` are versions of policies that the ledger is known to have, and that need no sending.

    Raises LedgerUnavailable for an outage, LedgerStale when a newer decision was already written,
    LedgerRefused for everything else.
    """
    _check(batch)
    try:
        async with pool.acquire(timeout=_ACQUIRE_SECONDS) as connection:
            await connection.fetchval(statement("ledger_write"), as_json(batch, stored))
    except DATABASE_ERRORS as error:
        message = f"ticket {batch.ticket_no}: {str(error) or type(error).__name__}"
        if is_outage(error):
            raise LedgerUnavailable(message) from error
        if getattr(error, "sqlstate", None) == _STALE:
            raise LedgerStale(message) from error
        raise LedgerRefused(message) from error


def _check(batch: LedgerBatch) -> None:
    first = batch.events[0].seq if batch.events else 0
    numbers = [event.seq for event in batch.events]
    if not numbers or numbers != list(range(first, first + len(numbers))):
        raise LedgerRefused(f"ticket {batch.ticket_no}: events {numbers} are not consecutive")
    if (batch.ticket.number, batch.ticket.seq) != (batch.ticket_no, numbers[-1]):
        raise LedgerRefused(
            f"ticket {batch.ticket_no}: the projection is of {batch.ticket.number} after event "
            f"{batch.ticket.seq}, the events end at {numbers[-1]}"
        )


def as_json(batch: LedgerBatch, stored: Collection[str] = ()) -> dict[str, Any]:
    """What `ledger_write` takes: the batch as rows, columns by name."""
    return {
        "ticket_no": batch.ticket_no,
        "decided_at": batch.decided_at.isoformat(),
        "events": [event_row(event) for event in batch.events],
        "ticket": ticket_row(batch.ticket, batch.decided_at, batch.next_due),
        "promises": promise_rows(batch.ticket_no, batch.standings),
        "policies": [
            {"version": version, "name": one.name, "body": one.model_dump(mode="json")}
            for version, one in batch.policies.items()
            if version not in stored
        ],
    }
