"""Files of the search views that are damaged, engines that fail: told as errors of ours, never believed."""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from agent_memory.annotation import MemoryType
from agent_memory.errors import Corrupt
from agent_memory.events import Recorded
from agent_memory.indexes.embeddings import EmbeddingStore
from agent_memory.indexes.lexical import LexicalIndex
from agent_memory.indexes.lexical_documents import documents_of
from agent_memory.indexes.model import EVERYWHERE, Where
from agent_memory.indexes.vector_snapshots import VECTORS_FORMAT
from agent_memory.indexes.vectors import VectorIndex
from agent_memory.projectors.vectors import VectorProjector
from agent_memory.storage import InMemoryRows
from agent_memory.testing.embedders import HashingEmbedder
from agent_memory.testing.faults import NO_FAULTS
from agent_memory.testing.search_samples import said


def damage(path: Path, first: float, last: float) -> None:
    """Invert the bytes between two parts of the file."""
    raw = bytearray(path.read_bytes())
    for at in range(int(len(raw) * first), int(len(raw) * last)):
        raw[at] ^= 0xFF
    path.write_bytes(raw)


# -- lexical ----------------------------------------------------------------------------------------


def lexical(folder: Path, count: int) -> LexicalIndex:
    index = LexicalIndex.open(folder)
    index.apply((n, documents_of(said(n, f"deploy number {n} failed in app_{n % 3}"))) for n in range(1, count + 1))
    return index


def test_a_damaged_lexical_index_that_brings_the_engine_down_is_told_as_corrupt(tmp_path: Path) -> None:
    lexical(tmp_path, 2000).close()
    for path in tmp_path.glob("*.idx"):
        damage(path, 0.1, 0.9)
    index = LexicalIndex.open(tmp_path)

    with pytest.raises(Corrupt, match="lexical") as raised:
        index.search("number 77", where=EVERYWHERE, limit=5)
    assert "replay lexical" in raised.value.hint


LATER = [(n, documents_of(said(n, f"deploy number {n} failed in app_{n % 3}"))) for n in (3, 4)]


class LoseAnswer:
    """A writer whose commit takes effect and then says that it failed."""

    def __init__(self, writer: object) -> None:
        self._writer = writer
        self.lost = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._writer, name)

    def commit(self) -> None:
        self._writer.commit()
        self.lost += 1
        raise ValueError("an I/O error that came late")


def test_a_commit_that_took_effect_and_raised_is_not_applied_twice(tmp_path: Path) -> None:
    whole, index = lexical(tmp_path / "whole", 4), lexical(tmp_path / "index", 2)
    writer = index._writer
    index._writer = LoseAnswer(writer)
    with pytest.raises(ValueError, match="came late"):
        index.apply(LATER)
    assert 4 == index.checkpoint()
    index._writer = writer
    index.apply(LATER)

    assert list(whole.rows()) == list(index.rows())


def test_a_position_is_claimed_only_once_a_search_sees_it(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    def step(name: str) -> None:
        seen.append((index.checkpoint(), len(index.search("deploy", where=EVERYWHERE, limit=9))))

    index = LexicalIndex.open(tmp_path, step=step)
    index.apply([(1, documents_of(said(1, "deploy")))])
    index.apply([(2, documents_of(said(2, "deploy")))])

    assert seen
    assert [] == [(claimed, found) for claimed, found in seen if found < claimed]


class ReloadFails:
    """An index whose reader cannot be brought up, a number of times."""

    def __init__(self, index: object, times: int) -> None:
        self._index = index
        self._times = times

    def __getattr__(self, name: str) -> object:
        return getattr(self._index, name)

    def reload(self) -> None:
        self._times -= 1
        if self._times >= 0:
            raise ValueError("too many open files")
        self._index.reload()


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_reader_that_cannot_be_brought_up_leaves_no_stale_claim(tmp_path: Path, times: int) -> None:
    whole, index = lexical(tmp_path / "whole", 4), lexical(tmp_path / "index", 2)
    index._index = ReloadFails(index._index, times)
    for _ in range(times):
        with suppress(ValueError):
            index.apply(LATER)
        assert index.checkpoint() == len(list(index.rows()))
    index.apply(LATER)

    assert list(whole.rows()) == list(index.rows())


# -- vectors ----------------------------------------------------------------------------------------


def vectors(folder: Path, step: Callable[[str], None] = NO_FAULTS.step) -> VectorProjector:
    embedder = HashingEmbedder(8)
    index = VectorIndex.open(folder, 8, graph_rows_min=8, step=step)
    return VectorProjector(index, EmbeddingStore(InMemoryRows(), embedder.model_id, 8), embedder)


def filled(folder: Path) -> list[tuple[str, bytes]]:
    """The rows of an index of 30 events of which the folder gets a snapshot."""
    view = vectors(folder)
    view.project([Recorded(n, said(n, f"deploy number {n}")) for n in range(1, 31)])
    view.index.flush(always=True)
    return list(view.rows())


@pytest.mark.parametrize("name", ["graph.bin", "vectors.npy", "columns.npz", "names.json", "manifest.json"])
@pytest.mark.parametrize("missing", [False, True])
def test_a_snapshot_with_a_part_that_is_damaged_or_missing_is_not_used(
    tmp_path: Path, name: str, missing: bool
) -> None:
    filled(tmp_path)
    (snapshot,) = tmp_path.glob("snapshot-*")
    if missing:
        (snapshot / name).unlink()
    else:
        damage(snapshot / name, 0.6, 0.7)

    assert 0 == vectors(tmp_path).checkpoint()
    assert [] == list(tmp_path.iterdir())


def test_a_snapshot_of_an_earlier_format_is_built_again_and_never_misread(tmp_path: Path) -> None:
    filled(tmp_path)
    (snapshot,) = tmp_path.glob("snapshot-*")
    manifest = msgspec.json.decode((snapshot / "manifest.json").read_bytes())
    (snapshot / "manifest.json").write_bytes(msgspec.json.encode({**manifest, "format": VECTORS_FORMAT - 1}))

    assert 0 == vectors(tmp_path).checkpoint()
    assert [] == list(tmp_path.iterdir())


def test_the_types_of_events_are_in_the_snapshot(tmp_path: Path) -> None:
    view = vectors(tmp_path)
    texts = ["We decided to deploy.", "Nothing of note.", "ValueError: deploy", "Which one is it?"]
    view.project([Recorded(n, said(n, text)) for n, text in enumerate(texts, start=1)])
    view.index.flush(always=True)
    query = HashingEmbedder(8).embed(["deploy"])[0]
    wanted = Where(types=frozenset({MemoryType.ERROR, MemoryType.QUESTION}))
    expected = [said(3, texts[2]).id, said(4, texts[3]).id]
    found = [
        sorted(match.event_id for match in held.index.search(query, where=wanted, limit=9))
        for held in (view, vectors(tmp_path))
    ]

    assert [expected, expected] == found


def test_the_rows_tell_the_vectors_that_answer_and_not_those_that_were_given(tmp_path: Path) -> None:
    view = vectors(tmp_path)
    view.project([Recorded(n, said(n, f"deploy number {n}")) for n in range(1, 6)])
    before = list(view.rows())
    view.index._vectors._blocks[0][2] *= -1

    changed = [a[0] == b[0] and a[1] != b[1] for a, b in zip(before, view.rows(), strict=True)]
    assert [False, False, True, False, False] == changed


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ("agent_memory.indexes.half_vectors.np.load", OSError(errno.EMFILE, "Too many open files")),
        ("agent_memory.indexes.vector_columns.np.load", MemoryError()),
        ("agent_memory.indexes.vector_snapshots._digest", OSError(errno.EIO, "Input/output error")),
        ("agent_memory.indexes.vector_snapshots.new_graph", RuntimeError("Not enough memory: loadIndex failed")),
    ],
)
def test_a_snapshot_that_cannot_be_read_just_now_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, problem: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise problem

    expected = filled(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(part, fail)
        if "new_graph" in part:
            patch.setattr(part, lambda dim: SimpleNamespace(load_index=fail))
        with pytest.raises(type(problem)):
            vectors(tmp_path)
    again = vectors(tmp_path)

    assert 30 == again.checkpoint()
    assert expected == list(again.rows())


def test_a_long_import_that_is_cut_off_keeps_what_it_built(tmp_path: Path) -> None:
    log = [Recorded(n, said(n, f"deploy number {n}")) for n in range(1, 601)]
    view = vectors(tmp_path)
    for first in range(0, 600, 64):
        view.project(log[first : first + 64])

    assert 512 <= vectors(tmp_path).checkpoint() <= 576


def test_one_event_after_the_other_writes_a_snapshot_now_and_then(tmp_path: Path) -> None:
    steps: list[str] = []
    view = vectors(tmp_path, steps.append)
    for n in range(1, 1101):
        view.project([Recorded(n, said(n, f"deploy number {n}"))])

    assert 2 == steps.count("before putting a snapshot in place")
