"""Names, ids and messages of the workflows: what others need in order to speak with them."""

from datetime import datetime

from temporalio.common import SearchAttributeKey

from domain.calls import Call
from domain.events import Opening
from domain.loan import Loan
from domain.policy import Policy
from domain.promises import Standing
from domain.records import Record
from domain.ticket import Ticket
from domain.vocabulary import LoanerState, Stage

REPAIR_TICKET = "RepairTicketWorkflow"
LOANER = "LoanerWorkflow"

# Signals and the query of a ticket; its updates are the commands themselves, by name.
PHONE_CALL = "phone_call"
DROP_CALL = "drop_call"
CALENDAR_NEWS = "calendar_news"  # CalendarDates, when another year's workdays are known
ABSORB = "absorb"  # an update, from a ticket that is to be merged: Absorb
TICKET = "ticket"
LOANER_NEWS = "loaner_news"  # LoanProgress, from its loaner

# Signals and the query of a loaner; its updates are its commands, by name.
TICKET_NEWS = "ticket_news"  # TicketNews, from its ticket
LOOK_AGAIN = "look_again"  # there may be stock now
LOAN = "loan"

STAGE = SearchAttributeKey.for_keyword("Stage")
SEVERITY = SearchAttributeKey.for_keyword("Severity")
TECHNICIAN = SearchAttributeKey.for_keyword("Technician")


def ticket_workflow_id(number: str) -> str:
    """The workflow of a ticket. No phone number is ever part of an id."""
    return f"ticket/{number}"


def loaner_workflow_id(ticket_no: str, number: int) -> str:
    """The workflow of a ticket's n-th loaner."""
    return f"loaner/{ticket_no}/{number}"


class LoanView(Record):
    """The whole state of a loaner, as the query `loan` tells it; `next_wake`, `clock_offset_ms`
    and `unflushed` as a ticket's."""

    loan: Loan
    standings: tuple[Standing, ...]
    next_wake: datetime | None
    clock_offset_ms: int
    unflushed: int


class LoanAnswer(Record):
    """What a loaner's command answers once its events are in the ledger."""

    state: LoanerState
    seq: int
    device: str | None = None
    task: str | None = None


class Answer(Record):
    """What a command answers once its events are in the ledger.

    `seq` is the last event then; `technician` who is sent, `task` what a person must do next,
    `quote` the number of the latest quote, `loaner` the latest loaner's.
    """

    stage: Stage
    seq: int
    technician: str | None = None
    task: str | None = None
    quote: int | None = None
    loaner: str | None = None


class Carried(Record):
    """What a ticket takes along when it continues as a new run: all of it.

    `answered`: the latest commands by id, so that a late repeat is still the same command.
    `decided_at`: of the last batch; the ledger's fence knows no going back. `shown`: the search
    attributes as they stand.
    """

    ticket: Ticket
    answered: dict[str, Answer]
    decided_at: datetime
    shown: dict[str, str]


class TicketStart(Record):
    """How a ticket's workflow begins.

    `policy` is the snapshot of the line's intake policy. `call` is the call that opened it, None
    for a ticket without one. `clock_start` (rehearsals only) is what the ticket's clock shows at
    its start, so that its calendars see another date than the server's. `carried`: this is not
    the beginning but a new run of a ticket that goes on.
    """

    opening: Opening
    policy: Policy
    call: Call | None = None
    clock_start: datetime | None = None
    carried: Carried | None = None


class DropCall(Record):
    """A call that was judged again and belongs elsewhere."""

    call_id: str


class TicketView(Record):
    """The whole state, as the query `ticket` tells it.

    `next_wake`: when time alone next changes something, by the ticket's own clock.
    `clock_offset_ms`: the ticket's clock minus the workflow's, whole milliseconds.
    """

    ticket: Ticket
    standings: tuple[Standing, ...]
    next_wake: datetime | None
    clock_offset_ms: int
    unflushed: int


def summary_of(opening: Opening) -> str:
    """One line for the Temporal UI; no phone number in it."""
    return f"维修工单 {opening.number} · {opening.channel.value}"
