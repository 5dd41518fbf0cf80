"""Quoted words are found as they stand, for a bounded effort, and the same under any filter."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agent_memory.events import Event, Kind, Recorded, Role
from agent_memory.events.ulids import ulid_of
from agent_memory.indexes.lexical import LexicalIndex
from agent_memory.indexes.lexical_documents import documents_of
from agent_memory.indexes.model import Match, Where
from agent_memory.indexes.port import LexicalSearch
from agent_memory.retrieval import phrases as phrases_room
from agent_memory.retrieval.phrases import LOOKED_AT_MAX, PHRASE_DEPTH, READ_MAX, quoting
from agent_memory.testing.in_memory_indexes import InMemoryLexicalIndex

NOON = 1_768_478_400_000


class CountingLog:
    def __init__(self, texts: Sequence[str]) -> None:
        self.events = {
            one.event.id: one
            for one in (
                Recorded(
                    place,
                    Event(
                        id=ulid_of(NOON + place * 1000, place),
                        text=text,
                        kind=Kind.USER_MESSAGE,
                        role=Role.USER,
                        session="s1",
                    ),
                )
                for place, text in enumerate(texts, 1)
            )
        }
        self.read: list[str] = []

    def get_many(self, event_ids: Sequence[str]) -> list[Recorded | None]:
        self.read += event_ids
        return [self.events[event_id] for event_id in event_ids]


def in_memory(log: CountingLog) -> InMemoryLexicalIndex:
    return InMemoryLexicalIndex([one.event for one in log.events.values()])


def found(
    log: CountingLog, phrases: Sequence[str], query: str = "", *, index: LexicalSearch | None = None
) -> list[tuple[str, float]]:
    """What stands at each place, and its share of the phrases."""
    matches = quoting(index or in_memory(log), log, phrases, query)  # type: ignore[arg-type]  # of a log only what is read
    return [(log.events[m.event_id].event.text[m.start : m.end], m.score) for m in matches]


def test_what_holds_more_of_the_phrases_comes_first_whatever_its_case_and_spaces() -> None:
    log = CountingLog(["budget for retries", "The RETRY\n  Budget is spent", "a cache key and a retry budget"])

    assert [("retry budget", 1.0), ("RETRY\n  Budget", 0.5)] == found(log, ["retry budget", "cache key"])
    assert [] == found(log, ["budget retry"])


def test_nothing_of_a_phrase_is_syntax() -> None:
    log = CountingLog(["see a.b(c)* here", "see aXb c here"])

    assert [("a.b(c)*", 1.0)] == found(log, ["a.b(c)*"])


def test_in_a_long_text_the_phrase_is_where_its_words_are() -> None:
    """Also on the border of the passage that its words find."""
    filler = "\n".join(f"line {n} says nothing much of anything at all" for n in range(9_000))
    log = CountingLog([f"{filler}\nthe launch code is 0000\n{filler}"])

    assert [("launch code is", 1.0)] == found(log, ["launch code is"])


def test_a_phrase_of_words_that_no_index_keeps_is_looked_for_in_what_the_query_finds(tmp_path: Path) -> None:
    log = CountingLog(["an elephant and a zebra", "an elephant and not an ostrich", "and not an apple"])
    index = LexicalIndex.open(tmp_path)
    index.apply((one.position, documents_of(one.event)) for one in log.events.values())

    assert [("and not an", 1.0)] == found(log, ["and not an"], 'elephant "and not an"', index=index)
    assert [] == found(log, ["and not an"], '"and not an"', index=index)


def test_each_event_is_read_once_for_all_phrases() -> None:
    log = CountingLog([f"red fox and blue hare and green frog number {n}" for n in range(60)])
    matches = found(log, ["red fox", "blue hare", "green frog", "blue frog"])

    assert 60 == len(matches)
    assert {0.75} == {score for _, score in matches}
    assert 60 == len(log.read) == len(set(log.read))


def test_no_more_events_are_read_than_have_a_chance() -> None:
    log = CountingLog([f"red fox number {n}" for n in range(3 * PHRASE_DEPTH)])

    assert PHRASE_DEPTH == len(found(log, ["red fox"]))
    assert PHRASE_DEPTH == len(log.read)


def test_long_events_are_looked_at_in_their_passages_and_only_so_many_are_read() -> None:
    """Sixty of a megabyte each took seconds, and held up whatever else ran in the interpreter."""
    line = "the red fox and the blue hare and the green frog passed here once more\n"
    log = CountingLog([f"{n} " + line * (1_000_000 // len(line)) for n in range(20)])
    phrases = ["red fox", "fox red", "blue hare", "hare blue", "green frog", "frog green", "passed here", "here passed"]
    index: Any = EveryEvent(log)
    started = time.process_time()
    matches = found(log, phrases, index=index)

    assert {0.5} == {score for _, score in matches}
    assert len(log.read) * 1_000_000 < READ_MAX + 17 * 1_000_000
    assert time.process_time() - started < 0.5


def test_what_is_looked_at_is_bounded_for_all_phrases() -> None:
    """Eight phrases that stand in every event, and none in the passage that its words found."""
    log = CountingLog(["x" * 20_000 for _ in range(100)])
    index: Any = EveryEvent(log)
    looked: list[int] = []
    level = phrases_room._level

    def counted(text: str) -> str:
        looked.append(len(text))
        return level(text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phrases_room, "_level", counted)
        found(log, [f"red fox {n}" for n in range(8)], index=index)

    assert LOOKED_AT_MAX / 2 < sum(looked) <= LOOKED_AT_MAX + 8 * 9


class EveryEvent:
    """Every event matches every phrase, in a passage of a thousand characters."""

    def __init__(self, log: CountingLog) -> None:
        self._ids = list(log.events)

    def whole_score(self, query: str) -> float:
        return 1.0

    def search(self, query: str, *, where: Where, limit: int) -> list[Match]:
        return [Match(event_id, 9_000, 10_000, 1.0) for event_id in self._ids[:limit]]
