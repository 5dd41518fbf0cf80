"""Events ranked by the entities that a query names, and by what is mentioned together with those.

Pure over the port it reads. Scores are a function of the query and of the set of events: every
bound below cuts by score, count, key or time, none by arrival or by a filter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from agent_memory.annotation import Entity
from agent_memory.indexes.entities import entity_key
from agent_memory.indexes.event_ids import keys_of_numbers
from agent_memory.indexes.matches import Matches

if TYPE_CHECKING:
    from agent_memory.indexes.port import Entities

HUB_SHARE = 0.25
"""What more than this share of all events mentions carries nothing: nobody is found by it."""

HUB_EVENTS_MIN = 32
"""In a small store nothing is a hub before it has as many events."""

ASKED_MAX = 8
"""How many entities of a query are followed: the rarest."""

ASKED_EVENTS_MAX = 96
"""How many events of each are read: the newest."""

READ_EVENTS_MAX = 48
"""How many of the best events found are read for what else they mention."""

MET_MAX = 16
"""How many entities met on the way are weighed: those with the most of the score."""

FOLLOWED_MAX = 4
"""How many of them are followed: the weightiest."""

FOLLOWED_EVENTS_MAX = 32

DAMPING = 0.25
"""What a hop leaves of the weight of an entity that every event found so far mentions."""


def rank_by_entities(index: Entities, asked: Sequence[Entity], *, hops: int = 2, limit: int) -> Matches:
    """Up to *limit* events that mention entities of *asked*, or what those are mentioned with, best first.

    An event's score is the sum of the inverse document frequencies of the entities of the query that
    it mentions; for each further hop a share of those of entities that are mentioned together with
    them, damped and in proportion to how much of the score so far they are part of. Entities that
    the index does not know, and hubs, carry nothing. Ties in order of event id. A match is the
    event as a whole: its passage is empty.
    """
    if limit < 1:
        return Matches.of(())
    if hops < 1:
        raise ValueError(f"hops must be 1 or more, not {hops}")
    walk = _Walk(index)
    walk.follow(walk.weighed(list(dict.fromkeys(entity_key(entity) for entity in asked)))[:ASKED_MAX], ASKED_EVENTS_MAX)
    for _ in range(hops - 1):
        walk.follow(walk.met(), FOLLOWED_EVENTS_MAX)
    best = walk.best(limit)
    scores = np.array([score for _, score in best], np.float64)
    return Matches.of_events(keys_of_numbers(event for event, _ in best), scores)


class _Walk:
    """From entities to events to entities."""

    def __init__(self, index: Entities) -> None:
        self._index = index
        self._total = index.event_count()
        self._hub = max(HUB_EVENTS_MIN, self._total * HUB_SHARE)
        self._followed: set[int] = set()
        self._mentioned: dict[int, tuple[int, ...]] = {}
        self.scores: dict[int, float] = {}

    def weighed(self, keys: Sequence[int]) -> list[tuple[float, int]]:
        """The known ones that are no hubs, with their weights, weightiest first; ties in order of key."""
        counts = self._index.counts(keys)
        known = [(self._idf(count), key) for key, count in zip(keys, counts, strict=True) if 0 < count <= self._hub]
        return sorted(known, key=_weightiest)

    def met(self) -> list[tuple[float, int]]:
        """What the best events so far mention besides, with its damped weight."""
        mass: dict[int, float] = {}
        whole = 0.0
        best = self.best(READ_EVENTS_MAX)
        for (_, score), keys in zip(best, self._read([event for event, _ in best]), strict=True):
            whole += score
            for key in keys:
                mass[key] = mass.get(key, 0.0) + score
        # Pairs that sort as they are: weightiest first, ties in order of key.
        most = sorted([(-share, key) for key, share in mass.items() if key not in self._followed])[:MET_MAX]
        share_of = {key: -share / whole for share, key in most}
        weighed = [(DAMPING * share_of[key] * idf, key) for idf, key in self.weighed(list(share_of))]
        return sorted(weighed, key=_weightiest)[:FOLLOWED_MAX]

    def best(self, limit: int) -> list[tuple[int, float]]:
        """The events with the highest scores so far, with them; ties in order of event id."""
        scores = self.scores
        if limit < len(scores):
            # Most are sorted out by their scores alone, which is quick.
            least = sorted(scores.values(), reverse=True)[limit - 1]
            kept = [(-score, event) for event, score in scores.items() if score >= least]
        else:
            kept = [(-score, event) for event, score in scores.items()]
        return [(event, -score) for score, event in sorted(kept)[:limit]]

    def follow(self, weighed: Sequence[tuple[float, int]], events_max: int) -> None:
        """Give the weight of each entity to the events that mention it."""
        scores = self.scores
        read = self._index.postings([key for _, key in weighed], limit=events_max)
        cut: list[tuple[float, int, int]] = []
        for (weight, key), events in zip(weighed, read, strict=True):
            self._followed.add(key)
            for event in events:
                scores[event] = scores.get(event, 0.0) + weight
            if len(events) == events_max:
                cut.append((weight, key, events[-1]))
        # Of an entity with more events than are read, those that another entity led to count as well:
        # older ones, for of the newer ones all were read.
        for weight, key, oldest in cut:
            older = [event for event in scores if event < oldest]
            for event, keys in zip(older, self._read(older), strict=True):
                if key in keys:
                    scores[event] += weight

    def _read(self, events: Sequence[int]) -> list[tuple[int, ...]]:
        """What these events mention."""
        known = self._mentioned
        fresh = [event for event in events if event not in known]
        known.update(zip(fresh, self._index.mentioned(fresh), strict=True))
        return [known[event] for event in events]

    def _idf(self, count: int) -> float:
        return math.log(1.0 + (self._total - count + 0.5) / (count + 0.5))


def _weightiest(weighed: tuple[float, int]) -> tuple[float, int]:
    return -weighed[0], weighed[1]
