"""Bring a database's tables up to this code: plain SQL files, each applied once and never changed.

`python -m storage.migrate` does it for the database that DATABASE_URL names.
"""

import asyncio
import hashlib
import os
import re
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import asyncpg

from domain.records import Record
from storage.pool import DatabaseUnavailable, unavailable

# Any number does, as long as no other lock of this database has it.
LOCK = 0x0AF7E4CA2E
_POLL_SECONDS = 0.05
_FILE = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")

_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migration (
    number integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class MigrationRefused(Exception):
    """The database and the files do not fit together. Nothing has been changed."""


class Migration(Record):
    """One file: its number, its name, its text, and the sha256 of its bytes in hex."""

    number: int
    name: str
    sql: str
    sha256: str


def read(folder: Traversable | None = None) -> tuple[Migration, ...]:
    """The migrations of `folder` (by default, ours) in order.

    Raises MigrationRefused for a badly named file or a number used twice.
    """
    found: dict[int, Migration] = {}
    for entry in (folder or files("storage") / "migrations").iterdir():
        if not entry.name.endswith(".sql"):
            continue
        match = _FILE.fullmatch(entry.name)
        if match is None:
            raise MigrationRefused(f"迁移文件 {entry.name} 应命名为 0001_名称.sql")
        number = int(match.group(1))
        if number in found:
            raise MigrationRefused(f"迁移编号 {number:04} 用了两次:请给 {entry.name} 换一个编号")
        content = entry.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        found[number] = Migration(
            number=number, name=entry.name, sql=content.decode(), sha256=digest
        )
    return tuple(found[number] for number in sorted(found))


async def apply(
    url: str, *, migrations: Iterable[Migration] | None = None, wait_seconds: float = 30.0
) -> list[str]:
    """Apply what is missing, one transaction a file; the names of what was applied.

    Several may run at once: one works, the others wait `wait_seconds` at most. Raises
    MigrationRefused when an applied file was changed or is gone, when a new one is numbered below
    an applied one, or when the wait is over; DatabaseUnavailable without a connection.
    """
    wanted = tuple(migrations) if migrations is not None else read()
    try:
        connection = await asyncpg.connect(url, timeout=5.0)
    except Exception as error:
        if (clear := unavailable(url, error)) is not None:
            raise clear from error
        raise
    try:
        async with _alone(connection, wait_seconds):
            return await _apply_missing(connection, wanted)
    finally:
        await connection.close()


@asynccontextmanager
async def _alone(connection: Any, wait_seconds: float) -> AsyncIterator[None]:
    # By polling: a migrator that sat waiting inside a statement would hold a snapshot, on which
    # CREATE INDEX CONCURRENTLY of the one at work waits in its turn.
    deadline = asyncio.get_running_loop().time() + wait_seconds
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
        if asyncio.get_running_loop().time() > deadline:
            raise MigrationRefused(
                f"另一个迁移进程占用了数据库,等了 {wait_seconds:g} 秒:请稍后再试"
            )
        await asyncio.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute("SELECT pg_advisory_unlock_all()")


async def _apply_missing(connection: Any, wanted: tuple[Migration, ...]) -> list[str]:
    await connection.execute(_TABLE)
    rows = await connection.fetch("SELECT number, name, sha256 FROM schema_migration")
    applied = {row["number"]: row for row in rows}
    _check(applied, wanted)
    done = []
    for migration in wanted:
        if migration.number in applied:
            continue
        async with connection.transaction():
            await connection.execute(migration.sql)
            await connection.execute(
                "INSERT INTO schema_migration (number, name, sha256) VALUES ($1, $2, $3)",
                migration.number,
                migration.name,
                migration.sha256,
            )
        done.append(migration.name)
    return done


def _check(applied: Mapping[int, Any], wanted: tuple[Migration, ...]) -> None:
    known = {migration.number: migration for migration in wanted}
    for number, row in sorted(applied.items()):
        migration = known.get(number)
        if migration is None:
            raise MigrationRefused(
                f"数据库已应用迁移 {row['name']},而程序里没有:数据库比程序新,请升级程序"
            )
        if migration.sha256 != row["sha256"]:
            raise MigrationRefused(
                f"迁移 {migration.name} 应用之后被改过:请恢复原文件,改动写成一个新的迁移"
            )
    newest = max(applied, default=0)
    for migration in wanted:
        if migration.number < newest and migration.number not in applied:
            raise MigrationRefused(
                f"迁移 {migration.name} 的编号小于已应用的 {newest:04}:请改用更大的编号"
            )


def main() -> int:
    """0: up to date; 1: refused or no connection; 2: DATABASE_URL is missing."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        sys.stderr.write("请设置 DATABASE_URL,如 postgresql://用户:密码@主机:5432/aftercare\n")
        return 2
    try:
        done = asyncio.run(apply(url))
    except (MigrationRefused, DatabaseUnavailable, asyncpg.PostgresError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for name in done:
        sys.stdout.write(f"已应用 {name}\n")
    if not done:
        sys.stdout.write("数据库已是最新\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
