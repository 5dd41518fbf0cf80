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

from agent_memory.inference.port import Embedder
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
