"""What one search takes out of the keyword index is bounded, however many events fit equally well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from agent_memory.events.ulids import ulid_of
from agent_memory.indexes import lexical
from agent_memory.indexes.lexical import LexicalIndex, _best_by_event
from agent_memory.indexes.lexical_documents import documents_of
from agent_memory.indexes.model import EVERYWHERE
from agent_memory.testing.events import event

TIED = 1_200


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many passages the engine was asked for, time after time."""
    counts: list[int] = []

    def counted(searcher: Any, hits: Sequence[Any], falling: Any) -> Any:
        counts.append(len(hits))
        return _best_by_event(searcher, hits, falling)

    monkeypatch.setattr(lexical, "_best_by_event", counted)
    return counts


@pytest.fixture
def index(tmp_path: Path) -> Iterator[LexicalIndex]:
    """Twelve hundred heartbeats that are all alike, in three segments, the last ones first."""
    opened = LexicalIndex.open(tmp_path)
    for part in range(3):
        numbers = range(part * TIED // 3 + 1, (part + 1) * TIED // 3 + 1)
        opened.apply((n, documents_of(event("heartbeat", id=ulid_of(1_768_478_400_000 - n, n)))) for n in numbers)
    yield opened
    opened.close()


def test_of_equals_the_first_by_id_are_found_as_long_as_all_are_taken(index: LexicalIndex, taken: list[int]) -> None:
    found = [match.event_id for match in index.search("heartbeat", where=EVERYWHERE, limit=5)]

    assert [ulid_of(1_768_478_400_000 - n, n) for n in range(TIED, TIED - 5, -1)] == found
    assert TIED == taken[-1]


def test_of_more_equals_than_a_search_takes_some_are_found(
    index: LexicalIndex, taken: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as were asked for, with the score that they have; which, is the engine's choice."""
    monkeypatch.setattr(lexical, "PASSAGES_MAX", 500)
    found = index.search("heartbeat", where=EVERYWHERE, limit=5)

    assert 5 == len({match.event_id for match in found})
    assert 1 == len({match.score for match in found})
    assert 500 == max(taken)
    assert len(taken) <= 3


def test_a_limit_beyond_the_bound_is_kept(index: LexicalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "PASSAGES_MAX", 100)

    assert 700 == len(index.search("heartbeat", where=EVERYWHERE, limit=700))


def test_events_of_many_passages_leave_room_for_the_others(tmp_path: Path) -> None:
    """A limit is of events: where few of them hold the best passages, more passages are looked at."""
    long, short = [" ".join(["heartbeat"] * 5_000)] * 3, ["one heartbeat in a message of its own"] * 12
    index = LexicalIndex.open(tmp_path)
    index.apply((n, documents_of(event(text, id=ulid_of(n, n)))) for n, text in enumerate([*long, *short], start=1))
    found = {limit: index.search("heartbeat", where=EVERYWHERE, limit=limit) for limit in (2, 5, 9, 15, 40)}
    index.close()

    assert [2, 5, 9, 15, 15] == [len(matches) for matches in found.values()]
    assert all(found[40][:limit] == matches for limit, matches in found.items())
    assert 15 == len({match.event_id for match in found[40]})
