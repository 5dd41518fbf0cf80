"""Row of the disk: a store without vectors beside the JSON lines that it came from."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tools.bench.corpus import json_line
from tools.bench.rows import Row
from tools.bench.workshop import Workshop


def rows(shop: Workshop) -> Iterator[Row]:
    by_part = _bytes_by_part(shop.store)
    kept = sum(size for part, size in by_part.items() if part != "views/vectors")
    lines = ("\n".join(map(json_line, shop.drafts)) + "\n").encode()
    yield Row(
        name="disk, events and indexes without vectors",
        what=f"{shop.events:,} events in a closed store",
        value=kept / 1e6,
        unit="MB",
        floor=len(lines) / 1e6,
        floor_what="the JSON lines that `ingest` reads",
        bound="at most",
        limit=1.0,
        also={
            **{f"{part}, MB": size / 1e6 for part, size in sorted(by_part.items())},
            "the JSON lines deflated, MB": len(zlib.compress(lines, 6)) / 1e6,
            "ingest without vectors, all views, events/s": shop.ingest_events_s,
        },
    )


def _bytes_by_part(store: Path) -> Counter[str]:
    sizes: Counter[str] = Counter()
    for path in store.rglob("*"):
        if path.is_file():
            inside = path.relative_to(store).parts
            part = "/".join(inside[:2] if inside[0] == "views" else inside[:1])
            # What the disk gives up for it, not what the file says of itself.
            sizes[part] += path.stat().st_blocks * 512
    return sizes
