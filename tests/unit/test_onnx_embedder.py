"""The default model, where `AGENT_MEMORY_TEST_MODEL` names its folder."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from agent_memory.errors import Closed
from agent_memory.inference.model_install import COSINE_MIN, reference
from agent_memory.inference.onnx_embedder import OnnxEmbedder

FOLDER = os.environ.get("AGENT_MEMORY_TEST_MODEL", "")
pytestmark = pytest.mark.skipif(not FOLDER, reason="AGENT_MEMORY_TEST_MODEL names no model folder")

TEXTS = [
    "The deploy failed again.",
    "We moved the index behind a port.",
    "",
    "ok",
    "日本語も少し",
    "def run(x: int) -> str: ...",
    "The deploy failed once more, and nobody knew why until the log was read.",
    "a \x00 \ud800 🙂",
    "word " * 5_000,
    "x" * 100_000,
    "The deploy failed again.",
]


@pytest.fixture(scope="module")
def embedder() -> OnnxEmbedder:
    return OnnxEmbedder.open(Path(FOLDER))


def test_vectors_are_of_unit_norm_whatever_the_text(embedder: OnnxEmbedder) -> None:
    vectors = embedder.embed(TEXTS)

    assert (len(TEXTS), embedder.dim) == vectors.shape
    assert np.float32 == vectors.dtype
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert (0, embedder.dim) == embedder.embed([]).shape


def test_a_vector_does_not_depend_on_its_batch(embedder: OnnxEmbedder) -> None:
    together = embedder.embed(TEXTS)
    alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
    backwards = embedder.embed(TEXTS[::-1])[::-1]

    np.testing.assert_array_equal(alone, together)
    np.testing.assert_array_equal(alone, backwards)


def test_vectors_do_not_depend_on_threads(embedder: OnnxEmbedder) -> None:
    expected = embedder.embed(TEXTS)
    two = OnnxEmbedder.open(Path(FOLDER), threads=2)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(embedder.embed, [TEXTS] * 8))

    np.testing.assert_array_equal(expected, two.embed(TEXTS))
    for vectors in answers:
        np.testing.assert_array_equal(expected, vectors)


def test_int8_is_near_to_the_recorded_float32(embedder: OnnxEmbedder) -> None:
    known = reference()
    cosines = (embedder.embed(known.texts) * np.array(known.vectors, np.float32)).sum(axis=1)

    assert cosines.min() >= COSINE_MIN
    assert cosines.mean() >= 0.99


def test_meanings_are_nearer_than_words(embedder: OnnxEmbedder) -> None:
    question, answer, other = embedder.embed(
        ["Why did the release break?", "The deployment failed because a migration was missing.", "Release the doves!"]
    )

    assert question @ answer > question @ other


def test_a_closed_embedder_says_so() -> None:
    embedder = OnnxEmbedder.open(Path(FOLDER))
    embedder.close()
    with pytest.raises(Closed):
        embedder.embed(["x"])
