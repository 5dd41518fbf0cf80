"""What was answered in a turn, for hooks that do not say it, or not in the words of the agent's history.

Copilot's `agentStop` says where the transcript lies. Gemini's `AfterAgent` has all replies of the turn as one
text, its chat file has them one by one. Read when the payload is drained, not by the hook, whose agent waits;
so by then the file may hold later turns, or this one not yet, and the payload's time says which is meant.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agent_memory.capture.agents import copilot, gemini
from agent_memory.capture.model import Agent
from agent_memory.capture.payloads import EVENT, TRANSCRIPT, TURN, text_at

TAIL_BYTES_MAX = 4 << 20
"""How much of a transcript is read, from its end. A turn that is longer is left to an import."""

Redact = Callable[[Any], tuple[Any, Mapping[str, int]]]
_Fields = Mapping[str, Any]


def with_turn(agent: Agent, payload: _Fields, *, redact: Redact) -> _Fields:
    """The payload with its turn's replies, redacted, under `TURN`; as it is, where it has no need or no transcript."""
    turn_in = _turn_of(agent, payload)
    path = text_at(payload, *TRANSCRIPT)
    if turn_in is None or not path.endswith(".jsonl"):
        return payload
    try:
        turn, _ = redact(turn_in(_objects(_tail(Path(path))), payload))
    except Exception:
        # Whatever lies there, it must not stop the payloads behind this one; an import tells of the turn.
        return payload
    return {**payload, TURN: turn} if turn else payload


def _turn_of(agent: Agent, payload: _Fields) -> Callable[[list[_Fields], _Fields], list[_Fields]] | None:
    if agent is Agent.COPILOT and copilot.event_of(payload) == "agentStop":
        return copilot.turn_in
    if agent is Agent.GEMINI and text_at(payload, *EVENT) == "AfterAgent":
        return gemini.turn_in
    return None


def _tail(path: Path) -> bytes:
    """The last lines of a file. Errors: `OSError`; `ValueError` for what is no plain file."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("is no file")  # A pipe would keep whoever opens it.
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - TAIL_BYTES_MAX))
        tail = file.read(TAIL_BYTES_MAX)
    return tail if size <= TAIL_BYTES_MAX else tail.partition(b"\n")[2]


def _objects(tail: bytes) -> list[_Fields]:
    """The lines that hold an object; others, and one that is still being written, are not looked at."""
    found: list[_Fields] = []
    for line in tail.split(b"\n"):
        try:
            value = json.loads(line.decode("utf-8", "replace")) if line.strip() else None
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            found.append(value)
    return found
