"""Ordered rows: the one thing that the log and the row-based views ask of an engine."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from typing import Protocol


class Family(enum.Enum):
    """The column families of a store; docs/storage.md tells what each holds."""

    EVENTS = "events"
    LOG = "log"
    IDS = "ids"
    SESSIONS = "sessions"
    TOC_NODES = "toc_nodes"
    GRIPS = "grips"
    EMBEDDINGS = "embeddings"
    VIEWS = "views"


class Batch(Protocol):
    """Changes that take effect together or not at all; later ones win."""

    def put(self, family: Family, key: bytes, value: bytes) -> None: ...
    def put_many(self, family: Family, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """`put` for each of *rows*, keys with their values."""
        ...

    def delete(self, family: Family, key: bytes) -> None: ...
    def delete_range(self, family: Family, first: bytes, end: bytes) -> None:
        """Delete every key from *first* up to, not including, *end*."""
        ...


Range = tuple[bytes, bytes]
"""Keys from the first, which is included, to the second, which is not."""


class Rows(Protocol):
    """Byte keys in byte order, in families. Safe to use from several threads.

    Errors of every read: `Corrupt` where a row that it comes to cannot be read, be it one beside those that are asked
    for; `Closed`; `StorageUnavailable`.
    """

    def get(self, family: Family, key: bytes) -> bytes | None: ...

    def get_many(self, family: Family, keys: Sequence[bytes]) -> list[bytes | None]: ...

    def scan(
        self, family: Family, *, first: bytes, end: bytes, limit: int, reverse: bool = False
    ) -> list[tuple[bytes, bytes]]:
        """Up to *limit* rows with ``first <= key < end``, in key order or against it.

        The bound keeps the interpreter free for others; `scan_all` pages through.
        """
        ...

    def last_of_each(self, family: Family, ranges: Sequence[Range]) -> list[tuple[bytes, bytes] | None]:
        """For each range ``[first, end)`` its last row, None where it has none; many cost little more than one."""
        ...

    def batch(self) -> Batch: ...

    def write(self, batch: Batch, *, durable: bool = False) -> None:
        """Apply the batch as one; if *durable*, it survives power loss on return.

        So does all that was written before: an empty durable batch is a barrier, after which
        reads see only what is durable.
        Errors: `DiskFull` and `StorageUnavailable`, applied wholly or not at all, which a read
        tells after the next barrier; `Closed`.
        """
        ...


def scan_all(
    rows: Rows, family: Family, *, first: bytes, end: bytes, page: int = 1000
) -> Iterator[tuple[bytes, bytes]]:
    """Every row with ``first <= key < end``, in key order, read a page at a time."""
    while True:
        found = rows.scan(family, first=first, end=end, limit=page)
        yield from found
        if len(found) < page:
            return
        first = found[-1][0] + b"\x00"


def prefix_end(prefix: bytes) -> bytes:
    """The smallest key that is greater than every key with that prefix."""
    stripped = prefix.rstrip(b"\xff")
    if not stripped:
        return b"\xff" * (len(prefix) + 64)
    return stripped[:-1] + bytes([stripped[-1] + 1])
