"""Connections to Postgres, all set up alike."""

import asyncio
import json
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from storage.errors import is_outage

TIME_ZONE = "Asia/Shanghai"
STATEMENT_SECONDS = 2.0
# The client gives up a little after the server should have, in case the answer never comes.
_ANSWER_SECONDS = 0.5


class DatabaseUnavailable(Exception):
    """There is no talking to the database. One clear Chinese line that never shows a password."""


async def open_pool(
    url: str,
    *,
    min_size: int = 1,
    max_size: int = 10,
    statement_seconds: float = STATEMENT_SECONDS,
    connect_seconds: float = 5.0,
    application: str = "aftercare",
) -> asyncpg.Pool:
    """Open a pool: jsonb as Python values, every statement bounded, wall clock of the business.

    Raises DatabaseUnavailable when there is no connection, or the address cannot be read.
    """
    try:
        async with asyncio.timeout(connect_seconds):
            return await asyncpg.create_pool(
                url,
                min_size=min_size,
                max_size=max_size,
                init=_set_up,
                reset=_leave_as_it_is,
                command_timeout=statement_seconds + _ANSWER_SECONDS,
                server_settings={
                    "statement_timeout": str(round(statement_seconds * 1000)),
                    "timezone": TIME_ZONE,
                    "application_name": application,
                },
            )
    except Exception as error:
        if (clear := unavailable(url, error)) is not None:
            raise clear from error
        raise


def unavailable(url: str, error: Exception) -> DatabaseUnavailable | None:
    """The clear line for an `error` while connecting; None when it is no such trouble."""
    if isinstance(error, TimeoutError):
        return DatabaseUnavailable(f"连不上数据库 {place(url)}:等了太久没有回答,请检查它是否在运行")
    if isinstance(error, ValueError):
        return DatabaseUnavailable(
            "数据库地址写得不对,应写成 postgresql://用户:密码@主机:端口/库名(DATABASE_URL)"
        )
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return DatabaseUnavailable(f"数据库 {place(url)} 不存在:请先创建它")
    if isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
        return DatabaseUnavailable(f"数据库 {place(url)} 拒绝登录:请检查用户名和密码")
    if is_outage(error):
        reason = str(error) or type(error).__name__
        return DatabaseUnavailable(f"连不上数据库 {place(url)}:{reason}")
    return None


def place(url: str) -> str:
    """Host, port and database of an address, without user and password."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(地址无法识别)"
    return f"{parts.hostname or '本机'}{port}{parts.path}"


async def _leave_as_it_is(connection: Any) -> None:
    """Our statements leave nothing behind in a session, so the round trip of a reset is saved.

    A transaction that was left open is rolled back all the same: the driver sees to it.
    """


async def _set_up(connection: Any) -> None:
    write = partial(json.dumps, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, encoder=write, decoder=json.loads, schema="pg_catalog"
        )
