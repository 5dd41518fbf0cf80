"""The views of a store, each with its runner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from agent_memory.clock import Clock
from agent_memory.indexes.port import Catalog, Contents, Entities, LexicalSearch, VectorSearch, Wordings
from agent_memory.log import EventLog
from agent_memory.projectors.catalog import CatalogProjector
from agent_memory.projectors.entities import EntitiesProjector
from agent_memory.projectors.lexical import LexicalProjector
from agent_memory.projectors.live import Kind, LiveView
from agent_memory.projectors.port import Projector
from agent_memory.projectors.runner import ViewRunner
from agent_memory.projectors.toc import TocProjector
from agent_memory.projectors.turns import Turns
from agent_memory.projectors.vectors import VectorProjector
from agent_memory.projectors.wordings import TocWordings
from agent_memory.storage import Rows

P = TypeVar("P", bound=Projector)


class Views:
    """`toc`, `lexical`, `vectors`, `catalog` and `entities`: started together, each failing alone."""

    def __init__(
        self,
        log: EventLog,
        rows: Rows,
        *,
        toc: Kind[TocProjector],
        lexical: Kind[LexicalProjector],
        vectors: Kind[VectorProjector],
        catalog: Kind[CatalogProjector],
        entities: Kind[EntitiesProjector],
        has_model: bool,
        may_begin_anew: bool,
        clock: Clock,
    ) -> None:
        turns = Turns(clock=clock)

        def runner(kind: Kind[P], turns: Turns | None = turns) -> ViewRunner[P]:
            return ViewRunner(LiveView(kind, rows, may_begin_anew=may_begin_anew), log, clock=clock, turns=turns)

        self.toc = runner(toc)
        self.lexical = runner(lexical)
        # A model works outside the interpreter, and for long.
        self.vectors = runner(vectors, None)
        self.catalog = runner(catalog)
        self.entities = runner(entities)
        self._log = log
        self._has_model = has_model
        self._by_name: dict[str, ViewRunner[Any]] = {
            "toc": self.toc,
            "lexical": self.lexical,
            "vectors": self.vectors,
            "catalog": self.catalog,
            "entities": self.entities,
        }

    def __iter__(self) -> Iterator[ViewRunner[Any]]:
        return iter(self._by_name.values())

    def runner(self, name: str) -> ViewRunner[Any]:
        """The runner of a view that exists."""
        return self._by_name[name]

    def serving_search(self) -> list[str]:
        """The views that a search reads now and that move; vectors only with a model."""
        named = ["lexical", "catalog", "toc", "entities", *(["vectors"] if self._has_model else [])]
        return [name for name in named if self._by_name[name].standing is None]

    def behind_in_search(self) -> dict[str, int]:
        """How many entries each view that search ranks by lacks now; only those that lack any."""
        head = self._log.head()
        named = ["lexical", "catalog", "entities", *(["vectors"] if self._has_model else [])]
        lacking = {name: head - self._by_name[name].position for name in named}
        return {name: count for name, count in lacking.items() if count > 0}

    def start(self) -> None:
        """Open and drive every view, each on a thread of its own."""
        for runner in self:
            runner.start()

    def stop(self) -> None:
        """Stop each at the end of its batch, all at the same time, and close them."""
        for runner in self:
            runner.stop()
        for runner in self:
            runner.close()

    # -- what readers lease ---------------------------------------------------------------------

    @contextmanager
    def contents(self) -> Iterator[Contents]:
        """The live contents, for as long as the block runs."""
        with self.toc.view.lease() as projector:
            yield projector.index

    @contextmanager
    def wordings(self) -> Iterator[Wordings]:
        """What of the live contents may be worded, for as long as the block runs."""
        with self.toc.view.lease() as projector:
            yield TocWordings(self._log, projector.index)

    @contextmanager
    def sessions_and_days(self) -> Iterator[Catalog]:
        """The live catalog, for as long as the block runs."""
        with self.catalog.view.lease() as projector:
            yield projector.index

    @contextmanager
    def mentions(self) -> Iterator[Entities]:
        """The live entities and mentioned days, for as long as the block runs."""
        with self.entities.view.lease() as projector:
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
