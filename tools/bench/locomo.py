"""LoCoMo through the door: each conversation in a daemon of its own, each question a search."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

import agent_memory
from agent_memory.sync import SyncMemory
from agent_memory.testing.daemon import DaemonProcess
from tools.bench.locomo_data import CATEGORIES, Conversation, read_conversations
from tools.bench.metrics import SESSION_DEPTHS, TURN_DEPTHS, Answered, distinct, percentile, report

LIMIT = 100
"""Events asked for: the first 50 are scored as turns, all of them name the sessions."""

_BATCH_EVENTS = 500
_VIEWS_WAIT_S = 600.0

COLUMNS = (
    "questions",
    *(f"R@{k}" for k in TURN_DEPTHS),
    *(f"any@{k}" for k in SESSION_DEPTHS[:2]),
    *(f"frac@{k}" for k in SESSION_DEPTHS[2:]),
)


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one conversation gave; times in milliseconds, seen by the client and told by the server."""

    answers: tuple[Answered, ...]
    client_ms: tuple[float, ...]
    server_ms: tuple[float, ...]
    tiers: tuple[str, ...]
    events: int
    left_out: int
    model_id: str


def measure(data: Path, *, model: Path | None, folder: Path, console: Console) -> dict[str, object]:
    """The metrics of the file's conversations, overall and by category, with search times."""
    found: list[Measured] = []
    for conversation in read_conversations(data):
        started = time.perf_counter()
        measured = _conversation(conversation, folder / conversation.name / "store", model or folder / "no-model")
        found.append(measured)
        console.print(
            f"[dim]{conversation.name}: {measured.events:,} events, {len(measured.answers)} questions, "
            f"{time.perf_counter() - started:.1f} s[/]",
            highlight=False,
        )
    answers = [answer for one in found for answer in one.answers]
    client_ms = [ms for one in found for ms in one.client_ms]
    server_ms = [ms for one in found for ms in one.server_ms]
    return {
        "benchmark": "locomo",
        "conversations": len(found),
        "events": sum(one.events for one in found),
        "questions_left_out": sum(one.left_out for one in found),
        "limit": LIMIT,
        "model": found[0].model_id if found else "",
        "tiers": sorted({tier for one in found for tier in one.tiers}),
        "metrics": report(answers, CATEGORIES),
        "search_ms": {
            "client_p50": percentile(client_ms, 0.5),
            "client_p99": percentile(client_ms, 0.99),
            "server_p50": percentile(server_ms, 0.5),
            "server_p99": percentile(server_ms, 0.99),
        },
    }


def table(metrics: dict[str, dict[str, float]]) -> Table:
    found = Table(title="LoCoMo", title_justify="left")
    found.add_column("category")
    for name in COLUMNS:
        found.add_column(name, justify="right")
    for category, row in metrics.items():
        found.add_row(
            category, *(f"{row[name]:.0f}" if name == "questions" else f"{row[name]:.3f}" for name in COLUMNS)
        )
    return found


def _conversation(conversation: Conversation, store: Path, model: Path) -> Measured:
    # The data give times without a zone; in UTC every session keeps its date.
    with (
        DaemonProcess(store, model=model, flags=("--time-zone", "UTC")) as daemon,
        agent_memory.connect(daemon.address, timeout_s=120) as memory,
    ):
        position = _ingest(memory, conversation)
        model_id = memory.status().model_id
        memory.wait_for(
            ["toc", "catalog", "lexical", "entities", *(["vectors"] if model_id else [])],
            position,
            timeout_s=_VIEWS_WAIT_S,
        )
        return _asked(memory, conversation, model_id)


def _ingest(memory: SyncMemory, conversation: Conversation) -> int:
    drafts = conversation.drafts
    position = 0
    for first in range(0, len(drafts), _BATCH_EVENTS):
        receipts = memory.append_batch(drafts[first : first + _BATCH_EVENTS])
        position = receipts[-1].position
    return position


def _asked(memory: SyncMemory, conversation: Conversation, model_id: str) -> Measured:
    answers, client_ms, server_ms, tiers = [], [], [], []
    # The first search loads the model.
    memory.search("warm up", limit=1)
    for question in conversation.questions:
        started = time.perf_counter()
        result = memory.search(question.text, limit=LIMIT)
        client_ms.append((time.perf_counter() - started) * 1000)
        server_ms.append(result.timings_ms["total"])
        tiers.append(result.tier.value)
        turns = [hit.recorded.event.source_id for hit in result.hits]
        answers.append(
            Answered(
                category=question.category,
                evidence_turns=question.turns,
                evidence_sessions=question.sessions,
                turns=tuple(turns),
                sessions=_sessions(turns),
            )
        )
    return Measured(
        answers=tuple(answers),
        client_ms=tuple(client_ms),
        server_ms=tuple(server_ms),
        tiers=tuple(tiers),
        events=len(conversation.drafts),
        left_out=conversation.left_out,
        model_id=model_id,
    )


def _sessions(turns: Sequence[str]) -> tuple[str, ...]:
    return distinct(turn.split(":")[0] for turn in turns)
