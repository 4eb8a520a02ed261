"""Children bound to our life: started from the main thread, stopped by pid, waited for."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from runtime.embedded.identity import Identity

_SHIM = Path(__file__).with_name("bound_child.py")
_POLL_SECONDS = 0.02


class ChildFailed(RuntimeError):
    """An embedded server did not start or ended by itself; the message ends with its log."""


class BoundChild:
    """A running program that ends with this process.

    `death_signal` is what it gets when we die without stopping it; `identity` is whom it runs as
    (None: as we do). Its output goes to `log`, appended.

    Raises RuntimeError outside the main thread: the kernel sends the death signal when the
    *thread* that started the child ends.
    """

    def __init__(
        self,
        program: Sequence[str | Path],
        *,
        log: Path,
        death_signal: signal.Signals,
        identity: Identity | None = None,
        directory: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("start embedded servers from the main thread")
        self.name = Path(program[0]).name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log_start = log.stat().st_size if log.exists() else 0
        shim = [sys.executable, "-I", "-S", str(_SHIM), "--parent", str(os.getpid())]
        shim += ["--signal", str(int(death_signal))]
        if identity is not None:
            shim += ["--uid", str(identity.uid), "--gid", str(identity.gid)]
        if directory is not None:
            shim += ["--directory", str(directory)]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*shim, "--", *map(str, program)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(environment) if environment is not None else None,
            )
        self.pid = self._process.pid

    @property
    def running(self) -> bool:
        """Whether the program has not ended."""
        return self._process.poll() is None

    async def ended(self) -> int:
        """Wait for its end; the exit code, negative for a signal."""
        while (code := self._process.poll()) is None:  # noqa: ASYNC110 (a process sets no event)
            await asyncio.sleep(_POLL_SECONDS)
        return code

    async def stop(self, stop_signal: signal.Signals, *, grace_seconds: float) -> None:
        """Ask it to end, and kill it when it has not after `grace_seconds`. Harmless twice."""
        for number in (stop_signal, signal.SIGKILL):
            if not self.running:
                return
            self._process.send_signal(number)
            try:
                await asyncio.wait_for(self.ended(), grace_seconds)
            except TimeoutError:
                continue

    def kill(self) -> None:
        """End it now, without waiting for its farewell."""
        if self.running:
            self._process.kill()
            self._process.wait()

    def failure(self, what: str) -> ChildFailed:
        """An error that says what went wrong and the last that the program said."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            said = log.read().decode(errors="replace").strip().splitlines()
        code = self._process.poll()
        ending = "" if code is None else f" (exit code {code})"
        tail = "\n".join(said[-15:])
        return ChildFailed(f"{self.name}: {what}{ending}; its log {self.log} ends:\n{tail}")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop(signal.SIGTERM, grace_seconds=5)


def free_ports(count: int) -> list[int]:
    """`count` different TCP ports of 127.0.0.1 that nobody listens on.

    Another process may take one before we do: whoever uses one tries again with others.
    """
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def answers(port: int) -> bool:
    """Whether somebody listens on that port of 127.0.0.1. Never takes the port itself."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def port_is_free(port: int) -> bool:
    """Whether the port of 127.0.0.1 can be taken; holds it for a moment to find out."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
