"""Which passages of an event are indexed: those that were said, and of a long text the telling ones.

Scaffolding stays out, and no passage reaches across it. A text of more chunks than an index takes
is indexed by its beginning, its end, and what is distinctive in between: what a log of a megabyte
is searched for is the one line that is not like the others.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from agent_memory.annotation.scaffolding import SCAFFOLDING, complement, scaffolding_of
from agent_memory.events import Event
from agent_memory.indexes.chunks import CHUNKING, Chunk, chunks_of

PASSAGES = f"{CHUNKING}/{SCAFFOLDING}/passages-1"
"""Names the way of choosing, for the fingerprint of whatever is built from passages."""


def passages_for(event: Event, *, limit: int) -> list[Chunk]:
    """The passages of the event's text to index, in order; none where nothing was said.

    A function of the event. At most *limit*: of more, the first and the last quarter are the
    text's first and last, and the half between them is chosen by what only it has.
    Units: code points of the event's text.
    """
    text = event.text
    scaffolding = scaffolding_of(event)
    if not scaffolding:
        chunks = chunks_of(text) if text.strip() else []
    else:
        chunks = []
        for part in complement(scaffolding, len(text)):
            said = text[part.start : part.end]
            if stripped := said.strip():
                start = part.start + said.index(stripped[0])
                chunks += [Chunk(start + c.start, start + c.end) for c in chunks_of(stripped)]
    if len(chunks) <= limit:
        return chunks
    head, tail = (limit + 3) // 4, limit // 4
    middle = chunks[head : len(chunks) - tail]
    return chunks[:head] + _most_telling(text, middle, limit - head - tail) + chunks[len(chunks) - tail :]


# -- what is distinctive ---------------------------------------------------------------------
#
# A term that stands in one to three chunks is weighed by what it looks like, and counts for the
# first of them, so that the same rare line twice does not take two places. Digits are one digit
# here: every line of a log has another time. And where many rare terms have digits in the same
# places (hashes, request ids), no single one of them is distinctive.

_RARE_MAX = 3
_PLAIN, _CAPITALS, _NAME, _EXCEPTIONAL = 1.0, 2.0, 3.0, 6.0
_EXCEPTIONS_MAX = 8
"""Chunks up to which a word of trouble has its full weight; in a log of errors it says nothing."""

_TROUBLE = """
    error errors err failed failure failures fails fatal panic exception traceback warning warn critical severe
    denied refused rejected aborted abort killed crashed crash segfault timeout assertion invalid corrupt cannot
"""
_EXCEPTIONS = {
    f"{form(word)}{end}".encode(): word
    for word in _TROUBLE.split()
    for form in (str.lower, str.upper, str.title)
    for end in ("", ".", "!")
}
_KEPT = b"_-./@#%+"
_FLAT = bytes(
    ord("0") if chr(c).isdigit() and c < 128 else c if c >= 128 or chr(c).isalnum() or c in _KEPT else ord(" ")
    for c in range(256)
)
_HELD_TOGETHER = re.compile(rb"[A-Za-z0-9\x80-\xff][-_./@#][A-Za-z0-9\x80-\xff]|[a-z][A-Z]|[A-Z]{2}[a-z]")
_SHOUTED = re.compile(rb"[A-Z]{3,}")
# Digits and the letters of hexadecimal among them, as in hashes and random ids.
_MIXED = re.compile(rb"(?<![0a-fA-F])[0a-fA-F]*0[0a-fA-F]*")
_LETTERS = re.compile(rb"[A-Za-z\x80-\xff]+")


def _most_telling(text: str, chunks: Sequence[Chunk], count: int) -> list[Chunk]:
    """So many of the chunks, in order of the text."""
    if count < 1:
        return []
    terms = [_terms(text[chunk.start : chunk.end]) for chunk in chunks]
    scores = _scores(terms)
    best = sorted(range(len(chunks)), key=lambda index: (-scores[index], index))[:count]
    return [chunks[index] for index in sorted(best)]


def _terms(text: str) -> set[bytes]:
    return set(text.encode("utf-8", "surrogatepass").translate(_FLAT).split())


def _scores(terms: Sequence[set[bytes]]) -> list[float]:
    counts: Counter[bytes] = Counter()
    for own in terms:
        counts.update(own)
    weights = _weights([term for term, found in counts.items() if found <= _RARE_MAX])
    troubles = _troubles(counts)
    rare, wrong = weights.keys(), troubles.keys()
    scores = []
    for own in terms:
        score = max((troubles[term] for term in own & wrong), default=0.0)
        # In an order of their own: sums of floats depend on it.
        for term in sorted(own & rare):
            score += weights.pop(term) / counts[term]
        scores.append(score)
    return scores


def _weights(rare: Iterable[bytes]) -> dict[bytes, float]:
    shapes: dict[bytes, bytes] = {}
    weights: dict[bytes, float] = {}
    for term in rare:
        if b"0" in term:
            shapes[term] = _LETTERS.sub(b"a", _MIXED.sub(b"0", term))
        elif _HELD_TOGETHER.search(term):
            weights[term] = _NAME
        elif _SHOUTED.match(term):
            weights[term] = _CAPITALS
        elif len(term) > 3:
            weights[term] = _PLAIN
    alike = Counter(shapes.values())
    for term, shape in shapes.items():
        weights[term] = _NAME / alike[shape]
    return weights


def _troubles(counts: Counter[bytes]) -> dict[bytes, float]:
    found = {term: word for term, word in _EXCEPTIONS.items() if term in counts}
    spread: Counter[str] = Counter()
    for term, word in found.items():
        spread[word] += counts[term]
    return {term: _EXCEPTIONAL * min(1.0, _EXCEPTIONS_MAX / spread[word]) for term, word in found.items()}
