"""The home of an embedded stack: one running stack at a time."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


class HomeInUse(RuntimeError):
    """Another process runs a stack on this home. The message names it."""

    def __init__(self, home: Path, pid: str) -> None:
        super().__init__(f"{home} 正被进程 {pid} 使用:先用 aftercare down 停止它")
        self.home = home
        self.pid = int(pid) if pid.isdigit() else None


@contextlib.contextmanager
def exclusive(home: Path) -> Iterator[None]:
    """Hold `home` for this process.

    The kernel lets go when the process ends, however it ends, so no stale lock can stay behind.
    Raises HomeInUse.
    """
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (home / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise HomeInUse(home, lock.read().strip() or "?") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
