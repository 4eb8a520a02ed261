"""What another process writes to its log, shown here as it comes."""

from pathlib import Path
from typing import TextIO


class LogEcho:
    """Copies whole lines that come to a file after this was made."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._at = log.stat().st_size if log.exists() else 0
        self._rest = b""

    def copy(self, to: TextIO) -> None:
        """Write to `to` the whole lines since the last time."""
        if not self._log.exists():
            return
        with self._log.open("rb") as log:
            log.seek(self._at)
            fresh = log.read()
        self._at += len(fresh)
        *lines, self._rest = (self._rest + fresh).split(b"\n")
        to.writelines(line.decode(errors="replace") + "\n" for line in lines)
        to.flush()
