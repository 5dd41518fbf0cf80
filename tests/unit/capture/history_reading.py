"""How the tests of histories read them: told, captured, drafted, and beside what hooks told."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from agent_memory.capture.histories.opencode import OpenCodeHistory, storage_records
from agent_memory.capture.histories.port import HistoryReader, Place, Record
from agent_memory.capture.identity import CountedRepetitions, to_draft
from agent_memory.capture.model import Agent, Captured, Told
from agent_memory.events import Draft

DATA = Path(__file__).parents[2] / "data"


HISTORIES = DATA / "histories"


GEMINI = next((HISTORIES / "gemini").rglob("session-2026*.jsonl"))


COPILOT = next((HISTORIES / "copilot").rglob("events.jsonl"))


CURSOR = next((HISTORIES / "cursor").rglob("c5e0*.jsonl"))


OPENCODE = HISTORIES / "opencode" / "storage" / "session" / "p"


MODIFIED_MS = 1_790_000_000_000


def lines(path: Path) -> list[Record]:
    texts = path.read_text().splitlines()
    return [Record(line=number, value=json.loads(text)) for number, text in enumerate(texts, 1)]


def read(reader: HistoryReader, records: Iterable[Record]) -> list[Told]:
    told = [one for record in records for one in reader.read(record.line, record.value)]
    return sorted([*told, *reader.end()], key=lambda one: one.line)


def place(path: Path) -> Place:
    return Place(path=path, modified_ms=MODIFIED_MS)


def captured(told: Iterable[Told]) -> list[Captured]:
    return [one for line in told for one in line.captured]


def drafts(agent: Agent, found: Iterable[Captured]) -> list[Draft]:
    repetitions = CountedRepetitions()
    return [to_draft(one, agent, repetitions) for one in found]


def accounts(told: Iterable[Told]) -> list[tuple[int, str, str]]:
    return [
        (one.line, one.outcome.value, one.reason or " ".join(captured.kind.value for captured in one.captured))
        for one in told
    ]


def of_files() -> list[Told]:
    return [
        one
        for session in sorted(OPENCODE.glob("*.json"))
        for one in read(OpenCodeHistory(place(session)), storage_records(session))
    ]
