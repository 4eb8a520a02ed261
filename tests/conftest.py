"""Real servers for the tests: each started once, ended with the session."""

import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from hypothesis import settings
from temporalio.testing import WorkflowEnvironment

from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.skipping import SkippingEnvironment, live_server, skipping_server

# The same examples in every run, so that nothing turns red by chance and by another's change;
# `make search`, which says how many, looks for new ones.
settings.register_profile(
    "aftercare", derandomize="AFTERCARE_EXAMPLES" not in os.environ, deadline=None
)
settings.load_profile("aftercare")

TEMPLATE = "aftercare_template"

NewDatabase = Callable[[], AbstractAsyncContextManager[str]]
"""Makes one more migrated database; its address."""


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder that the Postgres user can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="aftercare-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(scope="session")
async def postgres_server(server_folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A Postgres that forgets everything."""
    async with EmbeddedPostgres(server_folder, durable=False) as server:
        yield server


@pytest.fixture(scope="session")
async def _migrated_template(postgres_server: EmbeddedPostgres) -> str:
    from storage import migrate

    await _execute(postgres_server, f'CREATE DATABASE "{TEMPLATE}"')
    await migrate.apply(postgres_server.url_of(TEMPLATE))
    return TEMPLATE


@pytest.fixture
async def empty_database_url(postgres_server: EmbeddedPostgres) -> AsyncIterator[str]:
    """A database of its own for one test, with nothing in it."""
    name = f"empty_{secrets.token_hex(6)}"
    await _execute(postgres_server, f'CREATE DATABASE "{name}"')
    yield postgres_server.url_of(name)
    await _execute(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def new_database(postgres_server: EmbeddedPostgres, _migrated_template: str) -> NewDatabase:
    """Makes databases of their own, migrated, for a test that needs several."""

    @asynccontextmanager
    async def make() -> AsyncIterator[str]:
        name = f"test_{secrets.token_hex(6)}"
        await _execute(postgres_server, f'CREATE DATABASE "{name}" TEMPLATE "{_migrated_template}"')
        try:
            yield postgres_server.url_of(name)
        finally:
            await _execute(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)')

    return make


@pytest.fixture
async def database_url(new_database: NewDatabase) -> AsyncIterator[str]:
    """A database of its own for one test, migrated."""
    async with new_database() as url:
        yield url


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """The storage's pool on that database."""
    from storage.pool import open_pool

    opened = await open_pool(database_url)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
async def skipping_env() -> AsyncIterator[SkippingEnvironment]:
    """A Temporal server whose workflows' time is skipped by `fast_forward`."""
    async with skipping_server() as environment:
        yield environment


@pytest.fixture(scope="session")
async def live_env() -> AsyncIterator[WorkflowEnvironment]:
    """A Temporal server in real time."""
    async with live_server() as environment:
        yield environment


async def _execute(server: EmbeddedPostgres, statement: str) -> None:
    connection = await asyncpg.connect(server.url_of("postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
