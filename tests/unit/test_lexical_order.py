"""A passage has one score, to the last bit, however the documents came into the index and whatever else is asked."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent_memory.events import Event
from agent_memory.events.ulids import ulid_of
from agent_memory.indexes.admission import admits
from agent_memory.indexes.lexical import LexicalIndex
from agent_memory.indexes.lexical_documents import documents_of
from agent_memory.indexes.model import EVERYWHERE, Match, Where
from agent_memory.testing.events import event

START_MS = 1_768_478_400_000
EVENTS = 400
MANY = 9_000


def conversation(chance: random.Random, words: Sequence[str]) -> list[Event]:
    """Of some events any of the words, of others the first ones of them at first and all in the end."""
    events = []
    for n in range(EVENTS):
        known = words if chance.random() < 0.5 else words[: max(3, len(words) * n // EVENTS)]
        text = " ".join(chance.choices(known, [1 / (i + 1) for i in range(len(known))], k=chance.randint(1, 40)))
        events.append(event(text, id=ulid_of(START_MS + n, n), session=f"s{n % 7}"))
    return events


def index_of(events: Sequence[Event], folder: Path, *, cut: int) -> LexicalIndex:
    """A segment for every *cut* events."""
    index = LexicalIndex.open(folder)
    for first in range(0, len(events), cut):
        part = events[first : first + cut]
        index.apply([(n, documents_of(one)) for n, one in enumerate(part, start=first + 1)])
    return index


@pytest.mark.parametrize("seed", range(4))
def test_how_the_documents_were_cut_and_what_is_left_out_is_no_matter_to_a_ranking(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    words = [f"w{a}{b}" for a in "abcdefgh" for b in "klmnopqr"][: chance.choice([6, 20, 64])]
    events = conversation(chance, words)
    by_id = {one.id: one for one in events}
    queries = [" ".join(chance.sample(words, min(size, len(words)))) for size in (3, 4, 5, 8, 13, 20, 32) for _ in "ab"]
    filters = [
        EVERYWHERE,
        Where(sessions=frozenset({"s1", "s2", "s5"})),
        Where(from_ms=START_MS + EVENTS // 4, until_ms=START_MS + EVENTS // 2),
    ]
    rankings: list[list[list[Match]]] = []
    for cut in (EVENTS, 150, 59):
        index = index_of(events, tmp_path / str(cut), cut=cut)
        rankings.append([list(index.search(query, where=EVERYWHERE, limit=EVENTS)) for query in queries])
        for query, ranking in zip(queries, rankings[-1], strict=True):
            for where in filters:
                passing = [match for match in ranking if admits(where, by_id[match.event_id])]
                for limit in (1, 3, 30):
                    # The engine leaves out what cannot be among the best: no more than that.
                    assert passing[:limit] == list(index.search(query, where=where, limit=limit))
        index.close()

    assert 1_000 < sum(map(len, rankings[0]))
    assert rankings[0] == rankings[1] == rankings[2]


def test_of_many_thousands_the_best_few_are_the_head_of_all(tmp_path: Path) -> None:
    """More than the engine looks at in one go, with words that come, go, and are everywhere."""
    chance = random.Random(5)
    words = [f"w{a}{b}" for a in "abcdefgh" for b in "klmnopqr"]
    texts = []
    for n in range(MANY):
        known = words[: 8 + len(words) * n // MANY] if n % 3 else words[-8 - len(words) * n // MANY :]
        texts.append(" ".join(chance.choices(known, [1 / (i + 1) for i in range(len(known))], k=chance.randint(1, 30))))
    events = [event(text, id=ulid_of(START_MS + n, n), session=f"s{n % 7}") for n, text in enumerate(texts)]
    queries = [" ".join(chance.sample(words, size)) for size in (3, 6, 12)]
    rankings = []
    for cut in (MANY, 4_321):
        index = index_of(events, tmp_path / str(cut), cut=cut)
        rankings.append([list(index.search(query, where=EVERYWHERE, limit=MANY)) for query in queries])
        for query, ranking in zip(queries, rankings[-1], strict=True):
            for limit in (2, 20, 200):
                assert ranking[:limit] == list(index.search(query, where=EVERYWHERE, limit=limit))
        index.close()

    assert rankings[0] == rankings[1]
