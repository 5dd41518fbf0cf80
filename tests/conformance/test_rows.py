"""Every engine of rows passes the same checks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_memory.storage import InMemoryRows, RocksRows
from agent_memory.testing.storage_checks import RowsChecks


class TestInMemoryRows(RowsChecks):
    def make_rows(self) -> InMemoryRows:
        return InMemoryRows()


class TestRocksRows(RowsChecks):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> Iterator[None]:
        self.opened: list[RocksRows] = []
        self.folder = tmp_path
        yield
        for rows in self.opened:
            rows.close()

    def make_rows(self) -> RocksRows:
        self.opened.append(RocksRows(self.folder / str(len(self.opened))))
        return self.opened[-1]


class TestReopenedRocksRows(TestRocksRows):
    """The same after its database was opened anew, as after a write that the disk refused."""

    def make_rows(self) -> RocksRows:
        rows = super().make_rows()
        rows.reopen()
        return rows
