"""Keeps the vector index up with the log."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from agent_memory.annotation.types import TYPING
from agent_memory.courtesy import give_way, giving_way
from agent_memory.errors import InferenceUnavailable
from agent_memory.events import Event, Position, Recorded
from agent_memory.indexes.embeddings import EmbeddingStore
from agent_memory.indexes.passages import PASSAGES, passages_for
from agent_memory.indexes.vector_rows import VectorRow, vector_row
from agent_memory.indexes.vector_snapshots import VECTORS_FORMAT
from agent_memory.indexes.vectors import VectorIndex
from agent_memory.inference.port import Embedder, Vectors
from agent_memory.log.entries import Entry
from agent_memory.offloading import INLINE, Offload
from agent_memory.storage import Rows

CHUNKS_MAX = 16
"""Chunks of one event that are embedded, about 14,000 characters."""

_TEXTS_MAX = 64
_READ_EVENTS_MAX = 16


def _no_step(name: str) -> None:
    """Where nothing is to be broken."""


class VectorView:
    """Generations of the view `vectors`, one folder each. A `ViewKind`.

    *rows* keeps the embeddings, whatever becomes of generations. Without an embedder the view
    waits, and leaves what there is on disk as it is.
    """

    name = "vectors"

    def __init__(
        self,
        folder: Path,
        rows: Rows,
        embedder: Embedder | None,
        *,
        step: Callable[[str], None] = _no_step,
        offload: Offload = INLINE,
    ) -> None:
        self._folder = folder
        self._rows = rows
        self._embedder = embedder
        self._step = step
        self._offload = offload

    @property
    def fingerprint(self) -> str:
        if self._embedder is None:
            return ""
        return f"vectors-{VECTORS_FORMAT}/{PASSAGES}/{TYPING}/{CHUNKS_MAX}/speaker/{self._embedder.model_id}"

    def open(self, generation: int) -> VectorProjector:
        embedder = self._embedder
        if embedder is None:
            # Not opened from disk: another start may have the model that built what is there.
            return VectorProjector(VectorIndex(self._path(generation), 0), None, None)
        index = VectorIndex.open(self._path(generation), embedder.dim, step=self._step)
        store = EmbeddingStore(self._rows, embedder.model_id, embedder.dim)
        return VectorProjector(index, store, embedder, self._offload)

    def erase(self, generation: int) -> None:
        shutil.rmtree(self._path(generation), ignore_errors=True)

    def _path(self, generation: int) -> Path:
        return self._folder / f"gen-{generation:06d}"


class VectorProjector:
    """A `Projector` that embeds and adds; ``index`` answers searches beside it.

    The checkpoint on disk is the last snapshot's, written whenever the index has grown enough for
    one; what follows it is projected again on opening, from vectors that are kept.
    """

    batch_events_max = 64

    def __init__(
        self,
        index: VectorIndex,
        store: EmbeddingStore | None,
        embedder: Embedder | None,
        offload: Offload = INLINE,
    ) -> None:
        self.index = index
        self._store = store
        self._embedder = embedder
        self._offload = offload

    def checkpoint(self) -> Position:
        return self.index.checkpoint()

    def project(self, batch: Sequence[Entry]) -> None:
        store, embedder = self._store, self._embedder
        if store is None or embedder is None:
            error = InferenceUnavailable("no embedding model is installed")
            error.hint = "Run `agent-memory model install` and start again; until then search is by words."
            raise error
        checkpoint = position = self.index.checkpoint()
        # One group of passages a call: embedding takes its time, and whoever stops waits for it.
        passages: list[Passage] = []
        for reached, read in self._read([entry for entry in batch if entry.position > checkpoint]):
            passages += read
            position = reached
            if len(passages) >= _TEXTS_MAX:
                break
        texts = [text for text, _ in passages]
        vectors: Vectors = store.vectors_for(texts, embedder) if texts else np.empty((0, embedder.dim), np.float32)
        self.index.add([row for _, row in passages], vectors, checkpoint=position)
        # Not only when there is nothing else to do: a long import must survive being cut off.
        self.index.flush()

    def _read(self, entries: Sequence[Entry]) -> Iterator[tuple[Position, list[Passage]]]:
        # A few at a time: of long events a few are enough, and what is not used is read again for the next call.
        for first in range(0, len(entries), _READ_EVENTS_MAX):
            part = entries[first : first + _READ_EVENTS_MAX]
            give_way()
            read = iter(self._offload.call(read_in, [one.event for one in part if isinstance(one, Recorded)]))
            for entry in part:
                yield entry.position, next(read) if isinstance(entry, Recorded) else []

    def flush(self) -> None:
        self.index.flush()

    def rows(self) -> Iterator[tuple[str, bytes]]:
        return self.index.rows()

    def close(self) -> None:
        self.index.close()


Passage = tuple[str, VectorRow]
"""What is embedded of a passage, and what the index keeps of it besides."""


def read_in(events: Sequence[Event]) -> list[list[Passage]]:
    """The passages of these events that get a vector, in their order. A pure function."""
    return [passages_of(event) for event in giving_way(events)]


def passages_of(event: Event) -> list[Passage]:
    """The passages of the event that get a vector; none where nothing was said."""
    return [
        (_embedded_text(event, one.start, one.end), vector_row(event, one.start, one.end))
        for one in passages_for(event, limit=CHUNKS_MAX)
    ]


def _embedded_text(event: Event, start: int, end: int) -> str:
    """The passage as the model reads it: who spoke, and what was said.

    Measured on the development conversations of LoCoMo, vectors alone: R@5 .208 without the
    speaker, .330 with; any@1 .308 and .464.
    """
    said = event.text[start:end]
    return f"{event.speaker}: {said}" if event.speaker else said
