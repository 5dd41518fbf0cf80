"""Appends to a log over RocksDB until it is told to stop or killed; says what was acknowledged.

    python appender.py FOLDER COUNT BATCH RESERVE_BYTES

Prints one JSON line per answer: ``{"positions": [...], "texts": [...]}`` or ``{"error": NAME}``,
written at once. With COUNT -1 it never ends.
"""

from __future__ import annotations

import itertools
import json
import os
import sys

from agent_memory.errors import AgentMemoryError
from agent_memory.log import RowEventLog
from agent_memory.storage import RocksRows
from agent_memory.testing.events import NOON_MS, event


def main(folder: str, count: int, batch: int, reserve_bytes: int) -> None:
    rows = RocksRows(folder, disk_reserve_bytes=reserve_bytes)
    log = RowEventLog(rows)
    start = log.head()
    say({"opened": start})
    for n in itertools.count() if count < 0 else range(count):
        texts = [f"text {start + n * batch + i} {'x' * 200}" for i in range(batch)]
        events = [event(text, time_ms=NOON_MS + len(text) + n) for text in texts]
        try:
            receipts = log.append(events)
        except AgentMemoryError as error:
            say({"error": type(error).__name__, "texts": texts})
            receipts = log.append(events)
        say({"positions": [r.position for r in receipts], "texts": texts})
    log.close()
    rows.close()
    say({"closed": log.head()})


def say(line: dict[str, object]) -> None:
    os.write(1, json.dumps(line).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
