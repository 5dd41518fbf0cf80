"""What is particular to rows in RocksDB."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from agent_memory.errors import Corrupt
from agent_memory.storage import Family, RocksRows, scan_all

COUNT = 5_000
READS: dict[str, Callable[[RocksRows], object]] = {
    "get": lambda rows: rows.get(Family.VIEWS, _key(COUNT // 2)),
    "get_many": lambda rows: rows.get_many(Family.VIEWS, [_key(0), _key(COUNT // 2)]),
    "scan into it": lambda rows: rows.scan(Family.VIEWS, first=_key(0), end=_key(COUNT), limit=COUNT),
    "scan within it": lambda rows: rows.scan(Family.VIEWS, first=_key(COUNT // 2), end=_key(COUNT), limit=1),
    "scan backwards": lambda rows: rows.scan(Family.VIEWS, first=b"", end=_key(COUNT), limit=COUNT, reverse=True),
    "scan all": lambda rows: list(scan_all(rows, Family.VIEWS, first=b"", end=_key(COUNT), page=100)),
    "the last of each": lambda rows: rows.last_of_each(Family.VIEWS, [(b"", b"b"), (b"", _key(COUNT // 2))]),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_rows_that_cannot_be_read_are_told_and_never_passed_for_the_end(
    tmp_path: Path, read: Callable[[RocksRows], object]
) -> None:
    rows = _damaged(tmp_path)
    try:
        assert 100 == len(rows.scan(Family.VIEWS, first=b"", end=_key(100), limit=COUNT))
        with pytest.raises(Corrupt, match="block checksum mismatch"):
            read(rows)
    finally:
        rows.close()


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_whoever_keeps_such_an_error_does_not_keep_the_database_from_being_opened_anew(
    tmp_path: Path, read: Callable[[RocksRows], object]
) -> None:
    rows = _damaged(tmp_path)
    kept: list[Exception] = []
    try:
        try:
            read(rows)
        except Corrupt as error:
            kept.append(error)
        rows.reopen()
        batch = rows.batch()
        batch.put(Family.IDS, b"k", b"v")
        rows.write(batch, durable=True)

        assert kept
        assert b"v" == rows.get(Family.IDS, b"k")
    finally:
        rows.close()


def _damaged(folder: Path) -> RocksRows:
    """Rows of which the middle half cannot be read."""
    chance = Random(7)
    rows = RocksRows(folder / "rows")
    batch = rows.batch()
    batch.put_many(Family.VIEWS, [(_key(number), chance.randbytes(100)) for number in range(COUNT)])
    rows.write(batch, durable=True)
    rows.close()
    (table,) = (folder / "rows").glob("*.sst")
    damaged = bytearray(table.read_bytes())
    for place in range(len(damaged) // 4, len(damaged) * 3 // 4):
        damaged[place] ^= 0x5A
    table.write_bytes(damaged)
    return RocksRows(folder / "rows")


def _key(number: int) -> bytes:
    return b"%06d" % number
