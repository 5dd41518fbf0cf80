"""The signals of a pool into one ranking. Pure: equal pools, equal hits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from agent_memory.indexes.matches import Floats
from agent_memory.retrieval import judges
from agent_memory.retrieval.asked import Asked
from agent_memory.retrieval.model import SearchOptions, Signal
from agent_memory.retrieval.pool import Pool, order_of
from agent_memory.temporal import TimeOrder

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

OF_ANYTHING = {"lexical": 0.3, "vector": 0.15, "context": 0.3, "time": 3.0, "type": 1.0}
"""What counts otherwise in a question that has no topic, as `what did we do yesterday`: nothing but when it was
makes an event fit, and what words and meaning find of it is chance."""

FIRST_OF_ALL = 1e9
"""What time counts where the first or the last of all is asked for: a second, a year ago, is more than all else."""

RECENT_MS = 30 * 86_400_000
"""An event that is so old is half as recent as one of now."""


def weights_of(asked: Asked) -> dict[str, float]:
    """How much each signal counts for this query."""
    if asked.has_topic:
        return WEIGHTS
    return WEIGHTS | (OF_ANYTHING if asked.time.order is TimeOrder.ANY else OF_ANYTHING | {"time": FIRST_OF_ALL})


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the pool with its score, and what each signal gave to it.

    ``passage`` are code points ``[start, end)`` of what was found; None where no retriever found any.
    """

    score: float
    signals: tuple[Signal, ...]
    passage: tuple[int, int] | None
    factor: float = 1.0


class Ranking:
    """The rows of a pool, best first; ties in order of event id."""

    def __init__(
        self,
        pool: Pool,
        judged: Mapping[str, Floats],
        options: SearchOptions,
        *,
        weights: Mapping[str, float] = WEIGHTS,
        now_ms: int,
    ) -> None:
        self._pool = pool
        self._columns: dict[str, Floats] = {**pool.normal, **judged}
        total = sum(weights[name] for name in self._columns) or 1.0
        self._shares = {name: weights[name] / total for name in self._columns}
        self.scores = np.zeros(len(pool))
        for name, column in self._columns.items():
            self.scores = self.scores + self._shares[name] * column
        self.factors = _factors(pool, options, now_ms=now_ms)
        self.scores = self.scores * self.factors
        # By time first, as ids are sorted; then by score, keeping that order among equals.
        by_id = order_of(pool.keys)
        self.order = by_id[np.argsort(-self.scores[by_id], kind="stable")]

    def told(self, rows: Sequence[int]) -> list[Ranked]:
        """What is told of each of the rows."""
        at = np.array(rows, np.int64)
        factors = self.factors[at]
        signals: list[list[Signal]] = [[] for _ in rows]
        best: list[tuple[float, str, int]] = [(-1.0, "", 0)] * len(rows)
        for name, column in self._columns.items():
            found = self._pool.found.get(name)
            if found is None and not column.any():
                # Nothing to tell: of nobody in the pool, say, are these the words.
                continue
            values = column[at]
            # How many in the pool have more, and one.
            ranks = (len(column) + 1 - np.sort(column).searchsorted(values, "right")).tolist()
            contributions = (self._shares[name] * values * factors).tolist()
            if found is None:
                given, scores = (values > 0).tolist(), values.tolist()
            else:
                matched = self._pool.matched(name, at)
                given = (matched >= 0).tolist()
                scores = found.matches.scores[matched].tolist() if len(found) else [0.0] * len(rows)
                shown = (found.matches.ends[matched] > 0).tolist() if len(found) else given
                # The passage to show is that of whoever says most for the event.
                for row, place in enumerate(matched.tolist()):
                    if given[row] and shown[row] and contributions[row] > best[row][0]:
                        best[row] = (contributions[row], name, place)
            for row, own in enumerate(signals):
                # Whoever did not find it says nothing of it.
                rank, score = (ranks[row], scores[row]) if given[row] else (0, 0.0)
                own.append(Signal(name=name, rank=rank, score=score, contribution=contributions[row]))
        return [
            Ranked(
                score=sum([signal.contribution for signal in own]),
                signals=tuple(own),
                passage=self._pool.found[name].passage(place) if name else None,
                factor=factor,
            )
            for own, (_, name, place), factor in zip(signals, best, factors.tolist(), strict=True)
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
