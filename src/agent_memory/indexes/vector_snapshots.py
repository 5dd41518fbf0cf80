"""Snapshots of the vector index: folders that are whole and as written, or are not used.

    snapshot-00000000000000012345/     named by its checkpoint; put in place by one rename
        manifest.json                  format, dim, rows, rows in the graph, checkpoint, digests
        graph.bin                      hnswlib's own format; missing while there is no graph
        vectors.npy                    float16 (rows, dim)
        columns.npz, names.json        passage and filter fields of each row

The digests are CRC-32 of each other file: 3 GB/s, so that 100,000 rows of 384 numbers, some 250
MB, are checked in a tenth of a second.
"""

from __future__ import annotations

import logging
import os
import shutil
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import hnswlib
import msgspec

from agent_memory.events import Position
from agent_memory.indexes.half_vectors import HalfVectors
from agent_memory.indexes.vector_columns import Columns
from agent_memory.storage import sync_folder

VECTORS_FORMAT = 2
"""2: with the types of each row's event."""

_PREFIX = "snapshot-"
_READ_BYTES = 1 << 20
_logger = logging.getLogger(__name__)


class Manifest(msgspec.Struct, frozen=True):
    """What the snapshot holds; *digests* by the name of the file."""

    format: int
    dim: int
    rows: int
    graph_rows: int
    checkpoint: Position
    digests: dict[str, int]


class Contents(msgspec.Struct, frozen=True):
    """An index as a snapshot has it; *graph* is None while there are no *graph_rows*."""

    columns: Columns
    vectors: HalfVectors
    graph: Any
    graph_rows: int
    checkpoint: Position


class Unusable(Exception):
    """The snapshot is not what was written, or of another form: it never will be of use."""


def snapshots(folder: Path) -> list[Path]:
    """The snapshots in the folder, the newest first."""
    return sorted(folder.glob(f"{_PREFIX}*"), reverse=True)


def save(folder: Path, dim: int, contents: Contents, *, step: Callable[[str], None]) -> None:
    """Put a snapshot in place and erase the older ones."""
    scratch = folder / "new"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    step("before writing a snapshot")
    if contents.graph_rows:
        contents.graph.save_index(str(scratch / "graph.bin"))
    contents.vectors.save(scratch / "vectors.npy")
    contents.columns.save(scratch)
    step("before the manifest of a snapshot")
    digests = {path.name: _digest(path) for path in sorted(scratch.iterdir())}
    manifest = Manifest(VECTORS_FORMAT, dim, contents.columns.count, contents.graph_rows, contents.checkpoint, digests)
    (scratch / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    for path in scratch.iterdir():
        _sync_file(path)
    sync_folder(scratch)
    step("before putting a snapshot in place")
    scratch.rename(folder / f"{_PREFIX}{contents.checkpoint:020d}")
    sync_folder(folder)
    step("before erasing older snapshots")
    for old in snapshots(folder)[1:]:
        shutil.rmtree(old, ignore_errors=True)


def load_newest(folder: Path, dim: int, *, spare_rows: int) -> Contents | None:
    """The newest snapshot that is whole, with room for *spare_rows* in its graph; None where there is none.

    What is known to be unusable is erased: a view can be had again from the log.
    Errors: `OSError`, `MemoryError`, and hnswlib's `RuntimeError` where memory is short; nothing
    is erased then, and another time may do better.
    """
    for snapshot in snapshots(folder):
        try:
            return _load(snapshot, dim, spare_rows)
        except Unusable as error:
            _logger.warning("the snapshot %s of the vectors is built again: %s", snapshot.name, error)
            shutil.rmtree(snapshot, ignore_errors=True)
    return None


def _load(snapshot: Path, dim: int, spare_rows: int) -> Contents:
    manifest = _manifest(snapshot)
    if (manifest.format, manifest.dim) != (VECTORS_FORMAT, dim):
        raise Unusable("it is of another form")
    expected = {"vectors.npy", "columns.npz", "names.json"} | ({"graph.bin"} if manifest.graph_rows else set())
    if set(manifest.digests) != expected:
        raise Unusable("its manifest lists other files")
    # The two large files at the same time: a CRC keeps the interpreter free.
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda name: _digest_or_none(snapshot / name), manifest.digests))
    for (name, digest), there in zip(manifest.digests.items(), found, strict=True):
        if digest != there:
            raise Unusable(f"{name} is missing" if there is None else f"{name} is not what was written")
    try:
        columns = Columns.load(snapshot)
        vectors = HalfVectors.load(snapshot / "vectors.npy", dim)
    except (ValueError, LookupError, EOFError, BadZipFile, msgspec.MsgspecError) as error:
        raise Unusable(str(error)) from error
    if not columns.count == len(vectors) == manifest.rows:
        raise Unusable("its parts do not fit")
    graph = _graph(snapshot, manifest, spare_rows) if manifest.graph_rows else None
    return Contents(columns, vectors, graph, manifest.graph_rows, manifest.checkpoint)


def _manifest(snapshot: Path) -> Manifest:
    try:
        return msgspec.json.decode((snapshot / "manifest.json").read_bytes(), type=Manifest)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Unusable("manifest.json is missing") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unusable(f"manifest.json cannot be read: {error}") from error


def _graph(snapshot: Path, manifest: Manifest, spare_rows: int) -> Any:
    graph = new_graph(manifest.dim)
    try:
        graph.load_index(str(snapshot / "graph.bin"), max_elements=manifest.graph_rows + spare_rows)
    except RuntimeError as error:
        # Also what it raises where memory or file descriptors are short.
        if "corrupted" in str(error):
            raise Unusable(str(error)) from error
        raise
    if graph.get_current_count() != manifest.graph_rows:
        raise Unusable("its graph does not fit")
    return graph


def new_graph(dim: int) -> Any:
    """A graph with no room yet."""
    # Inner product of unit vectors: their cosine, without hnswlib normalising them once more.
    return hnswlib.Index(space="ip", dim=dim)


def _digest_or_none(path: Path) -> int | None:
    try:
        return _digest(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _digest(path: Path) -> int:
    digest = 0
    buffer = memoryview(bytearray(_READ_BYTES))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            digest = zlib.crc32(buffer[:count], digest)
    return digest


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
