"""The views of a store, each with its runner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from agent_memory.clock import Clock
from agent_memory.indexes.port import Catalog, Contents, LexicalSearch, VectorSearch
from agent_memory.log import EventLog
from agent_memory.projectors.catalog import CatalogProjector
from agent_memory.projectors.lexical import LexicalProjector
from agent_memory.projectors.live import Kind, LiveView
from agent_memory.projectors.runner import ViewRunner
from agent_memory.projectors.toc import TocProjector
from agent_memory.projectors.vectors import VectorProjector
from agent_memory.storage import Rows


class Views:
    """`toc`, `lexical`, `vectors` and `catalog`: started together, each failing alone."""

    def __init__(
        self,
        log: EventLog,
        rows: Rows,
        *,
        toc: Kind[TocProjector],
        lexical: Kind[LexicalProjector],
        vectors: Kind[VectorProjector],
        catalog: Kind[CatalogProjector],
        has_model: bool,
        clock: Clock,
    ) -> None:
        self.toc = ViewRunner(LiveView(toc, rows), log, clock=clock)
        self.lexical = ViewRunner(LiveView(lexical, rows), log, clock=clock)
        self.vectors = ViewRunner(LiveView(vectors, rows), log, clock=clock)
        self.catalog = ViewRunner(LiveView(catalog, rows), log, clock=clock)
        self._has_model = has_model
        self._by_name: dict[str, ViewRunner[Any]] = {
            "toc": self.toc,
            "lexical": self.lexical,
            "vectors": self.vectors,
            "catalog": self.catalog,
        }

    def __iter__(self) -> Iterator[ViewRunner[Any]]:
        return iter(self._by_name.values())

    def runner(self, name: str) -> ViewRunner[Any]:
        """The runner of a view that exists."""
        return self._by_name[name]

    def serving_search(self) -> list[str]:
        """The views that a search reads now; vectors only with a model that answers."""
        waiting = self.vectors.standing is not None and self.vectors.standing.waiting
        return ["lexical"] if waiting or not self._has_model else ["lexical", "vectors"]

    def start(self) -> None:
        """Open and drive every view, each on a thread of its own."""
        for runner in self:
            runner.start()

    def stop(self) -> None:
        """Stop each at the end of its batch and close it."""
        for runner in self:
            runner.stop()

    # -- what readers lease ---------------------------------------------------------------------

    @contextmanager
    def contents(self) -> Iterator[Contents]:
        """The live contents, for as long as the block runs."""
        with self.toc.view.lease() as projector:
            yield projector.index

    @contextmanager
    def sessions_and_days(self) -> Iterator[Catalog]:
        """The live catalog, for as long as the block runs."""
        with self.catalog.view.lease() as projector:
            yield projector.index

    @contextmanager
    def lexical_search(self) -> Iterator[LexicalSearch]:
        """The live lexical index, for as long as the block runs."""
        with self.lexical.view.lease() as projector:
            yield projector.index

    @contextmanager
    def vector_search(self) -> Iterator[VectorSearch]:
        """The live vector index, for as long as the block runs."""
        with self.vectors.view.lease() as projector:
            yield projector.index
