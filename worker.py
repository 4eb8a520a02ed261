"""The worker: connects, registers workflows and activities, polls, delivers calls, drains.

`python worker.py` runs until SIGTERM or SIGINT and then drains; `python worker.py --check` tells
by its exit code whether a worker polls and the database answers.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import asyncpg
import structlog
import uvloop
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from activities.ledger import LedgerActivities
from activities.loaners import LoanerActivities
from activities.merging import MergingActivities
from activities.rotation import RotationActivities
from desk.calendar_post import until_told
from desk.delivery import Delivery
from desk.temporal_starter import TemporalStarter
from desk.workflow_post import WorkflowPost
from domain.civil_time import CHINA
from runtime.logs import set_up_logs
from runtime.policy_files import PolicyShelf
from runtime.release import VERSION
from runtime.settings import Settings, settings
from runtime.stack import NoStack, resolve_stack
from runtime.temporal import workflow_runner
from storage.errors import DATABASE_ERRORS
from storage.loaners import call_line
from storage.pool import DatabaseUnavailable, open_pool
from workflows.clock_guard import ClockGuard
from workflows.loaner import LoanerWorkflow
from workflows.repair_ticket import RepairTicketWorkflow

# A crashed worker's tickets are picked up by the next one after this long, not the default 10 s.
STICKY = timedelta(seconds=2)

log = structlog.get_logger("worker")


class TemporalUnavailable(Exception):
    """There is no talking to Temporal. One clear Chinese line."""


def build_worker(
    client: Client,
    pool: asyncpg.Pool,
    task_queue: str,
    *,
    options: Settings | None = None,
    ledger: LedgerActivities | None = None,
    sandboxed: bool = True,
    rehearsal: bool = False,
) -> Worker:
    """The worker of one task queue. Only a rehearsal's takes tickets with another date."""
    limits = options or Settings()
    ledger = ledger or LedgerActivities(pool)
    rotation = RotationActivities(pool)
    post = WorkflowPost(client, task_queue)
    loaners = LoanerActivities(pool, post)
    merging = MergingActivities(pool, post)
    return Worker(
        client,
        task_queue=task_queue,
        workflows=[RepairTicketWorkflow, LoanerWorkflow],
        activities=[
            ledger.record_events,
            rotation.take_turn,
            merging.ask_to_absorb,
            *loaners.all,
        ],
        # The default, a digest of all code, is twice as long and stands in every task's history.
        build_id=f"aftercare-{VERSION}",
        workflow_runner=workflow_runner(sandboxed),
        interceptors=[] if rehearsal else [ClockGuard()],
        max_cached_workflows=limits.worker_max_cached_workflows,
        max_concurrent_workflow_tasks=limits.worker_max_workflow_tasks,
        max_concurrent_activities=limits.worker_max_activities,
        max_concurrent_local_activities=limits.worker_max_activities,
        sticky_queue_schedule_to_start_timeout=STICKY,
        graceful_shutdown_timeout=timedelta(seconds=limits.worker_drain_seconds),
    )


@asynccontextmanager
async def connections(settings: Settings) -> AsyncIterator[tuple[Client, asyncpg.Pool]]:
    """Temporal and Postgres as the environment, or the stack that runs, names them."""
    stack = resolve_stack(settings)
    try:
        client = await stack.connect(settings)
    except RuntimeError as error:
        raise TemporalUnavailable(f"连不上 Temporal:{error}") from error
    url = stack.database_url.get_secret_value()
    pool = await open_pool(url, max_size=settings.database_pool_size)
    try:
        yield client, pool
    finally:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(pool.close(), timeout=5)


async def run_worker(settings: Settings, stop: asyncio.Event) -> None:
    """Poll and deliver until `stop`; then finish what is in hand."""
    shelf = PolicyShelf(settings.policies_dir)
    async with connections(settings) as (client, pool):
        starter = TemporalStarter(client, shelf, settings.task_queue, _clock)
        delivery = Delivery(pool, starter, _clock)
        worker = build_worker(
            client,
            pool,
            settings.task_queue,
            options=settings,
            sandboxed=settings.workflow_sandbox,
        )
        async with worker:
            log.info("worker ready", task_queue=settings.task_queue)
            post = WorkflowPost(client, settings.task_queue)
            await _call_line(pool, post)
            telling = asyncio.create_task(until_told(pool, shelf, post.tell_dates, stop))
            await delivery.run(stop)
            await telling
            log.info("worker draining")
    log.info("worker stopped")


async def _call_line(pool: asyncpg.Pool, post: WorkflowPost) -> None:
    """Loaners may have come into the books while nobody was there to tell those who wait."""
    try:
        await call_line(pool, post.look_again)
    except (RPCError, *DATABASE_ERRORS) as error:
        # The next release, import or start calls them.
        log.warning("loaner_line_not_called", error=str(error) or type(error).__name__)


async def check(settings: Settings) -> bool:
    """Whether the database answers and a worker polls the task queue."""
    async with connections(settings) as (client, pool):
        await pool.fetchval("select 1")
        answer = await client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=client.namespace,
                task_queue=TaskQueue(name=settings.task_queue),
                task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
            )
        )
        return bool(answer.pollers)


def _clock() -> datetime:
    return datetime.now(CHINA)


async def _until_signalled(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run_worker(settings, stop)


def main(arguments: list[str]) -> int:
    """Exit codes: 0 done or healthy, 1 not, 2 bad usage."""
    chosen = settings()
    set_up_logs(chosen)
    if arguments not in ([], ["--check"]):
        print("用法:python worker.py [--check]", file=sys.stderr)
        return 2
    try:
        if arguments:
            return 0 if asyncio.run(check(chosen)) else 1
        uvloop.run(_until_signalled(chosen))
    except (NoStack, DatabaseUnavailable, TemporalUnavailable) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    # The Temporal client can abort an interpreter that exits in the ordinary way.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
