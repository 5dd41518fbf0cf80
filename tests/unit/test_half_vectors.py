"""Vectors in float16: which rows are had back, from memory and from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agent_memory.indexes import half_vectors
from agent_memory.indexes.half_vectors import HalfVectors, similarities, unit

ROWS = np.random.default_rng(1).standard_normal((130, 8)).astype(np.float16)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(half_vectors, "_BLOCK_ROWS", 20)


@pytest.mark.parametrize("saved", [0, 1, 20, 50])
def test_rows_of_a_file_and_rows_that_came_after_it_are_had_in_any_order(tmp_path: Path, saved: int) -> None:
    first = HalfVectors(8)
    first.add(ROWS[:saved])
    first.save(tmp_path / "vectors.npy")
    vectors = HalfVectors.load(tmp_path / "vectors.npy", 8)
    vectors.add(ROWS[saved:100])
    vectors.add(ROWS[100:])
    asked = np.random.default_rng(2).integers(0, len(ROWS), 300)
    vectors.save(tmp_path / "again.npy")

    assert len(ROWS) == len(vectors)
    assert (ROWS[asked] == vectors.take(asked)).all()
    assert (ROWS == np.load(tmp_path / "again.npy")).all()
    assert first.checks(saved) == vectors.checks(saved)


def test_no_rows_are_none_even_where_there_are_none() -> None:
    assert (0, 8) == HalfVectors(8).take(np.empty(0, np.int64)).shape


def test_every_finite_half_is_read_as_the_number_that_it_is() -> None:
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    finite = halves[np.isfinite(halves)].reshape(-1, 1)
    query = np.ones(1, np.float32)
    exact = finite.astype(np.float64)

    assert (exact[:, 0] / np.maximum(np.abs(exact[:, 0]), 1e-12) == similarities(finite, query)).all()
    assert (np.sign(exact) == np.round(unit(finite))).all()
