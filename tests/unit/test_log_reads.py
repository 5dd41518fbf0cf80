"""However many long events a reader asks for, the log holds few of them in memory at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from agent_memory.log import RowEventLog
from agent_memory.storage import Family, InMemoryRows
from agent_memory.testing.events import NOON_MS, event

LONG = 100_000


class MeasuredRows(InMemoryRows):
    """Remembers the most bytes of events that one call gave."""

    most_bytes = 0

    def get_many(self, family: Family, keys: Sequence[bytes]) -> list[bytes | None]:
        found = super().get_many(family, keys)
        self._measure(family, [value or b"" for value in found])
        return found

    def scan(self, family: Family, **bounds: Any) -> list[tuple[bytes, bytes]]:
        found = super().scan(family, **bounds)
        self._measure(family, [value for _, value in found])
        return found

    def _measure(self, family: Family, values: Sequence[bytes]) -> None:
        if family is Family.EVENTS:
            self.most_bytes = max(self.most_bytes, sum(map(len, values)))


@pytest.mark.parametrize(
    "read",
    [
        lambda log: log.read(limit=100),
        lambda log: log.scan(limit=100),
        lambda log: log.scan(limit=100, newest_first=True),
        lambda log: log.scan(session="s", limit=100),
        lambda log: log.verify(limit=100),
        lambda log: log.verify_events(limit=100),
    ],
    ids=["read", "scan", "scan back", "session", "verify", "verify events"],
)
def test_long_events_are_read_a_few_at_a_time(read: Callable[[RowEventLog], Any]) -> None:
    rows = MeasuredRows()
    log = RowEventLog(rows)
    log.append([event("x" * LONG, time_ms=NOON_MS + n) for n in range(100)])
    rows.most_bytes = 0
    read(log)

    assert LONG <= rows.most_bytes <= 20 * LONG
