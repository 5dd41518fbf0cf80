"""Keeps the lexical index up with the log."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from agent_memory.courtesy import giving_way
from agent_memory.events import Position, Recorded
from agent_memory.indexes.lexical import LEXICAL_FORMAT, LexicalIndex
from agent_memory.indexes.lexical_entries import entry_of
from agent_memory.log.entries import Entry


def _no_step(name: str) -> None:
    """Where nothing is to be broken."""


class LexicalView:
    """Generations of the view `lexical`, one folder each. A `ViewKind`."""

    name = "lexical"
    fingerprint = LEXICAL_FORMAT

    def __init__(self, folder: Path, *, step: Callable[[str], None] = _no_step) -> None:
        self._folder = folder
        self._step = step

    def open(self, generation: int) -> LexicalProjector:
        return LexicalProjector(LexicalIndex.open(self._path(generation), step=self._step))

    def erase(self, generation: int) -> None:
        shutil.rmtree(self._path(generation), ignore_errors=True)

    def _path(self, generation: int) -> Path:
        return self._folder / f"gen-{generation:06d}"


class LexicalProjector:
    """A `Projector` whose every batch is one commit; ``index`` answers searches beside it."""

    batch_events_max = 4_000
    """What replay commits at once: fewer, larger segments, of which the last stays in memory for a second or two."""

    def __init__(self, index: LexicalIndex) -> None:
        self.index = index

    def checkpoint(self) -> Position:
        return self.index.checkpoint()

    def project(self, batch: Sequence[Entry]) -> None:
        self.index.apply(
            (entry.position, entry_of(entry.event) if isinstance(entry, Recorded) else None)
            for entry in giving_way(batch)
        )

    def flush(self) -> None:
        """Nothing is kept back: a batch is on disk when `project` returns."""

    def rows(self) -> Iterator[tuple[str, bytes]]:
        return self.index.rows()

    def close(self) -> None:
        self.index.close()
