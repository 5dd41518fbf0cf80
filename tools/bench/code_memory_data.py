"""The code memory set: conversations as JSON lines, and questions with the events that answer them.

    {"id": "error-04", "question": "How did we get rid of E0502 in larder?", "category": "error",
     "split": "dev", "evidence": ["larder-07/006", "larder-07/007"]}

`evidence` names events by their source's id, all that answer the question; `now`, where there is
one, is the time of asking. What is tuned may look at the split `dev` alone.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from agent_memory.capture.jsonl import JsonLines, Line
from agent_memory.events import Draft

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "data" / "code_memory"
TIME_ZONE = "Europe/Vienna"
"""Where the people of the conversations live."""

SPLITS = ("dev", "held_out")

_QUESTIONS = "questions.jsonl"


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    question: str
    category: str
    split: str
    evidence: tuple[str, ...]
    now: datetime | None = None

    @property
    def now_ms(self) -> int | None:
        """The time of asking in milliseconds since 1970; None: whenever it is asked."""
        return None if self.now is None else round(self.now.timestamp() * 1000)


_decoder = msgspec.json.Decoder(Question)


def read_questions(folder: Path = FOLDER) -> list[Question]:
    return [_decoder.decode(line) for line in (folder / _QUESTIONS).read_bytes().splitlines() if line]


def read_drafts(folder: Path = FOLDER) -> list[Draft]:
    """The events of the sample conversations and of all transcripts in *folder*, file after file."""
    samples = importlib.resources.files("agent_memory.samples")
    drafts: list[Draft] = []
    for name in sorted(entry.name for entry in samples.iterdir() if entry.name.endswith(".jsonl")):
        drafts += _drafts((samples / name).read_bytes(), name)
    for path in sorted(folder.glob("*.jsonl")):
        if path.name != _QUESTIONS:
            drafts += _drafts(path.read_bytes(), path.name)
    return drafts


def _drafts(data: bytes, name: str) -> Iterator[Draft]:
    lines = JsonLines()
    for line in (*lines.feed(data), *lines.end()):
        if not isinstance(line, Line):
            raise ValueError(f"{name}, line {line.number}: {line.problem}")
        yield line.draft
