"""How well a ranking finds the evidence. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

import msgspec

TURN_DEPTHS = (5, 10, 25, 50)
PLACE_DEPTHS = (*TURN_DEPTHS, 100)
SESSION_DEPTHS = (1, 5, 10)
"""Never 50: that exceeds the number of sessions, so it would always be 1."""


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """A question, its evidence, and what was returned, best first."""

    category: int
    evidence_turns: frozenset[str]
    evidence_sessions: frozenset[str]
    turns: tuple[str, ...]
    sessions: tuple[str, ...]
    """Of the hits, in their order, each once."""


def scores(answered: Answered) -> dict[str, float]:
    """`R@k`: share of the evidence turns among the first k events. `any@k`: whether some
    evidence session is among the first k sessions. `frac@k`: share of the evidence sessions
    among them.
    """
    found = {f"R@{k}": _share(answered.evidence_turns, answered.turns[:k]) for k in TURN_DEPTHS}
    for k in SESSION_DEPTHS:
        share = _share(answered.evidence_sessions, answered.sessions[:k])
        found[f"any@{k}"] = float(share > 0)
        found[f"frac@{k}"] = share
    return found


def means(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each score over all rows, and of how many questions."""
    if not rows:
        return {"questions": 0}
    return {"questions": len(rows), **{name: fmean(row[name] for row in rows) for name in rows[0]}}


def report(answers: Sequence[Answered], categories: Mapping[int, str]) -> dict[str, dict[str, float]]:
    """The means overall, and for each category that occurs."""
    of = {name: [a for a in answers if a.category == number] for number, name in categories.items()}
    groups = {"overall": list(answers), **{name: found for name, found in of.items() if found}}
    return {name: means([scores(answer) for answer in found]) for name, found in groups.items()}


def places(answers: Iterable[Answered]) -> dict[str, int]:
    """How many evidence turns came up to which place, and of those that came late or never,
    how many belong to one of the first five sessions: found the conversation, not the turn.
    """
    found = dict.fromkeys(("turns", *(f"to {depth}" for depth in PLACE_DEPTHS), "later", "later, session found"), 0)
    for answered in answers:
        rank_of = {turn: rank for rank, turn in enumerate(answered.turns, 1)}
        for turn in answered.evidence_turns:
            found["turns"] += 1
            rank = rank_of.get(turn)
            depth = next((depth for depth in PLACE_DEPTHS if rank is not None and rank <= depth), None)
            found[f"to {depth}" if depth else "later"] += 1
            if depth is None:
                found["later, session found"] += turn.split(":")[0] in answered.sessions[:5]
    return found


def distinct(values: Iterable[str]) -> tuple[str, ...]:
    """Each value once, where it came first."""
    return tuple(dict.fromkeys(values))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not less than *share* of them; nan of none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _share(wanted: frozenset[str], found: Sequence[str]) -> float:
    return len(wanted.intersection(found)) / len(wanted)
