"""Queries asked in turns, and which of these count: the ones in which the machine's host left the processors alone."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agent_memory.retrieval import SearchResult

STOLEN_MAX = 0.02
"""A turn is quiet where the host took no more than this share of the processors' time (see `machine.Stolen`)."""


class Turn(msgspec.Struct, kw_only=True):
    """Milliseconds of each query, and what came of it; those of the floor, where it was asked the same."""

    ms: list[float]
    results: list[SearchResult]
    floor_ms: list[float] = []
    stolen: float = 0.0

    @property
    def is_quiet(self) -> bool:
        return self.stolen <= STOLEN_MAX


def count_of(turns: Sequence[Turn]) -> int:
    """How many queries."""
    return sum(len(turn.ms) for turn in turns)


def that_count(turns: Sequence[Turn], at_least: int) -> list[Turn]:
    """The quiet turns, in order, and where they have not *at_least* so many queries, the least disturbed of the others.

    Which they are never depends on how long a query took. The host can only take what is asked for, though: of turns
    with more work of our own, more are left out. So whoever tells this tells the figure of all turns beside it.
    """
    chosen: list[int] = []
    for place in sorted(range(len(turns)), key=lambda place: (turns[place].stolen, place)):
        if not turns[place].is_quiet and count_of([turns[one] for one in chosen]) >= at_least:
            break
        chosen.append(place)
    return [turns[place] for place in sorted(chosen)]


def ms_of(turns: Sequence[Turn]) -> list[float]:
    """Of every query."""
    return [ms for turn in turns for ms in turn.ms]


def floor_ms_of(turns: Sequence[Turn]) -> list[float]:
    """The same of the floor."""
    return [ms for turn in turns for ms in turn.floor_ms]


def results_of(turns: Sequence[Turn]) -> list[SearchResult]:
    """Of every query."""
    return [result for turn in turns for result in turn.results]


def stolen_percent(turns: Sequence[Turn]) -> float:
    """What the host took, weighed by the time that our queries took."""
    total = sum(sum(turn.ms) for turn in turns)
    return 100 * sum(turn.stolen * sum(turn.ms) for turn in turns) / total if total else 0.0
