"""Vectors in float16, in blocks that never move.

hnswlib gives its vectors back one Python number at a time, 40 µs each. This copy costs half of
what the graph holds, and a row is had in 2 µs.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent_memory.inference.port import Vectors

Halves = NDArray[np.float16]

_BLOCK_ROWS = 8_192


class HalfVectors:
    """Rows are only ever added; a reader may take any row that was there when it looked."""

    def __init__(self, dim: int) -> None:
        self._dim = dim
        # The rows of the snapshot are one block, a map of its file, as rows of one block are had at once.
        self._blocks: list[Halves] = []
        # The row that each block begins with.
        self._firsts: list[int] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, halves: Halves) -> None:
        """Add rows at the end."""
        done = 0
        while done < len(halves):
            if self._room() == 0:
                self._begin(np.empty((_BLOCK_ROWS, self._dim), np.float16))
            part = halves[done : done + self._room()]
            at = self._count - self._firsts[-1]
            self._blocks[-1][at : at + len(part)] = part
            self._count += len(part)
            done += len(part)

    def take(self, labels: NDArray[np.int64]) -> Halves:
        """Those rows, as they are kept. Shapes: ``(len(labels), dim)``."""
        taken = np.empty((len(labels), self._dim), np.float16)
        order = np.argsort(labels)
        ordered = labels[order]
        # Whoever adds meanwhile begins blocks behind these, of which no row is asked for.
        blocks = self._blocks[:]
        cuts = [*ordered.searchsorted(self._firsts[: len(blocks)]).tolist(), len(labels)]
        for block, first, (start, end) in zip(blocks, self._firsts, pairwise(cuts), strict=False):
            if start < end:
                taken[order[start:end]] = block.take(ordered[start:end] - first, axis=0)
        return taken

    def checks(self, count: int) -> list[int]:
        """CRC-32 of each of the first *count* rows, as they are kept."""
        return [zlib.crc32(row) for part in self._parts(count) for row in np.ascontiguousarray(part, "<f2")]

    def save(self, path: Path) -> None:
        """Write every row, as `.npy`."""
        with path.open("wb") as file:
            header = {"descr": "<f2", "fortran_order": False, "shape": (self._count, self._dim)}
            np.lib.format.write_array_header_1_0(file, header)
            for part in self._parts(self._count):
                file.write(np.ascontiguousarray(part, "<f2").data)

    @classmethod
    def load(cls, path: Path, dim: int) -> HalfVectors:
        """What `save` wrote, left in the file until it is taken. Errors: `OSError`, `ValueError`."""
        vectors = cls(dim)
        rows: Halves = np.load(path, mmap_mode="r", allow_pickle=False) if dim else np.empty((0, 0), np.float16)
        if rows.ndim != 2 or rows.shape[1] != dim or rows.dtype != np.float16:
            raise ValueError("vectors of another form")
        # Still in the file; slices of a memmap cost more than of an array.
        vectors._begin(rows.view(np.ndarray))
        vectors._count = len(rows)
        return vectors

    def _begin(self, block: Halves) -> None:
        # A reader goes by the blocks: what a block begins with is there before it.
        self._firsts.append(self._count)
        self._blocks.append(block)

    def _room(self) -> int:
        """How many rows more the last block takes."""
        return self._firsts[-1] + len(self._blocks[-1]) - self._count if self._blocks else 0

    def _parts(self, count: int) -> Iterator[Halves]:
        """The first *count* rows, some megabytes at a time."""
        for block, first in zip(self._blocks, self._firsts, strict=False):
            rows = block[: max(count - first, 0)]
            for at in range(0, len(rows), _BLOCK_ROWS):
                yield rows[at : at + _BLOCK_ROWS]


def similarities(halves: Halves, query: Vectors) -> NDArray[np.float64]:
    """The cosine of each row and *query*, which has unit norm; equal rows give equal ones wherever they stand."""
    exact = _widened(halves).astype(np.float64)
    # Row by row, in the same order of adding.
    dots, squares = np.vecdot(exact, query.astype(np.float64)), np.vecdot(exact, exact)
    found: NDArray[np.float64] = dots / np.maximum(np.sqrt(squares), 1e-12)
    return found


def unit(halves: Halves) -> Vectors:
    """Rows of norm 1 to within float32; float16 leaves them off by some 1e-4."""
    vectors = _widened(halves)
    # einsum adds row by row: equal rows give equal norms wherever they stand.
    norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    scaled: Vectors = vectors * (1 / np.maximum(norms, 1e-12)).astype(np.float32)[:, None]
    return scaled


def _widened(halves: Halves) -> Vectors:
    """The same numbers, as long as they are finite, in a fifth of the time that `astype` takes.

    numpy converts halves one by one. Moved to where float32 has them, the bits of a half read as the
    number over 2**112, subnormal or not; and that product is exact.
    """
    bits = halves.view(np.int16).astype(np.int32)
    bits <<= 13
    # The sign was drawn out over the three bits that an exponent of float32 has more.
    bits &= ~0x7000_0000
    wide = bits.view(np.float32)
    wide *= np.float32(2.0**112)
    return wide
