"""From a query to hits: ask every retriever that can answer, fuse, show where it was said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, TypeVar

from agent_memory.clock import SYSTEM_CLOCK, Clock
from agent_memory.events import Recorded
from agent_memory.indexes.model import Match, Where
from agent_memory.paging import count_that_fits
from agent_memory.retrieval.bounds import calendar_of
from agent_memory.retrieval.excerpts import narrow
from agent_memory.retrieval.fusion import Fused, Ranking, fuse
from agent_memory.retrieval.model import DEFAULT_OPTIONS, Hit, SearchOptions, SearchResult, Tier
from agent_memory.retrieval.walk import admits, walk
from agent_memory.retrieval.wanted import Wanted
from agent_memory.telemetry import LOG
from agent_memory.toc.grips import grip_id

if TYPE_CHECKING:
    # The ports bring numpy, which whoever only reads results need not load.
    from agent_memory.indexes.port import Catalog, Contents, LexicalSearch, VectorSearch
    from agent_memory.inference.port import Embedder
    from agent_memory.log.port import EventLog

T = TypeVar("T")

Lease = Callable[[], AbstractContextManager[T]]
"""Gives the live generation of an index for as long as a block runs."""

WEIGHTS = {"lexical": 0.65, "vector": 0.35, "contents": 1.0}
"""How much a signal counts; relative to each other, so one that is missing leaves its share.

Measured on the two LoCoMo conversations for development (302 questions; R@5/10/25/50, any@1/5):
lexical alone .546/.623/.722/.781, .675/.947; vectors alone .330/.417/.563/.700, .464/.815; fused
with vectors at .35 .575/.677/.788/.850, .689/.927. From .20 to .40 R@5 stays within .007 and R@25
within .013: a plateau, not a peak. At .50 R@5 is .544. Reciprocal ranks in place of scores gave
.465/.562/.678/.797 with equal weights, at the top worse than keywords alone.
"""

DEPTH = 100
"""How many events each retriever is asked for at least; 50 and 200 measured the same within .012 at every depth."""

QUERY_CHARACTERS_MAX = 8_192
"""What is longer is cut: a model reads less, and a keyword beyond has had its chance."""


class Searcher:
    """Search over one store. Reads only; safe to use from several threads.

    A retriever that fails costs its signal, not the answer: `SearchResult.tier` says what served.
    """

    def __init__(
        self,
        log: EventLog,
        *,
        lexical: Lease[LexicalSearch],
        vectors: Lease[VectorSearch],
        contents: Lease[Contents],
        catalog: Lease[Catalog],
        embedder: Embedder | None,
        time_zone: str,
        clock: Clock = SYSTEM_CLOCK,
        threads: int = 4,
    ) -> None:
        self._log = log
        self._lexical = lexical
        self._vectors = vectors
        self._contents = contents
        self._catalog = catalog
        self._embedder = embedder
        self._calendar = calendar_of(time_zone)
        self._clock = clock
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="search-vectors")
        self._failing: frozenset[str] = frozenset()

    def search(self, query: str, *, where: Where, limit: int, options: SearchOptions = DEFAULT_OPTIONS) -> SearchResult:
        """The *limit* best events for any text; none for one of white space alone.

        Errors: those of the contents, where nothing else could answer either.
        """
        watch = _Watch(self._clock)
        if not query.strip():
            tier = Tier.LEXICAL if self._embedder is None else Tier.HYBRID
            return SearchResult(hits=(), tier=tier, timings_ms=watch.timings_ms())
        query = query[:QUERY_CHARACTERS_MAX]
        with watch.step("total"):
            rankings, tier = self._ask(query, where, limit, watch)
            with watch.step("fuse"):
                fused = fuse(rankings, limit=limit)
            with watch.step("resolve"):
                hits = self._resolve(query, fused)
        return SearchResult(hits=tuple(hits), tier=tier, timings_ms=watch.timings_ms())

    def close(self) -> None:
        """End the threads; a search that runs is finished first."""
        self._pool.shutdown()

    # -- asking -----------------------------------------------------------------------------------

    def _ask(self, query: str, where: Where, limit: int, watch: _Watch) -> tuple[list[Ranking], Tier]:
        depth = max(DEPTH, limit)
        embedder = self._embedder
        # The engines release the interpreter's lock, so the two legs take the time of the longer.
        pending = self._pool.submit(self._nearest, embedder, query, where, depth, watch) if embedder else None
        failed: dict[str, Exception] = {}
        rankings = []
        try:
            with watch.step("lexical"), self._lexical() as index:
                rankings.append(_ranking("lexical", index.search(query, where=where, limit=depth)))
        except Exception as error:
            failed["lexical"] = error
        if pending is not None:
            try:
                rankings.append(_ranking("vector", pending.result()))
            except Exception as error:
                failed["vector"] = error
        self._tell(failed)
        tiers = {"lexical": Tier.LEXICAL, "vector": Tier.VECTORS}
        if len(rankings) == 2:
            return rankings, Tier.HYBRID
        if rankings:
            return rankings, tiers[rankings[0].name]
        with watch.step("contents"), self._contents() as contents:
            return [_ranking("contents", self._walked(contents, query, where, limit))], Tier.CONTENTS

    def _nearest(self, embedder: Embedder, query: str, where: Where, depth: int, watch: _Watch) -> list[Match]:
        with watch.step("embed"):
            vector = embedder.embed([query], query=True)[0]
        with watch.step("vector"), self._vectors() as index:
            return index.search(vector, where=where, limit=depth)

    def _walked(self, contents: Contents, query: str, where: Where, limit: int) -> list[Match]:
        found: list[Match] = []
        candidates = walk(contents, query, where=where)
        for first in range(0, len(candidates), limit):
            page = candidates[first : first + limit]
            events = self._log.get_many([match.event_id for match in page])
            for match, recorded in zip(page, events, strict=True):
                if recorded is not None and admits(where, recorded.event):
                    found.append(match)
            if len(found) >= limit:
                break
        return found[:limit]

    def _tell(self, failed: dict[str, Exception]) -> None:
        # Once per change, not once per search.
        before, self._failing = self._failing, frozenset(failed)
        for name in sorted(failed.keys() - before):
            LOG.warning("search goes without a signal", signal=name, error=failed[name])
        for name in sorted(before - failed.keys()):
            LOG.info("search has its signal again", signal=name)

    # -- answering ----------------------------------------------------------------------------------

    def _resolve(self, query: str, fused: Sequence[Fused]) -> list[Hit]:
        events = self._log.get_many([hit.event_id for hit in fused])
        found = [(hit, recorded) for hit, recorded in zip(fused, events, strict=True) if recorded is not None]
        # Of very long texts, only as many of the best as one answer holds.
        found = found[: count_that_fits(len(recorded.event.text) for _, recorded in found)]
        titles = self._titles([recorded for _, recorded in found])
        nodes = self._node_ids([recorded for _, recorded in found])
        wanted = Wanted(query)
        hits = []
        for (hit, recorded), node_id in zip(found, nodes, strict=True):
            event = recorded.event
            start, end = narrow(event.text, hit.passage.start, hit.passage.end, wanted)
            hits.append(
                Hit(
                    recorded=recorded,
                    score=hit.score,
                    signals=hit.signals,
                    excerpt=event.text[start:end],
                    grip_id=grip_id(event.id, start, end) if start < end else "",
                    date=self._calendar.local_date(event.time_ms),
                    session_title=titles.get(event.session, ""),
                    node_id=node_id,
                )
            )
        return hits

    def _titles(self, found: Sequence[Recorded]) -> dict[str, str]:
        sessions = list(dict.fromkeys(recorded.event.session for recorded in found))
        try:
            with self._catalog() as catalog:
                return dict(zip(sessions, catalog.titles(sessions), strict=True))
        except Exception as error:
            LOG.warning("hits go without session titles", view="catalog", error=error)
            return {}

    def _node_ids(self, found: Sequence[Recorded]) -> list[str]:
        try:
            with self._contents() as contents:
                nodes = [contents.segment_of(recorded.event.id, recorded.event.session) for recorded in found]
        except Exception as error:
            LOG.warning("hits go without their nodes", view="toc", error=error)
            return [""] * len(found)
        return [node.id if node else "" for node in nodes]


def _ranking(name: str, matches: Sequence[Match]) -> Ranking:
    return Ranking(name=name, matches=tuple(matches), weight=WEIGHTS[name])


class _Watch:
    """Milliseconds by step; steps of several threads may run at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ms: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        started = self._clock.monotonic_s()
        try:
            yield
        finally:
            self._ms[name] = (self._clock.monotonic_s() - started) * 1000

    def timings_ms(self) -> dict[str, float]:
        return dict(self._ms)
