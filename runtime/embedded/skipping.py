"""Servers for tests and rehearsals: one whose workflows' time can be skipped, one in real time.

Both forget everything at their end, and end with this process.
"""

import contextlib
import tempfile
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from temporalio.api.common.v1 import TimeSkippingInfo
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import TimeSkipper, TimeSkippingConfig, WorkflowEnvironment

from runtime.embedded.temporal_server import EmbeddedTemporal
from runtime.temporal import connect

_SKIPPING = {
    "frontend.WorkflowTimeSkippingEnabled": "true",
    "frontend.WorkflowTimeSkippingMaxSkipPerSession": "100000",
    # A timer fires up to this much late; a rehearsal's promises are told apart by milliseconds.
    "history.timerProcessorMaxTimeShift": '"1ms"',
}


class SkippingEnvironment(WorkflowEnvironment):
    """A test environment whose workflows stand still in time until `fast_forward` moves one.

    The SDK's own environment starts its server from a thread of its own, which cannot be bound
    to our life; this one drives ours.
    """

    def __init__(self, client: Client) -> None:
        # Children and loaners are moved one by one, so nothing is handed down.
        config = TimeSkippingConfig(enabled=False, disable_propagation=True)
        self._skipper = TimeSkipper(client, config=config)
        super().__init__(self._skipper.client)

    async def fast_forward(
        self, handle: WorkflowHandle[Any, Any], duration: timedelta | float | None = None, /
    ) -> bool:
        """Advance one workflow's clock; False when it ended on the way."""
        return await self._skipper.fast_forward(handle, duration)

    async def get_current_time(self, handle: WorkflowHandle[Any, Any] | None = None) -> datetime:
        """One workflow's clock. Raises ValueError without a handle: there is no common clock."""
        if handle is None:
            raise ValueError("each workflow has its own clock: say whose")
        return await self._skipper.get_current_time(handle)

    async def get_time_skipping_info(
        self, handle: WorkflowHandle[Any, Any]
    ) -> TimeSkippingInfo | None:
        """What the server knows of one workflow's skipped time."""
        return await self._skipper.get_time_skipping_info(handle)

    @property
    def supports_time_skipping_v2(self) -> bool:
        """Always."""
        return True


@contextlib.asynccontextmanager
async def skipping_server(log_folder: Path | None = None) -> AsyncIterator[SkippingEnvironment]:
    """A server with skipped time and our data converter; one serves any number of rehearsals."""
    async with _forgetful_server(log_folder, _SKIPPING) as server:
        yield SkippingEnvironment(await connect(server.address))


@contextlib.asynccontextmanager
async def live_server(
    log_folder: Path | None = None, dynamic_config: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[WorkflowEnvironment]:
    """A server in real time, with our data converter."""
    async with _forgetful_server(log_folder, dict(dynamic_config)) as server:
        yield WorkflowEnvironment.from_client(await connect(server.address))


@contextlib.asynccontextmanager
async def _forgetful_server(
    log_folder: Path | None, dynamic_config: dict[str, str]
) -> AsyncIterator[EmbeddedTemporal]:
    with contextlib.ExitStack() as cleanup:
        folder = log_folder or Path(
            cleanup.enter_context(tempfile.TemporaryDirectory(prefix="aftercare-"))
        )
        async with EmbeddedTemporal(
            log_folder=folder, ui=False, dynamic_config=dynamic_config
        ) as server:
            yield server
