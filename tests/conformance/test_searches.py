"""The search ports, over the engines and over their exact in-memory forms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from agent_memory.events import Event, Recorded
from agent_memory.indexes.embeddings import EmbeddingStore
from agent_memory.indexes.port import LexicalSearch, VectorSearch
from agent_memory.indexes.vectors import VectorIndex
from agent_memory.projectors.lexical import LexicalView
from agent_memory.projectors.vectors import VectorProjector, VectorView
from agent_memory.storage import InMemoryRows
from agent_memory.testing.in_memory_indexes import InMemoryLexicalIndex, InMemoryVectorIndex
from agent_memory.testing.lexical_checks import LexicalSearchChecks
from agent_memory.testing.vectors_checks import DIM, EMBEDDER, VectorSearchChecks


class _InFolders:
    """Folders that are gone after the test; hypothesis runs one test many times."""

    @pytest.fixture(autouse=True)
    def _folders(self) -> Iterator[None]:
        with TemporaryDirectory() as folder:
            self.root, self.made = Path(folder), 0
            yield

    def folder(self) -> Path:
        self.made += 1
        return self.root / str(self.made)


class TestLexicalIndex(_InFolders, LexicalSearchChecks):
    batch = 1_000

    def make_index(self, events: Sequence[Event]) -> LexicalSearch:
        projector = LexicalView(self.folder()).open(1)
        recorded = [Recorded(n, event) for n, event in enumerate(events, start=1)]
        for first in range(0, len(recorded), self.batch):
            projector.project(recorded[first : first + self.batch])
        return projector.index


class TestLexicalIndexInManySegments(TestLexicalIndex):
    batch = 6


class TestInMemoryLexicalIndex(LexicalSearchChecks):
    def make_index(self, events: Sequence[Event]) -> LexicalSearch:
        return InMemoryLexicalIndex(events)


class TestVectorIndex(_InFolders, VectorSearchChecks):
    def make_index(self, events: Sequence[Event]) -> VectorSearch:
        projector = VectorView(self.folder(), InMemoryRows(), EMBEDDER).open(1)
        projector.project([Recorded(n, event) for n, event in enumerate(events, start=1)])
        return projector.index


class TestVectorIndexWithAGraph(_InFolders, VectorSearchChecks):
    """As above, with all but a few rows in the graph."""

    def make_index(self, events: Sequence[Event]) -> VectorSearch:
        index = VectorIndex.open(self.folder(), DIM, graph_rows_min=4)
        projector = VectorProjector(index, EmbeddingStore(InMemoryRows(), EMBEDDER.model_id, DIM), EMBEDDER)
        for n, event in enumerate(events, start=1):
            projector.project([Recorded(n, event)])
        return index


class TestInMemoryVectorIndex(VectorSearchChecks):
    def make_index(self, events: Sequence[Event]) -> VectorSearch:
        return InMemoryVectorIndex(EMBEDDER, events)
