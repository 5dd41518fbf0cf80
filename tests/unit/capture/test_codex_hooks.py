"""What each event of Codex's hooks, and its older notification, tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent_memory.capture.agents import captured_of, codex
from agent_memory.capture.model import Agent, Captured
from agent_memory.capture.payloads import agent_of, decoded
from agent_memory.events import Kind

DATA = Path(__file__).parents[2] / "data" / "hooks"
SESSION, SUB_AGENT = "019cae31-7b10-7d02-a1c4-0000000000aa", "019cae31-7b10-7d02-a1c4-0000000000bb"


def payloads(name: str) -> list[dict[str, Any]]:
    return decoded((DATA / f"{name}.jsonl").read_bytes())


def told(payload: dict[str, Any]) -> list[Captured]:
    return captured_of(Agent.CODEX, payload, received_ms=1_772_452_800_000, cwd="/where/it/ran")


def test_a_session_as_its_hooks_tell_it() -> None:
    """Each payload in turn: which kinds it becomes."""
    kinds = [(payload["hook_event_name"], [c.kind.value for c in told(payload)]) for payload in payloads("codex")]
    called = ["tool_call", "tool_result"]

    assert [
        ("SessionStart", ["session_start"]),
        ("UserPromptSubmit", ["user_message"]),
        ("PreToolUse", ["tool_call"]),
        ("PostToolUse", called),
        ("PermissionRequest", ["other"]),
        ("PostToolUse", called),
        ("PostToolUse", called),
        ("SubagentStart", ["subagent_start"]),
        ("PostToolUse", called),
        ("SubagentStop", ["assistant_message", "subagent_stop"]),
        ("Stop", ["assistant_message"]),
        ("PreCompact", []),
        ("PostCompact", ["compaction"]),
        ("UserPromptSubmit", ["user_message"]),
        ("Stop", []),
        ("StopFailure", ["other"]),
        ("Interrupt", ["other"]),
    ] == kinds
    assert set() == set(codex.EVENTS) - {name for name, _ in kinds} - {codex.NOTIFICATION, "SessionEnd"}


@pytest.mark.parametrize("name", ["codex", "codex-notify"])
def test_its_payloads_are_known_for_its_own(name: str) -> None:
    """Without being told whose they are."""
    assert {"codex"} == {agent_of(payload) for payload in payloads(name)}


def test_the_notification_tells_a_whole_turn() -> None:
    """What the user said, without what the program put beside it, and the reply."""
    first, second = (told(payload) for payload in payloads("codex-notify"))

    assert [
        (Kind.USER_MESSAGE, "Make the report cope with an empty window."),
        (Kind.ASSISTANT_MESSAGE, "The report now falls back to the day itself; one test covers it."),
    ] == [(captured.kind, captured.text) for captured in first]
    assert [(Kind.USER_MESSAGE, "Thanks. Commit it.")] == [(captured.kind, captured.text) for captured in second]


def test_hook_and_notification_of_one_turn_are_one_delivery() -> None:
    """Both may be configured; a prompt is told once."""

    def prompts(name: str) -> list[tuple[str, str, str]]:
        found = [captured for payload in payloads(name) for captured in told(payload)]
        return [(c.session, c.text, c.delivery) for c in found if c.kind is Kind.USER_MESSAGE]

    assert prompts("codex") == prompts("codex-notify")


def test_a_sub_agents_events_are_of_a_session_of_their_own() -> None:
    """Its role speaks, its parent is named."""
    found = [c for payload in payloads("codex") if "agent_id" in payload for c in told(payload)]

    assert {f"{SESSION}/{SUB_AGENT}"} == {captured.session for captured in found}
    assert {"explorer"} == {captured.speaker for captured in found}
    assert {SESSION} == {captured.metadata["parent_session"] for captured in found}


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Exit code: 1\nWall time: 0.1 seconds\nOutput:\nno\n", ("no\n", 1)),
        (
            "Chunk ID: 1a\nWall time: 2 seconds\nProcess exited with code 0\nOriginal token count: 9\nOutput:\nyes",
            ("yes", 0),
        ),
        ("Wall time: 2 seconds\nProcess running with session ID 7\nOutput:\n", ("", None)),
        ("Output:\nmine", ("Output:\nmine", None)),
        ("plain", ("plain", None)),
        ({"content": []}, ({"content": []}, None)),
        ("Wall time: " * 100_000, ("Wall time: " * 100_000, None)),
    ],
)
def test_a_shells_output_is_what_the_command_printed(output: Any, expected: tuple[Any, int | None]) -> None:
    """The lines before it are written for the model."""
    assert expected == codex.shell_output(output)


def test_an_unknown_event_is_kept_whole() -> None:
    """And is nobody's words."""
    payload = {"session_id": "s", "turn_id": "t", "hook_event_name": "Tomorrow", "prompt": "not typed"}
    (captured,) = told(payload)

    assert Kind.OTHER is captured.kind
    assert payload == json.loads(captured.text)


@pytest.mark.parametrize("value", [None, 7, "x", [1], {"a": {}}])
def test_a_field_of_any_form_stops_nothing(value: Any) -> None:
    """Formats drift: what cannot be taken is kept raw."""
    for event in codex.EVENTS:
        for field in (
            "prompt",
            "tool_response",
            "input-messages",
            "last-assistant-message",
            "error",
            "turn_id",
            "type",
        ):
            for captured in told({"session_id": "s", "hook_event_name": event, field: value}):
                assert captured.session == "s"
                assert "TypeError" not in captured.metadata.get("problem", "")
