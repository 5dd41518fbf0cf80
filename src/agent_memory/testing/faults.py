"""Faults on purpose: break something at its n-th step, for every n, until a run passes unbroken."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from agent_memory.errors import StorageUnavailable
from agent_memory.storage.port import Batch, Family, Range, Rows


class InjectedFault(StorageUnavailable):
    """A step was broken on purpose."""


class Faults:
    """Raises `InjectedFault` at the step number *at*, counted from 1 over everything that shares it.

    ``fired`` tells whether the run came that far. With *forever*, every later step fails too, as
    after a crash: what runs on in the background of a dead process changes nothing.
    """

    def __init__(self, at: int, *, forever: bool = False) -> None:
        self.fired = False
        self._at = at
        self._forever = forever
        self._steps = 0
        self._lock = threading.Lock()

    def step(self, name: str) -> None:
        """One place where the run may break; call it before and after each effect."""
        with self._lock:
            self._steps += 1
            if self._steps == self._at or (self._forever and self._steps > self._at > 0):
                self.fired = True
                raise InjectedFault(f"injected at step {self._steps}: {name}")


NO_FAULTS = Faults(0)
"""Never fires."""


class FaultyRows:
    """Rows whose writes may break: before they take effect, or after, with no answer given."""

    def __init__(self, rows: Rows, faults: Faults) -> None:
        self._rows = rows
        self._faults = faults

    def get(self, family: Family, key: bytes) -> bytes | None:
        return self._rows.get(family, key)

    def get_many(self, family: Family, keys: Sequence[bytes]) -> list[bytes | None]:
        return self._rows.get_many(family, keys)

    def scan(
        self, family: Family, *, first: bytes, end: bytes, limit: int, reverse: bool = False
    ) -> list[tuple[bytes, bytes]]:
        return self._rows.scan(family, first=first, end=end, limit=limit, reverse=reverse)

    def last_of_each(self, family: Family, ranges: Sequence[Range]) -> list[tuple[bytes, bytes] | None]:
        return self._rows.last_of_each(family, ranges)

    def batch(self) -> Batch:
        return self._rows.batch()

    def write(self, batch: Batch, *, durable: bool = False) -> None:
        self._faults.step("before a write")
        self._rows.write(batch, durable=durable)
        self._faults.step("after a write")
