"""Which passages of an event are indexed: those that were said, and of a long text the telling ones.

Scaffolding stays out, and no passage reaches across it. A text of more chunks than an index takes
is indexed by its beginning, its end, and what is distinctive in between: what a log of a megabyte
is searched for is the one line that is not like the others.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import repeat
from threading import Lock

from agent_memory.annotation.scaffolding import SCAFFOLDING, complement, scaffolding_of
from agent_memory.events import Event, Kind
from agent_memory.indexes.chunks import CHUNKING, Chunk, each_chunk

PASSAGES = f"{CHUNKING}/{SCAFFOLDING}/passages-2"
"""Names the way of choosing, for the fingerprint of whatever is built from passages."""


def passages_for(event: Event, *, limit: int) -> list[Chunk]:
    """The passages of the event's text to index, in order; none where nothing was said.

    A function of the event. At most *limit*: of more, the first and the last quarter are the
    text's first and last, and the half between them is chosen by what few others have.
    Units: code points of the event's text.
    """
    if limit == 1:
        first = first_passage(event)
        return [first] if first is not None else []
    chunks, scores = _scored(event) if len(event.text) > _SHARED_MIN else (list(_passages(event)), None)
    if len(chunks) <= limit:
        return list(chunks)
    if scores is None:
        scores = _scores(event.text, chunks)
    head, tail = (limit + 3) // 4, limit // 4
    middle = range(head, len(chunks) - tail)
    best = sorted(middle, key=lambda place: (-scores[place], place))[: limit - head - tail]
    return chunks[:head] + [chunks[place] for place in sorted(best)] + chunks[len(chunks) - tail :]


def first_passage(event: Event) -> Chunk | None:
    """The first of the event's passages, for little; None where nothing was said."""
    return next(_passages(event), None)


def _passages(event: Event) -> Iterator[Chunk]:
    text = event.text
    scaffolding = scaffolding_of(event)
    if not scaffolding:
        if text.strip():
            yield from each_chunk(text)
        return
    for part in complement(scaffolding, len(text)):
        said = text[part.start : part.end]
        if stripped := said.strip():
            start = part.start + said.index(stripped[0])
            for chunk in each_chunk(stripped):
                yield Chunk(start + chunk.start, start + chunk.end)


# -- of the longest texts, once for all views ------------------------------------------------

_SHARED_MIN = 100_000
"""Characters from which a text has more passages than any view takes, or nearly."""

_KEPT_MAX = 8

_kept: dict[tuple[bytes, Kind, str], tuple[list[Chunk], list[int]]] = {}
_keeping = Lock()


def _scored(event: Event) -> tuple[list[Chunk], list[int]]:
    """The passages with their scores, at once if they were just asked for."""
    # What scaffolding is depends on these.
    key = (blake2b(event.text.encode("utf-8", "surrogatepass"), digest_size=16).digest(), event.kind, event.agent)
    found = _kept.get(key)
    if found is None:
        chunks = list(_passages(event))
        found = chunks, _scores(event.text, chunks)
        with _keeping:
            _kept[key] = found
            while len(_kept) > _KEPT_MAX:
                del _kept[next(iter(_kept))]
    return found


# -- what is distinctive ---------------------------------------------------------------------
#
# A term that stands in one to three chunks is weighed by what it looks like, and counts for the
# first of them, so that the same rare line twice does not take two places. Digits are one digit
# here: every line of a log has another time. And where many rare terms have digits in the same
# places (hashes, request ids), no single one of them is distinctive.
#
# A mebibyte can have a hundred thousand such terms, so what they look like is asked of all of them
# in one text, and what a weight needs, once for each form. Weights are whole numbers: their sums
# are the same in whatever order terms come out of a set.

_RARE_MAX = 3
_UNIT = 60_000
_PLAIN, _CAPITALS, _NAME, _EXCEPTIONAL = 1 * _UNIT, 2 * _UNIT, 3 * _UNIT, 6 * _UNIT
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
# Of a term without digits: small and capital letters, what holds names together, the rest.
_FORM = bytes(
    ord("a")
    if c >= 128 or chr(c).islower()
    else ord("A")
    if chr(c).isupper()
    else ord("-")
    if chr(c) in "_-./@#"
    else ord("0")
    if chr(c) == "0"
    else ord("+")
    if chr(c) in "%+"
    else c
    for c in range(256)
)
_HELD_TOGETHER = re.compile(rb"[Aa]-[Aa]|aA|AAa")
# Digits and the letters of hexadecimal among them, as in hashes and random ids.
_MIXED = re.compile(rb"(?<![0a-fA-F])[0a-fA-F]*0[0a-fA-F]*")
_LETTERS = re.compile(rb"[A-Za-z\x80-\xff]+")


def _scores(text: str, chunks: Sequence[Chunk]) -> list[int]:
    """How much each of the chunks has that others have not."""
    terms = [set(_flat(text[chunk.start : chunk.end]).split()) for chunk in chunks]
    counts: Counter[bytes] = Counter()
    for own in terms:
        counts.update(own)
    weights = _weights([term for term, found in counts.items() if found <= _RARE_MAX])
    for term, weight in weights.items():
        weights[term] = weight // counts[term]
    troubles = _troubles(counts)
    wrong = troubles.keys()
    # Each weight is taken by the first who has the term.
    return [
        sum(map(weights.pop, own, repeat(0))) + max((troubles[term] for term in own & wrong), default=0)
        for own in terms
    ]


def _flat(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass").translate(_FLAT)


def _weights(rare: Sequence[bytes]) -> dict[bytes, int]:
    words = [term for term in rare if b"0" not in term]
    forms = b" ".join(words).translate(_FORM).split()
    of_form = {form: _weight(form) for form in set(forms)}
    weights = {term: weight for term, form in zip(words, forms, strict=True) if (weight := of_form[form])}
    figures = [term for term in rare if b"0" in term]
    shapes = _LETTERS.sub(b"a", _MIXED.sub(b"0", b" ".join(figures))).split()
    alike = Counter(shapes)
    weights.update((term, _NAME // alike[shape]) for term, shape in zip(figures, shapes, strict=True))
    return weights


def _weight(form: bytes) -> int:
    if _HELD_TOGETHER.search(form):
        return _NAME
    if form.startswith(b"AAA"):
        return _CAPITALS
    return _PLAIN if len(form) > 3 else 0


def _troubles(counts: Counter[bytes]) -> dict[bytes, int]:
    found = {term: word for term, word in _EXCEPTIONS.items() if term in counts}
    spread: Counter[str] = Counter()
    for term, word in found.items():
        spread[word] += counts[term]
    return {term: _EXCEPTIONAL * _EXCEPTIONS_MAX // max(_EXCEPTIONS_MAX, spread[word]) for term, word in found.items()}
