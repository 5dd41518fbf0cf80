"""Code memory through the door: all conversations in one daemon, each question a search for events."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from agent_memory.retrieval.model import SearchOptions, SearchResult
from agent_memory.sync import SyncMemory
from tools.bench import contexts
from tools.bench.ablation import compared, each_off, weights
from tools.bench.bootstrap import by_question, intervals
from tools.bench.code_memory_data import FOLDER, TIME_ZONE, Question, read_drafts, read_questions
from tools.bench.event_metrics import Ranked, report, scores
from tools.bench.metrics import distinct
from tools.bench.serving import Took, search_ms, serving, timed_search

LIMIT = 50
"""Events asked for."""

HIT_DEPTH = 5
"""A question is missed if the first event that answers comes later."""

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
    took: Took

    @property
    def missed(self) -> bool:
        return not 0 < self.ranked.rank <= HIT_DEPTH

    @property
    def best_first(self) -> bool:
        return self.ranked.rank == 1


class Miss(msgspec.Struct, frozen=True, kw_only=True):
    """A question that was not answered in first place; a rank is 0 where none came at all."""

    id: str
    question: str
    split: str
    rank: int
    session_rank: int
    evidence: tuple[str, ...]
    instead: tuple[Found, ...]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How it is measured, and what besides."""

    without: tuple[str, ...] = ()
    """Signals that are left out of everything."""
    ablate: bool = False
    contexts: bool = False
    """How much of the evidence stands in a context."""
    show_held_out: bool = False
    """Whoever reads the misses of this split tunes on them."""
    drawings: int = 2_000
    """Of the bootstrap by question; 0 leaves it out."""
    seed: int = 7


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """All questions asked: as they are, and without each signal."""

    asked: list[Asked]
    each_off: dict[str, list[Asked]]
    contexts: list[dict[int, contexts.Held]]
    events: int
    model_id: str


def ask_all(*, model: Path | None, folder: Path, data: Path = FOLDER, plan: Plan | None = None) -> Run:
    """Every question of *data*, asked of a daemon with all its events."""
    plan = plan or Plan()
    drafts = read_drafts(data)
    questions = read_questions(data)
    sessions = {draft.source_id: draft.session for draft in drafts}
    with serving(drafts, store=folder / "store", model=model, time_zone=TIME_ZONE) as (memory, model_id):

        def asked(without: tuple[str, ...]) -> list[Asked]:
            return [_ask(memory, question, sessions, (*plan.without, *without)) for question in questions]

        sources = contexts.source_ids(memory) if plan.contexts else {}

        def held(question: Question) -> dict[int, contexts.Held]:
            options = SearchOptions(now_ms=question.now_ms, without=plan.without)
            return contexts.held(memory, question.question, question.evidence, sources=sources, options=options)

        return Run(
            asked=asked(()),
            contexts=[held(question) for question in questions] if plan.contexts else [],
            each_off={name: asked(off) for name, off in each_off(model_id).items()} if plan.ablate else {},
            events=len(drafts),
            model_id=model_id,
        )


def measure(plan: Plan, *, model: Path | None, folder: Path, data: Path = FOLDER) -> dict[str, object]:
    """The metrics overall, by split and by category, search times, and the misses."""
    run = ask_all(model=model, folder=folder, data=data, plan=plan)
    shown = [one for one in run.asked if plan.show_held_out or one.question.split == "dev"]
    return {
        "benchmark": "code",
        "events": run.events,
        "limit": LIMIT,
        "model": run.model_id,
        "without": list(plan.without),
        "seed": plan.seed,
        "drawings": plan.drawings,
        "weights": weights(),
        "tiers": sorted({one.took.tier for one in run.asked}),
        "metrics": report([one.ranked for one in run.asked]),
        "intervals": {"by question": _intervals([scores(one.ranked) for one in run.asked], plan)},
        "search_ms": search_ms([one.took for one in run.asked]),
        "contexts": contexts.by_budget(run.contexts),
        **({"ablation": _ablation(run, plan)} if plan.ablate else {}),
        "misses_shown": "all" if plan.show_held_out else "dev",
        "misses": [msgspec.to_builtins(miss(one)) for one in shown if not one.best_first],
    }


def miss(asked: Asked) -> Miss:
    """What came instead of what answers."""
    return Miss(
        id=asked.question.id,
        question=asked.question.question,
        split=asked.question.split,
        rank=asked.ranked.rank,
        session_rank=asked.ranked.session_rank,
        evidence=asked.question.evidence,
        instead=tuple(found for found in asked.first if found.event not in asked.ranked.evidence),
    )


def in_words(misses: Sequence[Miss]) -> str:
    """The misses as indented lines of text."""
    lines = []
    for one in misses:
        ranks = f"event {one.rank or '-'}, session {one.session_rank or '-'}"
        lines.append(f"{one.id} ({one.split}), {ranks}: {one.question}")
        lines.append(f"    answered by {', '.join(one.evidence)}")
        lines += [f"    came: {found.event} {found.date} {found.excerpt}" for found in one.instead]
    return "\n".join(lines)


def _intervals(rows: Sequence[dict[str, float]], plan: Plan) -> dict[str, tuple[float, float]]:
    return intervals(rows, by_question(["all"] * len(rows), drawings=plan.drawings, seed=plan.seed))


def _ablation(run: Run, plan: Plan) -> dict[str, dict[str, object]]:
    """By signal that was off: the metrics, and by group of questions what they lost."""
    groups = {"overall": list(range(len(run.asked)))} | {
        split: [place for place, one in enumerate(run.asked) if one.question.split == split]
        for split in distinct(one.question.split for one in run.asked)
    }
    full = [scores(one.ranked) for one in run.asked]
    found: dict[str, dict[str, object]] = {}
    for name, asked in run.each_off.items():
        rows = [scores(one.ranked) for one in asked]
        by_group = {}
        for group, chosen in groups.items():
            drawn = by_question([group] * len(chosen), drawings=plan.drawings, seed=plan.seed)
            by_group[group] = compared([rows[i] for i in chosen], [full[i] for i in chosen], drawn)
        found[name] = {"metrics": report([one.ranked for one in asked]), "by_group": by_group}
    return found


def _ask(memory: SyncMemory, question: Question, session_of: dict[str, str], without: tuple[str, ...]) -> Asked:
    options = SearchOptions(now_ms=question.now_ms, without=without)
    result, took = timed_search(memory, question.question, limit=LIMIT, options=options)
    events = [hit.recorded.event for hit in result.hits]
    return Asked(
        question=question,
        ranked=Ranked(
            category=question.category,
            split=question.split,
            evidence=frozenset(question.evidence),
            evidence_sessions=frozenset(session_of[event] for event in question.evidence),
            events=tuple(event.source_id for event in events),
            sessions=distinct(event.session for event in events),
        ),
        first=_first(result),
        took=took,
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
