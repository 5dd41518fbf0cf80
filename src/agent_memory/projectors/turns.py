"""Views take turns at the interpreter, which runs one thread at a time whatever they do."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from agent_memory.clock import Clock

_TURN_S = 1.0


class Turns:
    """One view at a time projects a batch, in the order in which they asked.

    Threads that compute in Python gain nothing from each other's company, and every one of them
    keeps the event loop waiting for a switch interval whenever it wants to go on. A turn is a
    courtesy and no lock: who is in a hurry goes at once, and who takes longer than a second is
    not waited for.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        # The first has the turn.
        self._queue: deque[object] = deque()
        self._begun_s = 0.0

    @contextmanager
    def turn(self, is_hurried: Callable[[], bool]) -> Iterator[None]:
        """A block that begins when it is its turn, or when `hurry` was called and *is_hurried*."""
        place = object()
        with self._changed:
            self._queue.append(place)
            if self._queue[0] is place:
                self._begun_s = self._clock.monotonic_s()
            while self._queue[0] is not place and not is_hurried():
                left_s = self._begun_s + _TURN_S - self._clock.monotonic_s()
                if left_s <= 0:
                    self._leave(self._queue[0])
                else:
                    self._changed.wait(left_s)
        try:
            yield
        finally:
            with self._changed:
                self._leave(place)

    def hurry(self) -> None:
        """Have those that wait ask whether they are hurried."""
        with self._changed:
            self._changed.notify_all()

    def _leave(self, place: object) -> None:
        """Give up a place; the turn, if it was the first. One that took too long has none any more."""
        if place in self._queue:
            self._queue.remove(place)
            self._begun_s = self._clock.monotonic_s()
            self._changed.notify_all()
