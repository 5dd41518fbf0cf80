"""Payloads that are not as they should be, of each agent: hook processes → daemon → search; nothing of them is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import agent_memory
from agent_memory import Event, Filter, Kind, SyncMemory
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.waiting import eventually

pytestmark = pytest.mark.usefixtures("without_model")

Payload = dict[str, Any]


def named(event: str, field: str = "prompt", **more: Any) -> Callable[[str, str], Payload]:
    return lambda session, text: {"hook_event_name": event, "session_id": session, "cwd": "/work", field: text, **more}


def of_copilot(session: str, text: str) -> Payload:
    return {"sessionId": session, "cwd": "/work", "timestamp": 1_772_452_800_123, "prompt": text}


def of_cursor(session: str, text: str) -> Payload:
    more = {"cursor_version": "2.1", "workspace_roots": ["/work"]}
    return {"hook_event_name": "beforeSubmitPrompt", "conversation_id": session, "prompt": text, **more}


def of_opencode(session: str, text: str) -> Payload:
    output = {"message": {"role": "user"}, "parts": [{"type": "text", "text": text}]}
    return {"hook_event_name": "chat.message", "session_id": session, "cwd": "/work", "output": output}


PROMPTS: dict[str, Callable[[str, str], Payload]] = {
    "claude": named("UserPromptSubmit"),
    "codex": named("UserPromptSubmit"),
    "gemini": named("BeforeAgent"),
    "copilot": of_copilot,
    "opencode": of_opencode,
    "cursor": of_cursor,
}
AGENTS = {"claude": "claude-code"}
HUGE = "The flood gate.\n" + "x" * (20 << 20) + "\nThe weir."


def awkward(agent: str) -> dict[str, tuple[bytes, set[tuple[Kind, str]]]]:
    """What a hook is handed, by session; and what must be in the log of it."""
    prompt = PROMPTS[agent]

    def raw(session: str, text: str) -> bytes:
        return json.dumps(prompt(session, text), ensure_ascii=False).encode()

    def user(*texts: str) -> set[tuple[Kind, str]]:
        return {(Kind.USER_MESSAGE, text) for text in texts}

    new = {**prompt(f"{agent}-new", "Not typed."), "hook_event_name": "NovelThing"}
    cut = raw(f"{agent}-cut", "Mend the sluice at")[:-12]
    return {
        f"{agent}-mark": (b"\xef\xbb\xbf" + raw(f"{agent}-mark", "Føre the pump."), user("Føre the pump.")),
        f"{agent}-several": (
            raw(f"{agent}-several", "One.") + raw(f"{agent}-several", "Two.") + b"\n" + raw(f"{agent}-several", "3."),
            user("One.", "Two.", "3."),
        ),
        f"{agent}-utf16": (raw(f"{agent}-utf16", "Føre the mill.").decode().encode("utf-16"), user("Føre the mill.")),
        f"{agent}-cut": (cut, {(Kind.OTHER, cut.decode())}),
        f"{agent}-new": (json.dumps(new).encode(), {(Kind.OTHER, json.dumps(new))}),
    }


PAYLOADS = {agent: awkward(agent) for agent in PROMPTS}


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SyncMemory]:
    """Every payload through a hook of its own; a huge one, too."""
    store = tmp_path_factory.mktemp("awkward") / "store"
    spool = store.parent / "spool"
    with DaemonProcess(store) as daemon, agent_memory.connect(daemon.address, timeout_s=60) as memory:
        for agent, payloads in PAYLOADS.items():
            for raw, _ in payloads.values():
                run_hook(spool, agent, raw)
        done: Payload = {"tool_name": "Bash", "tool_input": {"command": "log"}, "tool_use_id": "toolu_1"}
        output = {"stdout": HUGE, "stderr": ""}
        huge = named("PostToolUse", **done)("huge", "") | {"tool_response": output}
        run_hook(spool, "claude", json.dumps(huge).encode())
        expected = 1 + sum(map(len, PAYLOADS.values()))
        eventually(lambda: expected == memory.status().spool.drained, timeout_s=60)
        memory.wait_for(["lexical"], memory.status().position)
        yield memory


def run_hook(spool: Path, agent: str, raw: bytes) -> None:
    environ = {**os.environ, "AGENT_MEMORY_SPOOL": str(spool)}
    environ.pop("AGENT_MEMORY_INTERNAL", None)
    argv = (sys.executable, "-m", "agent_memory.cli", "hook", agent)
    done = subprocess.run(argv, input=raw, capture_output=True, env=environ, timeout=60, check=False)

    assert 0 == done.returncode, done.stderr


def events_of(memory: SyncMemory, session: str) -> list[Event]:
    return [item.event for item in memory.events(where=Filter(sessions=(session,)), limit=100).items]


@pytest.mark.parametrize(
    ("agent", "session"), [(agent, session) for agent, payloads in PAYLOADS.items() for session in payloads]
)
def test_what_an_awkward_payload_says_is_recorded_as_what_it_is(memory: SyncMemory, agent: str, session: str) -> None:
    """A mark before it, several on a line, another encoding: prompts. Cut off, or of a new event: kept raw."""
    _, expected = PAYLOADS[agent][session]
    found = events_of(memory, session)

    assert expected == {(event.kind, event.text) for event in found}
    assert {AGENTS.get(agent, agent)} == {event.agent for event in found}


@pytest.mark.parametrize("agent", PROMPTS)
def test_it_is_found(memory: SyncMemory, agent: str) -> None:
    hits = memory.search("pump", where=Filter(sessions=(f"{agent}-mark",))).hits

    assert ["Føre the pump."] == [hit.recorded.event.text for hit in hits]


def test_of_twenty_mebibytes_head_and_tail_are_kept_and_found(memory: SyncMemory) -> None:
    """Of one event a mebibyte; how much was left out is said, and the call is linked."""
    call, result = events_of(memory, "huge")
    hits = [
        hit.recorded.event.id
        for query in ("flood gate", "weir")
        for hit in memory.search(query, where=Filter(sessions=("huge",), kinds=(Kind.TOOL_RESULT,))).hits
    ]

    assert (Kind.TOOL_CALL, Kind.TOOL_RESULT) == (call.kind, result.kind)
    assert {"toolu_1"} == {call.tool_call_id, result.tool_call_id}
    assert str(len(HUGE)) == result.metadata["text_bytes"]
    assert len(result.text.encode()) <= 1 << 20
    assert result.text.startswith("The flood gate.")
    assert result.text.endswith("The weir.")
    assert "bytes left out" in result.text
    assert [result.id, result.id] == hits
