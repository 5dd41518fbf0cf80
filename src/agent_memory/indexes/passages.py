"""Which passages of an event are indexed: those that were said, and of a long text the telling ones.

Scaffolding stays out, and no passage reaches across it. A text of more chunks than an index takes
is indexed by its beginning, its end, and what is distinctive in between: what a log of a megabyte
is searched for is the one line that is not like the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from threading import Lock

from agent_memory.annotation.scaffolding import SCAFFOLDING, complement, scaffolding_of
from agent_memory.events import Event, Kind
from agent_memory.indexes._telling import scores
from agent_memory.indexes.chunks import CHUNKING, Chunk, each_chunk

PASSAGES = f"{CHUNKING}/{SCAFFOLDING}/passages-2"
"""Names the way of choosing, for the fingerprint of whatever is built from passages."""


def passages_for(event: Event, *, limit: int) -> list[Chunk]:
    """The passages of the event's text to index, in order; none where nothing was said.

    A function of the event. At most *limit*: of more, the first and the last quarter are the
    text's first and last, and the half between them is chosen by what few others have
    (`indexes._telling`).
    Units: code points of the event's text.
    """
    if limit == 1:
        first = first_passage(event)
        return [first] if first is not None else []
    chunks, told = _scored(event) if len(event.text) > _SHARED_MIN else (list(_passages(event)), None)
    if len(chunks) <= limit:
        return list(chunks)
    if told is None:
        told = _scores(event.text, chunks)
    head, tail = (limit + 3) // 4, limit // 4
    middle = range(head, len(chunks) - tail)
    best = sorted(middle, key=lambda place: (-told[place], place))[: limit - head - tail]
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


def _scores(text: str, chunks: Sequence[Chunk]) -> list[int]:
    return scores([text[chunk.start : chunk.end] for chunk in chunks])
