"""Code memory through the door: all conversations in one daemon, each question a search for events."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.table import Table

import agent_memory
from agent_memory.retrieval.model import SearchOptions, SearchResult
from agent_memory.sync import SyncMemory
from agent_memory.testing.daemon import DaemonProcess
from tools.bench.code_memory_data import FOLDER, TIME_ZONE, Question, read_drafts, read_questions
from tools.bench.event_metrics import Ranked, report
from tools.bench.metrics import percentile

LIMIT = 50
"""Events asked for."""

HIT_DEPTH = 5
"""A question whose first event that answers comes later is missed."""

COLUMNS = ("questions", "any@1", "any@5", "any@10", "R@5", "R@10", "R@25", "MRR")

_BATCH_EVENTS = 500
_VIEWS_WAIT_S = 600.0
_EXCERPT_CHARS = 120


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A hit as a reader of a list of misses wants it."""

    event: str
    date: str
    excerpt: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question and what came of it."""

    question: Question
    ranked: Ranked
    first: tuple[Found, ...]
    client_ms: float
    server_ms: float
    tier: str

    @property
    def best_first(self) -> bool:
        return self.ranked.rank == 1

    @property
    def missed(self) -> bool:
        return not 0 < self.ranked.rank <= HIT_DEPTH


class Miss(msgspec.Struct, frozen=True, kw_only=True):
    """A question that no event answered in first place; ``rank`` is 0 if none came at all."""

    id: str
    question: str
    split: str
    rank: int
    evidence: tuple[str, ...]
    instead: tuple[Found, ...]


def ask_all(
    *, model: Path | None, folder: Path, data: Path = FOLDER, without: Sequence[str] = ()
) -> tuple[list[Asked], int, str]:
    """Every question of *data*, asked of a daemon with all its events: the answers, how many
    events there are, and the model's id. Signals named in *without* are left out.
    """
    drafts = read_drafts(data)
    with (
        DaemonProcess(folder / "store", model=model, flags=("--time-zone", TIME_ZONE)) as daemon,
        agent_memory.connect(daemon.address, timeout_s=120) as memory,
    ):
        position = 0
        for first in range(0, len(drafts), _BATCH_EVENTS):
            position = memory.append_batch(drafts[first : first + _BATCH_EVENTS])[-1].position
        model_id = memory.status().model_id
        views = [view.name for view in memory.status().views if model_id or view.name != "vectors"]
        memory.wait_for(views, position, timeout_s=_VIEWS_WAIT_S)
        # The first search loads the model.
        memory.search("warm up", limit=1)
        asked = [_ask(memory, question, tuple(without)) for question in read_questions(data)]
    return asked, len(drafts), model_id


def measure(
    *, model: Path | None, folder: Path, data: Path = FOLDER, without: Sequence[str] = (), show_held_out: bool = False
) -> dict[str, object]:
    """The metrics overall, by split and by category, search times, and the misses.

    Misses of the split `held_out` are told on request only: whoever reads them tunes on them.
    """
    asked, events, model_id = ask_all(model=model or folder / "no-model", folder=folder, data=data, without=without)
    shown = [one for one in asked if show_held_out or one.question.split == "dev"]
    return {
        "benchmark": "code",
        "events": events,
        "limit": LIMIT,
        "model": model_id,
        "without": list(without),
        "tiers": sorted({one.tier for one in asked}),
        "metrics": report([one.ranked for one in asked]),
        "search_ms": {
            "client_p50": percentile([one.client_ms for one in asked], 0.5),
            "client_p99": percentile([one.client_ms for one in asked], 0.99),
            "server_p50": percentile([one.server_ms for one in asked], 0.5),
            "server_p99": percentile([one.server_ms for one in asked], 0.99),
        },
        "misses_shown": "all" if show_held_out else "dev",
        "misses": [msgspec.to_builtins(miss(one)) for one in shown if not one.best_first],
    }


def miss(asked: Asked) -> Miss:
    """What came instead of what answers."""
    return Miss(
        id=asked.question.id,
        question=asked.question.question,
        split=asked.question.split,
        rank=asked.ranked.rank,
        evidence=asked.question.evidence,
        instead=tuple(found for found in asked.first if found.event not in asked.ranked.evidence),
    )


def in_words(misses: Sequence[Miss]) -> str:
    """The misses as indented lines of text."""
    lines = []
    for one in misses:
        lines.append(f"{one.id} ({one.split}), rank {one.rank or '-'}: {one.question}")
        lines.append(f"    answered by {', '.join(one.evidence)}")
        lines += [f"    came: {found.event} {found.date} {found.excerpt}" for found in one.instead]
    return "\n".join(lines)


def table(metrics: dict[str, dict[str, float]]) -> Table:
    found = Table(title="Code memory", title_justify="left")
    found.add_column("questions of")
    for name in COLUMNS:
        found.add_column(name, justify="right")
    for group, row in metrics.items():
        found.add_row(group, *(f"{row[name]:.0f}" if name == "questions" else f"{row[name]:.3f}" for name in COLUMNS))
    return found


def _ask(memory: SyncMemory, question: Question, without: tuple[str, ...]) -> Asked:
    options = SearchOptions(now_ms=question.now_ms, without=without)
    started = time.perf_counter()
    result = memory.search(question.question, limit=LIMIT, options=options)
    client_ms = (time.perf_counter() - started) * 1000
    return Asked(
        question=question,
        ranked=Ranked(
            category=question.category,
            split=question.split,
            evidence=frozenset(question.evidence),
            events=tuple(hit.recorded.event.source_id for hit in result.hits),
        ),
        first=_first(result),
        client_ms=client_ms,
        server_ms=result.timings_ms["total"],
        tier=result.tier.value,
    )


def _first(result: SearchResult) -> tuple[Found, ...]:
    return tuple(
        Found(
            event=hit.recorded.event.source_id,
            date=hit.date,
            excerpt=" ".join(hit.excerpt.split())[:_EXCERPT_CHARS],
        )
        for hit in result.hits[:HIT_DEPTH]
    )
