"""OpenCode has no hooks that are commands: our plugin hands over what its own hooks were given.

The plugin starts `agent-memory-hook opencode` without waiting for it and writes one JSON object to it:

    {
      "hook_event_name": "chat.message",          a plugin hook's name, or a bus event's type
      "session_id": "ses_…",                      the session of what happened
      "parents": ["ses_root", …],                 for a sub-agent: the sessions above it, outermost first
      "cwd": "/repo", "timestamp": 1730000001000, the plugin's `directory` and `Date.now()`
      "message": {…},                             the `info` of the message that a part belongs to, if seen
      "input": {…}, "output": {…},                of a plugin hook: what it was given, as it is
      "properties": {…}                           of a bus event: its properties, as they are
    }

What it hands over, and nothing else:

    chat.message           always: what the user said (`output.message`, `output.parts`)
    tool.execute.after     always: `input` {tool, sessionID, callID, args}, `output` {title, output, metadata}
    message.part.updated   a text part once it has `time.end`; a tool part whose `state.status` is `error`
    session.created        always (`properties.info` has `parentID` and `directory`)
    session.error          always

`message` is what the plugin remembers of the last `message.updated` with that id; by it a summary is
told from a reply. A tool that fails does not come to `tool.execute.after`, so its part tells of it.
`tool.execute.before` and every other part are understood as well, and cost an agent's time for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from agent_memory.capture.agents.by_words import before, object_of, said
from agent_memory.capture.agents.common import Frame, folder_of, kept_as_other, session_of, time_of
from agent_memory.capture.model import Agent, Captured
from agent_memory.capture.payloads import EVENT, as_name, text_at, time_ms
from agent_memory.capture.rendering import error_text
from agent_memory.events import Kind

# Bus events that tell nothing which another does not.
_STEPS = frozenset(
    ("session.updated", "session.idle", "session.status", "session.diff", "session.compacted", "message.updated")
)

UNTOLD = {
    "reasoning": "reasoning",
    "step-start": "bookkeeping of a step",
    "step-finish": "bookkeeping of a step",
    "snapshot": "bookkeeping of files",
    "patch": "bookkeeping of files",
    "file": "an attachment",
    "agent": "a mention of an agent",
    "retry": "a request that was tried again",
    "compaction": "a request to compact",
    "subtask": "a task for a sub-agent, told by its tool call",
}
"""Parts that are no one's words by their type, and why nothing is made of them."""


def parse(payload: Mapping[str, Any], received_ms: int, cwd: str) -> list[Captured]:
    """What a payload of our plugin tells."""
    event = text_at(payload, *EVENT)
    inputs, outputs, properties = (object_of(payload.get(name)) for name in ("input", "output", "properties"))
    frame = _frame(payload, received_ms, cwd)
    match event:
        case "chat.message":
            prompt = {"role": "user", **object_of(outputs.get("message"))}
            parts = outputs.get("parts")
            return [
                captured
                for part in (parts if isinstance(parts, list) else [])
                for captured in told_by_part(object_of(part), prompt, frame)
            ]
        case "message.part.updated" if isinstance(part := properties.get("part"), Mapping):
            message = object_of(payload.get("message"))
            if part.get("type") == "text" and (message.get("role") == "user" or not _ended(part)):
                return []  # `chat.message` tells what the user said; the rest is still being written.
            return told_by_part(part, message, frame)
        case "tool.execute.before":
            return [frame.call(text_at(inputs, "tool"), text_at(inputs, "callID"), outputs.get("args"))]
        case "tool.execute.after":
            return _executed(inputs, outputs, frame)
        case "session.created" if isinstance(info := properties.get("info"), Mapping):
            return [started(info, frame)]
        case _ if event in _STEPS:
            return []
        case _:
            return [kept_as_other(Agent.OPENCODE, payload, received_ms, cwd, session=frame.session)]


def frame_of(session: str, parents: list[str], *, time_ms: int | None, folder: str) -> Frame:
    """The frame of a session; a sub-agent's is below that of whoever called it."""
    return Frame(
        session="/".join([*parents, session]),
        time_ms=time_ms,
        folder=folder,
        metadata={"parent_session": "/".join(parents)},
    )


def started(info: Mapping[str, Any], frame: Frame) -> Captured:
    """A session began, or a sub-agent did."""
    kind = Kind.SUBAGENT_START if frame.metadata.get("parent_session") else Kind.SESSION_START
    known = {"title": info.get("title"), "version": info.get("version")}
    frame = msgspec.structs.replace(frame, delivery=as_name(text_at(info, "id")))
    return frame.captured(kind, time_ms=created_ms(info), known=known)


def told_by_part(part: Mapping[str, Any], message: Mapping[str, Any], frame: Frame) -> list[Captured]:
    """What one part of a message tells; nothing if it is not done yet, or of `UNTOLD`."""
    frame = _of_message(message, frame)
    if part.get("type") == "tool":
        return _told_by_tool(part, frame)
    text = part.get("text")
    if part.get("type") != "text" or not isinstance(text, str) or part.get("synthetic") or part.get("ignored"):
        return []
    kind = Kind.USER_MESSAGE if message.get("role") == "user" else Kind.ASSISTANT_MESSAGE
    if message.get("summary") is True:
        kind = Kind.COMPACTION
    frame = msgspec.structs.replace(frame, delivery=as_name(text_at(part, "id") or text_at(message, "id")))
    return said(frame, kind, text, time_ms=time_ms(object_of(part.get("time")).get("start")))


def created_ms(info: Mapping[str, Any]) -> int | None:
    """When a session or message was made, by itself."""
    return time_ms(object_of(info.get("time")).get("created"))


def _told_by_tool(part: Mapping[str, Any], frame: Frame) -> list[Captured]:
    name, call_id = text_at(part, "tool"), text_at(part, "callID", "callId")
    state = object_of(part.get("state"))
    status, times = state.get("status"), object_of(state.get("time"))
    if status == "pending":
        return []  # Its input is still being written.
    told = [frame.call(name, call_id, state.get("input"), time_ms=time_ms(times.get("start")))]
    if status in ("completed", "error"):
        failed = status == "error"
        output = error_text(state.get("error")) if failed else state.get("output")
        ended = msgspec.structs.replace(frame, time_ms=time_ms(times.get("end")) or frame.time_ms)
        told.append(ended.result(name, call_id, output, known=_outcome(state, failed=failed)))
    return told


def _executed(inputs: Mapping[str, Any], outputs: Mapping[str, Any], frame: Frame) -> list[Captured]:
    name, call_id = text_at(inputs, "tool"), text_at(inputs, "callID")
    return [
        frame.call(name, call_id, inputs.get("args"), time_ms=before(frame.time_ms)),
        frame.result(name, call_id, outputs.get("output"), known=_outcome(outputs)),
    ]


def _outcome(state: Mapping[str, Any], *, failed: bool = False) -> dict[str, Any]:
    metadata = object_of(state.get("metadata"))
    return {
        "title": state.get("title"),
        "exit_code": metadata.get("exit"),
        "child_session": metadata.get("sessionId"),
        "error": failed or None,
    }


def _frame(payload: Mapping[str, Any], received_ms: int, cwd: str) -> Frame:
    found = payload.get("parents")
    parents = [as_name(name) for name in found if isinstance(name, str)] if isinstance(found, list) else []
    info = object_of(object_of(payload.get("properties")).get("info"))
    if not parents and (parent := text_at(info, "parentID")):
        parents = [as_name(parent)]
    return frame_of(
        session_of(Agent.OPENCODE, payload, cwd),
        parents,
        time_ms=time_of(payload, received_ms),
        folder=text_at(info, "directory") or folder_of(payload, cwd),
    )


def _of_message(message: Mapping[str, Any], frame: Frame) -> Frame:
    """The frame with what a message's `info` says of all its parts."""
    model = object_of(message.get("model"))
    mode = text_at(message, "agent", "mode")
    known = {
        "model": text_at(message, "modelID") or text_at(model, "modelID"),
        "mode": mode,
        "message_id": text_at(message, "id"),
    }
    return msgspec.structs.replace(
        frame,
        time_ms=created_ms(message) or frame.time_ms,
        folder=text_at(object_of(message.get("path")), "cwd") or frame.folder,
        speaker=as_name(mode) if frame.metadata.get("parent_session") else frame.speaker,
        metadata={**frame.metadata, **known},
    )


def _ended(part: Mapping[str, Any]) -> bool:
    return bool(object_of(part.get("time")).get("end"))
