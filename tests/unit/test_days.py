"""Days of a store whose events lie far apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from agent_memory.errors import InvalidQuery
from agent_memory.indexes.catalog import CatalogIndex
from agent_memory.indexes.contents import ContentsIndex
from agent_memory.log import RowEventLog
from agent_memory.projectors.catalog import CatalogView
from agent_memory.reading import DAYS_MAX, Reader
from agent_memory.storage import InMemoryRows
from agent_memory.testing.events import event

NEWEST = datetime(2026, 1, 9, 12, tzinfo=UTC)


@pytest.fixture
def reader() -> Iterator[Reader]:
    """Of a store with one event of 1970, which is legal, and one of today."""
    rows = InMemoryRows()
    log = RowEventLog(rows)
    log.append([event("old", time_ms=5), event("new", time_ms=int(NEWEST.timestamp() * 1000))])
    projector = CatalogView(rows, zone="UTC").open(1)
    projector.project(log.read(limit=10))

    @contextmanager
    def catalog() -> Iterator[CatalogIndex]:
        yield projector.index

    @contextmanager
    def contents() -> Iterator[ContentsIndex]:
        yield ContentsIndex(rows, generation=1, zone="UTC")

    yield Reader(log, contents=contents, catalog=catalog, time_zone="UTC")
    log.close()


def told(reader: Reader, **edges: str) -> tuple[str, str, int]:
    days = reader.days(**edges).days
    return days[0].date, days[-1].date, len(days)


def test_without_edges_the_last_days_are_told(reader: Reader) -> None:
    assert ("2015-11-24", "2026-01-09", DAYS_MAX) == told(reader)
    assert 1 == reader.days().days[-1].event_count


def test_an_edge_that_is_given_is_kept_and_the_other_comes_nearer(reader: Reader) -> None:
    assert ("1970-01-01", "1980-02-17", DAYS_MAX) == told(reader, from_="1970")
    assert ("2014-11-15", "2024-12-31", DAYS_MAX) == told(reader, until="2024")
    assert ("2026-01-01", "2026-01-09", 9) == told(reader, from_="2026")
    assert ("1970-01-01", "1970-01-31", 31) == told(reader, until="1970-01")


def test_only_a_range_that_was_given_can_be_too_long(reader: Reader) -> None:
    assert DAYS_MAX == told(reader, from_="2015-11-24", until="2026-01-09")[2]
    with pytest.raises(InvalidQuery, match="3,700 days from 2015-11-23") as caught:
        reader.days(from_="2015-11-23", until="2026-01-09")

    assert "until" == caught.value.field
