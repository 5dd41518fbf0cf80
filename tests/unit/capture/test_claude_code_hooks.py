"""What each event of Claude Code's hooks tells; the payloads are in tests/data/hooks/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent_memory.capture.agents import captured_of, claude_code
from agent_memory.capture.model import Agent, Captured
from agent_memory.capture.payloads import agent_of, decoded
from agent_memory.events import Kind

DATA = Path(__file__).parents[2] / "data" / "hooks"
SESSION = "5f0c1e7a-3b52-4c0e-9d1f-2a6b7c8d9e01"
NOON = 1_772_452_800_000

# As the types of the agent's SDK list them.
# fmt: off
NAMES = [
    "PreToolUse", "PostToolUse", "PostToolUseFailure", "PostToolBatch", "Notification", "UserPromptSubmit",
    "UserPromptExpansion", "SessionStart", "SessionEnd", "Stop", "StopFailure", "SubagentStart", "SubagentStop",
    "PreCompact", "PostCompact", "PreModelSwitch", "PostModelSwitch", "PermissionRequest", "PermissionDenied",
    "Setup", "TeammateIdle", "TaskCreated", "TaskCompleted", "Elicitation", "ElicitationResult", "ConfigChange",
    "WorktreeCreate", "WorktreeRemove", "InstructionsLoaded", "CwdChanged", "FileChanged", "DirectoryAdded",
    "MessageDisplay",
]
# fmt: on


def payloads(name: str) -> list[dict[str, Any]]:
    return decoded((DATA / f"{name}.jsonl").read_bytes())


def told(payload: dict[str, Any], *, cwd: str = "/where/it/ran") -> list[Captured]:
    return captured_of(Agent.CLAUDE_CODE, payload, received_ms=NOON, cwd=cwd)


def hook(event: str, **fields: Any) -> dict[str, Any]:
    return {"session_id": "s1", "cwd": "/home/ada/kelpie", "hook_event_name": event, **fields}


def test_every_event_of_the_agent_is_in_the_table_and_in_the_fixtures() -> None:
    """All 33; one that is added upstream is noticed by whoever adds it here."""
    seen = {payload["hook_event_name"] for name in ("claude-code", "claude-code-rare") for payload in payloads(name)}

    assert sorted(NAMES) == sorted(claude_code.EVENTS)
    assert set() == set(NAMES) - seen


@pytest.mark.parametrize("name", ["claude-code", "claude-code-rare", "claude-code-old"])
def test_only_what_was_typed_is_a_users_message(name: str) -> None:
    """Whatever else the payload holds."""
    users = {
        payload["hook_event_name"]
        for payload in payloads(name)
        for captured in told(payload)
        if captured.kind is Kind.USER_MESSAGE
    }

    assert users <= {"UserPromptSubmit"}


def test_a_session_as_its_hooks_tell_it() -> None:
    """Each payload in turn: which kinds it becomes."""
    kinds = [(payload["hook_event_name"], [c.kind.value for c in told(payload)]) for payload in payloads("claude-code")]
    called = ["tool_call", "tool_result"]

    assert [
        ("SessionStart", ["session_start"]),
        ("UserPromptSubmit", ["user_message"]),
        ("PreToolUse", ["tool_call"]),
        ("PostToolUse", called),
        ("PreToolUse", ["tool_call"]),
        ("PostToolUse", called),
        ("PostToolUse", called),
        ("PostToolUseFailure", called),
        ("PostToolUse", called),
        ("PreToolUse", ["tool_call"]),
        ("SubagentStart", ["subagent_start"]),
        ("PostToolUse", called),
        ("SubagentStop", ["assistant_message", "subagent_stop"]),
        ("PostToolUse", called),
        ("Stop", ["assistant_message"]),
        ("UserPromptSubmit", ["user_message"]),
        ("Stop", ["assistant_message"]),
        ("UserPromptSubmit", ["user_message"]),
        ("Stop", ["assistant_message"]),
        ("UserPromptSubmit", ["user_message"]),
        ("Stop", ["assistant_message"]),
        ("PreCompact", ["compaction"]),
        ("PostCompact", ["compaction"]),
        ("SessionStart", ["session_start"]),
        ("UserPromptSubmit", ["other"]),
        ("Notification", ["other"]),
        ("StopFailure", ["other"]),
        ("SessionEnd", ["session_end"]),
    ] == kinds


@pytest.mark.parametrize("payload", payloads("claude-code-rare")[1:], ids=lambda payload: payload["hook_event_name"])
def test_an_event_of_no_conversation_is_kept_whole(payload: dict[str, Any]) -> None:
    """Known or new: its raw payload is the text, its name is in the metadata."""
    (captured,) = told(payload)

    assert Kind.OTHER is captured.kind
    assert payload == json.loads(captured.text)
    assert payload["hook_event_name"] == captured.metadata["event"]


@pytest.mark.parametrize("name", ["claude-code", "claude-code-rare"])
def test_its_payloads_are_known_for_its_own(name: str) -> None:
    """Without being told whose they are."""
    assert {"claude-code"} == {agent_of(payload) for payload in payloads(name)}


def test_a_call_and_its_result_know_each_other_and_their_times() -> None:
    """The call began as long before as the tool took."""
    call, result = told(hook("PostToolUse", tool_name="Bash", tool_use_id="t1", tool_input={"command": "ls"},
                             tool_response={"stdout": "a\n", "stderr": ""}, duration_ms=250))  # fmt: skip

    assert ("call/t1", "result/t1", "t1", "t1") == (call.key, result.key, call.tool_call_id, result.tool_call_id)
    assert (NOON - 250, NOON) == (call.time_ms, result.time_ms)
    assert ("ls", "a\n", "Bash") == (call.text, result.text, result.tool_name)


def test_a_failure_is_a_result_that_says_so() -> None:
    """With the error for its text."""
    _, result = told(hook("PostToolUseFailure", tool_name="Bash", tool_use_id="t1", tool_input={}, error="Exit code 2"))

    assert ("Exit code 2", "true") == (result.text, result.metadata["error"])


def test_a_sub_agents_events_are_of_a_session_of_their_own() -> None:
    """Its type speaks, its parent is named."""
    found = [c for payload in payloads("claude-code") if "agent_id" in payload for c in told(payload)]

    assert {f"{SESSION}/a7c31f0e5"} == {captured.session for captured in found}
    assert {"Explore"} == {captured.speaker for captured in found}
    assert {SESSION} == {captured.metadata["parent_session"] for captured in found}


def test_a_stop_without_words_is_the_end_of_a_turn_and_tells_nothing() -> None:
    """It ends no session; what was said, the transcript tells."""
    assert [] == told(hook("Stop", stop_hook_active=False))


def test_old_names_of_fields_are_understood() -> None:
    """As the agent's own plug-in guide still writes them."""
    prompt, (call, result), *_ = (told(payload) for payload in payloads("claude-code-old"))

    assert "An older name for a prompt" == prompt[0].text
    assert ("/tmp/a.txt\ncontent:\na\n", "/tmp/a.txt\nsuccess: true") == (call.text, result.text)


def test_without_a_session_one_is_made_for_the_folder() -> None:
    """The same for the same folder, another for another."""
    one, again, other = (
        told({"hook_event_name": "UserPromptSubmit", "prompt": "x", "cwd": cwd})[0].session
        for cwd in ("/a", "/a", "/b")
    )

    assert one == again != other


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"prompt": "x", "source": "user"}, Kind.USER_MESSAGE),
        ({"prompt": "x", "source": "sdk"}, Kind.USER_MESSAGE),
        ({"prompt": "x", "source": "a source of tomorrow"}, Kind.USER_MESSAGE),
        ({"prompt": "x", "source": "loop_wakeup"}, Kind.OTHER),
        ({"prompt": "x", "source": "schedule_wakeup"}, Kind.OTHER),
        ({"prompt": "x", "source": "poll_event"}, Kind.OTHER),
        ({"prompt": "x", "source": "system"}, Kind.OTHER),
        ({"prompt": "<task-notification>\nx"}, Kind.OTHER),
        ({"prompt": "Why does <task-notification> appear?"}, Kind.USER_MESSAGE),
        ({"prompt": "   "}, Kind.OTHER),
        ({}, Kind.OTHER),
        ({"prompt": [{"type": "text", "text": "in parts"}]}, Kind.USER_MESSAGE),
    ],
)
def test_a_prompt_that_nobody_typed_is_no_users_message(fields: dict[str, Any], kind: Kind) -> None:
    """The program wakes itself up, too."""
    assert [kind] == [captured.kind for captured in told(hook("UserPromptSubmit", **fields))]


def test_a_slash_command_is_told_as_it_was_typed() -> None:
    """Its tags are the transcript's way to write it."""
    tags = "<command-message>review</command-message>\n<command-name>/review</command-name>\n" + (
        "<command-args>{}</command-args>"
    )

    assert "/review src" == claude_code.command_text(tags.format("src"))
    assert "/review" == claude_code.command_text(tags.format(""))
    assert "<command-line> tools" == claude_code.command_text("<command-line> tools")


def test_unknown_fields_are_kept_as_they_came() -> None:
    """Beside what is known by name."""
    (captured,) = told(
        hook("UserPromptSubmit", prompt="x", prompt_id="p1", novel={"deep": [1]}, permission_mode="plan")
    )

    assert {"novel": {"deep": [1]}} == json.loads(captured.metadata["payload"])
    assert "p1" == captured.metadata["prompt_id"] == captured.delivery


@pytest.mark.parametrize("event", ["UserPromptSubmit", "PostToolUse", "Stop", "PostToolBatch", "PostCompact", "New"])
@pytest.mark.parametrize("value", [None, 7, True, "x", [], [1], [[]], {}, {"a": {}}])
def test_a_field_of_any_form_stops_nothing(event: str, value: Any) -> None:
    """Formats drift: what cannot be taken is kept raw."""
    # fmt: off
    fields = (
        "prompt", "tool_name", "tool_input", "tool_response", "tool_use_id", "last_assistant_message", "tool_calls",
        "compact_summary", "duration_ms", "error", "source", "cwd", "session_id", "timestamp", "agent_id",
    )
    # fmt: on
    for field in fields:
        for captured in told({**hook(event, prompt="x"), field: value}):
            assert captured.session
            assert captured.text.strip() or captured.kind not in (Kind.USER_MESSAGE, Kind.OTHER, Kind.TOOL_CALL)
            assert all(isinstance(part, str) for pair in captured.metadata.items() for part in pair)


def test_a_text_over_the_limit_keeps_both_ends_and_its_size() -> None:
    """20 MiB of output are one event of a mebibyte."""
    (_, result) = told(hook("PostToolUse", tool_name="Bash", tool_use_id="t", tool_input={"command": "yes"},
                            tool_response={"stdout": "begin\n" + "y\n" * (10 << 20) + "end"}))  # fmt: skip

    assert len(result.text.encode()) <= 1 << 20
    assert result.text.startswith("begin\n")
    assert result.text.endswith("\nend")
    assert str((20 << 20) + 9) == result.metadata["text_bytes"]
