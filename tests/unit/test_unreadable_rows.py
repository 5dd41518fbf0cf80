"""Rows that the engine cannot read any more: who meets one says so, and where; what is sound is still had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from agent_memory.clock import SYSTEM_CLOCK
from agent_memory.errors import ChecksumMismatch, Corrupt
from agent_memory.log import RowEventLog
from agent_memory.log.keys import log_key
from agent_memory.projectors.live import LiveView
from agent_memory.replay import rebuild
from agent_memory.storage import Family, InMemoryRows
from agent_memory.testing.events import event
from agent_memory.testing.views import TextsView, projected

COUNT = 40
BROKEN = 27


class UnreadableRows(InMemoryRows):
    """Some of them cannot be read; whoever comes to one is told."""

    unreadable: frozenset[tuple[Family, bytes]] = frozenset()

    def get(self, family: Family, key: bytes) -> bytes | None:
        self._check(family, [key])
        return super().get(family, key)

    def get_many(self, family: Family, keys: Sequence[bytes]) -> list[bytes | None]:
        self._check(family, keys)
        return super().get_many(family, keys)

    def scan(self, family: Family, **bounds: Any) -> list[tuple[bytes, bytes]]:
        found = super().scan(family, **bounds)
        self._check(family, [key for key, _ in found])
        return found

    def _check(self, family: Family, keys: Sequence[bytes]) -> None:
        if any((family, key) in self.unreadable for key in keys):
            raise Corrupt("block checksum mismatch")


@pytest.fixture
def rows() -> UnreadableRows:
    return UnreadableRows()


@pytest.fixture
def log(rows: UnreadableRows) -> RowEventLog:
    log = RowEventLog(rows)
    log.append([event(str(n)) for n in range(COUNT)])
    return log


def test_verify_names_the_first_entry_that_cannot_be_read(rows: UnreadableRows, log: RowEventLog) -> None:
    rows.unreadable = frozenset({(Family.LOG, log_key(BROKEN)), (Family.LOG, log_key(BROKEN + 1))})
    with pytest.raises(ChecksumMismatch, match=f"position {BROKEN}: the entry cannot be read: block checksum"):
        log.verify(limit=COUNT)


def test_verify_names_what_is_wrong_before_it_first(rows: UnreadableRows, log: RowEventLog) -> None:
    batch = rows.batch()
    batch.delete(Family.LOG, log_key(BROKEN - 2))
    rows.write(batch)
    rows.unreadable = frozenset({(Family.LOG, log_key(BROKEN))})
    with pytest.raises(ChecksumMismatch, match=f"position {BROKEN - 2}: the entry is missing"):
        log.verify(limit=COUNT)


def test_a_reader_of_the_log_is_told_after_which_position(rows: UnreadableRows, log: RowEventLog) -> None:
    rows.unreadable = frozenset({(Family.LOG, log_key(BROKEN))})
    with pytest.raises(Corrupt, match=r"the log cannot be read after position \d+: block checksum"):
        log.read(after=BROKEN - 1, limit=1)


@pytest.mark.parametrize("row", [b"t" + BROKEN.to_bytes(8, "big"), b"c"], ids=["text", "checkpoint"])
def test_a_view_that_cannot_be_read_is_told_and_mended_by_replay(
    rows: UnreadableRows, log: RowEventLog, row: bytes
) -> None:
    kind = TextsView(rows)
    view = projected(LiveView(kind, rows), log)
    rows.unreadable = frozenset({(Family.VIEWS, kind.prefix(1) + row)})
    verdict = rebuild(view, log, clock=SYSTEM_CLOCK, progress=lambda _: None)

    assert not verdict.identical
    assert "the live view cannot be read: block checksum mismatch" == verdict.first_difference
    with view.lease() as projector:
        assert [str(n) for n in range(COUNT)] == projector.index.texts()
