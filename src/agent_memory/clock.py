"""The sources of time, ids and randomness; everything else asks these."""

from __future__ import annotations

import os
import threading
import time
from typing import Protocol

from agent_memory.events.ulids import ULID_RANDOM_MAX, ulid_of


class Clock(Protocol):
    """What time it is."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        ...

    def monotonic_s(self) -> float:
        """Seconds since some instant; never goes back."""
        ...


class IdSource(Protocol):
    """Where new event ids come from."""

    def new_id(self, time_ms: int) -> str:
        """A ULID of that time, greater than every earlier one of the same millisecond."""
        ...


class SystemClock:
    """The time of this machine."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()


class RandomIds:
    """ULIDs with 80 random bits, increasing within a millisecond.

    Source: https://github.com/ulid/spec, section "Monotonicity".
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._time_ms = -1
        self._random = 0

    def new_id(self, time_ms: int) -> str:
        with self._lock:
            if time_ms == self._time_ms and self._random < ULID_RANDOM_MAX:
                self._random += 1
            else:
                self._time_ms = time_ms
                # The top bit stays clear, so that the increments have room.
                self._random = int.from_bytes(os.urandom(10), "big") >> 1
            return ulid_of(time_ms, self._random)


SYSTEM_CLOCK = SystemClock()
