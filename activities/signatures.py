"""Names, arguments and answers of the activities: all that a workflow may know of them."""

from domain.records import Record

RECORD_EVENTS = "record_events"
"""(LedgerBatch) -> None. Idempotent; raises `LedgerRefused`, not to be retried, on bad data."""

TAKE_TURN = "take_turn"
"""(TurnRequest) -> Turn. Idempotent by ticket and visit."""


class TurnRequest(Record):
    """Whose turn it is for this visit; `technician`: the id that the supervisor named."""

    ticket_no: str
    visit: int
    department: str | None = None
    skill: str | None = None
    technician: str | None = None
    excluded: tuple[str, ...] = ()
    keep_turn_on_skip: bool = False


LEDGER_REFUSED = "LedgerRefused"
"""The ApplicationError type of a write that can never succeed; the ticket fails visibly."""
