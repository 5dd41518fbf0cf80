"""What was found everywhere tells what is found within a time, where the time is wide enough."""

from __future__ import annotations

import pytest

from agent_memory.events.ulids import ulid_of
from agent_memory.indexes.model import EVERYWHERE, Where
from agent_memory.retrieval.retrievers import _found_within
from agent_memory.testing.events import event
from agent_memory.testing.in_memory_indexes import InMemoryLexicalIndex

SAID = [event("cache " * (1 + n % 3) + "moved", id=ulid_of(1_000 + n, n)) for n in range(30)]
INDEX = InMemoryLexicalIndex(SAID)


@pytest.mark.parametrize(
    "where",
    [
        Where(from_ms=1_002),
        Where(until_ms=1_028),
        Where(from_ms=1_003, until_ms=1_027),
        Where(from_ms=1_029),
        Where(from_ms=2_000),
    ],
)
@pytest.mark.parametrize(("depth", "limit"), [(15, 10), (25, 20), (40, 10), (40, 40)])
def test_it_is_what_asking_for_the_time_finds(where: Where, depth: int, limit: int) -> None:
    everywhere = INDEX.search("cache", where=EVERYWHERE, limit=depth)
    found = _found_within(where, everywhere, limit=limit)

    assert found in (None, INDEX.search("cache", where=where, limit=limit))


def test_of_a_wide_time_it_is_known_and_of_a_narrow_one_and_other_filters_it_is_not() -> None:
    everywhere = INDEX.search("cache", where=EVERYWHERE, limit=15)
    wide, narrow, other = Where(from_ms=1_001), Where(from_ms=1_028), Where(from_ms=1_001, projects=frozenset({"x"}))
    known = [_found_within(where, everywhere, limit=10) for where in (wide, narrow, other)]

    assert [True, False, False] == [one is not None for one in known]
