"""Where the milliseconds of a search go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from agent_memory.clock import Clock


class Watch:
    """Milliseconds by step; steps of several threads may run at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ms: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count what the block takes to *name*."""
        started = self._clock.monotonic_s()
        try:
            yield
        finally:
            self._ms[name] = self._ms.get(name, 0.0) + (self._clock.monotonic_s() - started) * 1000

    def timings_ms(self) -> dict[str, float]:
        """What was counted so far."""
        return dict(self._ms)
