"""A turn's replies are found in the agent's transcript, where its hook does not tell them one by one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agent_memory.capture import turns
from agent_memory.capture.agents import captured_of
from agent_memory.capture.model import Agent
from agent_memory.capture.payloads import TURN
from agent_memory.capture.redaction import redact_value
from agent_memory.capture.turns import with_turn

HISTORIES = Path(__file__).parents[2] / "data" / "histories"
COPILOT = next((HISTORIES / "copilot").rglob("events.jsonl"))
GEMINI = next((HISTORIES / "gemini").rglob("session-2026*.jsonl"))
STOP = {"sessionId": "s", "timestamp": 1_772_615_706_000, "cwd": "/", "stopReason": "end_turn"}
AFTER = {
    "session_id": "s",
    "hook_event_name": "AfterAgent",
    "timestamp": "2026-03-04T08:16:04.000Z",
    "prompt": "Go on.",
}


def as_it_is(value: Any) -> tuple[Any, Mapping[str, int]]:
    return value, {}


def replies(agent: Agent, payload: dict[str, Any], path: Path) -> list[str]:
    payload = {**payload, "transcriptPath" if agent is Agent.COPILOT else "transcript_path": str(path)}
    found = captured_of(agent, with_turn(agent, payload, redact=as_it_is), received_ms=1_790_000_000_000)
    return [one.text for one in found]


def test_copilots_stop_tells_what_the_turn_answered() -> None:
    """Not what its sub-agent did, nor what came before or after."""
    assert ["I run the script.", "Done; the axis wants a unit."] == replies(Agent.COPILOT, STOP, COPILOT)


def test_only_what_was_written_until_the_stop_is_of_the_turn(tmp_path: Path) -> None:
    """A payload may be drained long after; it does not tell of later turns."""
    later = {"type": "user.message", "timestamp": "2026-03-04T10:00:00Z", "data": {"content": "And Deal?"}}
    answer = {"type": "assistant.message", "timestamp": "2026-03-04T10:00:01Z", "data": {"content": "Later."}}
    path = tmp_path / "events.jsonl"
    path.write_text(COPILOT.read_text() + json.dumps(later) + "\n" + json.dumps(answer) + "\n")

    assert ["I run the script.", "Done; the axis wants a unit."] == replies(Agent.COPILOT, STOP, path)


def test_geminis_replies_are_told_one_by_one_if_they_say_the_same() -> None:
    """Else the hook is believed, which has them as one text."""
    joined = "I look at Margate first.\nMargate's table ends in May."

    assert joined.split("\n") == replies(Agent.GEMINI, {**AFTER, "prompt_response": joined}, GEMINI)
    assert ["Something else."] == replies(Agent.GEMINI, {**AFTER, "prompt_response": "Something else."}, GEMINI)


def test_what_is_read_is_redacted(tmp_path: Path) -> None:
    """It did not come through the hook."""
    path = tmp_path / "events.jsonl"
    secret = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    said = {"type": "assistant.message", "timestamp": "2026-03-04T09:15:00Z", "data": {"content": f"It is {secret}."}}
    path.write_text(json.dumps(said) + "\n")
    found = with_turn(Agent.COPILOT, {**STOP, "transcriptPath": str(path)}, redact=redact_value)

    assert TURN in found
    assert secret not in repr(found)


def test_a_transcript_that_cannot_be_read_costs_nothing(tmp_path: Path) -> None:
    """Missing, a folder, a pipe that nobody writes to, or not even text."""
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\x00[{\n" * 100 + b"7\nnull\n{")
    names = ["none.jsonl", "pipe.jsonl", "folder.jsonl", "bytes.jsonl"]

    assert [[]] * len(names) == [replies(Agent.COPILOT, STOP, tmp_path / name) for name in names]


def test_only_the_end_of_a_long_transcript_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first whole line of it."""
    monkeypatch.setattr(turns, "TAIL_BYTES_MAX", 1_000)
    path = tmp_path / "events.jsonl"
    lines = [
        {"type": "assistant.message", "timestamp": "2026-03-04T09:15:00Z", "data": {"content": f"{n} " + "x" * 300}}
        for n in range(9)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    assert ["7", "8"] == [text.split()[0] for text in replies(Agent.COPILOT, STOP, path)]


def test_no_other_payload_reads_a_file() -> None:
    """Only those that need it, of the agents whose transcripts are lines."""
    payloads: list[tuple[Agent, dict[str, Any]]] = [
        (Agent.COPILOT, {**STOP, "transcriptPath": str(COPILOT), "agentName": "reviewer"}),
        (Agent.GEMINI, {**AFTER, "hook_event_name": "BeforeAgent", "transcript_path": str(GEMINI)}),
        (Agent.CLAUDE_CODE, {**AFTER, "transcript_path": str(GEMINI)}),
        (Agent.COPILOT, {**STOP, "transcriptPath": "/etc/hostname"}),
    ]

    assert [payload for _, payload in payloads] == [
        with_turn(agent, payload, redact=as_it_is) for agent, payload in payloads
    ]
