"""What every `VectorSearch` must hold to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_memory.errors import DimensionMismatch
from agent_memory.events import Event
from agent_memory.indexes.model import EVERYWHERE, Where
from agent_memory.indexes.port import VectorSearch
from agent_memory.testing.embedders import HashingEmbedder
from agent_memory.testing.in_memory_indexes import InMemoryVectorIndex, admits
from agent_memory.testing.lexical_checks import ENOUGH, SHARED, ids
from agent_memory.testing.search_samples import conversations, filters, queries, said

DIM = 32
EMBEDDER = HashingEmbedder(DIM)


class VectorSearchChecks:
    """Subclass it and say how an index of these events is made, embedded by `EMBEDDER`."""

    def make_index(self, events: Sequence[Event]) -> VectorSearch:
        raise NotImplementedError

    def test_the_nearest_comes_first_with_its_cosine(self) -> None:
        index = self.make_index([said(1, "lunch at noon"), said(2, "deploy failed again")])
        first, second = index.search(EMBEDDER.embed(["deploy failed again"])[0], where=EVERYWHERE, limit=5)

        assert [said(2, "").id, said(1, "").id] == ids([first, second])
        assert pytest.approx(1, abs=1e-3) == first.score
        assert second.score < 0.9

    def test_a_match_names_the_passage_in_the_event(self) -> None:
        long = "\n\n".join(["nothing of note here. " * 40, "the zebra crossed. " * 45, "and so on it went. " * 60])
        (match,) = self.make_index([said(1, long)]).search(
            EMBEDDER.embed(["zebra crossed"])[0], where=EVERYWHERE, limit=5
        )

        assert "zebra" in long[match.start : match.end]
        assert match.end - match.start < len(long)

    def test_equal_scores_come_in_order_of_id(self) -> None:
        events = [said(n, "same words here") for n in range(60)]
        index = self.make_index(events[::-1])

        assert [e.id for e in events[:7]] == ids(
            index.search(EMBEDDER.embed(["same words here"])[0], where=EVERYWHERE, limit=7)
        )

    def test_an_event_without_text_is_not_found(self) -> None:
        assert [] == self.make_index([said(1, " \n")]).search(EMBEDDER.embed(["x"])[0], where=EVERYWHERE, limit=5)

    def test_nothing_is_found_in_an_empty_index_and_with_no_limit(self) -> None:
        vector = EMBEDDER.embed(["x"])[0]

        assert [] == self.make_index([]).search(vector, where=EVERYWHERE, limit=5)
        assert [] == self.make_index([said(1, "x")]).search(vector, where=EVERYWHERE, limit=0)

    def test_a_vector_of_another_length_is_refused(self) -> None:
        with pytest.raises(DimensionMismatch):
            self.make_index([said(1, "x")]).search(np.zeros(DIM + 1, np.float32), where=EVERYWHERE, limit=5)

    @settings(SHARED, max_examples=30)
    @given(events=conversations(), query=queries(), where=filters(), limit=st.integers(1, 12))
    def test_a_filter_narrows_the_ranking_and_changes_nothing_else(
        self, events: list[Event], query: str, where: Where, limit: int
    ) -> None:
        index = self.make_index(events)
        vector = EMBEDDER.embed([query])[0]
        by_id = {event.id: event for event in events}
        everything = index.search(vector, where=EVERYWHERE, limit=ENOUGH)
        expected = [match for match in everything if admits(where, by_id[match.event_id])][:limit]

        assert expected == index.search(vector, where=where, limit=limit)

    @settings(SHARED, max_examples=20)
    @given(
        events=conversations(), query=queries(), asked=st.lists(st.tuples(filters(), st.integers(0, 12)), max_size=4)
    )
    def test_what_is_asked_at_once_is_found_as_one_by_one(
        self, events: list[Event], query: str, asked: list[tuple[Where, int]]
    ) -> None:
        index = self.make_index(events)
        vector = EMBEDDER.embed([query])[0]
        one_by_one = [index.search(vector, where=where, limit=limit) for where, limit in asked]

        assert one_by_one == index.search_each(vector, asked)

    @settings(SHARED, max_examples=30)
    @given(events=conversations(), query=queries())
    def test_scores_are_those_of_looking_at_every_vector(self, events: list[Event], query: str) -> None:
        vector = EMBEDDER.embed([query])[0]
        expected = InMemoryVectorIndex(EMBEDDER, events).search(vector, where=EVERYWHERE, limit=ENOUGH)
        actual = self.make_index(events).search(vector, where=EVERYWHERE, limit=ENOUGH)

        assert {m.event_id: pytest.approx(m.score, abs=2e-3) for m in expected} == {m.event_id: m.score for m in actual}

    @settings(SHARED, max_examples=25)
    @given(events=conversations(), query=queries(), chance=st.randoms(use_true_random=False))
    def test_the_order_of_arrival_does_not_show(self, events: list[Event], query: str, chance: object) -> None:
        shuffled = list(events)
        chance.shuffle(shuffled)  # type: ignore[attr-defined]
        vector = EMBEDDER.embed([query])[0]
        expected = self.make_index(events).search(vector, where=EVERYWHERE, limit=9)

        assert expected == self.make_index(shuffled).search(vector, where=EVERYWHERE, limit=9)
