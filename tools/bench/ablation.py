"""What each signal is worth: searches without it, compared question by question with those that have all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent_memory.retrieval import SIGNALS
from agent_memory.retrieval.fusion import WEIGHTS
from tools.bench.bootstrap import Counts, intervals

Scores = Mapping[str, float]


def each_off(model_id: str) -> dict[str, tuple[str, ...]]:
    """`SearchOptions.without` that leaves one signal out, by its name; only signals that are there."""
    return {name: (name,) for name in SIGNALS if model_id or name != "vector"}


def weights() -> dict[str, float]:
    """What each signal counts in fusion, as it was measured."""
    return {name: WEIGHTS[name] for name in SIGNALS}


def alone(name: str) -> tuple[str, ...]:
    """`SearchOptions.without` that leaves out every other signal."""
    return tuple(other for other in SIGNALS if other != name)


def compared(rows: Sequence[Scores], full: Sequence[Scores], counts: Counts) -> dict[str, object]:
    """How much each mean differs from that of *full*, and within which interval; rows in the same order."""
    differences = [{name: row[name] - other[name] for name in row} for row, other in zip(rows, full, strict=True)]
    count = len(differences) or 1
    return {
        "differences": {name: sum(row[name] for row in differences) / count for name in (full[0] if full else ())},
        "intervals": intervals(differences, counts),
    }
