"""Vectors in float16, in blocks that never move.

hnswlib gives its vectors back one Python number at a time, 40 µs each. This copy costs half of
what the graph holds, and a row is had in 2 µs.
"""

from __future__ import annotations

import zlib
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
        self._blocks: list[Halves] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, halves: Halves) -> None:
        """Add rows at the end."""
        done = 0
        while done < len(halves):
            at = self._count % _BLOCK_ROWS
            if at == 0:
                self._blocks.append(np.empty((_BLOCK_ROWS, self._dim), np.float16))
            elif not self._blocks[-1].flags.writeable:
                # The last block of a snapshot: a map of its file. It is filled up in memory.
                self._blocks[-1] = np.concatenate(
                    [self._blocks[-1][:at], np.empty((_BLOCK_ROWS - at, self._dim), np.float16)]
                )
            part = halves[done : done + _BLOCK_ROWS - at]
            self._blocks[-1][at : at + len(part)] = part
            self._count += len(part)
            done += len(part)

    def take(self, labels: NDArray[np.int64]) -> Halves:
        """Those rows, as they are kept. Shapes: ``(len(labels), dim)``."""
        taken = np.empty((len(labels), self._dim), np.float16)
        order = np.argsort(labels)
        blocks, places = np.divmod(labels[order], _BLOCK_ROWS)
        cuts = [0, *(np.flatnonzero(np.diff(blocks)) + 1).tolist(), len(labels)]
        for start, end in pairwise(cuts):
            if start < end:
                taken[order[start:end]] = self._blocks[blocks[start]][places[start:end]]
        return taken

    def checks(self, count: int) -> list[int]:
        """CRC-32 of each of the first *count* rows, as they are kept."""
        found: list[int] = []
        for first in range(0, count, _BLOCK_ROWS):
            block = np.ascontiguousarray(self._blocks[first // _BLOCK_ROWS][: count - first], "<f2")
            found += [zlib.crc32(row) for row in block]
        return found

    def save(self, path: Path) -> None:
        """Write every row, as `.npy`."""
        with path.open("wb") as file:
            header = {"descr": "<f2", "fortran_order": False, "shape": (self._count, self._dim)}
            np.lib.format.write_array_header_1_0(file, header)
            for first in range(0, self._count, _BLOCK_ROWS):
                block = self._blocks[first // _BLOCK_ROWS][: self._count - first]
                file.write(np.ascontiguousarray(block, "<f2").data)

    @classmethod
    def load(cls, path: Path, dim: int) -> HalfVectors:
        """What `save` wrote, left in the file until it is taken. Errors: `OSError`, `ValueError`."""
        vectors = cls(dim)
        rows: Halves = np.load(path, mmap_mode="r", allow_pickle=False) if dim else np.empty((0, 0), np.float16)
        if rows.ndim != 2 or rows.shape[1] != dim or rows.dtype != np.float16:
            raise ValueError("vectors of another form")
        rows = rows.view(np.ndarray)  # still in the file; slices of a memmap cost more than of an array
        vectors._count = len(rows)
        vectors._blocks = [rows[first : first + _BLOCK_ROWS] for first in range(0, len(rows), _BLOCK_ROWS)]
        return vectors


def similarities(halves: Halves, query: Vectors) -> NDArray[np.float64]:
    """The cosine of each row and *query*, which has unit norm; equal rows give equal ones wherever they stand."""
    exact = halves.astype(np.float64)
    # Row by row, in the same order of adding.
    dots, squares = np.vecdot(exact, query.astype(np.float64)), np.vecdot(exact, exact)
    found: NDArray[np.float64] = dots / np.maximum(np.sqrt(squares), 1e-12)
    return found


def unit(halves: Halves) -> Vectors:
    """Rows of norm 1 to within float32; float16 leaves them off by some 1e-4."""
    vectors = halves.astype(np.float32)
    # einsum adds row by row: equal rows give equal norms wherever they stand.
    norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    scaled: Vectors = vectors * (1 / np.maximum(norms, 1e-12)).astype(np.float32)[:, None]
    return scaled
