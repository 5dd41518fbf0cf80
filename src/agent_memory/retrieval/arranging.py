"""What may be done with a page of hits once it is ranked: spread it, group it. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_WORD = re.compile(r"\w+")
_READ_MAX = 2_000


def grouped(hits: Sequence[T], sessions: Sequence[str]) -> list[T]:
    """The hits of a session together, sessions in the order of their first hit."""
    groups: dict[str, list[T]] = {}
    for hit, session in zip(hits, sessions, strict=True):
        groups.setdefault(session, []).append(hit)
    return [hit for group in groups.values() for hit in group]


def spread(texts: Sequence[str], scores: Sequence[float], limit: int, *, diversity: float) -> list[int]:
    """The places of *limit* texts, each the one that fits best for how little it repeats those before it.

    *scores* are best first. Likeness of two texts is the share of their words that both have.
    Source: Carbonell & Goldstein 1998, "The use of MMR, diversity-based reranking".
    """
    words = [frozenset(_WORD.findall(text[:_READ_MAX].lower())) for text in texts]
    shared_words = _as_bits(words)
    top = max(scores, default=0.0) or 1.0
    likeness = [0.0] * len(texts)
    left = list(range(len(texts)))
    chosen: list[int] = []
    while left and len(chosen) < limit:
        best = max(left, key=lambda place: (1 - diversity) * scores[place] / top - diversity * likeness[place])
        left.remove(best)
        chosen.append(best)
        taken, size = shared_words[best], len(words[best])
        for place in left:
            shared = (shared_words[place] & taken).bit_count()
            if shared:
                likeness[place] = max(likeness[place], shared / (len(words[place]) + size - shared))
    return chosen


def _as_bits(sets: Sequence[frozenset[str]]) -> list[int]:
    """Of each set what it may share with another, a bit for each word: what two share is then one `and`."""
    counts: Counter[str] = Counter()
    for own in sets:
        counts.update(own)
    bits = {word: 1 << place for place, word in enumerate(word for word, count in counts.items() if count > 1)}
    # Each word is there once, so that adding bits is setting them.
    return [sum(bits[word] for word in own if word in bits) for own in sets]
