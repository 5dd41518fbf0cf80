"""The hooks of Gemini CLI.

    SessionStart · SessionEnd                     session_start · session_end
    BeforeAgent                                   user_message
    AfterAgent                                    assistant_message, one for each reply of the turn
    AfterTool                                     tool_call, tool_result
    BeforeTool                                    nothing: it has no id by which `AfterTool` could be known again
    PreCompress                                   compaction
    Notification                                  other, with its message for a text
    BeforeModel · AfterModel · BeforeToolSelection   nothing: the conversation so far, with each chunk of a reply
    whatever is new                               other, with the raw payload

`AfterAgent` hands over all replies of a turn as one text, its chat file has them one by one. So `parse`
looks for the turn's messages in the payload under `TURN`, where the daemon puts them (`turns`); it
takes them if they say the same. Without them the turn is one reply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from agent_memory.capture.agents import by_words
from agent_memory.capture.agents.by_words import before, object_of, said
from agent_memory.capture.agents.common import Frame, delivery_at, folder_of, kept_as_other, session_of, time_of
from agent_memory.capture.model import Agent, Captured
from agent_memory.capture.payloads import (
    EVENT,
    FOLDER,
    SESSION,
    TIME,
    TOOL_INPUT,
    TOOL_NAME,
    TOOL_OUTPUT,
    TRANSCRIPT,
    TURN,
    first,
    name_at,
    text_at,
    time_ms,
)
from agent_memory.capture.rendering import without
from agent_memory.events import Kind

__all__ = ["EVENTS", "parse", "parts_text", "turn_in"]

Fields = Mapping[str, Any]

_AGENT = Agent.GEMINI
_TAKEN = frozenset({*EVENT, *FOLDER, *SESSION, *TIME, *TRANSCRIPT, TURN, "stop_hook_active"})
_TOOL = frozenset({*TOOL_NAME, *TOOL_INPUT, *TOOL_OUTPUT})
_NO_REPLY = "[no response text]"


def parse(payload: Fields, received_ms: int, cwd: str) -> list[Captured]:
    """What the payload of a hook of Gemini CLI tells, in order."""
    event = text_at(payload, *EVENT)
    frame = Frame(
        session=session_of(_AGENT, payload, cwd),
        time_ms=time_of(payload, received_ms),
        folder=folder_of(payload, cwd),
        delivery=delivery_at(payload),
        metadata={"event": event},
    )
    tells = EVENTS.get(event)
    told = tells(frame, payload) if tells else None
    return [kept_as_other(_AGENT, payload, received_ms, cwd, session=frame.session)] if told is None else told


def _nothing(frame: Frame, payload: Fields) -> list[Captured]:
    return []


def _marked(kind: Kind, *names: str) -> Callable[[Frame, Fields], list[Captured]]:
    def tells(frame: Frame, payload: Fields) -> list[Captured]:
        known = {name: payload.get(name) for name in names}
        return [frame.captured(kind, known=known, unknown=without(payload, _TAKEN.union(names)))]

    return tells


def _prompt(frame: Frame, payload: Fields) -> list[Captured] | None:
    text = parts_text(payload.get("prompt"))
    return said(frame, Kind.USER_MESSAGE, text, unknown=without(payload, _TAKEN | {"prompt"})) or None


def _reply(frame: Frame, payload: Fields) -> list[Captured]:
    text = text_at(payload, "prompt_response", "response", "last_assistant_message")
    if text.strip() == _NO_REPLY:
        return []
    found = payload.get(TURN)
    replies = [object_of(item) for item in found] if isinstance(found, list) else []
    if replies and _same_words([parts_text(item.get("content")) for item in replies], text):
        return [
            captured
            for item in replies
            for captured in said(
                msgspec.structs.replace(frame, delivery=name_at(item, "id") or frame.delivery),
                Kind.ASSISTANT_MESSAGE,
                parts_text(item.get("content")),
                time_ms=time_ms(item.get("timestamp")),
                known={"model": item.get("model")},
            )
        ]
    return said(frame, Kind.ASSISTANT_MESSAGE, text)


def _tool(frame: Frame, payload: Fields) -> list[Captured]:
    name, given, output = name_at(payload, *TOOL_NAME), first(payload, TOOL_INPUT), first(payload, TOOL_OUTPUT)
    known = {"mcp_server": object_of(payload.get("mcp_context")).get("server_name")}
    failed = object_of(output).get("error") is not None
    return [
        by_words.call(frame, name, given, time_ms=before(frame.time_ms), known=known),
        by_words.result(
            frame,
            name,
            given,
            output,
            known={**known, "error": failed or None},
            unknown=without(payload, _TAKEN | _TOOL | {"mcp_context"}),
        ),
    ]


def _notification(frame: Frame, payload: Fields) -> list[Captured] | None:
    unknown = without(payload, _TAKEN | {"message", "notification_type"})
    known = {"notification_type": payload.get("notification_type")}
    return said(frame, Kind.OTHER, text_at(payload, "message"), known=known, unknown=unknown) or None


EVENTS: dict[str, Callable[[Frame, Fields], list[Captured] | None]] = {
    "SessionStart": _marked(Kind.SESSION_START, "source"),
    "SessionEnd": _marked(Kind.SESSION_END, "reason"),
    "BeforeAgent": _prompt,
    "AfterAgent": _reply,
    "BeforeTool": _nothing,
    "AfterTool": _tool,
    "PreCompress": _marked(Kind.COMPACTION, "trigger"),
    "Notification": _notification,
    "BeforeModel": _nothing,
    "AfterModel": _nothing,
    "BeforeToolSelection": _nothing,
}
"""Every event by its name."""


def parts_text(content: Any) -> str:
    """The words of a message, as Gemini joins them; without what hooks added to it for the model."""
    parts = content if isinstance(content, list) else [content]
    texts = [part if isinstance(part, str) else object_of(part).get("text") for part in parts]
    return "".join(_without_context(text) for text in texts if isinstance(text, str))


def turn_in(messages: list[Fields], payload: Fields) -> list[Fields]:
    """The replies of the turn that *payload* (of `AfterAgent`) ended, among the messages of its chat file."""
    ended = time_ms(first(payload, TIME))
    asked = "".join(parts_text(payload.get("prompt")).split())
    latest: dict[str, Fields] = {}
    for number, message in enumerate(messages):
        at = time_ms(message.get("timestamp"))
        if ended is None or at is None or at <= ended:
            latest[name_at(message, "id") or f"#{number}"] = message
    turn: list[Fields] = []
    for message in latest.values():
        text = parts_text(message.get("content"))
        if message.get("type") == "user" and "".join(text.split()) == asked:
            turn = []
        elif message.get("type") == "gemini" and text.strip():
            turn.append(message)
    return turn


_CONTEXT, _CONTEXT_END = "<hook_context>", "</hook_context>"


def _without_context(text: str) -> str:
    """What hooks gave back stands in a part, or at the end of a text, of its own."""
    if text.rstrip().endswith(_CONTEXT_END) and (at := text.rfind(_CONTEXT)) >= 0:
        return text[:at].rstrip()
    return text


def _same_words(texts: list[str], text: str) -> bool:
    return "".join("".join(texts).split()) == "".join(text.split())
