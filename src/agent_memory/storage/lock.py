"""The lock that makes one process the owner of a store.

owner.lock    JSON {"pid": 123, "address": "127.0.0.1:50051"}, held by flock(2)

The kernel lets go of the lock when its holder dies, however it dies; what the file says is
only to name the holder.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import msgspec

from agent_memory.errors import StoreLocked

LOCK_NAME = "owner.lock"


class Holder(msgspec.Struct, frozen=True):
    """Who owns a store; the address is empty where it serves none."""

    pid: int
    address: str = ""

    def __str__(self) -> str:
        return f"process {self.pid}" + (f" at {self.address}" if self.address else "")


class StoreLock:
    """Held from construction to `close`.

    A *shared* lock keeps owners out and other readers in; it names nobody.
    Errors: `StoreLocked`, with the holder.
    """

    def __init__(self, store: Path, *, shared: bool = False) -> None:
        self._path = store / LOCK_NAME
        self._shared = shared
        access = os.O_RDONLY if shared and self._path.exists() else os.O_RDWR | os.O_CREAT
        self._file = os.open(self._path, access | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = self._holder()
            os.close(self._file)
            raise StoreLocked(str(store), holder) from None
        self.announce("")

    def announce(self, address: str) -> None:
        """Tell later openers where the owner serves."""
        if not self._shared:
            text = msgspec.json.encode(Holder(os.getpid(), address))
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, text, 0)

    def close(self) -> None:
        if self._file >= 0:
            if not self._shared:
                # So that a reader who keeps an owner out later is not called by our name.
                os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = -1

    def _holder(self) -> str:
        try:
            return str(msgspec.json.decode(os.pread(self._file, 4096, 0), type=Holder))
        except msgspec.DecodeError:
            return "another process"


def lock_holder(store: Path) -> Holder | None:
    """The process that owns the store now; None where nobody does, or there is no store. Changes nothing."""
    try:
        file = os.open(store / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        try:
            return msgspec.json.decode(os.pread(file, 4096, 0), type=Holder)
        except msgspec.DecodeError:
            return None
    finally:
        os.close(file)
    return None
