"""How the spool is, as `status` tells it."""

from __future__ import annotations

import time
from pathlib import Path

from agent_memory.capture import spool
from agent_memory.capture.ledger import read_counters
from agent_memory.capture.policy import read_policy
from agent_memory.memory import SpoolStatus

_REDACTED = "redacted."


class SpoolReport:
    """Reads what the spool's folder says; ``error`` is why nobody drains it now, set by who does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.error = ""

    def status(self) -> SpoolStatus:
        """Changes nothing, also where there is no spool yet, or none that can be read."""
        try:
            return self._read()
        except OSError as error:
            return SpoolStatus(path=str(self._folder), error=self.error or f"cannot be read: {error}")

    def _read(self) -> SpoolStatus:
        folder = str(self._folder)
        now_ns = time.time_ns()
        names = spool.waiting(folder)
        counters = read_counters(self._folder)
        return SpoolStatus(
            path=folder,
            waiting=len(names),
            oldest_waiting_s=max(0.0, (now_ns - spool.received_ns(names[0])) / 1e9) if names else 0.0,
            drained=counters.get("drained", 0),
            skipped=counters.get("skipped", 0),
            refused=len(spool.refused(folder)),
            lost=spool.lost(folder),
            redacted={
                name.removeprefix(_REDACTED): count for name, count in counters.items() if name.startswith(_REDACTED)
            },
            paused=read_policy(folder).paused(now_ns // 1_000_000),
            error=self.error,
        )
