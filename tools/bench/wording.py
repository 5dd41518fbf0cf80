"""Rows of the wording: a store worded by a language model that answers in 50 ms, and searched meanwhile."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from agent_memory.config import Config
from agent_memory.daemon.supervisor import spare_what_stays
from agent_memory.daemon.wiring import open_memory
from agent_memory.memory import Memory
from agent_memory.retrieval import SearchOptions
from agent_memory.summaries.reports import SummariesVerdict
from agent_memory.testing.language_models import KEY, MODEL
from tools.bench import model_server
from tools.bench.corpus import ASKED_MS
from tools.bench.metrics import percentile
from tools.bench.rows import Row
from tools.bench.workshop import VIEWS_WITHOUT_MODEL, Workshop

ANSWER_S = 0.05
IN_FLIGHT = 4
QUERIES = 500
_WARM_UP = 20
_OPTIONS = SearchOptions(now_ms=ASKED_MS)


class Found(msgspec.Struct, kw_only=True):
    """Milliseconds of each query, and what became of the wording."""

    idle_ms: list[float] = []
    busy_ms: list[float] = []
    verdict: SummariesVerdict | None = None
    seconds: float = 0.0


def rows(shop: Workshop) -> Iterator[Row]:
    queries = shop.corpus.queries(QUERIES + _WARM_UP)
    folder = shop.fresh_folder("wording")
    server = subprocess.Popen(
        [sys.executable, model_server.__file__, str(ANSWER_S)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        with shop.step("wording the contents"):
            found = asyncio.run(_measured(shop, _settings(shop, folder, url), queries))
        told = json.loads(server.communicate("")[0])
    finally:
        server.kill()
        server.wait()
    verdict = found.verdict
    if verdict is None or verdict.left:
        raise RuntimeError(f"the wording came to no end: {verdict}")
    p99 = percentile(found.idle_ms, 0.99)
    yield Row(
        name="search while a language model words the contents",
        what=f"p99 of {QUERIES} queries beside {IN_FLIGHT} calls in flight, each answered in {ANSWER_S * 1000:.0f} ms",
        value=percentile(found.busy_ms, 0.99),
        unit="ms",
        floor=p99,
        floor_what="the p99 of such queries on the idle store",
        bound="at most",
        limit=2.0,
        extra_ok=not told["twice"],
        also={
            "p50, ms": percentile(found.busy_ms, 0.5),
            "idle p50, ms": percentile(found.idle_ms, 0.5),
            "queries": len(found.busy_ms),
            "nodes worded": verdict.worded,
            "set aside": verdict.set_aside,
            "calls": told["calls"],
            "prompts answered twice": told["twice"],
            "most in flight": told["under_way_most"],
            "seconds": found.seconds,
            "nodes/s": verdict.worded / found.seconds,
            "nodes/s that the model would allow": IN_FLIGHT / ANSWER_S,
        },
    )


def _settings(shop: Workshop, folder: Path, url: str) -> Config:
    key = folder / "key"
    key.write_text(KEY)
    store = shop.store if shop.model is None else shop.store_with_vectors
    return msgspec.structs.replace(
        shop.config(store, with_model=True),
        summaries_provider="openai",
        summaries_model=MODEL,
        summaries_url=url,
        summaries_key_file=str(key),
        summaries_in_flight_max=IN_FLIGHT,
        summaries_calls_per_minute_max=0,
        summaries_tokens_per_day_max=0,
    )


async def _measured(shop: Workshop, config: Config, queries: Sequence[str]) -> Found:
    found = Found()
    async with open_memory(config) as memory:
        head = (await memory.status()).position
        await memory.wait_for([*VIEWS_WITHOUT_MODEL, *(["vectors"] if shop.model else [])], head, timeout_s=600)
        await _asked(memory, queries[:_WARM_UP])
        # As a daemon does; else the conversations that are measured with would be walked again and again.
        spare_what_stays()
        found.idle_ms = await _asked(memory, queries[_WARM_UP:])
        task = asyncio.create_task(_worded(memory, found))
        try:
            # For as long as there is something to word, so that every query has company.
            while not task.done():
                found.busy_ms += await _asked(memory, queries[_WARM_UP:], until=task)
        finally:
            await task
    return found


async def _worded(memory: Memory, found: Found) -> None:
    started = time.perf_counter()
    async for report in memory.summarise():
        if isinstance(report, SummariesVerdict):
            found.verdict = report
    found.seconds = time.perf_counter() - started


async def _asked(memory: Memory, queries: Sequence[str], *, until: asyncio.Task[None] | None = None) -> list[float]:
    times = []
    for query in queries:
        if until is not None and until.done():
            break
        started = time.perf_counter()
        await memory.search(query, limit=10, options=_OPTIONS)
        times.append((time.perf_counter() - started) * 1000)
    return times
