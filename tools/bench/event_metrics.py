"""How well a ranking of events finds those that answer, and the sessions they belong to. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tools.bench.metrics import distinct, means

SESSION_DEPTHS = (1, 5)
HIT_DEPTHS = (1, 3, 5, 10)
RECALL_DEPTHS = (5, 10, 25, 50)


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """A question's group, the events that answer it and their sessions, and the events and
    sessions that came, best first.
    """

    category: str
    split: str
    evidence: frozenset[str]
    evidence_sessions: frozenset[str]
    events: tuple[str, ...]
    sessions: tuple[str, ...]
    """Of the events, in their order, each once."""

    @property
    def rank(self) -> int:
        """Where the first event stands that answers, from 1; 0 if none came."""
        return next((rank for rank, event in enumerate(self.events, 1) if event in self.evidence), 0)

    @property
    def session_rank(self) -> int:
        """Where the first session stands that holds an event that answers, from 1; 0 if none came."""
        wanted = self.evidence_sessions
        return next((rank for rank, session in enumerate(self.sessions, 1) if session in wanted), 0)


def scores(ranked: Ranked) -> dict[str, float]:
    """`any@k`: whether some session that holds an answer is among the first k distinct sessions.
    `hit@k`: whether some event that answers is among the first k. `R@k`: the share of the events
    that answer among the first k. `MRR`: one through the rank of the first of them.
    """
    found = {f"any@{k}": float(0 < ranked.session_rank <= k) for k in SESSION_DEPTHS}
    for k in HIT_DEPTHS:
        found[f"hit@{k}"] = float(0 < ranked.rank <= k)
    for k in RECALL_DEPTHS:
        found[f"R@{k}"] = len(ranked.evidence.intersection(ranked.events[:k])) / len(ranked.evidence)
    found["MRR"] = 1 / ranked.rank if ranked.rank else 0.0
    return found


def report(all_ranked: Sequence[Ranked]) -> dict[str, dict[str, float]]:
    """The means overall, by split, and by category, in the order in which they occur."""
    groups = {"overall": list(all_ranked)}
    for split in distinct(ranked.split for ranked in all_ranked):
        groups[split] = [ranked for ranked in all_ranked if ranked.split == split]
    for category in distinct(ranked.category for ranked in all_ranked):
        groups[category] = [ranked for ranked in all_ranked if ranked.category == category]
    return {name: means([scores(ranked) for ranked in found]) for name, found in groups.items()}
