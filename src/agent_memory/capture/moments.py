"""Times that keep things in the order in which they were told.

Events of one millisecond lie in no order that means anything, and agents give many things one time: the call of a
tool and its result, all parts of a message, all lines that were written at once. Each gets a millisecond of its own.
"""

from __future__ import annotations


class Moments:
    """Gives each thing that is told a time after the one before, if both would have the same."""

    def __init__(self) -> None:
        self._given = self._last = -1

    def next(self, time_ms: int) -> int:
        """The time itself, or a little later: where times only seem to go on, because of such moments, they do."""
        self._last = self._last + 1 if self._given <= time_ms <= self._last else time_ms
        self._given = time_ms
        return self._last
