"""The stage: one Temporal server with skipped time and one Postgres, for any number of scripts."""

import asyncio
import itertools
import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
from temporalio.client import Client

from rehearsal import books, runner
from rehearsal.faults import ScriptFault
from rehearsal.result import Result
from rehearsal.script import Script, load
from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.skipping import SkippingEnvironment, skipping_server
from runtime.file_faults import FaultyFile, FileFault
from runtime.policy_files import PolicyShelf
from runtime.settings import settings
from storage import migrate
from storage.directory import replace_directory
from storage.pool import open_pool
from storage.statements import statement
from worker import build_worker

AT_ONCE = 2
# Each script's tickets are numbered apart: a ticket's number is its workflow's id, and all
# scripts share one Temporal.
_NUMBERS_APART = 10_000
_TEMPLATE = "rehearsal_template"

Afterwards = Callable[[asyncpg.Pool], Awaitable[None]]
"""What somebody wants to know of a script's database before it is gone."""


class Stage:
    """Acts scripts, each with a database and a worker of its own."""

    def __init__(
        self, environment: SkippingEnvironment, postgres: EmbeddedPostgres, shelf: PolicyShelf
    ) -> None:
        self._environment = environment
        self._postgres = postgres
        self._shelf = shelf
        # Postgres copies a template for one at a time.
        self._copying = asyncio.Lock()
        self._scripts = itertools.count(1)

    @property
    def client(self) -> Client:
        """Speaks with the stage's Temporal; histories stay until the stage is taken down."""
        return self._environment.client

    async def act(
        self,
        script: Script,
        on_step: runner.OnStep | None = None,
        afterwards: Afterwards | None = None,
    ) -> Result:
        """Act one script, each step told once it was acted; `afterwards` sees its database.

        Raises ScriptFault when its books or its policy are at fault.
        """
        directory = books.of_script(script, self._shelf)
        name = f"rehearsal_{secrets.token_hex(6)}"
        async with self._database(name) as url:
            pool = await open_pool(url, max_size=6, application=name)
            try:
                await replace_directory(pool, directory)
                first = next(self._scripts) * _NUMBERS_APART + 1
                await pool.execute(statement("ticket_number_begin"), first)
                client = self._environment.client
                async with build_worker(client, pool, name, rehearsal=True):
                    props = runner.Props(self._environment, pool, self._shelf, name)
                    result = await runner.act(script, props, on_step)
                if afterwards is not None:
                    await afterwards(pool)
                return result
            finally:
                await pool.close()

    @asynccontextmanager
    async def _database(self, name: str) -> AsyncIterator[str]:
        async with self._copying:
            await _execute(self._postgres, f'CREATE DATABASE "{name}" TEMPLATE "{_TEMPLATE}"')
        try:
            yield self._postgres.url_of(name)
        finally:
            await _execute(self._postgres, f'DROP DATABASE "{name}" WITH (FORCE)')


@asynccontextmanager
async def open_stage(shelf: PolicyShelf) -> AsyncIterator[Stage]:
    """Servers that forget everything, ended with the block whatever happens in it."""
    with _reachable_folder() as home:
        async with (
            EmbeddedPostgres(home, durable=False) as postgres,
            skipping_server() as environment,
        ):
            await _execute(postgres, f'CREATE DATABASE "{_TEMPLATE}"')
            await migrate.apply(postgres.url_of(_TEMPLATE))
            yield Stage(environment, postgres, shelf)


async def rehearse(
    paths: Iterable[Path],
    on_result: Callable[[Result], None] = lambda _: None,
    *,
    shelf: PolicyShelf | None = None,
    at_once: int = AT_ONCE,
) -> list[Result]:
    """Act the scripts in those files; the results in the files' order, each told as it comes.

    Raises ScriptFault with the faults of all files before any server is started.
    """
    chosen = shelf or PolicyShelf(settings().policies_dir)
    scripts = load_all(paths, chosen)
    if not scripts:
        return []
    turns = asyncio.Semaphore(at_once)
    async with open_stage(chosen) as stage:

        async def one(script: Script) -> Result:
            async with turns:
                result = await stage.act(script)
            on_result(result)
            return result

        async with asyncio.TaskGroup() as group:
            acts = [group.create_task(one(script)) for script in scripts]
    return [task.result() for task in acts]


def load_all(paths: Iterable[Path], shelf: PolicyShelf) -> list[Script]:
    """The scripts, with their policies and books looked through. Raises ScriptFault."""
    scripts: list[Script] = []
    faults: list[FileFault] = []
    for path in paths:
        try:
            script = load(path)
            books.of_script(script, shelf)
            scripts.append(script)
        except FaultyFile as faulty:
            faults += faulty.faults
    if faults:
        raise ScriptFault(tuple(faults))
    return scripts


@contextmanager
def _reachable_folder() -> Iterator[Path]:
    """A folder for a while that the Postgres user can reach."""
    with tempfile.TemporaryDirectory(prefix="aftercare-rehearsal-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


async def _execute(postgres: EmbeddedPostgres, statement: str) -> None:
    connection = await asyncpg.connect(postgres.url_of("postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
