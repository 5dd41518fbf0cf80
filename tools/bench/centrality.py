"""Sentences by how like all the others of the day they are: LexRank, over words or over vectors.

Source: Erkan & Radev 2004, "LexRank: Graph-based Lexical Centrality as Salience in Text
Summarization", JAIR 22, the continuous form with damping 0.15.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from agent_memory.inference._picking import weigh
from agent_memory.inference._sentences import Reading
from agent_memory.inference._titles import Pick
from agent_memory.inference.extractive import ExtractiveSummariser
from agent_memory.inference.port import Embedder
from agent_memory.toc.material import Passage
from tools.bench.sentences import Sentence

_DAMPING = 0.15
_STEPS = 50


def by_words(sentences: Sequence[Sentence]) -> list[Sentence]:
    """The most central first, by cosine of words weighed by how few sentences have them."""
    spread = Counter(word for sentence in sentences for word in sorted(sentence.words))
    place = {word: at for at, word in enumerate(spread)}
    rows = np.zeros((len(sentences), max(1, len(place))), dtype=np.float64)
    for row, sentence in zip(rows, sentences, strict=True):
        for word in sentence.words:
            row[place[word]] = math.log(len(sentences) / spread[word])
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return _ranked(sentences, rows / np.where(norms > 0, norms, 1))


def by_vectors(embedder: Embedder) -> Callable[[Sequence[Sentence]], list[Sentence]]:
    """The most central first, by cosine of what the model makes of them."""
    return lambda sentences: _ranked(
        sentences, embedder.embed([sentence.text for sentence in sentences]).astype(np.float64)
    )


class OtherwiseCentral(ExtractiveSummariser):
    """The default with another measure of centrality: words at *words* points, vectors at *vectors*.

    The points of vectors are for a mean cosine of 1 with the other sentences of the segment.
    """

    def __init__(self, *, words: int, vectors: int = 0, embedder: Embedder | None = None) -> None:
        super().__init__()
        self._words, self._vectors, self._embedder = words, vectors, embedder

    def _weigh(
        self, passages: tuple[Passage, ...], readings: list[Reading], spread: Counter[str], social: bool
    ) -> list[Pick]:
        picks = weigh(passages, readings, spread, social, shared_worth=self._words)
        if self._embedder is None or len(picks) < 2:
            return picks
        texts = [passages[pick[1]].text[pick[2] : pick[3].end] for pick in picks]
        rows = self._embedder.embed(texts).astype(np.float64)
        like = rows @ rows.T
        np.fill_diagonal(like, 0)
        central = like.sum(axis=1) / (len(picks) - 1)
        added = [round(self._vectors * float(one)) for one in central]
        return sorted((pick[0] - more, *pick[1:]) for pick, more in zip(picks, added, strict=True))


def _ranked(sentences: Sequence[Sentence], rows: NDArray[np.float64]) -> list[Sentence]:
    worth = lexrank(rows)
    return [sentences[at] for at in sorted(range(len(sentences)), key=lambda at: (-round(float(worth[at]), 9), at))]


def lexrank(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shapes: unit rows ``(n, dim)`` to their centrality ``(n,)``, which sums to 1."""
    like = np.clip(rows @ rows.T, 0, None)
    # What is like nothing but itself is central to nothing.
    np.fill_diagonal(like, 0)
    sums = like.sum(axis=1, keepdims=True)
    count = len(rows)
    steps = np.where(sums > 0, like / np.where(sums > 0, sums, 1), 1 / count)
    worth = np.full(count, 1 / count)
    for _ in range(_STEPS):
        worth = _DAMPING / count + (1 - _DAMPING) * (steps.T @ worth)
    return worth
