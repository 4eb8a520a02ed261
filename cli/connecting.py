"""Where a command finds its servers: those that the environment names, else the running stack."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

import asyncpg
from temporalio.client import Client

from cli.terminal import Failed
from runtime.policy_files import PolicyShelf
from runtime.settings import Settings
from runtime.stack import Stack, resolve_stack
from storage.pool import open_pool

T = TypeVar("T")

_CLOSE_SECONDS = 5.0
_CONNECTIONS = 4


def in_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work to its end."""
    return asyncio.run(work)


@contextlib.asynccontextmanager
async def ledger(settings: Settings | None = None) -> AsyncIterator[asyncpg.Pool]:
    """Postgres alone. Raises NoStack, DatabaseUnavailable."""
    chosen = settings or Settings()
    # A database that is named needs no running stack, and no Temporal either.
    url = chosen.database_url or resolve_stack(chosen).database_url
    pool = await open_pool(
        url.get_secret_value(), max_size=_CONNECTIONS, application="aftercare-cli"
    )
    try:
        yield pool
    finally:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(pool.close(), _CLOSE_SECONDS)


async def temporal(stack: Stack, settings: Settings) -> Client:
    """A client of the stack's Temporal. Raises Failed."""
    try:
        return await stack.connect(settings, identity=f"{os.getpid()}@aftercare-cli")
    except (RuntimeError, LookupError):
        where = stack.temporal_address or "(由 TEMPORAL_* 指定)"
        raise Failed(f"连不上 Temporal {where}:请检查它是否在运行") from None


@contextlib.asynccontextmanager
async def servers(
    settings: Settings | None = None,
) -> AsyncIterator[tuple[Client, asyncpg.Pool, PolicyShelf]]:
    """Temporal, Postgres and the policies. Raises NoStack, DatabaseUnavailable, Failed."""
    chosen = settings or Settings()
    stack = resolve_stack(chosen)
    async with ledger(chosen) as pool:
        yield await temporal(stack, chosen), pool, shelf(chosen)


def shelf(settings: Settings | None = None) -> PolicyShelf:
    """The policies."""
    return PolicyShelf((settings or Settings()).policies_dir)
