"""LoCoMo through the door: each conversation in a daemon of its own, each question a search."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console

from agent_memory.retrieval.model import SearchOptions
from agent_memory.sync import SyncMemory
from tools.bench import contexts
from tools.bench.ablation import alone, compared, each_off, weights
from tools.bench.bootstrap import by_conversation, by_question, intervals
from tools.bench.locomo_data import CATEGORIES, Conversation, Question, read_conversations
from tools.bench.metrics import Answered, distinct, places, report, scores
from tools.bench.serving import Took, all_events, search_ms, serving, timed_search

LIMIT = 100
"""Events asked for: the first 50 are scored as turns, all of them name the sessions."""

PAGE = 10
"""And asked for once more, as a reader does, to tell what that takes."""

ALL = "all signals"
WORDS, VECTORS, RECENCY, RANDOM = "BM25 only", "vectors only", "recency", "random"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured besides the search as it is."""

    ablate: bool = False
    baselines: bool = False
    contexts: bool = False
    """How much of the evidence stands in a context."""
    drawings: int = 0
    """Of the bootstrap; 0 leaves it out."""
    seed: int = 7


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one conversation gave: an answer to each question, in order, for each way of searching."""

    name: str
    answers: dict[str, list[Answered]]
    took: list[Took]
    page_took: list[Took]
    contexts: list[dict[int, contexts.Held]]
    events: int
    left_out: int
    model_id: str


def measure(data: Path, plan: Plan, *, model: Path | None, folder: Path, console: Console) -> dict[str, object]:
    """The metrics of the file's conversations, overall, by category and by conversation, with search times."""
    found: list[Measured] = []
    for conversation in read_conversations(data):
        started = time.perf_counter()
        measured = _conversation(conversation, plan, folder / conversation.name / "store", model)
        found.append(measured)
        console.print(
            f"[dim]{conversation.name}: {measured.events:,} events, {len(measured.answers[ALL])} questions, "
            f"{time.perf_counter() - started:.1f} s[/]",
            highlight=False,
        )
    answers = {name: [answer for one in found for answer in one.answers[name]] for name in found[0].answers}
    took = [one for measured in found for one in measured.took]
    of = [one.name for one in found for _ in one.answers[ALL]]
    return {
        "benchmark": "locomo",
        "conversations": len(found),
        "events": sum(one.events for one in found),
        "questions_left_out": sum(one.left_out for one in found),
        "limit": LIMIT,
        "model": found[0].model_id,
        "seed": plan.seed,
        "drawings": plan.drawings,
        "weights": weights(),
        "tiers": sorted({one.tier for one in took}),
        "metrics": report(answers[ALL], CATEGORIES),
        "by_conversation": {one.name: report(one.answers[ALL], CATEGORIES) for one in found},
        "places": _places(answers[ALL]),
        "search_ms": search_ms(took),
        "page": PAGE,
        "page_ms": search_ms([one for measured in found for one in measured.page_took]),
        "contexts": contexts.by_budget([one for measured in found for one in measured.contexts]),
        **_intervals(answers, of, plan),
        **_others(answers, of, plan, found[0].model_id),
    }


def _conversation(conversation: Conversation, plan: Plan, store: Path, model: Path | None) -> Measured:
    # The data give times without a zone; in UTC every session keeps its date.
    with serving(conversation.drafts, store=store, model=model, time_zone="UTC") as (memory, model_id):
        answers: dict[str, list[Answered]] = {}
        answers[ALL], took = _searched(memory, conversation, ())
        options = SearchOptions(now_ms=conversation.asked_ms)
        page_took = [timed_search(memory, q.text, limit=PAGE, options=options)[1] for q in conversation.questions]
        held = _held(memory, conversation, options) if plan.contexts else []
        for name, without in _variants(plan, model_id).items():
            answers[name], _ = _searched(memory, conversation, without)
        if plan.baselines:
            newest = [event.source_id for event in all_events(memory, newest_first=True)]
            answers[RECENCY] = [_answered(question, newest) for question in conversation.questions]
            answers[RANDOM] = _shuffled(conversation, newest, seed=plan.seed)
    return Measured(
        name=conversation.name,
        answers=answers,
        took=took,
        page_took=page_took,
        contexts=held,
        events=len(conversation.drafts),
        left_out=conversation.left_out,
        model_id=model_id,
    )


def _variants(plan: Plan, model_id: str) -> dict[str, tuple[str, ...]]:
    """Searches with signals left out, by name."""
    found: dict[str, tuple[str, ...]] = {}
    if plan.baselines:
        found[WORDS] = alone("lexical")
        if model_id:
            found[VECTORS] = alone("vector")
    if plan.ablate:
        found |= each_off(model_id)
    return found


def _searched(
    memory: SyncMemory, conversation: Conversation, without: tuple[str, ...]
) -> tuple[list[Answered], list[Took]]:
    options = SearchOptions(now_ms=conversation.asked_ms, without=without)
    answers, times = [], []
    for question in conversation.questions:
        result, took = timed_search(memory, question.text, limit=LIMIT, options=options)
        answers.append(_answered(question, [hit.recorded.event.source_id for hit in result.hits]))
        times.append(took)
    return answers, times


def _held(memory: SyncMemory, conversation: Conversation, options: SearchOptions) -> list[dict[int, contexts.Held]]:
    sources = contexts.source_ids(memory)
    return [
        contexts.held(memory, question.text, question.turns, sources=sources, options=options)
        for question in conversation.questions
    ]


def _shuffled(conversation: Conversation, turns: Sequence[str], *, seed: int) -> list[Answered]:
    random_ = random.Random(f"{seed}/{conversation.name}")
    return [_answered(question, random_.sample(turns, len(turns))) for question in conversation.questions]


def _answered(question: Question, turns: Sequence[str]) -> Answered:
    shown = tuple(turns[:LIMIT])
    return Answered(
        category=question.category,
        evidence_turns=question.turns,
        evidence_sessions=question.sessions,
        turns=shown,
        sessions=distinct(turn.split(":")[0] for turn in shown),
    )


# -- what is told of the answers ----------------------------------------------------------------


def _places(answers: Sequence[Answered]) -> dict[str, dict[str, int]]:
    of = {name: [a for a in answers if a.category == number] for number, name in CATEGORIES.items()}
    return {"overall": places(answers), **{name: places(found) for name, found in of.items() if found}}


def _intervals(answers: dict[str, list[Answered]], of: Sequence[str], plan: Plan) -> dict[str, object]:
    if not plan.drawings:
        return {}
    rows = [scores(answer) for answer in answers[ALL]]
    return {
        "intervals": {
            "by conversation": intervals(rows, by_conversation(of, drawings=plan.drawings, seed=plan.seed)),
            "by question": intervals(rows, by_question(of, drawings=plan.drawings, seed=plan.seed)),
        }
    }


def _others(answers: dict[str, list[Answered]], of: Sequence[str], plan: Plan, model_id: str) -> dict[str, object]:
    """Baselines, and what is lost without each signal."""
    full = [scores(answer) for answer in answers[ALL]]
    drawn = by_question(of, drawings=plan.drawings, seed=plan.seed)
    found: dict[str, object] = {}
    if plan.baselines:
        names = [name for name in (WORDS, VECTORS, RECENCY, RANDOM) if name in answers]
        found["baselines"] = {name: report(answers[name], CATEGORIES) for name in names}
    if plan.ablate:
        found["ablation"] = {
            name: {
                "metrics": report(answers[name], CATEGORIES),
                **compared([scores(answer) for answer in answers[name]], full, drawn),
            }
            for name in each_off(model_id)
        }
    return found
