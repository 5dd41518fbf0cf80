"""Rows of the contents, the catalog and the entities that are no rows any more."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent_memory.annotation import Entity, EntityType
from agent_memory.errors import Corrupt, UnknownNode
from agent_memory.indexes._contents_rows import checkpoint_key, level_prefix, period_ulid
from agent_memory.indexes.catalog import CatalogIndex, catalog_prefix
from agent_memory.indexes.contents import ContentsIndex
from agent_memory.indexes.entities import EntitiesIndex, entities_prefix, entity_key
from agent_memory.storage import Family, InMemoryRows
from agent_memory.toc.calendar import Calendar
from agent_memory.toc.material import Level


@pytest.mark.parametrize("value", [b"", b"\x95short", b"\xc1", b"\xa2\xff\xff"])
def test_a_damaged_row_of_the_contents_is_corrupt_and_named(value: bytes) -> None:
    rows = InMemoryRows()
    contents = ContentsIndex(rows, generation=1, zone="UTC")
    with pytest.raises(UnknownNode):
        contents.node("day/2026-01-09")
    day = Calendar("UTC").period("day/2026-01-09")
    key = level_prefix(1, Level.DAY) + period_ulid(day) + bytes(8)
    batch = rows.batch()
    batch.put(Family.TOC_NODES, key, value)
    batch.put(Family.VIEWS, checkpoint_key(1), value)
    rows.write(batch)
    for read in (lambda: contents.node("day/2026-01-09"), lambda: list(contents.contents_rows())):
        with pytest.raises(Corrupt, match=f"toc_nodes {key.hex()}"):
            read()
    with pytest.raises(Corrupt, match=f"views {checkpoint_key(1).hex()}"):
        contents.checkpoint()


@pytest.mark.parametrize("value", [b"", b"\x95", b"\xc1"])
def test_a_damaged_row_of_the_catalog_is_corrupt_and_named(value: bytes) -> None:
    rows = InMemoryRows()
    catalog = CatalogIndex(rows, generation=1, zone="UTC")
    prefix = catalog_prefix(1)
    batch = rows.batch()
    for name in (b"c", b"t", b"d2026-01-09" + bytes(24), b"s" + bytes(16)):
        batch.put(Family.VIEWS, prefix + name, value)
    rows.write(batch)
    readers: list[Callable[[], object]] = [
        catalog.checkpoint,
        catalog.event_count,
        lambda: catalog.days(first="2026-01-09", until="2026-01-09"),
        lambda: list(catalog.catalog_rows()),
    ]
    for read in readers:
        with pytest.raises(Corrupt, match=f"views {prefix.hex()}"):
            read()


@pytest.mark.parametrize("value", [b"\x93", b"\x95", b"\xc1"])
def test_a_damaged_row_of_the_entities_is_corrupt_and_named(value: bytes) -> None:
    rows = InMemoryRows()
    index = EntitiesIndex(rows, generation=1)
    prefix = entities_prefix(1)
    key, many, odd = (entity_key(Entity(EntityType.PERSON, name)) for name in ("ada", "grace", "alan"))
    batch = rows.batch()
    for place in (
        b"c",
        b"t",
        b"d\x002026-01-10short",
        b"n" + key.to_bytes(8, "big")[:7],
        b"e" + bytes(16),
        b"p" + many.to_bytes(8, "big") + b"short",
    ):
        batch.put(Family.VIEWS, prefix + place, value)
    # These can be read: as nine events that have rows of their own, and as no whole number of ULIDs.
    batch.put(Family.VIEWS, prefix + b"n" + many.to_bytes(8, "big")[:7], b"\x81\x01\x09")
    batch.put(Family.VIEWS, prefix + b"n" + odd.to_bytes(8, "big")[:7], b"\x81\x01\xc4\x01a")
    rows.write(batch)
    readers: list[Callable[[], object]] = [
        index.checkpoint,
        index.event_count,
        lambda: index.mentioning("2026-01-09", "2026-01-12", limit=9),
        lambda: index.counts([key]),
        lambda: index.counts([odd]),
        lambda: index.postings([key], limit=9),
        lambda: index.postings([many], limit=9),
        lambda: index.mentioned([0]),
        lambda: list(index.entities_rows()),
    ]
    for read in readers:
        with pytest.raises(Corrupt, match=f"views {prefix.hex()}"):
            read()
