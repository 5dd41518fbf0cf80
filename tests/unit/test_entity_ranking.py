"""Events ranked by the entities that a query names, and by what is mentioned with them."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_memory.annotation import Entity, EntityType
from agent_memory.events.ulids import ulid_of
from agent_memory.indexes.entities import EntitiesIndex, EventMentions, additions_of
from agent_memory.indexes.model import Match
from agent_memory.retrieval.entity_ranking import (
    ASKED_EVENTS_MAX,
    ASKED_MAX,
    DAMPING,
    FOLLOWED_EVENTS_MAX,
    FOLLOWED_MAX,
    HUB_EVENTS_MIN,
    rank_by_entities,
)
from agent_memory.storage import InMemoryRows


def entity(name: str) -> Entity:
    return Entity(EntityType.PERSON, name)


def id_of(n: int) -> str:
    return ulid_of(1_767_960_000_000 + n, n)


def index_of(mentioned: Sequence[str], *, order: Sequence[int] = (), batch: int = 0) -> EntitiesIndex:
    """One event for each string of names, in the order of their times; they arrive in *order*."""
    index = EntitiesIndex(InMemoryRows(), generation=1)
    events = [
        EventMentions(id_of(n), tuple(map(entity, dict.fromkeys(names.split())))) for n, names in enumerate(mentioned)
    ]
    events = [events[n] for n in order] if order else events
    size = batch or max(len(events), 1)
    for first in range(0, len(events), size):
        index.write(additions_of(events[first : first + size]), first + size)
    return index


def ranked(index: EntitiesIndex, asked: str, *, hops: int = 2, limit: int = 1_000) -> list[tuple[int, float]]:
    """Places of events in time, with their scores."""
    place = {id_of(n): n for n in range(2_000)}
    found = rank_by_entities(index, [entity(name) for name in asked.split()], hops=hops, limit=limit)
    return [(place[match.event_id], match.score) for match in found]


def idf(total: int, count: int) -> float:
    return math.log(1 + (total - count + 0.5) / (count + 0.5))


def test_an_event_has_the_idf_of_what_it_mentions() -> None:
    index = index_of(["ada", "ada grace", "alan", ""])

    found = ranked(index, "ada grace", hops=1)

    assert [1, 0] == [place for place, _ in found]
    assert pytest.approx([idf(4, 2) + idf(4, 1), idf(4, 2)]) == [score for _, score in found]


def test_the_rarer_entity_weighs_more() -> None:
    index = index_of(["ada", "ada", "ada", "grace", "x", "y"])

    assert 3 == ranked(index, "ada grace", hops=1)[0][0]


def test_ties_are_in_order_of_event_id() -> None:
    index = index_of(["ada"] * 5 + ["x"])

    assert [0, 1, 2, 3, 4] == [place for place, _ in ranked(index, "ada", hops=1)]
    assert [0, 1, 2] == [place for place, _ in ranked(index, "ada", hops=1, limit=3)]


def test_a_match_is_the_event_as_a_whole() -> None:
    [match] = rank_by_entities(index_of(["ada"]), [entity("ada")], limit=9)

    assert Match(id_of(0), 0, 0, match.score) == match


@pytest.mark.parametrize("asked", ["", "nobody", "nobody noone"])
def test_what_nobody_mentions_finds_nothing(asked: str) -> None:
    assert [] == ranked(index_of(["ada grace", "alan"]), asked)
    assert [] == ranked(index_of([]), asked)


def test_naming_an_entity_twice_changes_nothing() -> None:
    index = index_of(["ada", "grace ada", "x"])

    assert ranked(index, "ada") == ranked(index, "ada ada")


def test_no_limit_no_match() -> None:
    assert [] == ranked(index_of(["ada"]), "ada", limit=0)


def test_a_hop_further_finds_what_is_mentioned_together_with_what_was_asked_for() -> None:
    """With less weight than any event that mentions it."""
    index = index_of(["ada engine", "ada", "engine", "engine", "alan", "x y"])
    near, far = ranked(index, "ada", hops=1), ranked(index, "ada", hops=2)

    assert [0, 1] == [place for place, _ in near]
    assert [0, 1, 2, 3] == [place for place, _ in far]
    # Half of the score found is in events that mention the engine, too.
    assert pytest.approx(DAMPING * 0.5 * idf(6, 3)) == dict(far)[2]
    assert dict(near)[1] == dict(far)[1]


def test_two_hops_further_find_more_and_weigh_less() -> None:
    index = index_of(["ada engine", "engine cards", "cards loom", "loom weaver", "x", "y", "z"])

    assert [{0}, {0, 1}, {0, 1, 2}] == [{place for place, _ in ranked(index, "ada", hops=hops)} for hops in (1, 2, 3)]
    scores = [score for _, score in ranked(index, "ada", hops=3)]
    assert sorted(scores, reverse=True) == scores


def test_at_least_one_hop_is_made() -> None:
    with pytest.raises(ValueError, match="hops"):
        rank_by_entities(index_of(["ada"]), [entity("ada")], hops=0, limit=1)


def test_a_hub_carries_nothing_neither_asked_for_nor_met() -> None:
    """Everybody is near the one whom everybody mentions."""
    index = index_of(["hub ada", "hub grace", *["hub"] * (HUB_EVENTS_MIN + 1), *["x"] * 20])

    assert [] == ranked(index, "hub")
    assert [0] == [place for place, _ in ranked(index, "ada hub")]


def test_in_a_small_store_nothing_is_a_hub() -> None:
    assert 3 == len(ranked(index_of(["ada", "ada", "ada"]), "ada"))


def test_of_an_entity_with_very_many_events_an_old_one_counts_where_another_finds_it() -> None:
    """The newest of it are read; a rarer entity of the query leads to the old one, which mentions both."""
    crowd = ["ada"] * (2 * ASKED_EVENTS_MAX)
    index = index_of(["ada engine", "engine", *crowd, *["x"] * 2_000][:2_000])
    found = dict(ranked(index, "ada engine", hops=1))

    assert pytest.approx(idf(2_000, len(crowd) + 1)) == found[0] - found[1]
    assert ASKED_EVENTS_MAX + 2 == len(found)


class Counting(EntitiesIndex):
    """Counts the rows that are read."""

    read = 0
    told = 0
    asked = 0

    def postings(self, keys, *, limit):  # type: ignore[no-untyped-def]
        found = super().postings(keys, limit=limit)
        self.read += sum(map(len, found))
        return found

    def mentioned(self, events):  # type: ignore[no-untyped-def]
        self.told += len(events)
        return super().mentioned(events)

    def counts(self, keys):  # type: ignore[no-untyped-def]
        self.asked += len(keys)
        return super().counts(keys)


def test_however_crowded_a_store_so_many_rows_are_read() -> None:
    chance = random.Random(7)
    rows = InMemoryRows()
    index = Counting(rows, generation=1)
    names = [f"n{n}" for n in range(40)]
    events = [EventMentions(id_of(n), tuple(map(entity, chance.sample(names, 6)))) for n in range(1_900)]
    index.write(additions_of(events), len(events))
    found = rank_by_entities(index, [entity(name) for name in names[:20]], hops=2, limit=10)

    assert 10 == len(found)
    assert ASKED_MAX * ASKED_EVENTS_MAX + FOLLOWED_MAX * FOLLOWED_EVENTS_MAX >= index.read >= index.told
    assert index.asked < 100


NAMES = ["ada", "grace", "alan", "edsger", "barbara", "hub"]


@given(
    mentioned=st.lists(st.lists(st.sampled_from(NAMES), max_size=4).map(" ".join), min_size=1, max_size=40),
    asked=st.lists(st.sampled_from([*NAMES, "nobody"]), max_size=4).map(" ".join),
    hops=st.integers(1, 3),
    limit=st.integers(0, 50),
    seed=st.integers(0, 1 << 30),
)
@settings(max_examples=150, deadline=None)
def test_a_ranking_is_a_function_of_the_set_of_events(
    mentioned: list[str], asked: str, hops: int, limit: int, seed: int
) -> None:
    """Neither arrival nor batching shows, nor the order in which a query names things; a limit cuts."""
    chance = random.Random(seed)
    order = chance.sample(range(len(mentioned)), len(mentioned))
    other = index_of(mentioned, order=order, batch=chance.randint(1, 9))
    index = index_of(mentioned)
    whole = ranked(index, asked, hops=hops)
    turned = " ".join(chance.sample(asked.split(), len(asked.split())))

    assert whole == ranked(other, turned, hops=hops)
    assert whole[:limit] == ranked(index, asked, hops=hops, limit=limit)
    assert sorted(whole, key=lambda found: (-found[1], found[0])) == whole
    assert all(score > 0 for _, score in whole)


@given(mentioned=st.lists(st.lists(st.sampled_from(NAMES), max_size=4).map(" ".join), min_size=1, max_size=30))
@settings(max_examples=100, deadline=None)
def test_one_hop_is_the_sum_of_idfs_over_every_event(mentioned: list[str]) -> None:
    """As a naive reading of the whole set gives it."""
    asked = "ada grace"
    total = len(mentioned)
    weight = {name: idf(total, sum(name in said.split() for said in mentioned)) for name in asked.split()}
    expected = {
        place: pytest.approx(sum(weight[name] for name in weight if name in said.split()))
        for place, said in enumerate(mentioned)
        if not weight.keys().isdisjoint(said.split())
    }

    assert expected == dict(ranked(index_of(mentioned), asked, hops=1))
