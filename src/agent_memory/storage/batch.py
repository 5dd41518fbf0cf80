"""A batch as a plain list of changes: every engine applies it in its own way.

It holds no engine, so it outlives a reopening of the one it was made by.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

import msgspec

from agent_memory.storage.port import Family


class Op(enum.IntEnum):
    """What a change does."""

    PUT_MANY = 0
    DELETE = 1
    DELETE_RANGE = 2


class Change(msgspec.Struct, frozen=True):
    """What happens to a family: rows that are put, a key that goes, or a range from key to end."""

    op: Op
    family: Family
    rows: Sequence[tuple[bytes, bytes]] = ()
    key: bytes = b""
    end: bytes = b""


class RowBatch:
    """Changes in the order in which they were asked for."""

    def __init__(self) -> None:
        self.changes: list[Change] = []

    def put(self, family: Family, key: bytes, value: bytes) -> None:
        self.changes.append(Change(Op.PUT_MANY, family, ((key, value),)))

    def put_many(self, family: Family, rows: Sequence[tuple[bytes, bytes]]) -> None:
        self.changes.append(Change(Op.PUT_MANY, family, rows))

    def delete(self, family: Family, key: bytes) -> None:
        self.changes.append(Change(Op.DELETE, family, key=key))

    def delete_range(self, family: Family, first: bytes, end: bytes) -> None:
        self.changes.append(Change(Op.DELETE_RANGE, family, key=first, end=end))
