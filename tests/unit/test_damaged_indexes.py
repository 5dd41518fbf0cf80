"""Files of the search views that are damaged, engines that fail: told as errors of ours, never believed."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from agent_memory.errors import Corrupt
from agent_memory.indexes.lexical import LexicalIndex, entry_of
from agent_memory.indexes.model import EVERYWHERE
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
    index.apply((n, entry_of(said(n, f"deploy number {n} failed in app_{n % 3}"))) for n in range(1, count + 1))
    return index


def test_a_damaged_lexical_index_that_brings_the_engine_down_is_told_as_corrupt(tmp_path: Path) -> None:
    lexical(tmp_path, 2000).close()
    for path in tmp_path.glob("*.idx"):
        damage(path, 0.1, 0.9)
    index = LexicalIndex.open(tmp_path)

    with pytest.raises(Corrupt, match="lexical") as raised:
        index.search("number 77", where=EVERYWHERE, limit=5)
    assert "replay lexical" in raised.value.hint


LATER = [(n, entry_of(said(n, f"deploy number {n} failed in app_{n % 3}"))) for n in (3, 4)]


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
    index.apply([(1, entry_of(said(1, "deploy")))])
    index.apply([(2, entry_of(said(2, "deploy")))])

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
