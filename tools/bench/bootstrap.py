"""How far a mean may be from that of other data of the same sort: percentile bootstrap. Pure.

Two questions are asked of the same scores. *By conversation*: whole conversations are drawn, as
questions about one of them stand or fall together; this is what another set of conversations would
show, and of two conversations it can say next to nothing. *By question*: each conversation keeps its
place and its questions are drawn; this is what other questions about the same conversations would show.

Source: Efron & Tibshirani 1993, "An Introduction to the Bootstrap", chapters 8 and 13.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

SHARE = 0.95

Interval = tuple[float, float]
Counts = NDArray[np.float64]


def intervals(rows: Sequence[Mapping[str, float]], counts: Counts) -> dict[str, Interval]:
    """The middle `SHARE` of the means of each score over the drawings; nothing of nothing.

    Shapes: *counts* is ``(drawings, rows)``, how often each row was drawn.
    """
    if not rows or not len(counts):
        return {}
    names = list(rows[0])
    scores = np.array([[row[name] for name in names] for row in rows])
    means = (counts @ scores) / counts.sum(axis=1, keepdims=True)
    low, high = np.quantile(means, [(1 - SHARE) / 2, (1 + SHARE) / 2], axis=0)
    return {name: (float(low[i]), float(high[i])) for i, name in enumerate(names)}


def by_conversation(conversations: Sequence[str], *, drawings: int, seed: int) -> Counts:
    """How often each row is drawn, if as many conversations are drawn as there are."""
    random = np.random.default_rng(seed)
    names, which = np.unique(np.array(conversations), return_inverse=True)
    drawn = random.multinomial(len(names), np.full(len(names), 1 / len(names)), size=drawings)
    return drawn[:, which].astype(np.float64)


def by_question(conversations: Sequence[str], *, drawings: int, seed: int) -> Counts:
    """How often each row is drawn, if of each conversation as many questions are drawn as it has."""
    random = np.random.default_rng(seed)
    _, which = np.unique(np.array(conversations), return_inverse=True)
    counts = np.zeros((drawings, len(conversations)))
    for conversation in range(which.max(initial=-1) + 1):
        of_it = np.flatnonzero(which == conversation)
        counts[:, of_it] = random.multinomial(len(of_it), np.full(len(of_it), 1 / len(of_it)), size=drawings)
    return counts
