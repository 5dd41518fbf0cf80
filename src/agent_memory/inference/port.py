"""Models that turn text into vectors or into summaries: the calls that may leave the process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agent_memory.toc.material import Material, Summary

Vectors = NDArray[np.float32]

EXTRACTIVE = "extractive/3"
"""The id of the default summariser, `inference.extractive`, which takes 50 ms to load."""


class Embedder(Protocol):
    """Text to unit vectors."""

    @property
    def model_id(self) -> str:
        """Names the weights and how they are run: vectors of equal ids can be compared."""
        ...

    @property
    def dim(self) -> int: ...

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """Shapes: float32 ``(len(texts), dim)``, rows of unit norm.

        *query* applies the model's query prompt, if it has one. Any text is accepted; what is
        longer than the model reads is cut. Errors: `InferenceUnavailable`.
        """
        ...

    def close(self) -> None: ...


class Summariser(Protocol):
    """A node's material to its title, bullets and keywords."""

    @property
    def summariser_id(self) -> str:
        """Names the method and its version; part of the contents' identity."""
        ...

    def summarise(self, material: Material) -> Summary:
        """A function of its argument: equal material, equal summary.

        Every bullet cites excerpts that stand verbatim in the material.
        """
        ...

    def summarise_each(self, materials: Sequence[Material]) -> Iterator[Summary]:
        """The summary of each, in order, made when it is asked for or before."""
        ...
