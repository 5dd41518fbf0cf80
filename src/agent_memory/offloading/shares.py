"""Who of two does which part of a piece of work: one from the first on, the other from the last."""

from __future__ import annotations

import threading
from collections.abc import Iterator

_SHARE_OF_REST = 8


class Shares:
    """The places of *count* parts, each given to one of two threads; ``met_at`` is where the other one's begin."""

    def __init__(self, count: int) -> None:
        self._first = 0
        self.met_at = count
        self._lock = threading.Lock()

    def from_the_first(self) -> Iterator[int]:
        """One place after the other, until the other one has the next."""
        while True:
            with self._lock:
                place = self._first
                if place >= self.met_at:
                    return
                self._first += 1
            yield place

    def from_the_last(self) -> Iterator[range]:
        """Some places at once, as it is dear to ask for each; fewer where few are left, so that nobody waits long."""
        while True:
            with self._lock:
                left = self.met_at - self._first
                if left <= 0:
                    return
                places = range(self.met_at - max(1, left // _SHARE_OF_REST), self.met_at)
                self.met_at = places.start
            yield places

    def close(self) -> None:
        """Nothing more is given to anybody."""
        with self._lock:
            self._first = self.met_at
