"""Several filters asked of the graph at once: of what each by itself would have found, nothing is missed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agent_memory.indexes import vectors
from agent_memory.indexes.matches import Matches
from agent_memory.indexes.model import EVERYWHERE, Where
from agent_memory.indexes.vector_rows import vector_row
from agent_memory.indexes.vectors import VectorIndex
from agent_memory.inference.port import Vectors
from agent_memory.testing.events import event

ROWS, DIM = 3_000, 24
FIRST_MS = 1_750_000_000_000


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VectorIndex:
    """Most of it in the graph, which is asked for all but the narrowest filters."""
    monkeypatch.setattr(vectors, "EXACT_ROWS_MAX", 100)
    # As wide as what is asked for, no wider.
    monkeypatch.setattr(vectors, "SEARCH_BREADTH", 16)
    index = VectorIndex.open(tmp_path / "vectors", DIM, graph_rows_min=64)
    rows = [vector_row(event(str(n), time_ms=FIRST_MS + n), 0, 1) for n in range(ROWS)]
    index.add(rows, directions(ROWS, seed=1), checkpoint=ROWS)
    return index


def directions(count: int, *, seed: int) -> Vectors:
    found = np.random.default_rng(seed).standard_normal((count, DIM)).astype(np.float32)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def ids(matches: Matches) -> set[str]:
    return {match.event_id for match in matches}


@pytest.mark.parametrize("share", [0.15, 0.25, 0.35, 0.6, 0.9])
def test_a_time_is_searched_as_well_beside_everything_as_by_itself(index: VectorIndex, share: float) -> None:
    where = Where(from_ms=FIRST_MS + int(ROWS * (1 - share)))
    beside = alone = 0
    for query in directions(40, seed=2):
        exact = ids(index.search(query, where=where, limit=ROWS)[:20])
        everywhere, found = index.search_each(query, [(EVERYWHERE, 60), (where, 20)])

        assert everywhere == index.search(query, where=EVERYWHERE, limit=60)
        assert len(found) == 20
        beside += len(ids(found) & exact)
        alone += len(ids(index.search(query, where=where, limit=20)) & exact)
    assert beside >= alone > 0.9 * 40 * 20


def test_the_graph_is_asked_once_for_what_lies_in_one_look(index: VectorIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    rows = vectors._Near.rows

    def counted(near: vectors._Near, count: int) -> object:
        if count > near.count:
            looks.append(count)
        return rows(near, count)

    monkeypatch.setattr(vectors._Near, "rows", counted)
    wide = Where(from_ms=FIRST_MS + ROWS // 10)
    index.search_each(directions(1, seed=3)[0], [(EVERYWHERE, 60), (wide, 20), (wide, 10)])

    assert len(looks) == 1
