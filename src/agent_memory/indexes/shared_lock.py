"""A lock that many may share and one may have alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_TURN_S = 0.01


class SharedLock:
    """Sharers run beside each other; who has it exclusively runs alone. Neither starves.

    One that takes it exclusively again and again, in short turns, lets in between whoever waits.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._sharers = 0
        self._waiting = 0
        self._exclusive = False
        self._wanted = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Hold it with others."""
        with self._changed:
            self._waiting += 1
            while self._exclusive or self._wanted:
                self._changed.wait()
            self._waiting -= 1
            self._sharers += 1
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._sharers -= 1
                self._changed.notify_all()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold it alone."""
        with self._changed:
            # Whoever waited through the last turn goes first.
            self._changed.wait_for(lambda: not self._waiting and not self._wanted, timeout=_TURN_S)
            while self._exclusive or self._wanted:
                self._changed.wait()
            self._wanted = True
            while self._sharers:
                self._changed.wait()
            self._exclusive, self._wanted = True, False
        try:
            yield
        finally:
            with self._changed:
                self._exclusive = False
                self._changed.notify_all()
