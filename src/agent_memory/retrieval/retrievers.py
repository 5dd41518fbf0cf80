"""The signals that find events: by words, by meaning, by what they mention. Asked at the same time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from agent_memory.indexes.event_ids import times_of
from agent_memory.indexes.matches import Matches
from agent_memory.indexes.model import EVERYWHERE, Where
from agent_memory.paging import SEARCH_LIMIT_MAX
from agent_memory.retrieval.asked import Asked
from agent_memory.retrieval.entity_ranking import rank_by_entities
from agent_memory.retrieval.lease import Lease
from agent_memory.retrieval.model import Tier
from agent_memory.retrieval.phrases import quoting
from agent_memory.retrieval.pool import Found
from agent_memory.retrieval.telling import Telling
from agent_memory.retrieval.times import where_is_within, within
from agent_memory.retrieval.walk import walk
from agent_memory.retrieval.wanted import Wanted
from agent_memory.retrieval.watch import Watch
from agent_memory.temporal import TimeOrder, TimeReading, TimeSpan

if TYPE_CHECKING:
    # The ports bring numpy, which whoever only reads results need not load.
    from agent_memory.indexes.port import Contents, Entities, LexicalSearch, VectorSearch
    from agent_memory.inference.port import Embedder
    from agent_memory.log.port import EventLog

LEXICAL_DEPTH = 200
VECTOR_DEPTH = 150
ENTITY_DEPTH = 100
"""How many events each is asked for, everywhere and under a filter, however long the page: so that a longer one goes on
where a shorter one ended. Together, and with their neighbours, they mostly fill the longest."""

LEXICAL_GIVES = 100
"""Of the events that words find, so many give evidence to their neighbours; of those that meaning finds, all."""

TIME_DEPTH = 50
NEAR_TIME_DEPTH = 20
"""So many, by words and by meaning, within each time that is named: what is found there joins what was found
everywhere. By meaning fewer, as the graph is asked for as many more as the time leaves out: with 50, what was found of
the questions measured was the same, and the p99 of an idle search a quarter greater."""

WHOLE_SHARE = 0.7
"""Words are worth all that they can be where the best match has so much of the query, and less where it has less."""

TIMES_MAX = 4
"""Of the times that a query names, so many are looked into; what happened at others still gains by it."""

ORDERED_DEPTH = 50
"""Of the first or the last events that hold every word, so many more."""

MENTIONS_MAX = 400
"""Of the events whose text names the time, so many."""


class Retrieved(msgspec.Struct, frozen=True):
    """What the retrievers found, by signal; the tier that this is; the events whose text names the query's time.

    ``edge_ms`` is when the first or the last event of all happened, where a query asks for nothing else.
    """

    found: Mapping[str, Found]
    tier: Tier
    mentioned: frozenset[str]
    edge_ms: int | None = None


_TIERS = {
    (True, True): Tier.HYBRID,
    (True, False): Tier.LEXICAL,
    (False, True): Tier.VECTORS,
    (False, False): Tier.CONTENTS,
}


# In this order whoever comes first: sums of the same parts are then the same to the last bit.
_SUMMED = ("lexical", "entity", "vector", "phrase")
_OF_EVERY_QUERY = ("lexical", "vector")


class _Narrowed(NamedTuple):
    """A filter, and whether a time that the query names is part of it."""

    where: Where
    is_time: bool


class _Beside(msgspec.Struct):
    """What the retrievers beside that of meaning found, and those of them that still look.

    ``its_time`` is what passes the filter of what was said when the query asks; ``edge_ms`` is when the first or the
    last event of all happened, of a query that asks for nothing else.
    """

    asked: Asked
    reading: TimeReading
    its_time: Sequence[Where] = ()
    edge_ms: int | None = None
    found: dict[str, Found] = msgspec.field(default_factory=dict)
    failed: dict[str, Exception] = msgspec.field(default_factory=dict)
    phrases: Future[Found] | None = None
    naming: Future[frozenset[str]] | None = None


class Retrievers:
    """The retrievers of one store. One that fails costs its signal, not the answer."""

    def __init__(
        self,
        log: EventLog,
        *,
        lexical: Lease[LexicalSearch],
        vectors: Lease[VectorSearch],
        entities: Lease[Entities],
        contents: Lease[Contents],
        embedder: Embedder | None,
        local_date: Callable[[int], str],
        threads: int,
    ) -> None:
        self._log = log
        self._lexical = lexical
        self._vectors = vectors
        self._entities = entities
        self._contents = contents
        self._embedder = embedder
        self._local_date = local_date
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="retrievers")
        self._telling = Telling()

    def ask(
        self,
        text: str,
        read: Callable[[], tuple[Asked, TimeReading]],
        *,
        where: Where,
        without: frozenset[str],
        watch: Watch,
    ) -> tuple[Asked, TimeReading, Retrieved]:
        """What the query asks for, and what every retriever says to it that can answer and is not left out.

        Meaning takes longest, so the caller's thread sees to it from the first moment and waits for nobody, while
        another one has the *text* ``read`` and asks the rest. More threads than these two would only keep each other
        from the interpreter; what few queries ask for, and takes long, has one of its own all the same.
        Where neither words nor meaning answered, be it that they cannot or that both are left out, the
        contents are walked instead of all of them, and the tier says so.
        """
        narrowing: Future[Sequence[_Narrowed]] = Future()
        found: dict[str, Found] = {}
        failed: dict[str, Exception] = {}
        if self._embedder is None or "vector" in without:
            beside = self._beside_meaning(read, narrowing, where, without, watch)
        else:
            lane = self._pool.submit(self._beside_meaning, read, narrowing, where, without, watch)
            embedder = self._embedder
            _hear("vector", lambda: self._nearest(embedder, text, narrowing, watch), found, failed)
            beside = lane.result()
        found |= beside.found
        failed |= beside.failed
        if beside.phrases is not None:
            _hear("phrase", beside.phrases.result, found, failed)
        mentioned: frozenset[str] = frozenset()
        if beside.naming is not None:
            try:
                mentioned = beside.naming.result()
            except Exception as error:
                failed["time"] = error
        for name in sorted({*found, *failed}):
            self._telling.tell("a signal", signal=name, error=failed.get(name))
        # Where a query has no such thing in it, there is no such signal.
        found = {name: found[name] for name in _SUMMED if name in found and (found[name] or name in _OF_EVERY_QUERY)}
        tier = _TIERS["lexical" in found, "vector" in found]
        if tier is Tier.CONTENTS:
            with watch.step("contents"), self._contents() as contents:
                walked = walk(contents, beside.asked.text, where=where)
            # Worth all that it can be is what holds every word, in its own line and in its segment.
            found = {"contents": Found(walked, floor=0.0, top=2 * Wanted(beside.asked.text).whole)}
        return beside.asked, beside.reading, Retrieved(found, tier, mentioned, beside.edge_ms)

    def close(self) -> None:
        """End the threads; what runs is finished first."""
        self._pool.shutdown()

    def _beside_meaning(
        self,
        read: Callable[[], tuple[Asked, TimeReading]],
        narrowing: Future[Sequence[_Narrowed]],
        where: Where,
        without: frozenset[str],
        watch: Watch,
    ) -> _Beside:
        """What is asked beside meaning; *narrowing* gets the filters within which all look as well.

        Nothing is waited for here: threads that wait for others of their pool may wait for ever.
        """
        try:
            asked, reading = read()
            narrower = _narrower(where, reading.spans)
        except BaseException as error:
            narrowing.set_exception(error)
            raise
        narrowing.set_result(narrower)
        beside = _Beside(asked, reading, its_time=_its_time(where, reading.spans))
        if asked.phrases and "phrase" not in without:
            beside.phrases = self._pool.submit(self._quoting, asked, watch)
        if reading.spans:
            beside.naming = self._pool.submit(self._naming, reading.spans, watch)
        found, failed = beside.found, beside.failed
        # First what needs the interpreter, which nobody else does while the model runs; then what does without.
        if asked.entities and "entity" not in without:
            _hear("entity", lambda: self._mentioning(asked, watch), found, failed)
        if "lexical" not in without:
            _hear("lexical", lambda: self._by_words(beside, narrower, watch), found, failed)
        return beside

    # -- one signal each --------------------------------------------------------------------------

    def _by_words(self, beside: _Beside, narrower: Sequence[_Narrowed], watch: Watch) -> Found:
        asked = beside.asked
        with watch.step("lexical"), self._lexical() as index:
            everywhere = index.search(asked.words, where=EVERYWHERE, limit=LEXICAL_DEPTH)
            lists = []
            for where, is_time in narrower:
                count = TIME_DEPTH if is_time else LEXICAL_DEPTH
                known = _found_within(where, everywhere, limit=count)
                lists.append(index.search(asked.words, where=where, limit=count) if known is None else known)
            # Of many that fit as well, the first or the last might not be among so many.
            ordered = self._ordered(index, asked, EVERYWHERE)
            lists += [self._ordered(index, asked, where) for where, _ in narrower]
            if not asked.has_topic:
                latest = asked.time.order is not TimeOrder.EARLIEST
                lists += [
                    index.in_time(where=where, limit=SEARCH_LIMIT_MAX, latest=latest) for where in beside.its_time
                ]
                edge = index.in_time(where=EVERYWHERE, limit=1, latest=latest)
                beside.edge_ms = int(times_of(edge.keys)[0]) if len(edge) else None
            whole = index.whole_score(asked.words)
        top = WHOLE_SHARE * whole
        return Found(everywhere, *lists, depth=LEXICAL_GIVES, also=ordered, floor=0.0, top=top)

    def _ordered(self, index: LexicalSearch, asked: Asked, where: Where) -> Matches:
        if asked.time.order is TimeOrder.ANY:
            return Matches.of(())
        latest = asked.time.order is TimeOrder.LATEST
        edge = index.edge_ms(asked.words, where=where, count=ORDERED_DEPTH, latest=latest)
        if edge is None:
            return Matches.of(())
        span = TimeSpan(start=0, end=0, from_ms=edge if latest else None, until_ms=None if latest else edge)
        return index.search(asked.words, where=within(where, span) or where, limit=ORDERED_DEPTH)

    def _nearest(self, embedder: Embedder, text: str, narrowing: Future[Sequence[_Narrowed]], watch: Watch) -> Found:
        with watch.step("embed"):
            vector = embedder.embed([text], query=True)[0]
        narrower = narrowing.result()
        with watch.step("vector"), self._vectors() as index:
            inside = [(where, NEAR_TIME_DEPTH if is_time else VECTOR_DEPTH) for where, is_time in narrower]
            everywhere, *lists = index.search_each(vector, [(EVERYWHERE, VECTOR_DEPTH), *inside])
        return Found(everywhere, *lists)

    def _mentioning(self, asked: Asked, watch: Watch) -> Found:
        with watch.step("entity"), self._entities() as index:
            return Found(rank_by_entities(index, asked.entities, limit=ENTITY_DEPTH), floor=0.0)

    def _quoting(self, asked: Asked, watch: Watch) -> Found:
        with watch.step("phrase"), self._lexical() as index:
            found = quoting(index, self._log, asked.phrases, asked.words)
        # Worth all that it can be is what holds every phrase.
        return Found(found, floor=0.0, top=1.0)

    def _naming(self, spans: Sequence[TimeSpan], watch: Watch) -> frozenset[str]:
        named: set[str] = set()
        with watch.step("time"), self._entities() as index:
            bounded = {(s.from_ms, s.until_ms) for s in spans if s.from_ms is not None and s.until_ms is not None}
            for from_ms, until_ms in sorted(bounded):
                first, last = self._local_date(from_ms), self._local_date(until_ms)
                named.update(one.event_id for one in index.mentioning(first, last, limit=MENTIONS_MAX))
        return frozenset(named)


def _hear(name: str, retrieve: Callable[[], Found], found: dict[str, Found], failed: dict[str, Exception]) -> None:
    try:
        found[name] = retrieve()
    except Exception as error:
        failed[name] = error


def _narrower(where: Where, spans: Sequence[TimeSpan]) -> list[_Narrowed]:
    """Within what all look beside everywhere: the filter, and in it each time that is named."""
    timed = dict.fromkeys(narrowed for span in spans if (narrowed := within(where, span)) is not None)
    inside = [] if where.is_open else [_Narrowed(where, is_time=False)]
    return inside + [_Narrowed(narrowed, is_time=True) for narrowed in list(timed)[:TIMES_MAX]]


def _its_time(where: Where, spans: Sequence[TimeSpan]) -> list[Where]:
    """What passes the filter in each of the times; without any, all that passes."""
    inside = [where if where_is_within(where, span) else within(where, span) for span in spans[:TIMES_MAX]]
    return [one for one in inside if one is not None] if spans else [where]


def _found_within(where: Where, ranked: Matches, *, limit: int) -> Matches | None:
    """What a search within times would find, as far as what is *ranked* everywhere tells it; else None.

    `Last year` is most of many a store: of what was found everywhere enough lies in it.
    """
    if where != Where(from_ms=where.from_ms, until_ms=where.until_ms):
        return None
    passing = ranked.between(where.from_ms, where.until_ms)
    # Of fewer nobody knows whether they are all: a search takes no more passages than it may.
    return passing[:limit] if len(passing) >= limit else None
