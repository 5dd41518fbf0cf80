"""How well a ranking of events finds those that answer. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean

import msgspec

from tools.bench.metrics import distinct

ANY_DEPTHS = (1, 5, 10)
RECALL_DEPTHS = (5, 10, 25, 50)


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """A question's group, the events that answer it, and the events that came, best first."""

    category: str
    split: str
    evidence: frozenset[str]
    events: tuple[str, ...]

    @property
    def rank(self) -> int:
        """Where the first event stands that answers, from 1; 0 if none came."""
        return next((rank for rank, event in enumerate(self.events, 1) if event in self.evidence), 0)


def scores(ranked: Ranked) -> dict[str, float]:
    """`any@k`: whether some event that answers is among the first k. `R@k`: the share of the
    events that answer among the first k. `MRR`: one through the rank of the first of them.
    """
    found = {f"any@{k}": float(0 < ranked.rank <= k) for k in ANY_DEPTHS}
    for k in RECALL_DEPTHS:
        found[f"R@{k}"] = len(ranked.evidence.intersection(ranked.events[:k])) / len(ranked.evidence)
    found["MRR"] = 1 / ranked.rank if ranked.rank else 0.0
    return found


def means(all_ranked: Iterable[Ranked]) -> dict[str, float]:
    """The mean of each score, and of how many questions."""
    rows = [scores(ranked) for ranked in all_ranked]
    if not rows:
        return {"questions": 0}
    return {"questions": len(rows), **{name: fmean(row[name] for row in rows) for name in rows[0]}}


def report(all_ranked: Sequence[Ranked]) -> dict[str, dict[str, float]]:
    """The means overall, by split, and by category, in the order in which they occur."""
    rows = {"overall": means(all_ranked)}
    for split in distinct(ranked.split for ranked in all_ranked):
        rows[split] = means(ranked for ranked in all_ranked if ranked.split == split)
    for category in distinct(ranked.category for ranked in all_ranked):
        rows[category] = means(ranked for ranked in all_ranked if ranked.category == category)
    return rows
