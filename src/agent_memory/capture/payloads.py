"""What an agent hands to its hook: bytes → payloads, and what all agents' payloads have in common.

Everything here takes what is there. Bytes may begin with a byte-order mark, hold several objects
on one line or on many, or end in the middle of one. What is no JSON object becomes a payload, too:

    {"agent_memory_raw": "{\\"prompt\\": \\"hal", "agent_memory_problem": "is not JSON: …", "session_id": "…"}

with the session, event and folder that could still be made out in it, so that it is kept and found.

Hooks read this in every process they start: nothing but the standard library, and little of that.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from typing import Any

Payload = dict[str, Any]

RAW = "agent_memory_raw"
PROBLEM = "agent_memory_problem"

# Where the daemon puts what it read of a turn in the agent's transcript, for a parser to find (`turns`).
TURN = "agent_memory_turn"

# Old and new spellings of one idea, the newest first.
SESSION = ("session_id", "sessionId", "sessionID", "conversation_id", "thread-id", "thread_id")
EVENT = ("hook_event_name", "hookEventName", "event", "type")
FOLDER = ("cwd", "working_directory", "workingDirectory", "directory")
TRANSCRIPT = ("transcript_path", "transcriptPath")
TIME = ("timestamp", "time")
PROMPT = ("prompt", "user_prompt", "userPrompt", "message", "input-messages")
REPLY = ("last_assistant_message", "last-assistant-message", "prompt_response", "response", "text")
TOOL_NAME = ("tool_name", "toolName", "tool")
TOOL_INPUT = ("tool_input", "toolArgs", "tool_args", "args", "arguments", "input")
TOOL_OUTPUT = ("tool_response", "toolResult", "tool_result", "tool_output", "output", "result")
TOOL_CALL = ("tool_use_id", "toolUseId", "tool_call_id", "toolCallId", "callID", "call_id")

NAME_BYTES_MAX = 200

# How often decoding starts over behind something broken before the rest is taken as it is: each
# attempt may read to the end.
_STARTS_MAX = 16

_PAYLOADS_MAX = 10_000

_NEXT_OBJECT = re.compile(r"\n[ \t]*(?=[{\[])")
_MADE_OUT = re.compile(
    r'"(session_id|sessionId|sessionID|conversation_id|thread-id|hook_event_name|cwd|transcript_path)"'
    r'[ \t\r\n]{0,9}:[ \t\r\n]{0,9}"([^"\\\x00-\x1f]{1,400})"'
)
_decoder = json.JSONDecoder()
_SPACE = " \t\r\n\x00\ufeff"


def decoded(raw: bytes) -> list[Payload]:
    """The payloads in *raw*, in order; none only where it is blank. Never fails."""
    text = text_of(raw)
    payloads: list[Payload] = []
    at, starts = _begins(text, 0), 0
    while at < len(text):
        problem = "follows more objects than are taken from one delivery"
        if len(payloads) < _PAYLOADS_MAX:
            try:
                found, end = _decoder.raw_decode(text, at)
            except (ValueError, RecursionError) as error:
                problem = _problem(error)
            else:
                problem = "is no JSON object"
                if objects := _objects(found):
                    payloads += objects
                    at = _begins(text, end)
                    continue
        starts += 1
        following = _NEXT_OBJECT.search(text, at + 1) if starts < _STARTS_MAX else None
        end = following.end() if following else len(text)
        payloads.append(raw_payload(text[at:end].strip(_SPACE), problem))
        at = _begins(text, end)
    return payloads


def text_of(raw: bytes) -> str:
    """The text that *raw* encodes, by its byte-order mark or else in UTF-8; what is no text is replaced."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", "replace")
    return raw.decode("utf-8", "replace").removeprefix("\ufeff")


def raw_payload(text: str, problem: str) -> Payload:
    """A payload for a text that holds none, and why."""
    made_out: Payload = {}
    for name, value in _MADE_OUT.findall(text):
        made_out.setdefault(name, value)
    return {RAW: text, PROBLEM: problem, **made_out}


def _begins(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _objects(found: Any) -> list[Payload]:
    """The objects of a value; none if it holds anything else."""
    if isinstance(found, dict):
        return [found]
    return found if isinstance(found, list) and all(isinstance(item, dict) for item in found) else []


def _problem(error: ValueError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        return f"is not JSON: {error.msg} (character {error.pos + 1})"
    return f"is not JSON: {error}"


# -- fields ------------------------------------------------------------------------------------


def first(payload: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """The first of these fields that says something; None if none does."""
    for name in names:
        value = payload.get(name)
        if value is not None and value != "":
            return value
    return None


def text_at(payload: Mapping[str, Any], *names: str) -> str:
    """The first of these fields that is a text and not empty; else empty."""
    for name in names:
        value = payload.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def name_at(payload: Mapping[str, Any], *names: str) -> str:
    """`text_at` as a name of an event."""
    return as_name(text_at(payload, *names))


def as_name(text: str, *, bytes_max: int = NAME_BYTES_MAX) -> str:
    """The text in a form that ids and names may have: well-formed, without white space around it, not too long.

    A longer one ends in a digest of all of it, so that two that begin alike stay two.
    """
    text = text.strip()
    encoded = text.encode("utf-8", "replace")
    if len(encoded) > bytes_max:
        # Here because hooks, which do not ask, would pay for it.
        from hashlib import sha256

        digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        encoded = encoded[: bytes_max - 17].decode("utf-8", "ignore").encode() + f"~{digest}".encode()
    return encoded.decode("utf-8")


def unpacked(value: Any) -> Any:
    """What a text that is a JSON object or array stands for; anything else as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


# -- times -------------------------------------------------------------------------------------

_TIME_MS_MAX = (1 << 48) - 1
_SECONDS_BEFORE = 100_000_000_000
_NUMBER = re.compile(r"\d{1,16}(?:\.\d{0,12})?", re.ASCII)


def time_ms(value: Any) -> int | None:
    """Milliseconds since 1970, of RFC 3339 (UTC if no offset is given) or a number; None if it is neither.

    A number below 10^11 counts seconds: as milliseconds it would lie before 1974.
    """
    if isinstance(value, str):
        value = value.strip()
        if not _NUMBER.fullmatch(value):
            return _iso_ms(value)
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 < value <= _TIME_MS_MAX:
        return None
    return int(value * 1000 if value < _SECONDS_BEFORE else value)


def _iso_ms(text: str) -> int | None:
    # Here because a hook never asks, and would pay for it.
    from datetime import UTC, datetime, timedelta

    if not 10 <= len(text) <= 40:
        return None
    try:
        when = datetime.fromisoformat(text.upper())
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        ms = (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        return None
    return ms if ms > 0 else None


# -- whose it is -------------------------------------------------------------------------------

_NAMES = {
    "claude": "claude-code",
    "claude-code": "claude-code",
    "claudecode": "claude-code",
    "codex": "codex",
    "codex-cli": "codex",
    "gemini": "gemini",
    "gemini-cli": "gemini",
    "copilot": "copilot",
    "copilot-cli": "copilot",
    "github-copilot": "copilot",
    "opencode": "opencode",
    "cursor": "cursor",
    "cursor-agent": "cursor",
    "cursor-cli": "cursor",
    "chatgpt": "chatgpt",
    "claude-ai": "claude-ai",
    "claude.ai": "claude-ai",
}

# fmt: off
_GEMINI_EVENTS = frozenset({
    "BeforeAgent", "AfterAgent", "BeforeModel", "AfterModel", "BeforeToolSelection", "BeforeTool", "AfterTool",
    "PreCompress",
})
_CURSOR_EVENTS = frozenset({
    "beforeSubmitPrompt", "afterAgentResponse", "afterAgentThought", "beforeShellExecution", "afterShellExecution",
    "beforeMCPExecution", "afterMCPExecution", "beforeReadFile", "afterFileEdit", "beforeTabFileRead",
    "afterTabFileEdit",
})
# fmt: on
_FOLDERS = ((".codex", "codex"), (".claude", "claude-code"), (".gemini", "gemini"), (".copilot", "copilot"))


def agent_named(word: str) -> str:
    """The value of the `Agent` that a person or a payload calls *word*; empty if nobody is called so."""
    return _NAMES.get(word.strip().lower().replace("_", "-").replace(" ", "-"), "")


def agent_told(word: str, payload: Mapping[str, Any]) -> str:
    """The value of the `Agent` whose hook was called as that of *word* and handed the payload; empty if nobody knows.

    Cursor calls the hooks of Claude Code as well as its own, and would be heard as two agents.
    """
    return "cursor" if "cursor_version" in payload else agent_named(word) or agent_of(payload)


def agent_of(payload: Mapping[str, Any]) -> str:
    """The value of the `Agent` whose payload this is, told from its shape; empty if it could be anyone's."""
    if named := agent_named(text_at(payload, "agent")):
        return named
    event = text_at(payload, *EVENT)
    if event in _GEMINI_EVENTS:
        return "gemini"
    if event in _CURSOR_EVENTS or "cursor_version" in payload or "generation_id" in payload:
        return "cursor"
    if event == "agent-turn-complete" or "thread-id" in payload or "turn_id" in payload:
        return "codex"
    if "." in event or "callID" in payload or "sessionID" in payload or "properties" in payload:
        return "opencode"
    steps = text_at(payload, *TRANSCRIPT).replace("\\", "/").split("/")
    for folder, agent in _FOLDERS:
        if folder in steps:
            return agent
    if "toolName" in payload or "sessionId" in payload or "transcriptPath" in payload:
        return "copilot"
    if "permission_mode" in payload or "prompt_id" in payload:
        return "claude-code"
    if "timestamp" in payload and event:
        return "gemini" if "transcript_path" in payload else "copilot"
    return "claude-code" if "transcript_path" in payload else ""
