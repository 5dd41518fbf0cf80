"""A batch as a plain list of changes: every engine applies it in its own way.

It holds no engine, so it outlives a reopening of the one it was made by.
"""

from __future__ import annotations

import enum

from agent_memory.storage.port import Family


class Op(enum.IntEnum):
    """What a change does."""

    PUT = 0
    DELETE = 1
    DELETE_RANGE = 2


Change = tuple[int, Family, bytes, bytes]
"""Op, family, key, value; for a range of keys its first and its end."""

_PUT = int(Op.PUT)
_DELETE = int(Op.DELETE)
_DELETE_RANGE = int(Op.DELETE_RANGE)


class RowBatch:
    """Changes in the order in which they were asked for."""

    __slots__ = ("changes",)

    def __init__(self) -> None:
        self.changes: list[Change] = []

    def put(self, family: Family, key: bytes, value: bytes) -> None:
        self.changes.append((_PUT, family, key, value))

    def delete(self, family: Family, key: bytes) -> None:
        self.changes.append((_DELETE, family, key, b""))

    def delete_range(self, family: Family, first: bytes, end: bytes) -> None:
        self.changes.append((_DELETE_RANGE, family, first, end))

    def __len__(self) -> int:
        return len(self.changes)
