"""The contents and the catalog hold over every engine of rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_memory.storage import InMemoryRows, RocksRows
from agent_memory.testing.contents_checks import ContentsChecks
from agent_memory.testing.wording_checks import WordingChecks


class TestContentsInMemory(ContentsChecks, WordingChecks):
    def make_rows(self) -> InMemoryRows:
        return InMemoryRows()


class TestContentsInRocks(ContentsChecks, WordingChecks):
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
