"""However many long events a reader asks for, the log holds few of them in memory at once, and decodes them once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from agent_memory.log import RowEventLog
from agent_memory.log.decoded import DECODED_BYTES_MAX
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


def test_readers_at_about_the_same_place_share_what_was_decoded() -> None:
    log = RowEventLog(InMemoryRows())
    log.append([event(f"text {n}", time_ms=NOON_MS + n) for n in range(100)])
    whole = log.read(limit=100)
    parts = [recorded for after in range(0, 100, 7) for recorded in log.read(after=after, limit=7)]

    assert whole == parts
    assert all(one.event is other.event for one, other in zip(whole[:96], parts[:96], strict=True))


def test_the_newest_events_are_seen_as_they_come() -> None:
    log = RowEventLog(InMemoryRows())
    seen = []
    for n in range(40):
        log.append([event(f"text {n}", time_ms=NOON_MS + n)])
        seen.append([recorded.event.text for recorded in log.read(after=max(0, n - 20), limit=100)])

    assert seen == [[f"text {n}" for n in range(max(0, last - 20), last + 1)] for last in range(40)]


def test_what_is_kept_decoded_is_bounded() -> None:
    log = RowEventLog(InMemoryRows())
    count = 3 * DECODED_BYTES_MAX // (2 * LONG) // 16 * 16
    log.append([event("x" * LONG, time_ms=NOON_MS + n) for n in range(count)])
    first = log.read(limit=16)
    after = 16
    while after < count:
        after += len(log.read(after=after, limit=16))

    assert log.read(limit=1)[0].event is not first[0].event
    assert sum(len(r.event.text) for block, _ in log._decoded._blocks.values() for r, _ in block) <= DECODED_BYTES_MAX
