"""From a query to hits: ask every retriever, weigh all that speaks for an event, show where it was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from agent_memory.clock import SYSTEM_CLOCK, Clock
from agent_memory.errors import Corrupt
from agent_memory.indexes.matches import Floats
from agent_memory.indexes.model import Where
from agent_memory.retrieval import judges
from agent_memory.retrieval.answering import Answering
from agent_memory.retrieval.asked import QUERY_CHARACTERS_MAX, Asked, about, read
from agent_memory.retrieval.fusion import Ranking, weights_of
from agent_memory.retrieval.lease import Lease
from agent_memory.retrieval.model import DEFAULT_OPTIONS, Hit, SearchOptions, SearchResult, Tier
from agent_memory.retrieval.pool import Pool
from agent_memory.retrieval.retrievers import Retrieved, Retrievers
from agent_memory.retrieval.strength import is_weak
from agent_memory.retrieval.telling import Telling
from agent_memory.retrieval.times import definite
from agent_memory.retrieval.watch import Watch
from agent_memory.temporal import TimeReading
from agent_memory.toc.calendar import calendar_of

if TYPE_CHECKING:
    # The ports bring numpy, which whoever only reads results need not load.
    from agent_memory.indexes.event_ids import EventKeys
    from agent_memory.indexes.port import Catalog, Contents, Entities, LexicalSearch, VectorSearch
    from agent_memory.indexes.turns import Turns
    from agent_memory.inference.port import Embedder
    from agent_memory.log.port import EventLog


class Searcher:
    """Search over one store. Reads only; safe to use from several threads.

    A signal that fails costs what it gives, not the answer: `SearchResult.tier` says what served.
    """

    def __init__(
        self,
        log: EventLog,
        *,
        lexical: Lease[LexicalSearch],
        vectors: Lease[VectorSearch],
        entities: Lease[Entities],
        contents: Lease[Contents],
        catalog: Lease[Catalog],
        embedder: Embedder | None,
        time_zone: str,
        clock: Clock = SYSTEM_CLOCK,
        threads: int = 8,
    ) -> None:
        self._log = log
        self._clock = clock
        self._has_model = embedder is not None
        self._lexical = lexical
        self._catalog = catalog
        self._telling = Telling()
        self._calendar = calendar_of(time_zone)
        self._retrievers = Retrievers(
            log,
            lexical=lexical,
            vectors=vectors,
            entities=entities,
            contents=contents,
            embedder=embedder,
            local_date=self._calendar.local_date,
            threads=threads,
        )
        self._answering = Answering(log, contents=contents, catalog=catalog, calendar=self._calendar)

    def search(self, query: str, *, where: Where, limit: int, options: SearchOptions = DEFAULT_OPTIONS) -> SearchResult:
        """The *limit* best events for any text; none for one of white space alone.

        Errors: those of the contents, where nothing else could answer either.
        """
        watch = Watch(self._clock)
        now_ms = self._clock.now_ms() if options.now_ms is None else options.now_ms
        if not query.strip():
            tier = Tier.HYBRID if self._has_model else Tier.LEXICAL
            return SearchResult(hits=(), tier=tier, timings_ms=watch.timings_ms(), now_ms=now_ms)
        without = frozenset(options.without)
        with watch.step("total"):
            asked, reading, retrieved = self._retrievers.ask(
                query[:QUERY_CHARACTERS_MAX],
                lambda: self._read(query, watch, now_ms=now_ms, reads_time="time" not in without),
                where=where,
                without=without,
                watch=watch,
            )
            with watch.step("weigh"):
                turns = self._turns if retrieved.tier is not Tier.CONTENTS else _no_turns
                weights = weights_of(asked)
                pool = Pool(retrieved.found, weights, turns=turns, filtered=not where.is_open)
                judged = _judged(pool, asked, reading, retrieved, without)
                ranking = Ranking(pool, judged, options, weights=weights, now_ms=now_ms)
            with watch.step("resolve"):
                hits = self._answering.hits(asked, pool, ranking, where=where, limit=limit, options=options)
        return SearchResult(
            hits=tuple(hits),
            tier=retrieved.tier,
            timings_ms=watch.timings_ms(),
            understood=reading,
            now_ms=now_ms,
            weak=bool(hits) and _is_weak(hits, asked, reading, retrieved, filtered=not where.is_open),
        )

    def close(self) -> None:
        """End the threads; a search that runs is finished first."""
        self._retrievers.close()

    def _read(self, query: str, watch: Watch, *, now_ms: int, reads_time: bool) -> tuple[Asked, TimeReading]:
        with watch.step("read"):
            asked = read(query, now_ms=now_ms, calendar=self._calendar, reads_time=reads_time)
            reading = self._definite(asked, now_ms)
            return about(asked, reading), reading

    def _definite(self, asked: Asked, now_ms: int) -> TimeReading:
        try:
            reading = definite(
                asked.text,
                asked.time,
                now_ms=now_ms,
                calendar=self._calendar,
                lexical=self._lexical,
                log=self._log,
            )
        except Exception as error:
            self._telling.tell("the time of an event that it names", view="lexical", error=error)
            return asked.time
        if reading is not asked.time:
            self._telling.tell("the time of an event that it names", view="lexical", error=None)
        return reading

    def _turns(self, found: Mapping[int, EventKeys]) -> Mapping[int, Turns]:
        turns: Mapping[int, Turns] = {}
        failed: Exception | None = None
        damaged: Exception | None = None
        try:
            with self._catalog() as catalog:
                try:
                    turns = catalog.turns(found)
                except Corrupt:
                    turns, damaged = _undamaged(catalog, found)
        except Exception as error:
            failed = error
        self._telling.tell("neighbours", view="catalog", error=failed)
        if failed is None:
            self._telling.tell("the neighbours in a damaged session", view="catalog", error=damaged)
        return turns


def _is_weak(hits: Sequence[Hit], asked: Asked, reading: TimeReading, retrieved: Retrieved, *, filtered: bool) -> bool:
    # What was said at a time that is asked for, or names it, answers, whatever its words.
    for event in (hit.recorded.event for hit in hits):
        if event.id in retrieved.mentioned or any(span.holds(event.time_ms) for span in reading.spans):
            return False
    if not asked.has_topic:
        # Nor is anything the first or the last where nobody said what is asked for.
        return bool(reading.spans) or not any(one.name == "time" and one.contribution for one in hits[0].signals)
    return is_weak(retrieved.found, filtered=filtered)


def _no_turns(found: Mapping[int, EventKeys]) -> Mapping[int, Turns]:
    return {}


def _undamaged(catalog: Catalog, found: Mapping[int, EventKeys]) -> tuple[dict[int, Turns], Corrupt | None]:
    """The turns of the sessions that can be read, and why one cannot."""
    turns: dict[int, Turns] = {}
    damaged: Corrupt | None = None
    homeless: dict[int, EventKeys] = {session: keys for session, keys in found.items() if not session}
    for session, event_keys in found.items():
        try:
            turns |= catalog.turns({**homeless, session: event_keys})
        except Corrupt as error:
            damaged = error
    return turns, damaged


def _judged(
    pool: Pool, asked: Asked, reading: TimeReading, retrieved: Retrieved, without: frozenset[str]
) -> dict[str, Floats]:
    """What each judge says, but for those that are left out or that the query gives nothing to go by.

    Which these are is a matter of the query alone, so that shares do not depend on what was found.
    """
    judged: dict[str, Floats] = {}
    if retrieved.tier is Tier.CONTENTS:
        # The walk has its own order, by what nodes say.
        return judged
    if "context" not in without:
        judged["context"] = judges.context(pool)
    if "substance" not in without:
        judged["substance"] = judges.substance(pool)
    if "speaker" not in without and (asked.speakers or asked.role is not None):
        judged["speaker"] = judges.speaker(pool, asked)
    if "type" not in without and asked.types:
        judged["type"] = judges.types(pool, asked)
    if asked.asks_when or not reading.is_timeless:
        judged["time"] = judges.time(pool, asked, reading, retrieved.mentioned, retrieved.edge_ms)
    return judged
