"""Every log passes the same checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent_memory.log import RowEventLog
from agent_memory.storage import InMemoryRows, RocksRows
from agent_memory.testing.answers_checks import RecordedAnswersChecks
from agent_memory.testing.log_checks import EventLogChecks


class LogChecks(EventLogChecks, RecordedAnswersChecks):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> Iterator[None]:
        self.folder = tmp_path
        self.closers: list[Callable[[], None]] = []
        yield
        for close in reversed(self.closers):
            close()


class TestInMemoryLog(LogChecks):
    def make_log(self) -> RowEventLog:
        log = RowEventLog(InMemoryRows())
        self.closers.append(log.close)
        return log


class TestRocksLog(LogChecks):
    def make_log(self) -> RowEventLog:
        rows = RocksRows(self.folder / str(len(self.closers)))
        log = RowEventLog(rows)
        self.closers += [rows.close, log.close]
        return log


class TestLogWithSmallGroups(LogChecks):
    """Commits that end in the middle of what is waiting."""

    def make_log(self) -> RowEventLog:
        log = RowEventLog(InMemoryRows(), group_events_max=2)
        self.closers.append(log.close)
        return log
