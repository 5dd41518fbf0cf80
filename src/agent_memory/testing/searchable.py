"""A small store whole: a log and the five views that search asks, each by its own engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import Any

from agent_memory.events import Event
from agent_memory.inference.extractive import ExtractiveSummariser
from agent_memory.inference.port import Embedder
from agent_memory.log import Entry, RowEventLog
from agent_memory.projectors.catalog import CatalogView
from agent_memory.projectors.entities import EntitiesView
from agent_memory.projectors.lexical import LexicalView
from agent_memory.projectors.toc import TocView
from agent_memory.projectors.vectors import VectorView
from agent_memory.retrieval.search import Searcher
from agent_memory.storage import InMemoryRows
from agent_memory.temporal import MENTIONS, mentions
from agent_memory.testing.embedders import HashingEmbedder

ZONE = "Europe/Berlin"

_BATCH = 1_000


class SearchableStore:
    """Events in the views as a daemon would have them, once `add` returns; its rows are in memory.

    ``log`` is the log, ``embedder`` what its vectors are made by. Ends with its block.
    """

    def __init__(self, folder: Path, *, zone: str = ZONE, embedder: Embedder | None = None) -> None:
        self.log = RowEventLog(InMemoryRows())
        self.embedder = embedder or HashingEmbedder()
        self._zone = zone
        rows = InMemoryRows()
        # The usual split of the contents; their own tests draw others.
        toc = TocView(rows, self.log, ExtractiveSummariser(), zone=zone, gap_ms=30 * 60_000, tokens_max=4_000)
        self._projectors: dict[str, Any] = {
            "contents": toc.open(1),
            "catalog": CatalogView(rows, zone=zone).open(1),
            "entities": EntitiesView(rows, zone=zone, reads_time=mentions, time_reader=MENTIONS).open(1),
            "lexical": LexicalView(folder / "lexical").open(1),
            "vectors": VectorView(folder / "vectors", rows, self.embedder).open(1),
        }
        self._searchers = ExitStack()

    def __enter__(self) -> SearchableStore:
        return self

    def __exit__(self, *failure: object) -> None:
        self._searchers.close()
        for projector in self._projectors.values():
            projector.close()
        self.log.close()

    def add(self, events: Sequence[Event]) -> None:
        """Append, and take in everywhere."""
        before = self.log.head()
        self.log.append(events)
        while batch := self.log.read(after=before, limit=_BATCH):
            for projector in self._projectors.values():
                _project(projector, batch)
            before = batch[-1].position

    def lease(self, view: str) -> Callable[[], AbstractContextManager[Any]]:
        """A lease of `lexical`, `vectors`, `entities`, `contents` or `catalog`."""
        index = self._projectors[view].index
        return lambda: nullcontext(index)

    def searcher(self, **replaced: Any) -> Searcher:
        """Search over the store; any of its parts may be *replaced*. Closed with the store."""
        parts: dict[str, Any] = {view: self.lease(view) for view in self._projectors}
        parts |= {"embedder": self.embedder, "time_zone": self._zone, **replaced}
        searcher = Searcher(self.log, **parts)
        self._searchers.callback(searcher.close)
        return searcher


def _project(projector: Any, batch: Sequence[Entry]) -> None:
    """All of the batch; a projector may take a part at a time, as it does in a daemon."""
    while missing := [entry for entry in batch if entry.position > projector.checkpoint()]:
        projector.project(missing)
