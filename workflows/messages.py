"""Names, ids and messages of the workflows: what others need in order to speak with them."""

from datetime import datetime

from temporalio.common import SearchAttributeKey

from domain.calls import Call
from domain.policy import Policy
from domain.promises import Standing
from domain.records import Record
from domain.ticket import Opening, Ticket
from domain.vocabulary import Stage

REPAIR_TICKET = "RepairTicketWorkflow"

# Signals and the query of a ticket; its updates are the commands themselves, by name.
PHONE_CALL = "phone_call"
DROP_CALL = "drop_call"
TICKET = "ticket"

STAGE = SearchAttributeKey.for_keyword("Stage")
SEVERITY = SearchAttributeKey.for_keyword("Severity")
TECHNICIAN = SearchAttributeKey.for_keyword("Technician")


def ticket_workflow_id(number: str) -> str:
    """The workflow of a ticket. No phone number is ever part of an id."""
    return f"ticket/{number}"


class TicketStart(Record):
    """How a ticket's workflow begins.

    `policy` is the snapshot of the line's intake policy. `call` is the call that opened it, None
    for a ticket without one. `clock_start` (rehearsals only) is what the ticket's clock shows at
    its start, so that its calendars see another date than the server's.
    """

    opening: Opening
    policy: Policy
    call: Call | None = None
    clock_start: datetime | None = None


class Answer(Record):
    """What a command answers once its events are in the ledger.

    `seq` is the last event then; `technician` who is sent, `task` what a person must do next.
    """

    stage: Stage
    seq: int
    technician: str | None = None
    task: str | None = None


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
