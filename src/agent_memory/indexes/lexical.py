"""Keywords by tantivy: BM25 over chunks of event text.

One document for each passage of an event; one of which nothing is indexed has an empty document.

    text      words, stemmed, without English stop words; the parts of camelCase words; and who
              speaks or which tool it is, for questions name people
    whole     identifiers, paths, codes of more than one word, as they stand
    agent, project, session, role, kind     one raw term each, for filters
    type           a raw term for each of its memory types
    high, low      the event's ULID in two halves; its time is the top 48 bits of `high`
    session_key    64 bits of a hash of the session
    span           start << 32 | end of the chunk, in code points
    position       of the event in the log
    digest         of all that was indexed of the chunk

The checkpoint is the greatest position of the committed documents, so it is part of every
commit by construction. (A marker document that is replaced at each commit would do as well,
but with deleted documents tantivy estimates the lengths that BM25 divides by, and scores would
come to depend on how segments were merged.)

Scores are a function of the set of documents. Their statistics are sums over all segments; and as
adding three or more floats gives what the order of adding makes of them, a query has its terms in an
order that is its own, rarest first, in which this version of tantivy adds them whatever its segments.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import tantivy
from numpy.typing import NDArray
from tantivy import Document, FieldType, Filter, Index, Occur, Query, SchemaBuilder, TextAnalyzerBuilder, Tokenizer

from agent_memory.annotation.types import TYPING
from agent_memory.courtesy import behind_all
from agent_memory.errors import Closed
from agent_memory.events import START, Position
from agent_memory.events.ulids import ULID_TIME_MAX_MS
from agent_memory.indexes.event_ids import event_ids_of, keys_of_halves
from agent_memory.indexes.lexical_documents import FILTERS, Documents, term_of
from agent_memory.indexes.matches import Matches, firsts_of
from agent_memory.indexes.model import Where
from agent_memory.indexes.panics import panics_told
from agent_memory.indexes.passages import PASSAGES
from agent_memory.indexes.words import WORDS, folded, parts_of_humps, telling, wholes_of

LEXICAL_FORMAT = f"lexical-2/{PASSAGES}/{TYPING}/{WORDS}/{tantivy.__version__.replace(', ', '/').replace(' ', '-')}"  # type: ignore[attr-defined]
"""What the folder's bytes depend on; a view of another format is built again."""

PASSAGES_MAX = 16_384
"""Passages that one search takes out of the engine. Of more that fit equally well, which of them are found
is no function of the documents; and where few long events hold all of these, fewer events are found."""

QUERY_TERMS_MAX = 32
"""Of a longer query, its rarest terms are asked for."""

QUERY_CHARACTERS_MAX = 20_000
"""What stands beyond in a query is not read."""

_VIEW = "lexical"
_WRITER_BYTES = 32_000_000
_TOKEN_BYTES_MAX = 80
# Events have several passages, and scores tie: half as many more are asked for than are wanted, as asking
# again costs as much as the first time. Of these no more are read than turns out to be needed.
_SPARE_SHARE = 2
_SPARE_HITS = 16

_Hit = tuple[float, tantivy.DocAddress]


def _no_step(name: str) -> None:
    """Where nothing is to be broken."""


class LexicalIndex:
    """A `LexicalSearch` in a folder. One thread applies; searches go on beside it, from any thread.

    *step* is called before and after each effect; tests break it there.
    Errors: `Corrupt` from every method, where damaged files bring the engine down.
    """

    def __init__(self, index: Index, *, step: Callable[[str], None] = _no_step) -> None:
        self._index: Index | None = index
        self._schema = index.schema
        self._step = step
        self._writer: tantivy.IndexWriter | None = None
        self._text = _text_analyzer()
        self._names = _names_analyzer()
        for name, analyzer in (("text", self._text), ("names", self._names)):
            index.register_tokenizer(name, analyzer)
        index.config_reader("manual")
        self._checkpoint = START
        # A query, how many passages there were, and what was asked for: replaced as one.
        self._last_terms: tuple[str, int, list[tuple[int, str, str]]] = ("", -1, [])
        self._reload()

    @classmethod
    def open(cls, folder: Path, *, step: Callable[[str], None] = _no_step) -> LexicalIndex:
        """The index in the folder, as its last commit left it; an empty one in a new folder."""
        folder.mkdir(parents=True, exist_ok=True)
        with panics_told(_VIEW):
            return cls(Index(_schema(), path=str(folder), reuse=True), step=step)

    def checkpoint(self) -> Position:
        """The greatest position that it contains: on disk, but for those at the end that have no document."""
        return self._checkpoint

    def apply(self, entries: Iterable[tuple[Position, Documents | None]]) -> None:
        """Take in entries in order of position and commit them; all or none.

        None stands for what has no words to find. It gets no document, for scores depend on how many there
        are: at the end of the index such a position is known until it is closed, and passed over anew then.
        Positions up to the checkpoint are in already and are passed over.
        """
        index = self._opened()
        if self._unsure:
            self._reload()
        try:
            with panics_told(_VIEW):
                self._commit(index, entries)
        except BaseException:
            self._forget()
            raise

    def _commit(self, index: Index, entries: Iterable[tuple[Position, Documents | None]]) -> None:
        writer: tantivy.IndexWriter | None = None
        last = self._checkpoint
        self._step("before adding")
        for position, documents in entries:
            if position > last:
                if documents is not None:
                    writer = writer or self._writing(index)
                    _add(writer, self._schema, position, documents)
                last = position
        if writer is None:
            self._checkpoint = last
            return
        self._step("before the commit")
        writer.commit()
        self._step("after the commit")
        index.reload()
        # Not before: who reads the checkpoint may search for what it promises.
        self._checkpoint = last
        self._step("after the reload")

    def _writing(self, index: Index) -> tantivy.IndexWriter:
        if self._writer is None:
            # Nobody waits for what it does on threads of its own.
            self._writer = behind_all(lambda: index.writer(_WRITER_BYTES, 1))
        return self._writer

    def search(self, query: str, *, where: Where, limit: int) -> Matches:
        index = self._opened()
        if limit < 1:
            return Matches.of(())
        with panics_told(_VIEW):
            return self._found(index, query, where, limit)

    def _found(self, index: Index, query: str, where: Where, limit: int) -> Matches:
        searcher = index.searcher()
        asked = self._query(searcher, query)
        if asked is None:
            return Matches.of(())
        if not where.is_open:
            narrowed = _filters(self._schema, where)
            # The filters lead: where they let little through, the words need not be looked at one by one.
            asked = Query.boolean_query([*((Occur.Must, f) for f in narrowed), (Occur.Must, asked)])
        count = limit + limit // _SPARE_SHARE + _SPARE_HITS
        while True:
            hits = searcher.search(asked, limit=count, count=False).hits
            is_last = len(hits) < count or count >= PASSAGES_MAX
            ranked = _ranked(searcher, hits, limit, is_all=is_last)
            if ranked is not None:
                return ranked
            count = min(count * 8, max(PASSAGES_MAX, 2 * limit))

    def edge_ms(self, query: str, *, where: Where, count: int, latest: bool) -> int | None:
        with panics_told(_VIEW):
            searcher = self._opened().searcher()
            found = self._terms(searcher, query)[:QUERY_TERMS_MAX]
            must = [self._term(field, token) for held_by, field, token in found if held_by]
            if not must:
                return None
            asked = Query.boolean_query([(Occur.Must, q) for q in (*must, *_filters(self._schema, where))])
            order = tantivy.Order.Desc if latest else tantivy.Order.Asc
            hits = searcher.search(asked, limit=count, count=False, order_by_field="high", order=order).hits
            return int(hits[-1][0]) >> 16 if hits else None

    def in_time(self, *, where: Where, limit: int, latest: bool) -> Matches:
        with panics_told(_VIEW):
            searcher = self._opened().searcher()
            narrowed = [] if where.is_open else [(Occur.Must, f) for f in _filters(self._schema, where)]
            asked = Query.boolean_query([*narrowed, (Occur.Must, Query.all_query())])
            order = tantivy.Order.Desc if latest else tantivy.Order.Asc
            hits = searcher.search(asked, limit=limit, count=False, order_by_field="high", order=order).hits
            return _best_by_event(searcher, hits, np.zeros(len(hits))) if hits else Matches.of(())

    def whole_score(self, query: str) -> float:
        with panics_told(_VIEW):
            searcher = self._opened().searcher()
            count = searcher.num_docs
            return sum(_rarity(count, held_by) for held_by, _, _ in self._terms(searcher, query)[:QUERY_TERMS_MAX])

    def rows(self) -> Iterator[tuple[str, bytes]]:
        """What is indexed of each event, in order of id and chunk: its span and digest."""
        with panics_told(_VIEW):
            columns = self._indexed(self._opened())
        rows = sorted(zip(*columns, strict=True))
        ids = event_ids_of([row[0] for row in rows], [row[1] for row in rows])
        for event_id, (_, _, span, digest) in zip(ids, rows, strict=True):
            yield f"{event_id}/{span >> 32:07d}", msgspec.msgpack.encode((span & 0xFFFF_FFFF, digest))

    def close(self) -> None:
        """Give the folder back; merges under way are finished first."""
        writer, self._writer = self._writer, None
        self._index = None
        if writer is not None:
            with panics_told(_VIEW):
                writer.wait_merging_threads()

    def _indexed(self, index: Index) -> list[list[Any]]:
        """Of every chunk: the halves of its event's id, its span and its digest, in no order."""
        searcher = index.searcher()
        count = searcher.num_docs
        if not count:
            return [[], [], [], []]
        addresses = [address for _, address in searcher.search(Query.all_query(), limit=count, count=False).hits]
        return [searcher.fast_field_values(name, addresses) for name in ("high", "low", "span", "digest")]

    def _forget(self) -> None:
        """Back to the last commit, which may be the one that raised; a writer that cannot do even that is replaced."""
        self._unsure = True
        try:
            with panics_told(_VIEW):
                if self._writer is not None:
                    self._writer.rollback()
        except Exception:
            self._writer = None
        with suppress(Exception):
            self._reload()

    def _reload(self) -> None:
        """See the last commit; until this is done nobody knows which one it is."""
        self._unsure = True
        with panics_told(_VIEW):
            self._opened().reload()
            self._checkpoint = self._committed()
        self._unsure = False

    def _opened(self) -> Index:
        if self._index is None:
            raise Closed("the lexical index is closed")
        return self._index

    def _committed(self) -> Position:
        searcher = self._opened().searcher()
        hits = searcher.search(Query.all_query(), limit=1, count=False, order_by_field="position").hits
        return int(hits[0][0]) if hits else START

    def _query(self, searcher: tantivy.Searcher, query: str) -> Query | None:
        found = self._terms(searcher, query)
        terms = [self._term(field, token) for count, field, token in found if count][:QUERY_TERMS_MAX]
        # Side by side, for so the engine leaves out whole blocks of passages that cannot be among the best.
        return Query.boolean_query([(Occur.Should, term) for term in terms]) if terms else None

    def _terms(self, searcher: tantivy.Searcher, query: str) -> list[tuple[int, str, str]]:
        """What is asked for: how many passages hold it, its field and the term, rarest first."""
        # One search asks several times for the same: everywhere, under its filter, within its times.
        asked, count, terms = self._last_terms
        if (asked, count) != (query, searcher.num_docs):
            count, terms = searcher.num_docs, self._read_terms(searcher, query)
            self._last_terms = (query, count, terms)
        return terms

    def _read_terms(self, searcher: tantivy.Searcher, query: str) -> list[tuple[int, str, str]]:
        # Folding can make eighteen characters of one.
        text = folded(query[:QUERY_CHARACTERS_MAX])[:QUERY_CHARACTERS_MAX]
        raw = text.encode()
        terms = [("text", token) for token in self._text.analyze(f"{telling(text)} {parts_of_humps(text, raw)}")]
        terms += [("whole", token) for token in self._names.analyze(wholes_of(text, raw))]
        # In an order of their own, so that a query is asked in one way however it is worded.
        return sorted((searcher.doc_freq(field, token), field, token) for field, token in set(terms))

    def _term(self, field: str, token: str) -> Query:
        return Query.term_query(self._schema, field, token, index_option="freq")


def _schema() -> tantivy.Schema:
    builder = SchemaBuilder()
    builder.add_text_field("text", tokenizer_name="text", index_option="freq")
    builder.add_text_field("whole", tokenizer_name="names", index_option="freq")
    for name in FILTERS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("high", "low", "session_key", "span", "position", "digest"):
        builder.add_unsigned_field(name, fast=True)
    return builder.build()


def _text_analyzer() -> tantivy.TextAnalyzer:
    builder = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(_TOKEN_BYTES_MAX))
    builder = builder.filter(Filter.lowercase()).filter(Filter.stopword("english"))
    return builder.filter(Filter.stemmer("english")).build()


def _names_analyzer() -> tantivy.TextAnalyzer:
    return TextAnalyzerBuilder(Tokenizer.whitespace()).filter(Filter.lowercase()).build()


def _add(writer: tantivy.IndexWriter, schema: tantivy.Schema, position: Position, documents: Documents) -> None:
    for fields in documents:
        writer.add_document(Document.from_dict({**fields, "position": position}, schema))


def _rarity(count: int, held_by: int) -> float:
    """The inverse document frequency, as tantivy has it."""
    return math.log(1 + (count - held_by + 0.5) / (held_by + 0.5))


def _filters(schema: tantivy.Schema, where: Where) -> list[Query]:
    """What every match must also be; none of it adds to a score."""
    queries = []
    if where.from_ms is not None or where.until_ms is not None:
        first = max(0, where.from_ms or 0)
        until = ULID_TIME_MAX_MS if where.until_ms is None else min(where.until_ms, ULID_TIME_MAX_MS)
        if first > until:
            return [Query.empty_query()]
        queries.append(Query.range_query(schema, "high", FieldType.Unsigned, first << 16, until << 16 | 0xFFFF))
    values: dict[str, list[str]] = {
        "agent": [term_of(v) for v in where.agents],
        "project": [term_of(v) for v in where.projects],
        "session": [term_of(v) for v in where.sessions],
        "role": [v.value for v in where.roles],
        "kind": [v.value for v in where.kinds],
        "type": [v.value for v in where.types],
    }
    queries += [Query.term_set_query(schema, name, sorted(wanted)) for name, wanted in values.items() if wanted]
    return [Query.const_score_query(query, 0.0) for query in queries]


def _ranked(searcher: tantivy.Searcher, hits: Sequence[_Hit], limit: int, *, is_all: bool) -> Matches | None:
    """The best events of the hits, of which there are no more if these are all; None where more are needed.

    What the engine knows of a hit is read for as few as will do.
    """
    falling = -np.fromiter(map(itemgetter(0), hits), np.float64, len(hits))
    # Equal scores come in no order of ours: of the last tie there may be more that were not taken out.
    known = len(hits) if is_all else int(falling.searchsorted(falling[-1]))
    need = limit + _SPARE_HITS
    while is_all or known >= limit:
        end = known if need >= known else int(falling.searchsorted(falling[need - 1], "right"))
        ranked = _best_by_event(searcher, hits[:end], falling[:end])
        if len(ranked) >= limit or (end == len(hits) and is_all):
            return ranked[:limit]
        if end == known:
            break
        need = end + limit - len(ranked)
    return None


def _best_by_event(searcher: tantivy.Searcher, hits: Sequence[_Hit], falling: NDArray[np.float64]) -> Matches:
    """Of each event its best chunk, best first; ties in order of id."""
    addresses = [address for _, address in hits]
    columns: list[Any] = [searcher.fast_field_values(n, addresses) for n in ("high", "low", "span", "session_key")]
    # By way of `array`: numpy takes twice as long for numbers beyond 2**63.
    high, low, span, session = (np.frombuffer(array("Q", column), np.uint64) for column in columns)
    order = np.lexsort((span, low, high, falling))
    keys = keys_of_halves(high[order], low[order])
    firsts = firsts_of(keys)
    best = order[firsts]
    spans = span[best]
    starts, ends = spans >> np.uint64(32), spans & np.uint64(0xFFFF_FFFF)
    return Matches(keys[firsts], starts.astype(np.int64), ends.astype(np.int64), -falling[best], session[best])
