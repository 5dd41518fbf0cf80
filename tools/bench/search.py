"""Rows of the search: in process, on an idle store and beside an ingest."""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from statistics import fmean

import msgspec

from agent_memory.daemon.supervisor import spare_what_stays
from agent_memory.daemon.wiring import open_memory
from agent_memory.events import Draft
from agent_memory.memory import Memory
from agent_memory.retrieval import SIGNALS, SearchOptions, SearchResult, Tier
from tools.bench import machine, vectors
from tools.bench.bare import HITS, BareHnsw, BareSearch, BareTantivy
from tools.bench.corpus import ASKED_MS
from tools.bench.metrics import percentile
from tools.bench.rows import Row
from tools.bench.turns import (
    Turn,
    count_of,
    floor_ms_of,
    ms_of,
    results_of,
    stolen_percent,
    that_count,
)
from tools.bench.workshop import Workshop

QUERIES = 500
QUERIES_MAX = 2_000
"""Asked until so many have been in quiet turns, or at most."""

_WARM_UP = 20
_IN_TURN = 50
_BUSY_TURN_S = 1.0
_BUSY_QUERIES = 300
_INGEST_EVENTS_S = 1_000
_INGEST_EVERY_S = 0.05
_OPTIONS = SearchOptions(now_ms=ASKED_MS)


def rows(shop: Workshop) -> Iterator[Row]:
    queries = shop.corpus.queries(QUERIES_MAX + _WARM_UP)
    bare = _bare(shop)
    try:
        found = asyncio.run(_measured(shop, bare, queries))
        recall = bare.recall(queries[_WARM_UP : _WARM_UP + QUERIES])
    finally:
        bare.close()
    idle, busy = that_count(found.idle, QUERIES), that_count(found.busy, _BUSY_QUERIES)
    p50, p99 = percentile(ms_of(idle), 0.5), percentile(ms_of(idle), 0.99)
    floor_ms = floor_ms_of(idle)
    yield Row(
        name="hybrid search, in process" if shop.model else "keyword search, in process (no model)",
        what=f"{shop.events:,} events, {QUERIES} queries, 10 hits each; p50, and p99 at most 3 × p50",
        value=p50,
        unit="ms",
        floor=percentile(floor_ms, 0.5),
        floor_what="the query embedded, bare tantivy, then bare hnswlib asked, p50, in turns with ours",
        bound="at most",
        limit=2.0,
        extra_ok=p99 <= 3 * p50,
        also={
            "p99, ms": p99,
            "p99 / p50": p99 / p50,
            "floor p99, ms": percentile(floor_ms, 0.99),
            **({} if recall is None else {f"recall@{HITS} of the graph": recall}),
            "queries in which a signal spoke": _spoke(results_of(idle)),
            **_what_counts(found.idle, idle),
            "of all, of the floor": percentile(ms_of(found.idle), 0.5) / percentile(floor_ms_of(found.idle), 0.5),
            **_means(results_of(idle)),
        },
    )
    yield Row(
        name=f"the same during {_INGEST_EVENTS_S:,} events/s of ingest",
        what="p99 of queries asked while events are appended and every view follows",
        value=percentile(ms_of(busy), 0.99),
        unit="ms",
        floor=p99,
        floor_what="the p99 of such queries on the idle store",
        bound="at most",
        limit=2.0,
        also={
            "p50, ms": percentile(ms_of(busy), 0.5),
            "idle p50, ms": p50,
            "events/s appended": found.ingested_s,
            "lag of the views at the end": ", ".join(f"{name} {lag:,}" for name, lag in found.lags.items()),
            **_what_counts(found.busy, busy),
            "of all, of the idle store": percentile(ms_of(found.busy), 0.99) / percentile(ms_of(found.idle), 0.99),
            **_means(results_of(busy)),
        },
    )


class Found(msgspec.Struct, kw_only=True):
    """Every turn, quiet or not."""

    idle: list[Turn] = []
    busy: list[Turn] = []
    ingested_s: float = 0.0
    lags: dict[str, int] = {}


def _bare(shop: Workshop) -> BareSearch:
    lexical = BareTantivy(shop.fresh_folder("bare-tantivy"))
    with shop.step("indexing for the bare tantivy"):
        lexical.index([draft.text for draft in shop.drafts])
    if shop.model is None:
        return BareSearch(lexical)
    stored = vectors.read(shop.store_with_vectors, shop.model, shop.drafts)
    with shop.step(f"indexing {len(stored):,} vectors for the bare hnswlib"):
        return BareSearch(lexical, graph=BareHnsw(stored, **vectors.GRAPH), embedder=vectors.open_model(shop.model))


async def _measured(shop: Workshop, bare: BareSearch, queries: Sequence[str]) -> Found:
    store = shop.store if shop.model is None else shop.store_with_vectors
    views = ["toc", "catalog", "lexical", "entities", *(["vectors"] if shop.model else [])]
    found = Found()
    async with open_memory(shop.config(store, with_model=True)) as memory:
        head = (await memory.status()).position
        await memory.wait_for(views, head, timeout_s=600)
        bare.asked_ms(queries[:_WARM_UP])
        await _turn(memory, queries[:_WARM_UP])
        # As a daemon does; else the conversations that are measured with would be walked again and again.
        spare_what_stays()
        # In turns, so that whatever else the machine does meets both.
        for first in range(_WARM_UP, len(queries), _IN_TURN):
            part = queries[first : first + _IN_TURN]
            stolen = machine.Stolen()
            floor_ms = bare.asked_ms(part)
            found.idle.append(await _turn(memory, part))
            found.idle[-1].floor_ms, found.idle[-1].stolen = floor_ms, stolen.share()
            if count_of([turn for turn in found.idle if turn.is_quiet]) >= QUERIES:
                break
        ingest = _Ingest(memory, shop.more_drafts)
        task = asyncio.create_task(ingest.run())
        try:
            # For as long as there are events to append, so that every query has company.
            asked = itertools.cycle(queries[_WARM_UP : _WARM_UP + QUERIES])
            while not task.done():
                stolen = machine.Stolen()
                found.busy.append(await _turn(memory, asked, seconds=_BUSY_TURN_S, until=task))
                found.busy[-1].stolen = stolen.share()
        finally:
            ingest.stop = True
            await task
        found.ingested_s = ingest.done / ingest.seconds
        found.lags = {view.name: view.lag for view in (await memory.status()).views if view.name in views}
    return found


async def _turn(
    memory: Memory, queries: Iterable[str], *, seconds: float = math.inf, until: asyncio.Task[None] | None = None
) -> Turn:
    turn = Turn(ms=[], results=[])
    begun = time.perf_counter()
    for query in queries:
        if time.perf_counter() - begun > seconds or (until is not None and until.done()):
            break
        started = time.perf_counter()
        result = await memory.search(query, limit=10, options=_OPTIONS)
        turn.ms.append((time.perf_counter() - started) * 1000)
        turn.results.append(result)
        if result.tier not in (Tier.HYBRID, Tier.LEXICAL) or not result.hits:
            raise RuntimeError(f"a search was served by {result.tier.value} with {len(result.hits)} hits")
    return turn


def _what_counts(every: Sequence[Turn], chosen: Sequence[Turn]) -> dict[str, float | str]:
    return {
        "queries": f"{count_of(chosen):,} of {count_of(every):,}, in the turns that the host disturbed least",
        "of the processors' time, taken by the host in these, %": stolen_percent(chosen),
        "and in all, %": stolen_percent(every),
    }


def _means(results: Sequence[SearchResult]) -> dict[str, float]:
    steps = [result.timings_ms for result in results]
    names = dict.fromkeys(name for one in steps for name in one)
    return {f"step {name}, mean ms": fmean(one[name] for one in steps if name in one) for name in names}


def _spoke(results: Sequence[SearchResult]) -> str:
    """How many of the queries each signal had something to say of."""
    spoken = Counter(signal.name for result in results for signal in result.hits[0].signals)
    return ", ".join(f"{name} {spoken[name]}" for name in SIGNALS)


class _Ingest:
    """Appends drafts at a steady rate until it is told to stop or there are no more."""

    def __init__(self, memory: Memory, drafts: Sequence[Draft]) -> None:
        self._memory = memory
        self._drafts = drafts
        self.stop = False
        self.done = 0
        self.seconds = 0.0

    async def run(self) -> None:
        started = time.perf_counter()
        while self.done < len(self._drafts) and not self.stop:
            due = int((time.perf_counter() - started + _INGEST_EVERY_S) * _INGEST_EVENTS_S)
            if due > self.done:
                batch = self._drafts[self.done : due]
                await self._memory.append_batch(batch)
                self.done += len(batch)
            await asyncio.sleep(_INGEST_EVERY_S)
        self.seconds = time.perf_counter() - started
