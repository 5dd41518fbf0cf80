"""Vectors are computed once: a text's vector is kept beside the log, by model and content.

embeddings   model: 8 B hash of its id + text: 16 B hash -> float16 vector, little-endian
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from agent_memory.indexes.half_vectors import unit
from agent_memory.inference.port import Embedder, Vectors
from agent_memory.storage import Family, Rows

BATCH_TEXTS_MAX = 32
"""Texts that are embedded before their vectors are written down."""

_STORED = np.dtype("<f2")


class EmbeddingStore:
    """What a model made of texts. Rebuilding an index, or changing a view, needs no inference."""

    def __init__(self, rows: Rows, model_id: str, dim: int) -> None:
        self._rows = rows
        self._prefix = hashlib.sha256(model_id.encode()).digest()[:8]
        self._dim = dim

    def vectors_for(self, texts: Sequence[str], embedder: Embedder) -> Vectors:
        """Their vectors, the missing ones computed and kept.

        Shapes: float32 ``(len(texts), dim)``, rows of unit norm, as kept in float16: the same
        whether computed now or before. Errors: `InferenceUnavailable`; what was computed
        until then is kept.
        """
        keys = [self._key(text) for text in texts]
        size = self._dim * _STORED.itemsize
        stored = zip(keys, self._rows.get_many(Family.EMBEDDINGS, keys), strict=True)
        found = {key: value for key, value in stored if value is not None and len(value) == size}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        work = list(missing.items())
        for first in range(0, len(work), BATCH_TEXTS_MAX):
            part = work[first : first + BATCH_TEXTS_MAX]
            vectors = embedder.embed([text for _, text in part])
            batch = self._rows.batch()
            for (key, _), vector in zip(part, vectors.astype(_STORED), strict=True):
                found[key] = vector.tobytes()
                batch.put(Family.EMBEDDINGS, key, found[key])
            # Not durable: after a power loss it is computed again.
            self._rows.write(batch)
        kept = np.frombuffer(b"".join([found[key] for key in keys]), _STORED).reshape(len(keys), self._dim)
        return unit(kept)

    def _key(self, text: str) -> bytes:
        return self._prefix + hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]
