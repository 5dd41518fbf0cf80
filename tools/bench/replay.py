"""Rows of the replay: how fast views are built again from the log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from agent_memory.daemon.wiring import open_memory
from agent_memory.log import RowEventLog
from agent_memory.memory import Memory, ReplayProgress, ReplayVerdict
from agent_memory.projectors.lexical import LexicalProjector
from agent_memory.storage import open_store
from tools.bench.bare import BareTantivy
from tools.bench.rows import Row
from tools.bench.workshop import Workshop

CONTENTS_EVENTS_S = 15_000
_READ_EVENTS = 1_000


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    built_s: float
    """Until the new generation contained the whole log, durably."""
    whole_s: float
    """Until it had been compared with the live one and swapped in."""
    identical: bool


def rows(shop: Workshop) -> Iterator[Row]:
    # Made here where no row before has made it: by a memory that has an event loop of its own.
    store = shop.store
    found = asyncio.run(_replayed(shop, store))
    texts = [draft.text for draft in shop.drafts]
    every = LexicalProjector.batch_events_max
    bare = BareTantivy(shop.fresh_folder("bare-once")).index(texts)
    bare_often = BareTantivy(shop.fresh_folder("bare-often")).index(texts, commit_every=every)
    yield Row(
        name="lexical replay",
        what=f"{shop.events:,} events from the log into a new generation, beside the live one",
        value=shop.events / found["lexical"].built_s,
        unit="events/s",
        floor=shop.events / bare,
        floor_what="bare tantivy indexing the same texts: one field, one commit, all cores",
        bound="at least",
        limit=0.5,
        extra_ok=found["lexical"].identical,
        also={
            f"bare tantivy on one thread with a commit for each {every:,}, as ours, events/s": shop.events / bare_often,
            **_told(found["lexical"], shop.events),
        },
    )
    yield Row(
        name="contents replay",
        what=f"{shop.events:,} events from the log into nodes and grips",
        value=shop.events / found["toc"].built_s,
        unit="events/s",
        bound="at least",
        limit=CONTENTS_EVENTS_S,
        extra_ok=found["toc"].identical,
        also={"a scan of the log, events/s": shop.events / _scan_s(shop), **_told(found["toc"], shop.events)},
    )


def _told(replayed: Replayed, events: int) -> dict[str, float | str]:
    return {
        "with comparison and swap, events/s": events / replayed.whole_s,
        "identical to the live view": "yes" if replayed.identical else "no",
    }


async def _replayed(shop: Workshop, store: Path) -> dict[str, Replayed]:
    async with open_memory(shop.config(store, with_model=False)) as memory:
        head = (await memory.status()).position
        await memory.wait_for(["toc", "lexical", "catalog"], head, timeout_s=600)
        return {view: await _one(shop, memory, view) for view in ("lexical", "toc")}


async def _one(shop: Workshop, memory: Memory, view: str) -> Replayed:
    started = time.perf_counter()
    built = 0.0
    with shop.bar(f"replay of {view}", shop.events) as to:
        async for report in memory.replay([view], restart=True):
            if isinstance(report, ReplayProgress):
                to(report.position)
                if report.position == report.target and not built:
                    built = time.perf_counter() - started
            elif isinstance(report, ReplayVerdict):
                return Replayed(built_s=built, whole_s=time.perf_counter() - started, identical=report.identical)
    raise RuntimeError(f"the replay of {view} gave no verdict")


def _scan_s(shop: Workshop) -> float:
    with open_store(shop.store, read_only=True) as store:
        log = RowEventLog(store.rows)
        started = time.perf_counter()
        position = 0
        while page := log.read(after=position, limit=_READ_EVENTS):
            position = page[-1].position
        elapsed = time.perf_counter() - started
        log.close()
    return elapsed
