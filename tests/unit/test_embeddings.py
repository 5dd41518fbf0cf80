"""Vectors are computed once."""

from __future__ import annotations

import numpy as np
import pytest

from agent_memory.errors import InferenceUnavailable
from agent_memory.indexes.embeddings import EmbeddingStore
from agent_memory.storage import InMemoryRows
from agent_memory.testing.embedders import FailingEmbedder, HashingEmbedder


def test_only_what_is_missing_is_computed() -> None:
    embedder, rows = HashingEmbedder(16), InMemoryRows()
    store = EmbeddingStore(rows, embedder.model_id, 16)
    first = store.vectors_for(["a", "b", "a"], embedder)
    again = EmbeddingStore(rows, embedder.model_id, 16).vectors_for(["b", "c", "a"], embedder)

    assert ["a", "b", "c"] == embedder.texts
    np.testing.assert_array_equal(first[[1, 0]], again[[0, 2]])
    np.testing.assert_allclose(np.linalg.norm(again, axis=1), 1, atol=1e-6)


def test_vectors_of_another_model_are_not_mistaken_for_ones_own() -> None:
    rows = InMemoryRows()
    one, other = HashingEmbedder(16, model_id="one"), HashingEmbedder(16, model_id="other")
    EmbeddingStore(rows, one.model_id, 16).vectors_for(["a"], one)
    EmbeddingStore(rows, other.model_id, 16).vectors_for(["a"], other)

    assert ["a"] == other.texts


def test_what_was_computed_before_the_model_went_down_is_kept() -> None:
    rows, embedder = InMemoryRows(), FailingEmbedder(16)
    store = EmbeddingStore(rows, embedder.model_id, 16)
    embedder.down = False
    store.vectors_for(["a"], embedder)
    embedder.down = True

    assert (1, 16) == store.vectors_for(["a"], embedder).shape
    with pytest.raises(InferenceUnavailable):
        store.vectors_for(["a", "new"], embedder)


def test_no_texts_give_no_vectors_and_any_text_has_one() -> None:
    embedder = HashingEmbedder(16)
    store = EmbeddingStore(InMemoryRows(), embedder.model_id, 16)

    assert (0, 16) == store.vectors_for([], embedder).shape
    assert (3, 16) == store.vectors_for(["", "\ud800", "\x00"], embedder).shape
