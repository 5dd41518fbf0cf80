"""Several rankings of the same events into one. Pure: equal rankings, equal hits."""

from __future__ import annotations

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
    signals: dict[str, list[Signal]] = {}
    passages: dict[str, tuple[float, Match]] = {}
    silent = [Signal(name=ranking.name, rank=0, score=0.0, contribution=0.0) for ranking in rankings]
    for place, ranking in enumerate(rankings):
        share = ranking.weight / total
        scores = [match.score for match in ranking.matches]
        low, reach = (min(scores), max(scores) - min(scores)) if scores else (0.0, 0.0)
        for rank, match in enumerate(ranking.matches, start=1):
            height = (match.score - low) / reach if reach > 0 else 1.0
            signal = Signal(name=ranking.name, rank=rank, score=match.score, contribution=share * height)
            signals.setdefault(match.event_id, silent.copy())[place] = signal
            held = passages.get(match.event_id)
            if held is None or signal.contribution > held[0]:
                passages[match.event_id] = (signal.contribution, match)
    fused = [
        Fused(
            event_id=event_id,
            score=sum(signal.contribution for signal in given),
            signals=tuple(given),
            passage=passages[event_id][1],
        )
        for event_id, given in signals.items()
    ]
    fused.sort(key=lambda hit: (-hit.score, hit.event_id))
    return fused[:limit]
