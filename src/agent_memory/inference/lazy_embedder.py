"""An embedder that loads its model when it is first asked."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from agent_memory.inference.model_folder import ModelInfo, info_of
from agent_memory.inference.port import Embedder, Vectors


def open_embedder(folder: Path, *, threads: int = 1) -> LazyEmbedder | None:
    """The model in *folder*, not loaded yet; None where there is no such folder.

    Errors: `InvalidModel` for a folder that holds something else.
    """
    return LazyEmbedder(folder, info_of(folder), threads=threads) if folder.exists() else None


class LazyEmbedder:
    """An `OnnxEmbedder` that costs nothing until `embed`: a daemon serves before its model is loaded."""

    def __init__(self, folder: Path, info: ModelInfo, *, threads: int) -> None:
        self._folder = folder
        self._info = info
        self._threads = threads
        self._lock = threading.Lock()
        self._embedder: Embedder | None = None

    @property
    def model_id(self) -> str:
        return self._info.id

    @property
    def dim(self) -> int:
        return self._info.dim

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        return self._loaded().embed(texts, query=query)

    def close(self) -> None:
        with self._lock:
            if self._embedder is not None:
                self._embedder.close()

    def _loaded(self) -> Embedder:
        with self._lock:
            if self._embedder is None:
                # Here, not above: importing the engines takes longer than all else at start.
                from agent_memory.inference.onnx_embedder import OnnxEmbedder

                self._embedder = OnnxEmbedder.open(self._folder, threads=self._threads)
            return self._embedder
