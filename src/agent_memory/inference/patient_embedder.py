"""An embedder for what nobody waits for."""

from __future__ import annotations

from collections.abc import Sequence

from agent_memory.courtesy import behind_all
from agent_memory.inference.port import Embedder, Vectors


class PatientEmbedder:
    """*embedder*, run after all others that can. Whoever made that one closes it."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    @property
    def model_id(self) -> str:
        return self._embedder.model_id

    @property
    def dim(self) -> int:
        return self._embedder.dim

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        # Loading a model keeps a lock and starts threads that stay; queries wait for both.
        self._embedder.embed([])
        return behind_all(lambda: self._embedder.embed(texts, query=query))

    def close(self) -> None:
        """The embedder is its owner's to close."""
