"""What payloads of Claude Code's shape tell; Codex and others took the shape over.

Each function makes of a payload and its `Frame` what the event tells; None if only the raw payload does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from agent_memory.capture.agents.common import Frame
from agent_memory.capture.model import Captured
from agent_memory.capture.payloads import (
    FOLDER,
    REPLY,
    SESSION,
    TOOL_CALL,
    TOOL_INPUT,
    TOOL_NAME,
    TOOL_OUTPUT,
    TRANSCRIPT,
    as_name,
    first,
    name_at,
    text_at,
)
from agent_memory.capture.rendering import content_text, error_text, exit_code_of, without
from agent_memory.events import Kind

Fields = Mapping[str, Any]

# What says nothing by itself, or is told in another way.
TAKEN = frozenset(
    {*SESSION, *FOLDER, *TRANSCRIPT, "hook_event_name", "prompt_id", "turn_id", "permission_mode", "effort"}
    | {"agent_id", "agent_type", "agent_transcript_path", "stop_hook_active", "timestamp", "model"}
)
_TOOL_FIELDS = frozenset({*TOOL_NAME, *TOOL_INPUT, *TOOL_OUTPUT, *TOOL_CALL, "duration_ms", "error", "is_interrupt"})


# How a session begins only once.
_ONCE = frozenset({"startup", "clear", "fork"})


def session_start(frame: Frame, payload: Fields) -> list[Captured]:
    """A session begins, or is taken up again; within one prompt it may do both."""
    source = text_at(payload, "source")
    if source in _ONCE:
        frame = msgspec.structs.replace(frame, delivery=source)
    elif frame.delivery and source:
        frame = msgspec.structs.replace(frame, delivery=f"{frame.delivery}/{as_name(source)}")
    return [marked(frame, Kind.SESSION_START, payload, "source", "session_title", "agent_type")]


def session_end(frame: Frame, payload: Fields) -> list[Captured]:
    """A session ends."""
    return [marked(frame, Kind.SESSION_END, payload, "reason")]


def subagent_start(frame: Frame, payload: Fields) -> list[Captured]:
    """A sub-agent begins."""
    return [marked(frame, Kind.SUBAGENT_START, payload, "agent_type")]


def marked(frame: Frame, kind: Kind, payload: Fields, *known: str, text: str = "", leave: str = "") -> Captured:
    """An event with its *known* fields by their names, and the others as they came, but for *leave*."""
    fields = {name: payload.get(name) for name in known}
    return frame.captured(kind, text, known=fields, unknown=unknown_of(payload, *known, leave))


def pre_tool(frame: Frame, payload: Fields) -> list[Captured]:
    """A tool's call, before it runs."""
    name, call_id = _tool(payload)
    return [frame.call(name, call_id, first(payload, TOOL_INPUT), known={"mcp_server": _server(payload)})]


def post_tool(frame: Frame, payload: Fields) -> list[Captured]:
    """A tool's call, and what it gave back or how it failed."""
    name, call_id = _tool(payload)
    output = first(payload, TOOL_OUTPUT)
    failed = output is None and payload.get("error") is not None
    duration = payload.get("duration_ms")
    known = {
        "duration_ms": duration,
        "exit_code": exit_code_of(output),
        "error": failed or None,
        "interrupted": payload.get("is_interrupt") or None,
        "mcp_server": _server(payload),
    }
    began = frame.time_ms
    if began is not None and isinstance(duration, int) and 0 < duration < began:
        began -= duration
    return [
        frame.call(name, call_id, first(payload, TOOL_INPUT), time_ms=began, known={"mcp_server": _server(payload)}),
        frame.result(
            name,
            call_id,
            error_text(payload["error"]) if failed else output,
            known=known,
            unknown=without(unknown_of(payload, "mcp_server"), _TOOL_FIELDS),
        ),
    ]


def tool_batch(frame: Frame, payload: Fields) -> list[Captured] | None:
    """Calls that ran side by side."""
    calls = payload.get("tool_calls")
    if not isinstance(calls, list):
        return None
    told: list[Captured] = []
    for call in calls:
        if isinstance(call, Mapping):
            done = first(call, TOOL_OUTPUT) is not None or call.get("error") is not None
            told += post_tool(frame, call) if done else pre_tool(frame, call)
    return told or None


def _tool(payload: Fields) -> tuple[str, str]:
    return name_at(payload, *TOOL_NAME), name_at(payload, *TOOL_CALL)


def _server(payload: Fields) -> Any:
    return payload.get("mcp_server")


def stop(frame: Frame, payload: Fields) -> list[Captured]:
    """The reply that ends a turn."""
    text = content_text(first(payload, REPLY))
    if not text.strip():
        return []  # The end of a turn, of which only the transcript knows what was said.
    return [marked(frame, Kind.ASSISTANT_MESSAGE, payload, text=text, leave=name_of(payload, REPLY))]


def subagent_stop(frame: Frame, payload: Fields) -> list[Captured]:
    """A sub-agent's reply, and its end."""
    end = frame.captured(Kind.SUBAGENT_STOP, known={"agent_type": payload.get("agent_type")})
    return [*stop(frame, payload), end]


def stop_failure(frame: Frame, payload: Fields) -> list[Captured] | None:
    """Why a turn broke off."""
    text = text_at(payload, "last_assistant_message") or error_text(payload.get("error"))
    if not text.strip():
        return None
    return [marked(frame, Kind.OTHER, payload, "error", "error_details", text=text, leave="last_assistant_message")]


def pre_compact(frame: Frame, payload: Fields) -> list[Captured]:
    """A conversation is about to be compacted."""
    return [marked(frame, Kind.COMPACTION, payload, "trigger", "custom_instructions")]


def post_compact(frame: Frame, payload: Fields) -> list[Captured]:
    """What is left of a conversation that was compacted."""
    summary = text_at(payload, "compact_summary", "summary")
    return [
        marked(frame, Kind.COMPACTION, payload, "trigger", text=compaction_summary(summary), leave="compact_summary")
    ]


def notification(frame: Frame, payload: Fields) -> list[Captured] | None:
    """What the program tells its user."""
    text = text_at(payload, "message")
    if not text.strip():
        return None
    return [marked(frame, Kind.OTHER, payload, "title", "notification_type", text=text, leave="message")]


def raw(frame: Frame, payload: Fields) -> None:
    """Kept whole: no one's words, and nothing that a conversation consists of."""


def unknown_of(payload: Fields, *names: str) -> dict[str, Any]:
    """The fields that say something and are neither taken care of nor among *names*."""
    found = without(payload, TAKEN.union(names))
    return {name: value for name, value in found.items() if value not in (None, "", [], {}, False)}


def name_of(payload: Fields, names: tuple[str, ...]) -> str:
    """The first of *names* that the payload has; empty if none."""
    return next((name for name in names if payload.get(name) not in (None, "")), "")


def compaction_summary(text: str) -> str:
    """The summary that a compaction leaves, without what stands around it for the model that reads on."""
    if (summary := tagged(text, "summary")).strip():
        return summary.strip()
    if text.lstrip().startswith("This session is being continued from a previous conversation"):
        head, _, rest = text.partition("Summary:\n")
        text = rest if rest and len(head) < 2_000 else text.partition("\n\n")[2] or text
        for ending in _ENDINGS:
            at = text.rfind(ending)
            if at > 0 and len(text) - at < 2_000:
                text = text[:at]
    return text.strip().removeprefix("Summary:\n").strip()


_ENDINGS = (
    "\nIf you need specific details from before compaction",
    "\nPlease continue the conversation from where we left it off",
    "\nContinue the conversation from where it left off",
)


def tagged(text: str, tag: str) -> str:
    """What stands between the first tags of that name; empty if nothing does."""
    start = text.find(f"<{tag}>")
    if start < 0:
        return ""
    start += len(tag) + 2
    end = text.find(f"</{tag}>", start)
    return text[start : end if end >= 0 else len(text)]
