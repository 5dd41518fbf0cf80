"""The newest blocks of the log that were read, decoded: every view reads the same entries at about the same time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from agent_memory.events import Position
from agent_memory.log.entries import Entry

Decoded = tuple[Entry, int]
"""An entry, and the bytes of its record."""

DECODED_BYTES_MAX = 12 << 20
_ENTRY_BYTES = 700
"""What an entry takes besides its record's bytes."""


class DecodedBlocks:
    """Blocks by the position before their first, as many as fit *bytes_max*. Safe to use from several threads."""

    def __init__(self, *, bytes_max: int = DECODED_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._blocks: OrderedDict[Position, tuple[Sequence[Decoded], int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, after: Position) -> Sequence[Decoded] | None:
        """The block, if it is kept."""
        with self._lock:
            kept = self._blocks.get(after)
            if kept is None:
                return None
            self._blocks.move_to_end(after)
            return kept[0]

    def put(self, after: Position, block: Sequence[Decoded]) -> None:
        """Keep a block, and let go of those that nobody asked for the longest."""
        size = sum(bytes_count for _, bytes_count in block) + _ENTRY_BYTES * len(block)
        with self._lock:
            if after in self._blocks or size > self._bytes_max:
                return
            self._blocks[after] = block, size
            self._bytes += size
            while self._bytes > self._bytes_max:
                _, (_, dropped) = self._blocks.popitem(last=False)
                self._bytes -= dropped
