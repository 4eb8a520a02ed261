"""Migrations: applied once, verified ever after, by one at a time."""

import asyncio
import hashlib

import asyncpg
import pytest

from storage import migrate, statements
from storage.migrate import Migration, MigrationRefused
from storage.pool import DatabaseUnavailable, open_pool


def migration(number: int, sql: str) -> Migration:
    digest = hashlib.sha256(sql.encode()).hexdigest()
    return Migration(number=number, name=f"{number:04}_test.sql", sql=sql, sha256=digest)


FIRST = migration(1, "CREATE TABLE one (n integer)")
SECOND = migration(2, "CREATE TABLE two (n integer)")


async def test_ours_apply_to_an_empty_database_and_then_nothing_is_left(
    empty_database_url: str,
) -> None:
    names = [one.name for one in migrate.read()]
    assert names[0] == "0001_ledger.sql"
    assert await migrate.apply(empty_database_url) == names
    assert await migrate.apply(empty_database_url) == []


async def test_a_file_changed_after_it_was_applied_is_refused(empty_database_url: str) -> None:
    await migrate.apply(empty_database_url, migrations=[FIRST])
    changed = migration(1, "CREATE TABLE one (n bigint)")
    with pytest.raises(MigrationRefused, match=r"0001_test\.sql.*被改过"):
        await migrate.apply(empty_database_url, migrations=[changed, SECOND])
    assert await migrate.apply(empty_database_url, migrations=[FIRST, SECOND]) == [SECOND.name]


async def test_a_database_newer_than_the_code_is_refused(empty_database_url: str) -> None:
    await migrate.apply(empty_database_url, migrations=[FIRST, SECOND])
    with pytest.raises(MigrationRefused, match="数据库比程序新"):
        await migrate.apply(empty_database_url, migrations=[FIRST])


async def test_a_new_file_below_an_applied_one_is_refused(empty_database_url: str) -> None:
    await migrate.apply(empty_database_url, migrations=[SECOND])
    with pytest.raises(MigrationRefused, match="编号小于"):
        await migrate.apply(empty_database_url, migrations=[FIRST, SECOND])


async def test_a_failing_file_leaves_nothing_of_itself(empty_database_url: str) -> None:
    bad = migration(2, "CREATE TABLE two (n integer); SELECT 1 / 0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate.apply(empty_database_url, migrations=[FIRST, bad])
    assert await migrate.apply(empty_database_url, migrations=[FIRST, SECOND]) == [SECOND.name]


async def test_two_at_once_apply_each_file_once(empty_database_url: str) -> None:
    slow = migration(1, "SELECT pg_sleep(0.2); CREATE TABLE one (n integer)")
    done = await asyncio.gather(
        *(migrate.apply(empty_database_url, migrations=[slow, SECOND]) for _ in range(3))
    )
    assert sorted(done, key=len) == [[], [], [slow.name, SECOND.name]]


async def test_the_wait_for_another_migrator_is_bounded(empty_database_url: str) -> None:
    other = await asyncpg.connect(empty_database_url)
    try:
        await other.execute("SELECT pg_advisory_lock($1)", migrate.LOCK)
        with pytest.raises(MigrationRefused, match="另一个迁移"):
            await migrate.apply(empty_database_url, migrations=[FIRST], wait_seconds=0.1)
    finally:
        await other.close()
    assert await migrate.apply(empty_database_url, migrations=[FIRST]) == [FIRST.name]


async def test_every_statement_of_the_code_fits_the_migrated_database(
    pool: asyncpg.Pool,
) -> None:
    names = statements.names()
    assert "ledger_write" in names
    async with pool.acquire() as connection:
        for name in names:
            await connection.prepare(statements.statement(name))


async def test_no_database_is_one_clear_line_without_the_password() -> None:
    with pytest.raises(DatabaseUnavailable) as caught:
        await open_pool("postgresql://me:geheim@127.0.0.1:1/nowhere")
    assert "127.0.0.1:1/nowhere" in str(caught.value)
    assert "geheim" not in str(caught.value)
    with pytest.raises(DatabaseUnavailable, match="DATABASE_URL"):
        await migrate.apply("mysql://me:geheim@127.0.0.1/x")


async def test_a_statement_has_two_seconds_at_most(database_url: str) -> None:
    pool = await open_pool(database_url, statement_seconds=0.1)
    try:
        with pytest.raises(asyncpg.QueryCanceledError):
            await pool.fetchval("SELECT pg_sleep(5)")
        assert await pool.fetchval("""SELECT '{"a": [1.50, "字"]}'::jsonb""") == {"a": [1.5, "字"]}
        assert await pool.fetchval("SHOW timezone") == "Asia/Shanghai"
    finally:
        await pool.close()
