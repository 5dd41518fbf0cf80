"""Vectors for the benchmark: read from a store, or put into one without hours of inference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent_memory.events import Draft, Event, Role
from agent_memory.indexes.embeddings import BATCH_TEXTS_MAX, EmbeddingStore
from agent_memory.indexes.vectors import BUILD_BREADTH, LINKS, SEARCH_BREADTH
from agent_memory.inference.onnx_embedder import OnnxEmbedder
from agent_memory.inference.port import Embedder, Vectors
from agent_memory.projectors.vectors import passages_of
from agent_memory.storage import open_store

GRAPH = {"m": LINKS, "ef_construction": BUILD_BREADTH, "ef": SEARCH_BREADTH}
"""The settings of the graph that searches use; the bare engine gets the same."""

_EMBEDDED_TEXTS = 1_500
_SECOND = 0.6
_NOISE = 0.4
_TEXTS_AT_ONCE = 64 * BATCH_TEXTS_MAX


class BlendingEmbedder:
    """Vectors blended from those that the model gave to some of the texts, with some noise.

    They lie where the model's vectors lie, so a graph over them is built and searched as one over
    real ones; they cost next to nothing. They do not say what their texts mean: what they return
    is only good for being timed.
    """

    def __init__(self, model: Embedder, texts: Sequence[str], *, seed: int) -> None:
        self.model_id = model.model_id
        self.dim = model.dim
        self._random = np.random.default_rng(seed)
        chosen = self._random.choice(len(texts), min(_EMBEDDED_TEXTS, len(texts)), replace=False)
        self._given = model.embed([texts[i] for i in chosen])

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        first, second = (self._given[self._random.integers(0, len(self._given), len(texts))] for _ in range(2))
        noise = _unit(self._random.standard_normal((len(texts), self.dim)))
        return _unit(first + _SECOND * second + _NOISE * noise)

    def close(self) -> None:
        """Nothing to let go of."""


def open_model(folder: Path) -> Embedder:
    """The model itself."""
    return OnnxEmbedder.open(folder)


def write(store: Path, model: Path, drafts: Sequence[Draft], *, seed: int) -> None:
    """Store blended vectors for the passages of *drafts*, as if the model had made them."""
    embedder = open_model(model)
    try:
        blending = BlendingEmbedder(embedder, list(_texts(drafts)), seed=seed)
    finally:
        embedder.close()
    _vectors(store, drafts, blending)


def read(store: Path, model: Path, drafts: Sequence[Draft]) -> Vectors:
    """The stored vectors of the passages of *drafts*; those that are missing are computed."""
    embedder = open_model(model)
    try:
        return np.concatenate(_vectors(store, drafts, embedder))
    finally:
        embedder.close()


def _vectors(store: Path, drafts: Sequence[Draft], embedder: Embedder) -> list[Vectors]:
    found = []
    with open_store(store) as opened:
        kept = EmbeddingStore(opened.rows, embedder.model_id, embedder.dim)
        texts = list(_texts(drafts))
        for first in range(0, len(texts), _TEXTS_AT_ONCE):
            found.append(kept.vectors_for(texts[first : first + _TEXTS_AT_ONCE], embedder))
    return found


def _texts(drafts: Sequence[Draft]) -> Iterator[str]:
    for draft in drafts:
        event = Event(
            id="0" * 26, kind=draft.kind, role=Role.USER, session=draft.session, text=draft.text, speaker=draft.speaker
        )
        yield from [text for text, _ in passages_of(event)]


def _unit(vectors: NDArray[np.floating[Any]]) -> Vectors:
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit
