"""Whatever a hook is handed becomes payloads, and none of it is lost."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_memory.capture.payloads import (
    NAME_BYTES_MAX,
    PROBLEM,
    RAW,
    agent_named,
    agent_of,
    as_name,
    decoded,
    first,
    time_ms,
    unpacked,
)

ONE, TWO = {"prompt": "one"}, {"prompt": "two"}
A, B = json.dumps(ONE).encode(), json.dumps(TWO).encode()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", []),
        (b" \r\n\t\x00", []),
        (A, [ONE]),
        (b"\xef\xbb\xbf" + A, [ONE]),
        (b"\xff\xfe" + A.decode().encode("utf-16-le"), [ONE]),
        (A + B, [ONE, TWO]),
        (A + b"\n" + B + b"\n", [ONE, TWO]),
        (json.dumps(ONE, indent=2).encode() + b"\r\n" + B, [ONE, TWO]),
        (b"[" + A + b"," + B + b"]", [ONE, TWO]),
        (A + b"\xef\xbb\xbf" + B, [ONE, TWO]),
        (b'{"prompt": "\\ud800"}', [{"prompt": "\ud800"}]),
    ],
)
def test_every_object_is_taken_however_they_are_laid_out(raw: bytes, expected: list[object]) -> None:
    """One line or many, one object or several, any byte-order mark."""
    assert expected == decoded(raw)


@pytest.mark.parametrize(
    ("raw", "text", "problem"),
    [
        (b'{"session_id": "s1", "prompt": "hal', '{"session_id": "s1", "prompt": "hal', "is not JSON: Unterminated"),
        (b"hello", "hello", "is not JSON: Expecting value"),
        (b'"hello"', '"hello"', "is no JSON object"),
        (b"[1, 2]", "[1, 2]", "is no JSON object"),
        (b"[" * 100_000, "[" * 100_000, "is nested too deeply"),
        (b'{"n": ' + b"9" * 5_000 + b"}", '{"n": ' + "9" * 5_000 + "}", "is not JSON: Exceeds the limit"),
        (b'{"a": \xff}', '{"a": �}', "is not JSON: Expecting value"),
    ],
)
def test_what_is_no_object_is_kept_as_it_came_with_the_reason(raw: bytes, text: str, problem: str) -> None:
    """Nothing that an agent says is dropped for its form."""
    (payload,) = decoded(raw)

    assert text == payload[RAW]
    assert payload[PROBLEM].startswith(problem)


def test_of_a_broken_payload_its_session_event_and_folder_are_made_out() -> None:
    """So it is found with the others of its conversation."""
    (payload,) = decoded(b'{"session_id":"s1", "cwd" : "/home/ada", "hook_event_name":"Stop", "prompt":"hal')

    assert ("s1", "/home/ada", "Stop") == (payload["session_id"], payload["cwd"], payload["hook_event_name"])


def test_what_follows_something_broken_is_taken_from_its_next_line_on() -> None:
    """A torn line costs itself."""
    broken, whole = decoded(b'{"prompt": "hal\n' + A)

    assert '{"prompt": "hal' == broken[RAW]
    assert ONE == whole


@pytest.mark.parametrize(
    "piece", [b'{"a":\n', b"{", b'"', b"[1,", b"{\n", b'"cwd":', b'{"cwd":"', b"\\", b"\xff", b"{}x\n"]
)
def test_hostile_bytes_take_linear_time(piece: bytes) -> None:
    """A mebibyte of anything is decoded in far less than what a quadratic walk would take."""
    began = time.perf_counter()
    found = decoded(piece * ((1 << 20) // len(piece)))

    assert found
    assert time.perf_counter() - began < 5


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail(raw: bytes) -> None:
    """And what is not blank leaves something."""
    found = decoded(raw)

    assert bool(found) == bool(raw.decode("utf-8", "replace").strip(" \t\r\n\x00\ufeff")) or raw[:2] in (
        b"\xff\xfe",
        b"\xfe\xff",
    )


@given(st.lists(st.dictionaries(st.text(), st.text() | st.integers() | st.none()), max_size=4))
def test_objects_survive_however_they_are_joined(objects: list[dict[str, object]]) -> None:
    """With and without line breaks between them."""
    assert objects == decoded("".join(map(json.dumps, objects)).encode())
    assert objects == decoded("\n".join(json.dumps(found, indent=1) for found in objects).encode())


@pytest.mark.parametrize(
    ("given_time", "expected"),
    [
        ("2026-03-02T09:00:00Z", 1_772_442_000_000),
        ("2026-03-02T10:00:00.5+01:00", 1_772_442_000_500),
        ("2026-03-02t09:00:00.123456789z", 1_772_442_000_123),
        ("2026-03-02 09:00:00", 1_772_442_000_000),
        (1_772_442_000_000, 1_772_442_000_000),
        (1_772_442_000, 1_772_442_000_000),
        (1_772_442_000.25, 1_772_442_000_250),
        ("1772442000000", 1_772_442_000_000),
        ("[trimmed]", None),
        ("", None),
        (None, None),
        (True, None),
        (-5, None),
        (float("nan"), None),
        (float("inf"), None),
        (1 << 60, None),
        ("9999999999999999", None),
        ({"at": 1}, None),
    ],
)
def test_times_are_read_in_every_form_agents_use(given_time: object, expected: int | None) -> None:
    """RFC 3339, milliseconds, seconds; nothing else is taken for a time."""
    assert expected == time_ms(given_time)


@pytest.mark.parametrize(
    ("payload", "agent"),
    [
        ({"agent": "claude", "hook_event_name": "BeforeAgent"}, "claude-code"),
        ({"hook_event_name": "BeforeAgent"}, "gemini"),
        ({"hook_event_name": "SessionStart", "timestamp": "2026-03-02T09:00:00Z", "transcript_path": "/x"}, "gemini"),
        ({"toolName": "bash", "toolArgs": "{}"}, "copilot"),
        ({"sessionId": "s", "timestamp": 1, "prompt": "x"}, "copilot"),
        ({"hook_event_name": "Stop", "session_id": "s", "timestamp": "2026-03-02T09:00:00Z"}, "copilot"),
        ({"hook_event_name": "Stop", "turn_id": "t"}, "codex"),
        ({"type": "agent-turn-complete", "thread-id": "t"}, "codex"),
        ({"hook_event_name": "SessionStart", "transcript_path": "/home/a/.codex/sessions/x.jsonl"}, "codex"),
        ({"hook_event_name": "SessionStart", "transcript_path": "C:\\Users\\a\\.codex\\x.jsonl"}, "codex"),
        ({"hook_event_name": "Stop", "permission_mode": "plan", "transcript_path": "/t.jsonl"}, "claude-code"),
        ({"hook_event_name": "Stop", "transcript_path": "/t.jsonl"}, "claude-code"),
        ({"hook_event_name": "beforeSubmitPrompt", "conversation_id": "c"}, "cursor"),
        ({"generation_id": "g", "hook_event_name": "stop"}, "cursor"),
        ({"callID": "c", "tool": "bash", "sessionID": "s"}, "opencode"),
        ({"hook_event_name": "chat.message", "session_id": "s", "timestamp": 1}, "opencode"),
        ({"prompt": "Whose is this?"}, ""),
        ({}, ""),
    ],
)
def test_the_agent_is_told_from_the_shape_of_its_payload(payload: dict[str, object], agent: str) -> None:
    """What it says of itself first, then its events and fields."""
    assert agent == agent_of(payload)


@pytest.mark.parametrize(
    ("word", "agent"),
    [("Claude", "claude-code"), ("claude_code", "claude-code"), ("GitHub Copilot", "copilot"), ("nobody", "")],
)
def test_agents_are_known_by_what_people_call_them(word: str, agent: str) -> None:
    """In any case, with any of the usual signs between words."""
    assert agent == agent_named(word)


def test_an_old_name_stands_in_for_a_new_one_that_is_missing_or_empty() -> None:
    """The newest name that says something wins."""
    assert "b" == first({"prompt": "", "user_prompt": "b", "message": "c"}, ("prompt", "user_prompt", "message"))
    assert first({"prompt": None}, ("prompt",)) is None


def test_only_texts_of_objects_and_arrays_are_unpacked() -> None:
    """A command that begins with a brace stays a command."""
    assert {"a": 1} == unpacked('{"a": 1}')
    assert "{ echo; }" == unpacked("{ echo; }")
    assert "12" == unpacked("12")


def test_a_long_name_is_cut_and_stays_its_own() -> None:
    """Two that begin alike do not become one, and the limit is of bytes."""
    one, other = as_name("é" * 5_000 + "1"), as_name("é" * 5_000 + "2")

    assert one != other
    assert len(one.encode()) <= NAME_BYTES_MAX
    assert "a?b" == as_name(" a\ud800b ")


def test_decoding_imports_nothing_that_a_hook_would_have_to_wait_for() -> None:
    """Every hook pays for every import."""
    heavy = ["msgspec", "click", "grpc", "platformdirs", "tomllib", "datetime", "hashlib", "dataclasses", "asyncio"]
    code = f"import agent_memory.capture.payloads, sys; print([m for m in {heavy} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]" == run.stdout.strip()
