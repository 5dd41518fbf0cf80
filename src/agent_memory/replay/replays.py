"""Replays of views on request: one at a time for each, reported as they go."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Sequence

from agent_memory.bridge import Cancelled as CancelledCheck
from agent_memory.bridge import Emit, reports
from agent_memory.clock import Clock
from agent_memory.errors import ReplayRunning
from agent_memory.log import EventLog
from agent_memory.memory import ReplayReport
from agent_memory.projectors.views import Views
from agent_memory.replay.rebuild import Cancelled, rebuild


class Replays:
    """Rebuilds views, one after the other, beside the live ones."""

    def __init__(self, log: EventLog, views: Views, *, clock: Clock) -> None:
        self._log = log
        self._views = views
        self._clock = clock
        self._running = {runner.view.name: threading.Lock() for runner in views}

    def run(self, names: Sequence[str], *, restart: bool = False) -> AsyncIterator[ReplayReport]:
        """Progress and a verdict for each view, once, in the order of their first naming.

        Errors: `ReplayRunning`, and those of `rebuild`.
        """

        def produce(emit: Emit[ReplayReport], cancelled: CancelledCheck) -> None:
            for name in dict.fromkeys(names):
                if not self._running[name].acquire(blocking=False):
                    raise ReplayRunning(name)
                runner = self._views.runner(name)
                try:
                    verdict = rebuild(
                        runner.view, self._log, clock=self._clock, restart=restart, progress=emit, cancelled=cancelled
                    )
                except Cancelled:
                    return
                finally:
                    self._running[name].release()
                runner.nudge()
                emit(verdict)

        return reports(produce, name="replay")
