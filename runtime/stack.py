"""The running stack: what runs, where, and how the other commands find it."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import psutil
from pydantic import BaseModel, SecretStr, ValidationError
from temporalio.client import Client
from temporalio.envconfig import ClientConfigProfile

from runtime.embedded.home import exclusive
from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.temporal_server import EmbeddedTemporal
from runtime.settings import DEFAULT_NAMESPACE, Settings
from runtime.temporal import connect

_FILE = "stack.json"

Notice = Callable[[str], None]


class NoStack(LookupError):
    """Nothing runs on this home, and the environment names no servers either."""

    def __init__(self, home: Path) -> None:
        super().__init__(
            f"{home} 没有正在运行的 Aftercare:先运行 aftercare up,"
            "或者设置 DATABASE_URL 与 TEMPORAL_ADDRESS"
        )


class Stack(BaseModel):
    """Where everything is. Written to `stack.json` in the home (mode 0600: it has a password).

    `pid` is the process that holds the embedded servers, 0 when there are none; with its
    `started_at` (seconds since the epoch) it tells a live stack from one that was killed.
    `temporal_address` None: Temporal's environment configuration decides.
    """

    home: Path
    pid: int = 0
    started_at: float = 0.0
    database_url: SecretStr
    temporal_address: str | None = None
    temporal_namespace: str = DEFAULT_NAMESPACE
    temporal_ui_url: str | None = None
    temporal_metrics_url: str | None = None
    embedded_postgres: bool = False
    embedded_temporal: bool = False
    postgres_folder: Path | None = None
    worker_pid: int | None = None
    console_url: str | None = None
    phone_url: str | None = None

    async def connect(self, settings: Settings, identity: str | None = None) -> Client:
        """A Temporal client for this stack. Raises RuntimeError when it cannot be reached."""
        if self.embedded_temporal:
            return await connect(
                self.temporal_address, namespace=self.temporal_namespace, identity=identity
            )
        return await connect(settings=settings, identity=identity)


@contextlib.asynccontextmanager
async def embedded_stack(settings: Settings, notice: Notice) -> AsyncIterator[Stack]:
    """Start the servers that the settings do not name, side by side, and end them afterwards.

    `notice` is told, in Chinese, what the operator should know. The stack is not yet published:
    do that when the worker polls. Migrations are the caller's.

    Raises HomeInUse, ChildFailed.
    """
    home = settings.aftercare_home
    async with contextlib.AsyncExitStack() as running:
        running.enter_context(exclusive(home))
        _unpublish(home)
        postgres = None if settings.has_own_database else _postgres(settings)
        temporal = None if settings.has_own_temporal else _temporal(settings)
        # One after the other: both are up in half a second, and a failure is then one failure.
        if postgres is not None:
            await running.enter_async_context(postgres)
            if not postgres.folder.is_relative_to(home):
                notice(f"{home} 对 Postgres 的用户不可达,数据放在 {postgres.folder}")
        if temporal is not None:
            await running.enter_async_context(temporal)
            if temporal.set_aside is not None:
                notice(f"Temporal 版本变了:旧的状态文件保留为 {temporal.set_aside},从空白开始")
        yield _describe(settings, postgres, temporal)


def _postgres(settings: Settings) -> EmbeddedPostgres:
    return EmbeddedPostgres(settings.aftercare_home, port=settings.postgres_port)


def _temporal(settings: Settings) -> EmbeddedTemporal:
    return EmbeddedTemporal(
        settings.aftercare_home, port=settings.temporal_port, ui_port=settings.temporal_ui_port
    )


def _describe(
    settings: Settings, postgres: EmbeddedPostgres | None, temporal: EmbeddedTemporal | None
) -> Stack:
    stack = _named_servers(settings)
    stack.pid, stack.started_at = os.getpid(), psutil.Process().create_time()
    if postgres is not None:
        stack.database_url = SecretStr(postgres.url)
        stack.embedded_postgres = True
        stack.postgres_folder = postgres.folder
    if temporal is not None:
        stack.temporal_address = temporal.address
        stack.temporal_namespace = DEFAULT_NAMESPACE
        stack.temporal_ui_url = temporal.ui_url
        stack.temporal_metrics_url = temporal.metrics_url
        stack.embedded_temporal = True
    return stack


def _named_servers(settings: Settings) -> Stack:
    """What the environment says. An embedded server's fields are filled in afterwards."""
    address, namespace = settings.temporal_address, settings.temporal_namespace
    if settings.has_own_temporal:
        profile = ClientConfigProfile.load(profile=settings.temporal_profile)
        address = address or profile.address
        namespace = namespace or profile.namespace
    return Stack(
        home=settings.aftercare_home,
        database_url=settings.database_url or SecretStr(""),
        temporal_address=address,
        temporal_namespace=namespace or DEFAULT_NAMESPACE,
    )


@contextlib.contextmanager
def published(stack: Stack) -> Iterator[None]:
    """Let the other commands find `stack` for as long as this lasts."""
    write_stack(stack)
    try:
        yield
    finally:
        _unpublish(stack.home)


def write_stack(stack: Stack) -> None:
    """Write the stack's description in one step; readers see the old or the new."""
    fresh = stack.home / f".{_FILE}.new"
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    body = stack.model_dump(mode="json") | {"database_url": stack.database_url.get_secret_value()}
    fresh.write_text(json.dumps(body, ensure_ascii=False, indent=2))
    fresh.replace(stack.home / _FILE)


def running_stack(home: Path) -> Stack | None:
    """The stack that runs on `home`; None when there is none, or it was killed."""
    try:
        stack = Stack.model_validate_json((home / _FILE).read_text())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None
    return stack if _alive(stack) else None


def resolve_stack(settings: Settings) -> Stack:
    """Where a command finds its servers: those that the environment names, else the running ones.

    Raises NoStack.
    """
    named = _named_servers(settings)
    if settings.has_own_database and settings.has_own_temporal:
        return named
    running = running_stack(settings.aftercare_home)
    if running is None:
        raise NoStack(settings.aftercare_home)
    if settings.has_own_database:
        running.database_url, running.embedded_postgres = named.database_url, False
    if settings.has_own_temporal:
        running.temporal_address = named.temporal_address
        running.temporal_namespace = named.temporal_namespace
        running.temporal_ui_url, running.embedded_temporal = None, False
    return running


async def wait_for_stack(home: Path, *, seconds: float) -> Stack | None:
    """The stack on `home` once it is published; None when that takes longer."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                if (stack := running_stack(home)) is not None:
                    return stack
                await asyncio.sleep(0.05)
    return None


def _alive(stack: Stack) -> bool:
    try:
        return abs(psutil.Process(stack.pid).create_time() - stack.started_at) < 1
    except psutil.NoSuchProcess:
        return False


def _unpublish(home: Path) -> None:
    (home / _FILE).unlink(missing_ok=True)
