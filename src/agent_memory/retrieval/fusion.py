"""The signals of a pool into one ranking. Pure: equal pools, equal hits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from agent_memory.indexes.matches import Floats
from agent_memory.indexes.model import Match
from agent_memory.retrieval import judges
from agent_memory.retrieval.model import SearchOptions, Signal
from agent_memory.retrieval.pool import Pool

WEIGHTS = {
    "lexical": 1.0,
    "vector": 0.5,
    "entity": 0.2,
    "context": 2.5,
    "time": 1.0,
    "type": 0.2,
    "speaker": 0.5,
    "substance": 0.6,
    "phrase": 1.0,
    "contents": 1.0,
}
"""How much a signal counts; relative to each other, so one that is missing leaves its share."""


RECENT_MS = 30 * 86_400_000
"""An event that is so old is half as recent as one of now."""


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the pool with its score, and what each signal gave to it.

    ``passage`` is the one that was found; None where no retriever found any.
    """

    event_id: str
    score: float
    signals: tuple[Signal, ...]
    passage: Match | None
    factor: float = 1.0


class Ranking:
    """The rows of a pool, best first; ties in order of event id."""

    def __init__(self, pool: Pool, judged: Mapping[str, Floats], options: SearchOptions, *, now_ms: int) -> None:
        self._pool = pool
        self._columns: dict[str, Floats] = {**pool.normal, **judged}
        total = sum(WEIGHTS[name] for name in self._columns) or 1.0
        self._shares = {name: WEIGHTS[name] / total for name in self._columns}
        self.scores = np.zeros(len(pool))
        for name, column in self._columns.items():
            self.scores = self.scores + self._shares[name] * column
        self.factors = _factors(pool, options, now_ms=now_ms)
        self.scores = self.scores * self.factors
        # By time first, as ids are sorted; then by score, keeping that order among equals.
        by_id = np.argsort(pool.keys)
        self.order = by_id[np.argsort(-self.scores[by_id], kind="stable")]

    def told(self, rows: Sequence[int]) -> list[Ranked]:
        """What is told of each of the rows."""
        signals: list[list[Signal]] = [[] for _ in rows]
        best = [(-1.0, "", 0)] * len(rows)
        at = np.array(rows, np.int64)
        columns = np.array(list(self._columns.values())).reshape(len(self._columns), len(self._pool))
        every = columns[:, at]
        above = (columns[:, :, None] > every[:, None, :]).sum(axis=1)
        for (name, column), values, higher in zip(self._columns.items(), every, above, strict=True):
            found = self._pool.found.get(name)
            if found is None and not column.any():
                # Nothing to tell: of nobody in the pool, say, are these the words.
                continue
            ranks = 1 + higher
            contributions = (self._shares[name] * values * self.factors[at]).tolist()
            if found is None:
                given, scores = values > 0, values
            else:
                matched = self._pool.matched(name, at)
                given = matched >= 0
                scores = np.where(given, found.matches.scores[matched], 0.0) if len(found) else np.zeros(len(rows))
                # The passage to show is that of whoever says most for the event.
                for place in np.flatnonzero(given).tolist():
                    if contributions[place] > best[place][0] and found.matches.ends[matched[place]]:
                        best[place] = (contributions[place], name, int(matched[place]))
            told = zip(signals, np.where(given, ranks, 0).tolist(), scores.tolist(), contributions, strict=True)
            for own, rank, score, contribution in told:
                own.append(Signal(name=name, rank=rank, score=score, contribution=contribution))
        return [
            Ranked(
                event_id=event_id,
                score=sum(signal.contribution for signal in own),
                signals=tuple(own),
                passage=self._pool.found[name].matches.match(place, event_id) if name else None,
                factor=factor,
            )
            for event_id, own, (_, name, place), factor in zip(
                self._pool.ids_at(at), signals, best, self.factors[at].tolist(), strict=True
            )
        ]


def _factors(pool: Pool, options: SearchOptions, *, now_ms: int) -> Floats:
    """What recency and salience multiply a score by: at most half of what was asked more, or less."""
    factors = np.ones(len(pool))
    if options.recency:
        age = np.maximum(now_ms - pool.times_ms(), 0)
        factors *= 1.0 + options.recency * (np.exp2(-age / RECENT_MS) - 0.5)
    if options.salience:
        factors *= 1.0 + options.salience * (judges.salience(pool) - 0.5)
    return factors
