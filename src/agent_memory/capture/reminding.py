"""How a hook gets a reminder from the daemon, and hands it to its agent.

Over a socket beside the spool, one question a connection, a line of JSON each way:

    {"version": 1, "what": "start" | "prompt", "agent": …, "session": …, "folder": …, "prompt": …, "received_ms": …}
    {"text": "<agent-memory>\\n…\\n</agent-memory>"}        or an empty text: there is nothing to be reminded of

Whoever asks hangs up when its time is over, and the daemon then stops looking. `reminders.server` answers.

What an agent takes from its hook, by its public documentation and sources of 2026:

    claude-code, codex   hookSpecificOutput.additionalContext, of SessionStart and UserPromptSubmit
    gemini               the same, of SessionStart and BeforeAgent; it escapes `<` and `>` in it
    copilot              additionalContext of sessionStart; what a hook says to a prompt it drops
    cursor               additional_context of sessionStart; a prompt can only be let through or not
    opencode             nothing: its plugin does not wait for us

On the path of the hook: the standard library only, and little of it.
"""

from __future__ import annotations

import os
import time

from agent_memory.capture import lean_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Mapping
    from typing import Any

SOCKET = "reminders.sock"
VERSION = 1
ANSWER_S = 0.05
"""How long an answer is waited for, from the question on: a prompt waits for its hook."""

PROMPT_CHARACTERS_MAX = 600
"""What is asked about of a longer prompt: its beginning and its end."""

START, PROMPT = "start", "prompt"
REMINDED = {
    "claude-code": {"SessionStart": START, "UserPromptSubmit": PROMPT},
    "codex": {"SessionStart": START, "UserPromptSubmit": PROMPT},
    "gemini": {"SessionStart": START, "BeforeAgent": PROMPT},
    "copilot": {"SessionStart": START, "sessionStart": START},
    "cursor": {"sessionStart": START},
}
"""The events that an agent can be reminded at, and what it is reminded of."""

_SESSIONS = ("session_id", "sessionId", "conversation_id")
# What the harness itself says in place of the user.
_BY_PEOPLE = ("", "user", "sdk")
_ANSWER_BYTES_MAX = 1 << 20
# The shortest that any system allows, less what a name may grow by.
_PATH_BYTES_MAX = 100


class Question:
    """One that was asked; `answer` gets its answer."""

    def __init__(self, connection: socket, agent: str, event: str, until_s: float) -> None:
        self._connection = connection
        self._agent = agent
        self._event = event
        self._until_s = until_s

    def answer(self) -> str:
        """What to print for the agent; empty if there is nothing, or none in time. Never fails."""
        told = b""
        try:
            while not told.endswith(b"\n") and len(told) < _ANSWER_BYTES_MAX:
                left_s = self._until_s - time.monotonic()
                if left_s <= 0:
                    return ""
                self._connection.settimeout(left_s)
                piece = self._connection.recv(1 << 16)
                if not piece:
                    return ""
                told += piece
            found = lean_json.loads(told)
            text = found["text"] if isinstance(found, dict) else ""
            return printed(self._agent, self._event, text) if isinstance(text, str) and text else ""
        except (OSError, ValueError, KeyError):
            return ""
        finally:
            self._connection.close()


def ask(
    spool: str,
    agent: str,
    payload: Mapping[str, Any],
    *,
    folder: str,
    received_ms: int,
    answer_s: float = ANSWER_S,
) -> Question | None:
    """Ask for the reminder that fits this payload; None if none does, or nobody is there. Never fails."""
    until_s = time.monotonic() + answer_s
    event = event_of(agent, payload)
    what = REMINDED.get(agent, {}).get(event)
    if what is None or payload.get("agent_id") or (_text(payload, "source") not in _BY_PEOPLE and what == PROMPT):
        return None
    prompt = _text(payload, "prompt")
    if len(prompt) > PROMPT_CHARACTERS_MAX:
        half = PROMPT_CHARACTERS_MAX // 2
        prompt = f"{prompt[:half]}\n{prompt[-half:]}"
    question = {
        "version": VERSION,
        "what": what,
        "agent": agent,
        "session": _text(payload, *_SESSIONS),
        "folder": folder,
        "prompt": prompt,
        "received_ms": received_ms,
    }
    connection = None
    try:
        connection = _connected(spool, until_s)
        connection.sendall(lean_json.dumps(question).encode("ascii") + b"\n")
    except (OSError, ValueError):
        if connection is not None:
            connection.close()
        return None
    return Question(connection, agent, event, until_s)


def event_of(agent: str, payload: Mapping[str, Any]) -> str:
    """The name of the event; of Copilot's own dialect, which has none, by what it tells."""
    named = _text(payload, "hook_event_name", "hookEventName", "hookName", "event")
    if named or agent != "copilot":
        return named
    has_more = "prompt" in payload or "toolName" in payload or "reason" in payload
    return "sessionStart" if "source" in payload and not has_more else ""


def printed(agent: str, event: str, text: str) -> str:
    """The text in the form in which the agent takes it."""
    specific = {"hookSpecificOutput": {"hookEventName": event, "additionalContext": text}}
    if agent == "cursor":
        return lean_json.dumps({"continue": True, "additional_context": text})
    if agent == "copilot":
        # The event's spelling chooses a dialect; the one with capitals is read by VS Code, too.
        return lean_json.dumps({"additionalContext": text, **(specific if event == "SessionStart" else {})})
    return lean_json.dumps(specific)


def _text(payload: Mapping[str, Any], *names: str) -> str:
    for name in names:
        value = payload.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def _connected(spool: str, until_s: float) -> socket:
    # The module behind `socket`, which itself takes longer to import than an answer to come.
    from _socket import AF_UNIX, SOCK_STREAM, socket

    path = os.path.join(spool, SOCKET)
    if len(os.fsencode(path)) <= _PATH_BYTES_MAX:
        connection = socket(AF_UNIX, SOCK_STREAM)
        try:
            connection.settimeout(max(0.001, until_s - time.monotonic()))
            connection.connect(path)
        except BaseException:
            connection.close()
            raise
        return connection
    # A way to the same folder that is short enough, where the system has one.
    opened = os.open(spool, os.O_RDONLY)
    try:
        short = f"/proc/self/fd/{opened}"
        if not os.path.isdir(short):
            raise OSError(f"{path} is too long for a socket")
        return _connected(short, until_s)
    finally:
        os.close(opened)
