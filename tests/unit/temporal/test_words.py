"""Which words of a query say when, and which say what."""

from __future__ import annotations

import pytest

from agent_memory.temporal import read_query
from agent_memory.toc import Calendar

NOW_MS = 1_752_672_600_000  # Wednesday, 16 July 2025, 15:30 in Berlin
BERLIN = Calendar("Europe/Berlin")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("what did we decide yesterday", ["yesterday"]),
        ("what happened first last week", ["first", "last week"]),
        ("when did we last deploy on Monday", ["last", "Monday"]),
        ("the most recent decision about Redis", ["most recent"]),
        ("the first time I met Anna", ["first time"]),
        ("what broke in the two weeks before the release", ["in the two weeks before"]),
        ("what did we try last before the release", ["last", "before"]),
        ("how do I configure it", []),
    ],
)
def test_the_words_that_say_when_are_told(query: str, expected: list[str]) -> None:
    reading = read_query(query, now_ms=NOW_MS, calendar=BERLIN)

    assert expected == [query[start:end] for start, end in reading.words]
