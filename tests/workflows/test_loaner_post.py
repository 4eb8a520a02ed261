"""Word between tickets and loaners: what the activities carry, on a real Temporal and Postgres.

No worker polls here: a start and a signal are kept by the server, and the history shows them.
"""

import secrets

import asyncpg
import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment

from activities.loaners import LoanerActivities
from activities.signatures import LEDGER_REFUSED, LoanBatch, ReserveRequest, TellLoan, TellTicket
from desk.workflow_post import WorkflowPost
from domain.directory import Directory, Loaner
from domain.loan import Asked, Loan, LoanerStart, LoanEvent, LoanProgress, TicketNews, Wanted
from domain.vocabulary import Keeper, LoanerState
from storage import loaners
from storage.directory import replace_directory
from storage.ledger import write
from tests.storage.stories import HOUSE, MINUTE, START, batch, opened
from workflows.messages import LOANER_NEWS, LOOK_AGAIN, TICKET_NEWS, loaner_workflow_id

PRINTER = Loaner(id="L4", product_class="printer", product="打印机", grade="usable")
PRINT = Wanted(product_class="printer", product="打印机")
QUEUE = "nobody-polls"


class Post:
    """The activities over the real post, with tickets and loans of this test alone."""

    def __init__(self, client: Client, pool: asyncpg.Pool) -> None:
        self.client = client
        self.pool = pool
        self.activities = LoanerActivities(pool, WorkflowPost(client, QUEUE))
        self.run = ActivityEnvironment().run
        self.mark = secrets.token_hex(4)

    def ticket_no(self, name: str) -> str:
        return f"{self.mark}-{name}"

    def loan(self, name: str) -> Loan:
        ticket_no = self.ticket_no(name)
        return Loan(
            id=loaner_workflow_id(ticket_no, 1),
            ticket_no=ticket_no,
            number=1,
            wanted=PRINT,
            asked=Asked(at=START),
        )

    async def start(self, name: str) -> Loan:
        loan = self.loan(name)
        start = LoanerStart(loan=loan, policy=HOUSE.kept_by(Keeper.LOANER))
        await self.run(self.activities.start_loan, start)
        return loan

    async def reserve(self, loan: Loan, minute: int, device: str | None = None) -> str:
        request = ReserveRequest(
            loan_id=loan.id,
            ticket_no=loan.ticket_no,
            number=1,
            wanted=PRINT,
            asked_at=START + minute * MINUTE,
            device=device,
        )
        return (await self.run(self.activities.reserve_loaner, request)).answer

    async def end(self, workflow_id: str) -> None:
        await self.client.get_workflow_handle(workflow_id).terminate()

    async def heard(self, workflow_id: str) -> list[str]:
        """The signals in a workflow's history."""
        history = await self.client.get_workflow_handle(workflow_id).fetch_history()
        return [
            event.workflow_execution_signaled_event_attributes.signal_name
            for event in history.events
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
        ]


@pytest.fixture
async def post(live_env: WorkflowEnvironment, pool: asyncpg.Pool) -> Post:
    await replace_directory(pool, Directory(loaners=(PRINTER,)))
    return Post(live_env.client, pool)


async def test_a_loan_is_started_once_and_never_again(post: Post) -> None:
    loan = await post.start("T1")
    handle = post.client.get_workflow_handle(loan.id)
    first = (await handle.describe()).run_id
    await post.start("T1")
    assert (await handle.describe()).run_id == first
    await post.end(loan.id)
    await post.start("T1")
    described = await handle.describe()
    assert (described.run_id, described.status) == (first, WorkflowExecutionStatus.TERMINATED)


async def test_a_tickets_news_reaches_its_loan_while_that_lives(post: Post) -> None:
    loan = await post.start("T1")
    news = TicketNews(kind="repaired", ticket_no=loan.ticket_no, at=START)
    message = TellLoan(loan_id=loan.id, news=news)
    assert await post.run(post.activities.tell_loan, message) is True
    assert await post.heard(loan.id) == [TICKET_NEWS]
    await post.end(loan.id)
    assert await post.run(post.activities.tell_loan, message) is False
    never = TellLoan(loan_id=post.loan("T2").id, news=news)
    assert await post.run(post.activities.tell_loan, never) is False


async def test_progress_goes_to_the_ticket_or_to_what_it_was_merged_into(post: Post) -> None:
    old, new = post.ticket_no("old"), post.ticket_no("new")
    for number in (old, new):
        await post.client.start_workflow("Ticket", id=f"ticket/{number}", task_queue=QUEUE)
        await write(post.pool, batch(opened(number)))
    progress = LoanProgress(id="loaner/x/1", revision=1, state=LoanerState.RESERVED, at=START)
    message = TellTicket(ticket_no=old, progress=progress)
    assert await post.run(post.activities.tell_ticket, message) is True
    await post.end(f"ticket/{old}")
    assert await post.run(post.activities.tell_ticket, message) is False
    await post.pool.execute("UPDATE ticket SET merged_into = $1 WHERE number = $2", new, old)
    assert await post.run(post.activities.tell_ticket, message) is True
    assert await post.heard(f"ticket/{old}") == await post.heard(f"ticket/{new}") == [LOANER_NEWS]
    await post.end(f"ticket/{new}")
    assert await post.run(post.activities.tell_ticket, message) is False


async def test_a_release_calls_the_first_in_line_that_still_lives(post: Post) -> None:
    first, second, third, fourth = [await post.start(f"T{n}") for n in (1, 2, 3, 4)]
    answers = [await post.reserve(one, n) for n, one in enumerate((first, second, third, fourth))]
    assert answers == ["reserved", "no_stock", "no_stock", "no_stock"]
    await post.end(second.id)
    await post.run(post.activities.release_loaner, first.id)
    assert [await post.heard(one.id) for one in (second, third, fourth)] == [[], [LOOK_AGAIN], []]
    # Nobody stands before the third any more, though the second asked earlier.
    assert await post.reserve(third, 2) == "reserved"


async def test_what_a_swap_sets_free_is_offered_to_the_line(post: Post) -> None:
    other = Loaner(id="L5", product_class="printer", product="大打印机", grade="new")
    first, second = await post.start("T1"), await post.start("T2")
    assert [await post.reserve(first, 1), await post.reserve(second, 2)] == ["reserved", "no_stock"]
    await replace_directory(post.pool, Directory(loaners=(PRINTER, other)))
    assert await post.reserve(first, 1, device="L9") == "not_in_stock"
    assert await post.heard(second.id) == []
    assert await post.reserve(first, 1, device="L5") == "reserved"
    assert await post.heard(second.id) == [LOOK_AGAIN]


async def test_bad_data_is_not_tried_again(post: Post) -> None:
    loan = post.loan("T1").model_copy(update={"seq": 0})
    batch = LoanBatch(loan=loan, events=(LoanEvent(seq=0, at=START, kind="asked"),))
    with pytest.raises(ApplicationError) as caught:
        await post.run(post.activities.record_loan, batch)
    assert (caught.value.type, caught.value.non_retryable) == (LEDGER_REFUSED, True)
    assert await loaners.load(post.pool, loan.id) is None
