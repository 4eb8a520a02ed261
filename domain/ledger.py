"""What is handed to the ledger in one write: events, and the ticket that they make."""

from datetime import datetime

from pydantic import Field

from domain.events import Event
from domain.policy import Policy
from domain.promises import Standing
from domain.records import Record
from domain.ticket import Ticket


class LedgerBatch(Record):
    """Consecutive events of one ticket and its projection after the last of them.

    `decided_at` is the workflow's own time of the decision, not the ticket's clock: the fence
    by which a late attempt of an older worker cannot undo a newer one. `policies` has the
    snapshots that these events pinned, by version, for `policy_version`. `next_due` is the nearest
    due time of a promise that still runs.
    """

    ticket_no: str
    decided_at: datetime
    events: tuple[Event, ...]
    ticket: Ticket
    standings: tuple[Standing, ...] = ()
    next_due: datetime | None = None
    policies: dict[str, Policy] = Field(default_factory=dict)
