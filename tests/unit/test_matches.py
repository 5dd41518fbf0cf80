"""Matches in columns: the first of each event, and those of a time."""

from __future__ import annotations

import numpy as np

from agent_memory.events.ulids import ulid_of
from agent_memory.indexes.event_ids import event_keys_of
from agent_memory.indexes.matches import Matches, firsts_of
from agent_memory.indexes.model import Match


def firsts(*ids: str) -> list[int]:
    found: list[int] = firsts_of(event_keys_of(ids)).tolist()
    return found


def test_each_event_is_found_where_it_stands_first() -> None:
    a, b, c = ulid_of(3, 1), ulid_of(1, 2), ulid_of(2, 3)

    assert [] == firsts()
    assert [0, 1, 2] == firsts(a, b, c)
    assert [0, 1, 3] == firsts(a, b, a, c, b, a)


def test_events_whose_random_halves_are_the_same_are_still_two() -> None:
    assert [0, 1] == firsts(ulid_of(3, 1), ulid_of(4, 1), ulid_of(3, 1))


def test_both_edges_of_a_time_belong_to_it() -> None:
    matches = Matches.of(Match(ulid_of(ms, ms), 0, 1, 1.0 / ms) for ms in (5, 3, 9, 4))

    assert [matches[0], matches[1], matches[3]] == matches.between(3, 5)
    assert [matches[2]] == matches.between(6, None)
    assert [matches[1]] == matches.between(None, 3)
    assert matches == matches.between(None, None)
    assert [] == Matches.of(()).between(1, 2)


def test_events_as_a_whole_have_empty_passages() -> None:
    matches = Matches.of_events(event_keys_of([ulid_of(2, 1)]), np.array([0.5]))

    assert [Match(ulid_of(2, 1), 0, 0, 0.5)] == matches
