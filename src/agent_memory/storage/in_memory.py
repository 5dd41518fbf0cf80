"""Rows in memory: for tests, and for stores that need not outlive the process."""

from __future__ import annotations

import threading
from bisect import bisect_left, insort
from collections.abc import Sequence

from agent_memory.errors import Closed
from agent_memory.storage.batch import Op, RowBatch
from agent_memory.storage.port import Batch, Family, Range


class InMemoryRows:
    """Keeps each family as a dict beside its sorted keys."""

    def __init__(self) -> None:
        self._values: dict[Family, dict[bytes, bytes]] = {family: {} for family in Family}
        self._keys: dict[Family, list[bytes]] = {family: [] for family in Family}
        self._lock = threading.Lock()
        self._closed = False

    def get(self, family: Family, key: bytes) -> bytes | None:
        self._check_open()
        return self._values[family].get(key)

    def get_many(self, family: Family, keys: Sequence[bytes]) -> list[bytes | None]:
        self._check_open()
        values = self._values[family]
        with self._lock:
            return [values.get(key) for key in keys]

    def scan(
        self, family: Family, *, first: bytes, end: bytes, limit: int, reverse: bool = False
    ) -> list[tuple[bytes, bytes]]:
        self._check_open()
        with self._lock:
            keys, values = self._keys[family], self._values[family]
            start, stop = bisect_left(keys, first), bisect_left(keys, end)
            found = keys[start:stop]
            if reverse:
                found.reverse()
            return [(key, values[key]) for key in found[:limit]]

    def last_of_each(self, family: Family, ranges: Sequence[Range]) -> list[tuple[bytes, bytes] | None]:
        last = [self.scan(family, first=first, end=end, limit=1, reverse=True) for first, end in ranges]
        return [found[0] if found else None for found in last]

    def batch(self) -> RowBatch:
        return RowBatch()

    def write(self, batch: Batch, *, durable: bool = False) -> None:
        assert isinstance(batch, RowBatch)
        self._check_open()
        with self._lock:
            for change in batch.changes:
                if change.op is Op.PUT_MANY:
                    for key, value in change.rows:
                        self._put(change.family, key, value)
                elif change.op is Op.DELETE:
                    self._delete(change.family, change.key)
                else:
                    self._delete_range(change.family, change.key, change.end)

    def close(self) -> None:
        self._closed = True

    def _put(self, family: Family, key: bytes, value: bytes) -> None:
        values, keys = self._values[family], self._keys[family]
        if key not in values:
            insort(keys, key)
        values[key] = value

    def _delete(self, family: Family, key: bytes) -> None:
        values, keys = self._values[family], self._keys[family]
        if values.pop(key, None) is not None:
            del keys[bisect_left(keys, key)]

    def _delete_range(self, family: Family, first: bytes, end: bytes) -> None:
        values, keys = self._values[family], self._keys[family]
        start, stop = bisect_left(keys, first), bisect_left(keys, end)
        for key in keys[start:stop]:
            del values[key]
        del keys[start:stop]

    def _check_open(self) -> None:
        if self._closed:
            raise Closed("these rows are closed")
