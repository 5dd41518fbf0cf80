"""Stand-ins for an embedding model."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from agent_memory.errors import InferenceUnavailable
from agent_memory.inference.port import Vectors

_WORD = re.compile(r"\w+")


class HashingEmbedder:
    """Texts that share words get near vectors. For tests only: it knows words, not meanings.

    ``texts`` keeps what it was asked to embed, in order.
    """

    def __init__(self, dim: int = 64, *, model_id: str = "") -> None:
        self._dim = dim
        self._model_id = model_id or f"hashing-{dim}"
        self.texts: list[str] = []

    @property
    def model_id(self) -> str:
        return self._model_id

    @property
    def dim(self) -> int:
        return self._dim

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        self.texts += texts
        vectors = np.zeros((len(texts), self._dim), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in _WORD.findall(text.lower()) or [""]:
                digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
                number = int.from_bytes(digest, "big")
                # Two places to a word, so that few words share both.
                row[number % self._dim] += 1
                row[(number >> 32) % self._dim] += 0.5
            row /= np.linalg.norm(row)
        return vectors

    def close(self) -> None:
        pass


class FailingEmbedder(HashingEmbedder):
    """A `HashingEmbedder` that is down while ``down`` is set."""

    def __init__(self, dim: int = 64) -> None:
        super().__init__(dim)
        self.down = True

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        if self.down:
            raise InferenceUnavailable("the model is down, on purpose")
        return super().embed(texts, query=query)
