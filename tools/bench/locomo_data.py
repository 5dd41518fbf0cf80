"""LoCoMo conversations as a store would have recorded them, and the questions about them.

Source: Maharana et al. 2024, "Evaluating Very Long-Term Conversational Memory of LLM Agents",
https://github.com/snap-research/LoCoMo, `data/locomo10.json`, CC BY-NC 4.0. Evaluation only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from agent_memory.events import Draft, Kind

CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}

TURN_STEP_MS = 20_000
"""Time between two turns of a session; the data tell only when the session began."""

ASKED_AFTER_MS = 86_400_000
"""Time between the last event of a conversation and its questions."""

_EVIDENCE = re.compile(r"D(\d+):(\d+)")
_DATE_FORM = "%I:%M %p on %d %B, %Y"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question and the turns that answer it, as they are named in the data."""

    text: str
    category: int
    turns: frozenset[str]
    answer: str = ""

    @property
    def sessions(self) -> frozenset[str]:
        """The sessions that hold its evidence."""
        return frozenset(turn.split(":")[0] for turn in self.turns)


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation: drafts in order of time, each with its turn's name as ``source_id``."""

    name: str
    drafts: tuple[Draft, ...]
    questions: tuple[Question, ...]
    left_out: int
    """Questions without evidence that resolves."""

    @property
    def asked_ms(self) -> int:
        """When the questions are asked: a day after the last event."""
        return max(draft.time_ms or 0 for draft in self.drafts) + ASKED_AFTER_MS


def read_conversations(path: Path) -> list[Conversation]:
    """Every conversation of a LoCoMo file."""
    return [_conversation(sample) for sample in json.loads(path.read_text())]


def _conversation(sample: dict[str, Any]) -> Conversation:
    drafts = tuple(_drafts(sample))
    known = {draft.source_id for draft in drafts}
    questions = []
    for asked in sample["qa"]:
        turns = frozenset(_named(asked.get("evidence") or [])) & known
        if turns:
            answer = str(asked.get("answer") or "")
            questions.append(
                Question(text=asked["question"], category=int(asked["category"]), turns=turns, answer=answer)
            )
    return Conversation(
        name=sample["sample_id"],
        drafts=drafts,
        questions=tuple(questions),
        left_out=len(sample["qa"]) - len(questions),
    )


def _named(evidence: list[str]) -> Iterator[str]:
    """``'D8:6; D9:17'`` are two turns, ``'D30:05'`` is turn 5, ``'D'`` none."""
    for entry in evidence:
        for session, turn in _EVIDENCE.findall(str(entry)):
            yield f"D{int(session)}:{int(turn)}"


def _drafts(sample: dict[str, Any]) -> Iterator[Draft]:
    conversation = sample["conversation"]
    numbers = sorted(int(key.removeprefix("session_")) for key in conversation if re.fullmatch(r"session_\d+", key))
    for number in numbers:
        began = datetime.strptime(conversation[f"session_{number}_date_time"], _DATE_FORM).replace(tzinfo=UTC)
        began_ms = int(began.timestamp() * 1000)
        for place, turn in enumerate(conversation[f"session_{number}"]):
            caption = turn.get("blip_caption")
            said = turn.get("text") or ""
            shared = f"[shares a photo: {caption}]" if caption else ""
            first = turn["speaker"] == conversation["speaker_a"]
            yield Draft(
                kind=Kind.USER_MESSAGE if first else Kind.ASSISTANT_MESSAGE,
                session=f"session-{number:02}",
                agent="locomo",
                project=sample["sample_id"],
                speaker=turn["speaker"],
                text=" ".join(part for part in (said, shared) if part),
                time_ms=began_ms + place * TURN_STEP_MS,
                source="locomo",
                source_id=turn["dia_id"],
            )
