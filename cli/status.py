"""What runs, where it is, and which tickets have come to a stop."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError

from cli.connecting import ledger, temporal
from cli.terminal import Failed
from cli.worker_keeper import pollers
from runtime.embedded.temporal_server import temporal_program
from runtime.settings import Settings
from runtime.stack import Stack, resolve_stack
from storage.pool import DatabaseUnavailable
from workflows.messages import LOANER, REPAIR_TICKET

_MOST = 20
_STOPPED = ("Failed", "Terminated", "TimedOut")
_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class StoppedTicket:
    """A ticket whose workflow ended in an error, or cannot go on."""

    number: str
    what: str


@dataclass(slots=True)
class Status:
    """`worker` is the pid of ours, the identity of another, or None when none polls."""

    stack: Stack | None
    worker: int | str | None = None
    troubles: list[str] = field(default_factory=list)
    failed: list[StoppedTicket] = field(default_factory=list)

    @classmethod
    def of_nothing(cls) -> "Status":
        """Nothing runs."""
        return cls(None)

    @property
    def is_well(self) -> bool:
        """Whether everything runs and no ticket has stopped."""
        return self.stack is not None and not self.troubles and not self.failed

    @property
    def advice(self) -> str:
        """What to do about the tickets that stopped."""
        address = self.stack.temporal_address if self.stack else None
        where = f" --address {address}" if address else ""
        program = temporal_program() if self.stack and self.stack.embedded_temporal else "temporal"
        return (
            "先修好原因(看 Temporal 网页里的失败,或 worker 的日志),再让它从出错之前继续:"
            f"{program} workflow reset{where} --workflow-id ticket/工单号"
            " --type LastWorkflowTask --reason 修复后重来"
        )

    def as_json(self) -> dict[str, Any]:
        """The contract of `status --json`; null where a thing does not exist."""
        stack = self.stack
        return {
            "console_url": stack.console_url if stack else None,
            "phone_url": stack.phone_url if stack else None,
            "temporal_address": stack.temporal_address if stack else None,
            "temporal_ui_url": stack.temporal_ui_url if stack else None,
            "database_url": stack.database_url.get_secret_value() if stack else None,
            "worker": self.worker,
        }

    def lines(self) -> list[tuple[str, str]]:
        """What a person reads: what there is, without passwords."""
        stack = self.stack
        if stack is None:
            return []
        worker = "[red]没有[/]" if self.worker is None else f"进程 {self.worker}"
        lines = [
            ("Temporal", stack.temporal_address or "(由 TEMPORAL_* 指定)"),
            ("Temporal 网页", stack.temporal_ui_url or ""),
            ("Postgres", without_password(stack.database_url.get_secret_value())),
            ("worker", worker),
            ("数据", str(stack.home) if stack.pid else ""),
            ("日志", str(stack.home / "log") if stack.pid else ""),
        ]
        if stack.postgres_folder and not stack.postgres_folder.is_relative_to(stack.home):
            lines.insert(5, ("Postgres 数据", str(stack.postgres_folder)))
        return [(name, where) for name, where in lines if where]


async def read_status(settings: Settings) -> Status:
    """What runs by now. Raises NoStack when nothing runs and nothing is named."""
    stack = resolve_stack(settings)
    status = Status(stack)
    try:
        async with ledger(settings) as pool:
            await pool.fetchval("SELECT 1")
    except DatabaseUnavailable as gone:
        status.troubles.append(str(gone))
    try:
        client = await temporal(stack, settings)
    except Failed as gone:
        status.troubles.append(str(gone))
        return status
    status.worker = stack.worker_pid or await _somebody(client, settings)
    if status.worker is None:
        status.troubles.append(
            "没有 worker 在接活:工单不会前进。稍等它重新启动,或看日志 worker.log"
            if stack.pid
            else "没有 worker 在接活:工单不会前进。请启动 python worker.py"
        )
    try:
        async with asyncio.timeout(_SECONDS):
            status.failed = [ticket async for ticket in _stopped(client)]
    except TimeoutError:
        status.troubles.append("Temporal 没有列出停下的工单:等了太久")
    except RPCError as error:
        status.troubles.append(f"Temporal 没有列出停下的工单:{error}")
    return status


def without_password(url: str) -> str:
    """The address with the password starred out."""
    parts = urlsplit(url)
    if not parts.password:
        return url
    user, _, place = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:***@{place}"))


async def _somebody(client: Client, settings: Settings) -> str | None:
    return next(iter(await pollers(client, settings)), None)


async def _stopped(client: Client) -> AsyncIterator[StoppedTicket]:
    """Tickets and loaners whose last run ended in an error, or whose task fails again and again."""
    of_ours = f"WorkflowType IN ('{REPAIR_TICKET}', '{LOANER}')"
    ended = " OR ".join(f"ExecutionStatus = '{one}'" for one in _STOPPED)
    async for found in client.list_workflows(f"{of_ours} AND ({ended})", limit=_MOST):
        # A reset leaves the old run behind as terminated: only the latest run counts.
        latest = await client.get_workflow_handle(found.id).describe()
        if latest.status not in (
            WorkflowExecutionStatus.FAILED,
            WorkflowExecutionStatus.TERMINATED,
            WorkflowExecutionStatus.TIMED_OUT,
        ):
            continue
        what = {
            WorkflowExecutionStatus.FAILED: "的流程出错停止",
            WorkflowExecutionStatus.TERMINATED: "的流程被人终止",
            WorkflowExecutionStatus.TIMED_OUT: "的流程过期停止",
        }[latest.status]
        yield StoppedTicket(found.id.removeprefix("ticket/"), what)
    stuck = f"{of_ours} AND ExecutionStatus = 'Running' AND TemporalReportedProblems IS NOT NULL"
    async for found in client.list_workflows(stuck, limit=_MOST):
        yield StoppedTicket(found.id.removeprefix("ticket/"), "的流程卡住:每次执行都出错,仍在重试")
