"""What every `LexicalSearch` must hold to."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_memory.events import Event
from agent_memory.indexes.model import EVERYWHERE, Match, Where
from agent_memory.indexes.port import LexicalSearch
from agent_memory.testing.in_memory_indexes import admits
from agent_memory.testing.search_samples import MINUTE_MS, START_MS, conversations, filters, queries, said

ENOUGH = 1_000

SHARED = settings(deadline=None, suppress_health_check=[HealthCheck.differing_executors])
"""One check runs over several implementations, which is what checks are for."""


class LexicalSearchChecks:
    """Subclass it and say how an index of these events is made."""

    def make_index(self, events: Sequence[Event]) -> LexicalSearch:
        raise NotImplementedError

    def test_finds_the_event_that_has_the_word(self) -> None:
        index = self.make_index([said(1, "the deploy failed"), said(2, "lunch at noon")])

        assert [said(1, "").id] == ids(index.search("deploy", where=EVERYWHERE, limit=5))

    def test_a_match_names_the_passage_in_the_event(self) -> None:
        long = "\n\n".join(["nothing of note here. " * 40, "the zebra crossed. " * 3, "and so on it went. " * 60])
        index = self.make_index([said(1, long)])
        (match,) = index.search("zebra", where=EVERYWHERE, limit=5)

        assert "zebra" in long[match.start : match.end]
        assert match.end - match.start < len(long)

    def test_each_event_comes_once_however_many_passages_match(self) -> None:
        index = self.make_index([said(1, "the zebra crossed the road. " * 200), said(2, "a zebra")])

        assert {said(1, "").id, said(2, "").id} == set(ids(index.search("zebra", where=EVERYWHERE, limit=5)))
        assert 2 == len(index.search("zebra", where=EVERYWHERE, limit=5))

    def test_a_rare_word_counts_more_than_a_common_one(self) -> None:
        events = [said(n, "cache warm") for n in range(9)] + [said(9, "parser warm")]
        best = self.make_index(events).search("cache parser", where=EVERYWHERE, limit=1)

        assert [events[9].id] == ids(best)

    def test_equal_scores_come_in_order_of_id(self) -> None:
        events = [said(n, "same words here") for n in range(40)]
        index = self.make_index(events[::-1])

        assert [e.id for e in events[:7]] == ids(index.search("words", where=EVERYWHERE, limit=7))

    def test_what_was_said_at_a_time_is_found_without_a_word(self) -> None:
        events = [said(n, f"line {n}") for n in range(20)]
        index = self.make_index(events[::-1])
        where = Where(from_ms=events[3].time_ms, until_ms=events[8].time_ms)

        assert [e.id for e in events[17:]] == ids(index.in_time(where=EVERYWHERE, limit=3, latest=True))
        assert [e.id for e in events[:3]] == ids(index.in_time(where=EVERYWHERE, limit=3, latest=False))
        assert [e.id for e in events[3:9]] == ids(index.in_time(where=where, limit=99, latest=True))
        assert [] == ids(index.in_time(where=Where(from_ms=events[19].time_ms + 1), limit=9, latest=True))
        assert {0.0} == {match.score for match in index.in_time(where=where, limit=99, latest=True)}

    def test_the_edge_of_the_last_is_since_when_so_many_hold_every_word(self) -> None:
        events = [said(n, "deployed the billing" if n % 2 else "the billing") for n in range(20)]
        index = self.make_index(events)

        assert events[15].time_ms == index.edge_ms("deployed billing", where=EVERYWHERE, count=3, latest=True)
        assert events[5].time_ms == index.edge_ms("deployed billing", where=EVERYWHERE, count=3, latest=False)
        assert events[1].time_ms == index.edge_ms("deployed billing", where=EVERYWHERE, count=99, latest=True)
        assert index.edge_ms("zebra", where=EVERYWHERE, count=3, latest=True) is None

    def test_words_of_other_scripts_are_found(self) -> None:
        index = self.make_index([said(1, "今日は日本語を話す"), said(2, "Die Straße nach Köln"), said(3, "мы решили")])

        assert [said(1, "").id] == ids(index.search("日本語", where=EVERYWHERE, limit=5))
        assert [said(2, "").id] == ids(index.search("koln", where=EVERYWHERE, limit=5))
        assert [said(3, "").id] == ids(index.search("РЕШИЛИ", where=EVERYWHERE, limit=5))

    def test_both_edges_of_the_time_are_let_through(self) -> None:
        index = self.make_index([said(n, "tick") for n in range(5)])
        where = Where(from_ms=START_MS + MINUTE_MS, until_ms=START_MS + 3 * MINUTE_MS)

        assert [said(n, "").id for n in (1, 2, 3)] == ids(index.search("tick", where=where, limit=9))

    def test_nothing_is_found_for_no_word_no_limit_and_in_an_empty_index(self) -> None:
        index = self.make_index([said(1, "deploy")])

        assert [] == index.search("", where=EVERYWHERE, limit=5)
        assert [] == index.search(" \t\n ?!\"'(", where=EVERYWHERE, limit=5)
        assert [] == index.search("deploy", where=EVERYWHERE, limit=0)
        assert [] == self.make_index([]).search("deploy", where=EVERYWHERE, limit=5)

    @settings(SHARED, max_examples=60)
    @given(query=st.text(st.characters(exclude_categories=()), max_size=60))
    def test_any_string_is_a_query(self, query: str) -> None:
        index = self.make_index([said(1, "deploy " + query), said(2, 'field:value AND (x OR y) "a b" /re/ * ~2 \\')])

        assert 2 >= len(index.search(query, where=EVERYWHERE, limit=5))

    def test_a_very_long_query_is_answered(self) -> None:
        index = self.make_index([said(n, f"w{n} deploy") for n in range(200)])

        assert index.search(" ".join(f"w{n}" for n in range(20_000)), where=EVERYWHERE, limit=5)
        assert index.search("deploy " + "x" * 100_000, where=EVERYWHERE, limit=5)

    @settings(SHARED, max_examples=40)
    @given(events=conversations(), query=queries(), where=filters(), limit=st.integers(1, 12))
    def test_a_filter_narrows_the_ranking_and_changes_nothing_else(
        self, events: list[Event], query: str, where: Where, limit: int
    ) -> None:
        index = self.make_index(events)
        by_id = {event.id: event for event in events}
        everything = index.search(query, where=EVERYWHERE, limit=ENOUGH)
        expected = [match for match in everything if admits(where, by_id[match.event_id])][:limit]

        assert expected == index.search(query, where=where, limit=limit)

    @settings(SHARED, max_examples=25)
    @given(events=conversations(), query=queries(), chance=st.randoms(use_true_random=False))
    def test_the_order_of_arrival_does_not_show(self, events: list[Event], query: str, chance: object) -> None:
        shuffled = list(events)
        chance.shuffle(shuffled)  # type: ignore[attr-defined]
        expected = self.make_index(events).search(query, where=EVERYWHERE, limit=9)

        assert expected == self.make_index(shuffled).search(query, where=EVERYWHERE, limit=9)


def ids(matches: Sequence[Match]) -> list[str]:
    return [match.event_id for match in matches]
