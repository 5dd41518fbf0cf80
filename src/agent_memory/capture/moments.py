"""Times that keep things in the order in which they were told.

Events of one millisecond lie in no order that means anything, and agents give many things one time: the call of a
tool and its result, all parts of a message, all lines that were written at once. Each gets a millisecond of its own.
"""

from __future__ import annotations

from collections import deque

# Times go back, too: where conversations take turns in one history, and where calls are told once they have ended.
_RUNS_MAX = 8


class Moments:
    """Gives each thing that is told a time of its own, after those before it that were given the same."""

    def __init__(self) -> None:
        # Stretches of times that are taken: first and last.
        self._runs: deque[list[int]] = deque(maxlen=_RUNS_MAX)

    def next(self, time_ms: int) -> int:
        """The time itself, or as little later as it takes."""
        moment, taken = time_ms, self._run_at(time_ms)
        run = taken
        while taken is not None:
            run, moment = taken, taken[1] + 1
            taken = self._run_at(moment)
        if run is None:
            self._runs.append([moment, moment])
        else:
            run[1] = moment
        return moment

    def _run_at(self, moment: int) -> list[int] | None:
        return next((run for run in self._runs if run[0] <= moment <= run[1]), None)
