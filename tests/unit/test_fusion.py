"""How several rankings become one."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from agent_memory.indexes.model import Match
from agent_memory.retrieval.fusion import Ranking, fuse


def ranking(name: str, scores: dict[str, float], *, weight: float = 1.0) -> Ranking:
    best_first = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
    return Ranking(
        name=name,
        matches=tuple(Match(event_id, 0, 5, score) for event_id, score in best_first),
        weight=weight,
    )


scores = st.dictionaries(st.sampled_from("ABCDEFGHIJ"), st.floats(-1, 30, allow_nan=False), max_size=10)
rankings = st.lists(
    st.tuples(scores, st.floats(0.01, 5)).map(lambda given: ranking("r", given[0], weight=given[1])), max_size=4
)


def test_an_event_that_leads_every_ranking_scores_one() -> None:
    lexical = ranking("a", {"X": 9.0, "Y": 3.0, "Z": 1.0}, weight=0.7)
    hits = fuse([lexical, ranking("b", {"X": 0.8}, weight=0.3)], limit=9)

    assert ["X", "Y", "Z"] == [hit.event_id for hit in hits]
    assert math.isclose(1.0, hits[0].score)
    assert math.isclose(0.7 * 2 / 8, hits[1].score)
    assert 0.0 == hits[2].score


def test_a_hit_says_what_each_ranking_gave_also_where_one_is_silent() -> None:
    (hit,) = fuse([ranking("a", {}), ranking("b", {"X": 0.5}, weight=3.0)], limit=9)

    assert [("a", 0, 0.0, 0.0), ("b", 1, 0.5, 0.75)] == [
        (signal.name, signal.rank, signal.score, signal.contribution) for signal in hit.signals
    ]


def test_scales_and_offsets_do_not_matter() -> None:
    low = fuse([ranking("a", {"X": 0.3, "Y": 0.2, "Z": -0.1})], limit=9)
    high = fuse([ranking("a", {"X": 70.0, "Y": 60.0, "Z": 30.0})], limit=9)

    assert [1.0, 0.75, 0.0] == [round(hit.score, 9) for hit in low]
    assert [1.0, 0.75, 0.0] == [round(hit.score, 9) for hit in high]


def test_ties_stand_in_order_of_event_id() -> None:
    hits = fuse([ranking("a", {"C": 1.0, "A": 1.0}), ranking("b", {"B": 1.0, "D": 1.0})], limit=3)

    assert ["A", "B", "C"] == [hit.event_id for hit in hits]


def test_the_passage_is_of_the_ranking_that_gave_most() -> None:
    lexical = Ranking(name="a", matches=(Match("X", 10, 20, 4.0), Match("Y", 0, 1, 4.0)), weight=0.3)
    vector = Ranking(name="b", matches=(Match("X", 50, 60, 0.9),), weight=0.7)

    hits = fuse([lexical, vector], limit=9)

    assert [("X", 50, 60), ("Y", 0, 1)] == [(hit.event_id, hit.passage.start, hit.passage.end) for hit in hits]


def test_nothing_in_nothing_out() -> None:
    assert [] == fuse([], limit=5)
    assert [] == fuse([ranking("a", {})], limit=5)


@given(rankings, st.integers(1, 12))
def test_contributions_add_up_to_the_score_and_scores_fall(given_rankings: list[Ranking], limit: int) -> None:
    hits = fuse(given_rankings, limit=limit)

    assert all(hit.score == sum(signal.contribution for signal in hit.signals) for hit in hits)
    assert all(0 <= hit.score <= 1 + 1e-9 for hit in hits)
    assert hits == sorted(hits, key=lambda hit: (-hit.score, hit.event_id))
    everyone = {match.event_id for one in given_rankings for match in one.matches}
    assert min(limit, len(everyone)) == len(hits)
    assert len({hit.event_id for hit in hits}) == len(hits)


@given(rankings)
def test_ranks_are_those_of_the_rankings(given_rankings: list[Ranking]) -> None:
    for hit in fuse(given_rankings, limit=99):
        for signal, one in zip(hit.signals, given_rankings, strict=True):
            ids = [match.event_id for match in one.matches]

            assert signal.rank == (ids.index(hit.event_id) + 1 if hit.event_id in ids else 0)


@given(rankings)
def test_a_smaller_limit_gives_the_head_of_the_same_list(given_rankings: list[Ranking]) -> None:
    assert fuse(given_rankings, limit=99)[:3] == fuse(given_rankings, limit=3)
