"""Several rankings of the same events into one. Pure: equal rankings, equal hits."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import msgspec

from agent_memory.indexes.model import Match
from agent_memory.retrieval.model import Signal


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """What one retriever answered: its matches, best first, and how much they count."""

    name: str
    matches: tuple[Match, ...]
    weight: float


class Fused(msgspec.Struct, frozen=True, kw_only=True):
    """An event with the score it got, what each ranking gave to it, and its best passage."""

    event_id: str
    score: float
    signals: tuple[Signal, ...]
    passage: Match


def fuse(rankings: Sequence[Ranking], *, limit: int) -> list[Fused]:
    """The *limit* best events of all rankings, best first; ties in order of event id.

    A score counts by where it stands between the last and the first of its ranking, times the
    ranking's weight; a hit's score is the sum of these contributions. So scales do not matter,
    an event that leads every ranking has the score 1, and one that a ranking does not return
    gets no less from it than the last that it returns.
    """
    total = sum(ranking.weight for ranking in rankings) or 1.0
    scores: dict[str, float] = {}
    given: list[dict[str, tuple[int, Match, float]]] = []
    for ranking in rankings:
        share = ranking.weight / total
        raw = [match.score for match in ranking.matches]
        low, reach = (min(raw), max(raw) - min(raw)) if raw else (0.0, 0.0)
        by_event: dict[str, tuple[int, Match, float]] = {}
        for rank, match in enumerate(ranking.matches, start=1):
            contribution = share * ((match.score - low) / reach if reach > 0 else 1.0)
            by_event[match.event_id] = (rank, match, contribution)
            scores[match.event_id] = scores.get(match.event_id, 0.0) + contribution
        given.append(by_event)
    best = heapq.nsmallest(limit, scores, key=lambda event_id: (-scores[event_id], event_id))
    return [_fused(event_id, rankings, given) for event_id in best]


def _fused(event_id: str, rankings: Sequence[Ranking], given: Sequence[dict[str, tuple[int, Match, float]]]) -> Fused:
    signals = []
    passage: tuple[float, Match] | None = None
    for ranking, by_event in zip(rankings, given, strict=True):
        if event_id not in by_event:
            signals.append(Signal(name=ranking.name, rank=0, score=0.0, contribution=0.0))
            continue
        rank, match, contribution = by_event[event_id]
        signals.append(Signal(name=ranking.name, rank=rank, score=match.score, contribution=contribution))
        if passage is None or contribution > passage[0]:
            passage = (contribution, match)
    assert passage is not None
    score = sum(signal.contribution for signal in signals)
    return Fused(event_id=event_id, score=score, signals=tuple(signals), passage=passage[1])
