"""The log of a daemon that nobody watches: a file of bounded size, with a few older ones beside it.

    daemon.log  daemon.log.1  daemon.log.2  daemon.log.3        the newest first

Standard error itself is led there, so that what libraries say before they abort is found as well.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from agent_memory.errors import StorageUnavailable

FILE_BYTES_MAX = 5 << 20
OLDER_MAX = 3
_STANDARD_ERROR = 2


class LogFile:
    """Leads standard error into the file at *path*; as a stream it starts another when that is full.

    Errors: `StorageUnavailable`.
    """

    def __init__(self, path: Path, *, bytes_max: int = FILE_BYTES_MAX) -> None:
        self.path = path
        self._bytes_max = bytes_max
        try:
            self._lead()
        except OSError as error:
            raise StorageUnavailable(f"the log {path} cannot be written: {error.strerror}") from error

    def write(self, text: str) -> int:
        data = text.encode("utf-8", "backslashreplace")
        if os.fstat(_STANDARD_ERROR).st_size + len(data) > self._bytes_max:
            # Whatever keeps a file from being renamed keeps nothing from being logged.
            with contextlib.suppress(OSError):
                self._rotate()
        while data:
            data = data[os.write(_STANDARD_ERROR, data) :]
        return len(text)

    def flush(self) -> None:
        """Nothing waits."""

    def isatty(self) -> bool:
        return False

    def _rotate(self) -> None:
        for older in reversed(range(OLDER_MAX)):
            name = self._name(older)
            if name.exists():
                name.replace(self._name(older + 1))
        self._lead()

    def _name(self, age: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{age}") if age else self.path

    def _lead(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.dup2(file, _STANDARD_ERROR)
        os.close(file)
