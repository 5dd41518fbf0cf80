"""How much of what answers stands in a context of so many tokens."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from statistics import fmean

import msgspec

from agent_memory.retrieval.model import SearchOptions
from agent_memory.sync import SyncMemory
from tools.bench.serving import all_events

BUDGETS = (500, 1_000, 2_000)


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Of the evidence of one question, the share that a context cites, and how long the context is."""

    share: float
    tokens: int


def source_ids(memory: SyncMemory) -> dict[str, str]:
    """What the events are called in the data, by id."""
    return {event.id: event.source_id for event in all_events(memory)}


def held(
    memory: SyncMemory, query: str, evidence: Collection[str], *, sources: Mapping[str, str], options: SearchOptions
) -> dict[int, Held]:
    """By budget."""
    found: dict[int, Held] = {}
    for budget in BUDGETS:
        block = memory.build_context(query, token_budget=budget, options=options)
        cited = {sources[citation.event_id] for citation in block.citations}
        share = len(cited.intersection(evidence)) / len(evidence)
        found[budget] = Held(share=share, tokens=block.token_count)
    return found


def by_budget(questions: Sequence[Mapping[int, Held]]) -> dict[str, dict[str, float]]:
    """The means over the questions; nothing of none."""
    return {
        str(budget): {
            "evidence": fmean(one[budget].share for one in questions),
            "tokens": fmean(one[budget].tokens for one in questions),
        }
        for budget in (BUDGETS if questions else ())
    }
