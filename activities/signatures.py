"""Names, arguments and answers of the activities: all that a workflow may know of them."""

from datetime import datetime

from domain.loan import Loan, LoanEvent, LoanProgress, TicketNews, Wanted
from domain.records import Record
from domain.steps.merging import Absorb

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

RESERVE_LOANER = "reserve_loaner"
"""(ReserveRequest) -> Reservation (of domain/loan.py). Idempotent by loan: what it has, it keeps. A
loan that was released gets nothing."""


class ReserveRequest(Record):
    """A device for this loan; `device`: the id that a supervisor picked.

    Who asked first stands first in line: `asked_at`, then the loan's id.
    """

    loan_id: str
    ticket_no: str
    number: int
    wanted: Wanted
    asked_at: datetime
    device: str | None = None


RELEASE_LOANER = "release_loaner"
"""(loan id: str) -> None. The loan is over: its device is in stock again, it leaves the line for
good, and those for whom there is something now are told to look again. Idempotent."""

RECORD_LOAN = "record_loan"
"""(LoanBatch) -> None. Idempotent."""


class LoanBatch(Record):
    """Consecutive events of one loan, and the loan after the last of them."""

    loan: Loan
    events: tuple[LoanEvent, ...]


TELL_TICKET = "tell_ticket"
"""(TellTicket) -> bool. False: the ticket is over, and so is whatever it was merged into."""


class TellTicket(Record):
    ticket_no: str
    progress: LoanProgress


START_LOAN = "start_loan"
"""(LoanerStart, of domain/loan.py) -> None. One that runs, or is over, already is left alone."""

ASK_TO_ABSORB = "ask_to_absorb"
"""(AskToAbsorb) -> AbsorbAnswer. Idempotent: the calls of what was taken in belong to its taker."""


class AskToAbsorb(Record):
    """`into` is asked to take a ticket in; its word is final."""

    into: str
    other: Absorb


TELL_LOAN = "tell_loan"
"""(TellLoan) -> bool. False: that loan is over."""


class TellLoan(Record):
    loan_id: str
    news: TicketNews
