"""Keeps the lexical index up with the log."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from agent_memory.courtesy import giving_way
from agent_memory.events import Event, Position, Recorded
from agent_memory.indexes.lexical import LEXICAL_FORMAT, LexicalIndex
from agent_memory.indexes.lexical_documents import Documents, documents_of
from agent_memory.log.entries import Entry
from agent_memory.offloading import INLINE, Offload

_READ_EVENTS_MAX = 128


def _no_step(name: str) -> None:
    """Where nothing is to be broken."""


class LexicalView:
    """Generations of the view `lexical`, one folder each. A `ViewKind`."""

    name = "lexical"
    fingerprint = LEXICAL_FORMAT

    def __init__(self, folder: Path, *, step: Callable[[str], None] = _no_step, offload: Offload = INLINE) -> None:
        self._folder = folder
        self._step = step
        self._offload = offload

    def open(self, generation: int) -> LexicalProjector:
        return LexicalProjector(LexicalIndex.open(self._path(generation), step=self._step), self._offload)

    def erase(self, generation: int) -> None:
        shutil.rmtree(self._path(generation), ignore_errors=True)

    def _path(self, generation: int) -> Path:
        return self._folder / f"gen-{generation:06d}"


class LexicalProjector:
    """A `Projector` whose every batch is one commit; ``index`` answers searches beside it."""

    batch_events_max = 4_000
    """What replay commits at once: fewer, larger segments, of which the last stays in memory for a second or two."""

    def __init__(self, index: LexicalIndex, offload: Offload = INLINE) -> None:
        self.index = index
        self._offload = offload

    def checkpoint(self) -> Position:
        return self.index.checkpoint()

    def project(self, batch: Sequence[Entry]) -> None:
        self.index.apply(self._entries(batch))

    def _entries(self, batch: Sequence[Entry]) -> Iterator[tuple[Position, Documents | None]]:
        parts = [batch[first : first + _READ_EVENTS_MAX] for first in range(0, len(batch), _READ_EVENTS_MAX)]
        said = [[entry.event for entry in part if isinstance(entry, Recorded)] for part in parts]
        for part, read in zip(parts, self._offload.each(documents_in, said), strict=True):
            documents = iter(read)
            for entry in giving_way(part):
                yield entry.position, next(documents) if isinstance(entry, Recorded) else None

    def flush(self) -> None:
        """Nothing is kept back: a batch is on disk when `project` returns."""

    def rows(self) -> Iterator[tuple[str, bytes]]:
        return self.index.rows()

    def close(self) -> None:
        self.index.close()


def documents_in(events: Sequence[Event]) -> list[Documents]:
    """The documents of these events, in their order. A pure function."""
    return [documents_of(event) for event in giving_way(events)]
