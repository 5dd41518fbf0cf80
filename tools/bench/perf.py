"""Every row of the budgets that exists, beside its floor, in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import msgspec

from tools.bench import append, disk, hook, machine, memory, replay, search, start, wording
from tools.bench.rows import Absent, Row
from tools.bench.workshop import Workshop


class Group(msgspec.Struct, frozen=True):
    """Rows that are measured together."""

    name: str
    rows: Callable[[Workshop], Iterable[Row | Absent]]


# In this order: the disk is measured before vectors are stored, and the searches come last
# because they are measured beside an ingest, which adds to the store.
GROUPS = (
    Group("append", append.rows),
    Group("disk", disk.rows),
    Group("replay", replay.rows),
    Group("start", start.rows),
    Group("hook", hook.rows),
    Group("memory", memory.rows),
    Group("search", search.rows),
    # The last of all: it adds its answers to the log.
    Group("summaries", wording.rows),
)


def measure(shop: Workshop, names: Iterable[str]) -> list[Row | Absent]:
    """The rows of the named groups; a group that cannot be measured says why in its place."""
    wanted = set(names)
    found: list[Row | Absent] = []
    for group in GROUPS:
        if group.name in wanted:
            with shop.step(f"measuring {group.name}"):
                found += group.rows(shop)
    return found


def as_json(shop: Workshop, rows: Iterable[Row | Absent], *, started: float, seed: int) -> dict[str, object]:
    """What a later reader needs to compare: the numbers, and what they were measured on."""
    return {
        "benchmark": "perf",
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "duration_s": round(time.perf_counter() - started, 1),
        "events": shop.events,
        "seed": seed,
        "vectors": vectors_in_words(shop),
        "machine": machine.facts(shop.folder),
        "rows": [row.as_json() for row in rows if isinstance(row, Row)],
        "not_measured": [msgspec.to_builtins(row) for row in rows if isinstance(row, Absent)],
    }


def vectors_in_words(shop: Workshop) -> str:
    if shop.model is None:
        return "none: no model was given"
    if shop.synthetic:
        return "synthetic: blended from the model's vectors of 1,500 of the texts; queries are embedded by the model"
    return "computed by the model"
