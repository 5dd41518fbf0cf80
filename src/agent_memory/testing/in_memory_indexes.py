"""Small exact forms of the search ports: what the engines are held against, and fast to make."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from agent_memory.annotation.types import types_of
from agent_memory.errors import DimensionMismatch
from agent_memory.events import Event
from agent_memory.indexes.matches import Matches
from agent_memory.indexes.model import Match, Where, session_key
from agent_memory.indexes.passages import passages_for
from agent_memory.indexes.words import folded
from agent_memory.inference.port import Embedder, Vectors

_WORD = re.compile(r"[^\W_]+")
_K1, _B = 1.2, 0.75

CHUNKS_MAX = 256


def admits(where: Where, event: Event) -> bool:
    """Whether the filter lets the event through, field by field as its documentation says."""
    if where.from_ms is not None and event.time_ms < where.from_ms:
        return False
    if where.until_ms is not None and event.time_ms > where.until_ms:
        return False
    fields: list[tuple[object, frozenset[object]]] = [
        (event.agent, frozenset(where.agents)),
        (event.project, frozenset(where.projects)),
        (event.session, frozenset(where.sessions)),
        (event.role, frozenset(where.roles)),
        (event.kind, frozenset(where.kinds)),
    ]
    if where.types and not types_of(event) & where.types:
        return False
    return all(not wanted or value in wanted for value, wanted in fields)


class InMemoryLexicalIndex:
    """A `LexicalSearch` over whole words, without stemming."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._chunks: list[tuple[Event, int, int, Counter[str]]] = []
        self._documents: Counter[str] = Counter()
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        for chunk in passages_for(event, limit=CHUNKS_MAX):
            words = Counter(_words(event.text[chunk.start : chunk.end]))
            self._chunks.append((event, chunk.start, chunk.end, words))
            self._documents.update(words.keys())

    def search(self, query: str, *, where: Where, limit: int) -> Matches:
        asked = sorted(set(_words(query)))
        mean = sum(words.total() for *_, words in self._chunks) / max(1, len(self._chunks)) or 1.0
        matches = []
        for event, start, end, words in self._chunks:
            if not admits(where, event):
                continue
            score = 0.0
            for word in asked:
                if times := words[word]:
                    score += (
                        self._rarity(word) * times * (_K1 + 1) / (times + _K1 * (1 - _B + _B * words.total() / mean))
                    )
            if score:
                matches.append(Match(event.id, start, end, score, session_key(event.session)))
        return Matches.of(best_by_event(matches)[: max(0, limit)])

    def edge_ms(self, query: str, *, where: Where, count: int, latest: bool) -> int | None:
        asked = {word for word in _words(query) if self._documents[word]}
        times = sorted(
            (event.time_ms for event, _, _, words in self._chunks if admits(where, event) and asked <= words.keys()),
            reverse=latest,
        )
        return times[:count][-1] if asked and times else None

    def in_time(self, *, where: Where, limit: int, latest: bool) -> Matches:
        passing = [chunk for chunk in self._chunks if admits(where, chunk[0])]
        passing.sort(key=lambda chunk: chunk[0].time_ms, reverse=latest)
        firsts: dict[str, Match] = {}
        for event, start, end, _ in sorted(passing[:limit], key=lambda chunk: (chunk[0].id, chunk[1])):
            firsts.setdefault(event.id, Match(event.id, start, end, 0.0, session_key(event.session)))
        return Matches.of(list(firsts.values()))

    def whole_score(self, query: str) -> float:
        return sum(self._rarity(word) for word in sorted(set(_words(query))))

    def _rarity(self, word: str) -> float:
        held_by = self._documents[word]
        return math.log(1 + (len(self._chunks) - held_by + 0.5) / (held_by + 0.5))


class InMemoryVectorIndex:
    """A `VectorSearch` that looks at every vector."""

    def __init__(self, embedder: Embedder, events: Iterable[Event] = ()) -> None:
        self._embedder = embedder
        self._passages: list[tuple[Event, int, int]] = []
        self._vectors: list[Vectors] = []
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        for chunk in passages_for(event, limit=CHUNKS_MAX):
            self._passages.append((event, chunk.start, chunk.end))
            self._vectors.append(self._embedder.embed([event.text[chunk.start : chunk.end]])[0])

    def search(self, vector: Vectors, *, where: Where, limit: int) -> Matches:
        if vector.shape != (self._embedder.dim,):
            raise DimensionMismatch("vector", vector.shape, f"the index holds vectors of {self._embedder.dim} numbers")
        query = vector.astype(np.float64)
        matches = [
            Match(event.id, start, end, float((held.astype(np.float64) * query).sum()), session_key(event.session))
            for (event, start, end), held in zip(self._passages, self._vectors, strict=True)
            if admits(where, event)
        ]
        return Matches.of(best_by_event(matches)[: max(0, limit)])

    def search_each(self, vector: Vectors, asked: Sequence[tuple[Where, int]]) -> list[Matches]:
        return [self.search(vector, where=where, limit=limit) for where, limit in asked]


def best_by_event(matches: Iterable[Match]) -> list[Match]:
    """Each event's best match, best first; ties in order of id."""
    best: dict[str, Match] = {}
    for match in sorted(matches, key=lambda m: (-m.score, m.event_id, m.start)):
        best.setdefault(match.event_id, match)
    return list(best.values())


def _words(text: str) -> list[str]:
    return _WORD.findall(folded(text).lower())
