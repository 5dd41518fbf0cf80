"""Passages are embedded behind all others, and searches are not put off with them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import pytest

from agent_memory.courtesy import NICENESS
from agent_memory.inference.patient_embedder import PatientEmbedder
from agent_memory.inference.port import Vectors
from agent_memory.testing.embedders import HashingEmbedder


class LoadingEmbedder(HashingEmbedder):
    """Notes the niceness of whoever has it load, and of whoever has it embed."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: int | None = None
        self.embedded: list[int] = []

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        if self.loaded is None:
            self.loaded = os.nice(0)
        if texts:
            self.embedded.append(os.nice(0))
        return super().embed(texts, query=query)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have the niceness of their process")
def test_a_model_is_loaded_as_for_a_search_and_embeds_behind_all_others() -> None:
    """What is loaded serves searches, too: they wait for its lock, and for the threads that it starts."""
    embedder = LoadingEmbedder()
    PatientEmbedder(embedder).embed(["a passage"])

    assert os.nice(0) == embedder.loaded
    assert [max(os.nice(0), NICENESS)] == embedder.embedded


def test_vectors_are_the_embedders() -> None:
    embedder = HashingEmbedder()

    assert embedder.embed(["a passage"]).tolist() == PatientEmbedder(embedder).embed(["a passage"]).tolist()
