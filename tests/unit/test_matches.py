"""The first match of each event."""

from __future__ import annotations

from agent_memory.events.ulids import ulid_of
from agent_memory.indexes.event_ids import event_keys_of
from agent_memory.indexes.matches import firsts_of


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
