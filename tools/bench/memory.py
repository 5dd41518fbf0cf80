"""Row of the memory: what a daemon holds once it has everything loaded and has worked."""

from __future__ import annotations

from collections.abc import Iterator

import agent_memory
from agent_memory.testing.daemon import DaemonProcess
from tools.bench.machine import peak_bytes, resident_bytes
from tools.bench.rows import Absent, Row
from tools.bench.workshop import BATCH_EVENTS, VIEWS_WITHOUT_MODEL, Workshop

RESIDENT_MB_MAX = 700
_QUERIES = 200


def rows(shop: Workshop) -> Iterator[Row | Absent]:
    if shop.model is None:
        yield Absent(name="memory with vectors and model", why="needs a model: --model DIR")
        return
    with DaemonProcess(shop.store_with_vectors, model=shop.model) as daemon:
        with agent_memory.connect(daemon.address, timeout_s=120) as memory:
            for query in shop.corpus.queries(_QUERIES):
                memory.search(query, limit=10)
            loaded, _ = resident_bytes(daemon.pid)
            head = memory.status().position
            more = shop.late_drafts
            for i in range(0, len(more), BATCH_EVENTS):
                head = max(receipt.position for receipt in memory.append_batch(more[i : i + BATCH_EVENTS]))
        shop.wait_for_views(daemon.address, head, views=(*VIEWS_WITHOUT_MODEL, "vectors"))
        with agent_memory.connect(daemon.address, timeout_s=120) as memory:
            for query in shop.corpus.queries(_QUERIES):
                memory.search(query, limit=10)
        resident, proportional = resident_bytes(daemon.pid)
        peak = peak_bytes(daemon.pid)
    yield Row(
        name="memory with vectors and model",
        what=f"resident, with the process that reads events, after {shop.events:,} events,"
        f" {len(more):,} more taken in, and {2 * _QUERIES} searches",
        value=resident / 1e6,
        unit="MB",
        bound="at most",
        limit=RESIDENT_MB_MAX,
        also={
            "proportional, MB": proportional / 1e6,
            "peak, MB": peak / 1e6,
            "after the start and 200 searches, MB": loaded / 1e6,
        },
    )
