"""A passage has one score, to the last bit, however the documents came into the index and whatever else is asked."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent_memory.events import Event
from agent_memory.events.ulids import ulid_of
from agent_memory.indexes.lexical import LexicalIndex
from agent_memory.indexes.lexical_documents import documents_of
from agent_memory.indexes.model import EVERYWHERE, Where
from agent_memory.testing.events import event

START_MS = 1_768_478_400_000
EVENTS = 400


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
def test_how_the_documents_were_cut_and_what_is_left_out_is_no_matter_to_a_score(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    words = [f"w{a}{b}" for a in "abcdefgh" for b in "klmnopqr"][: chance.choice([6, 20, 64])]
    events = conversation(chance, words)
    queries = [" ".join(chance.sample(words, min(size, len(words)))) for size in (3, 4, 5, 8, 13, 20, 32) for _ in "ab"]
    some = Where(sessions=frozenset({"s1", "s2", "s5"}))
    asked = [(EVERYWHERE, 3), (EVERYWHERE, 30), (EVERYWHERE, EVENTS), (some, 20)]
    scores: dict[tuple[str, str], set[float]] = {}
    for cut in (EVENTS, 150, 59):
        index = index_of(events, tmp_path / str(cut), cut=cut)
        for query in queries:
            for where, limit in asked:
                for match in index.search(query, where=where, limit=limit):
                    scores.setdefault((query, match.event_id), set()).add(match.score)
        index.close()

    assert 1_000 < len(scores)
    assert [] == [of for of, different in scores.items() if len(different) > 1]
