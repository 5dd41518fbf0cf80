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

from agent_memory.capture.agents.common import folder_of, kept_as_other, session_of, time_of
from agent_memory.capture.captures import Setting, call, failure, mark, result, words
from agent_memory.capture.model import Agent, Captured
from agent_memory.capture.payloads import EVENT, as_name, text_at, time_ms
from agent_memory.events import Kind

STEPS = ("session.updated", "session.idle", "session.status", "session.diff", "message.updated", "session.compacted")
"""Bus events that tell nothing which another does not."""

# Parts that are no one's words, and why nothing is made of them.
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


def parse(payload: Mapping[str, Any], received_ms: int, cwd: str) -> list[Captured]:
    """What a payload of our plugin tells."""
    event = text_at(payload, *EVENT)
    inputs, outputs, properties = (_object(payload.get(name)) for name in ("input", "output", "properties"))
    setting = _setting(payload, received_ms, cwd)
    match event:
        case "chat.message":
            message = _object(outputs.get("message"))
            parts = outputs.get("parts")
            return [
                captured
                for part in (parts if isinstance(parts, list) else [])
                if isinstance(part, Mapping)
                for captured in told_by_part(part, {"role": "user", **message}, setting)
            ]
        case "message.part.updated" if isinstance(part := properties.get("part"), Mapping):
            message = _object(payload.get("message"))
            if part.get("type") == "text" and (message.get("role") == "user" or not _ended(part)):
                return []  # `chat.message` tells what the user said; the rest is still being written.
            return told_by_part(part, message, setting)
        case "tool.execute.before":
            name, call_id = text_at(inputs, "tool"), text_at(inputs, "callID")
            return call(name, outputs.get("args"), setting, call_id=call_id, key=_key("call", call_id))
        case "tool.execute.after":
            return _executed(inputs, outputs, setting)
        case "session.created" if isinstance(info := properties.get("info"), Mapping):
            return [started(info, setting)]
        case _ if event in STEPS:
            return []
        case _:
            return [kept_as_other(Agent.OPENCODE, payload, received_ms, cwd, session=setting.session)]


def session_named(session: str, parents: list[str]) -> str:
    """The session's name among our own: a sub-agent's is below that of whoever called it."""
    return "/".join([*parents, session])


def started(info: Mapping[str, Any], setting: Setting) -> Captured:
    """A session began, or a sub-agent did."""
    kind = Kind.SUBAGENT_START if "parent_session" in setting.known else Kind.SESSION_START
    setting = setting.with_known(title=info.get("title"), version=info.get("version"))
    return mark(kind, setting.at(created_ms(info)), key="start")


def told_by_part(part: Mapping[str, Any], message: Mapping[str, Any], setting: Setting) -> list[Captured]:
    """What one part of a message tells; nothing if it is not done yet, or of `UNTOLD`."""
    setting = _of_message(message, setting)
    if part.get("type") == "tool":
        return _told_by_tool(part, setting)
    text = part.get("text")
    if part.get("type") != "text" or not isinstance(text, str) or part.get("synthetic") or part.get("ignored"):
        return []
    kind = Kind.USER_MESSAGE if message.get("role") == "user" else Kind.ASSISTANT_MESSAGE
    if message.get("summary") is True:
        kind = Kind.COMPACTION
    times = _object(part.get("time"))
    setting = setting.at(time_ms(times.get("start")))
    return words(kind, text, setting, delivery=text_at(part, "id") or text_at(message, "id"))


def created_ms(info: Mapping[str, Any]) -> int | None:
    """When a session or message was made, by itself."""
    return time_ms(_object(info.get("time")).get("created"))


def _told_by_tool(part: Mapping[str, Any], setting: Setting) -> list[Captured]:
    name, call_id = text_at(part, "tool"), text_at(part, "callID", "callId")
    state = _object(part.get("state"))
    status, times = state.get("status"), _object(state.get("time"))
    if status == "pending":
        return []  # Its input is still being written.
    began, ended = setting.at(time_ms(times.get("start"))), setting.at(time_ms(times.get("end")))
    told = call(name, state.get("input"), began, call_id=call_id, key=_key("call", call_id))
    if not told:
        return []
    ended = ended.with_known(title=state.get("title"), **_outcome(_object(state.get("metadata"))))
    call_id, key = told[0].tool_call_id, _key("result", call_id)
    if status == "error":
        told.append(failure(name, state.get("error"), ended, call_id=call_id, key=key))
    elif status == "completed":
        told.append(result(name, state.get("output"), ended, call_id=call_id, key=key))
    return told


def _executed(inputs: Mapping[str, Any], outputs: Mapping[str, Any], setting: Setting) -> list[Captured]:
    name, call_id = text_at(inputs, "tool"), text_at(inputs, "callID")
    told = call(name, inputs.get("args"), setting.before(), call_id=call_id, key=_key("call", call_id))
    if told:
        ended = setting.with_known(title=outputs.get("title"), **_outcome(_object(outputs.get("metadata"))))
        call_id = told[0].tool_call_id
        told.append(result(name, outputs.get("output"), ended, call_id=call_id, key=_key("result", call_id)))
    return told


def _outcome(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {"exit_code": metadata.get("exit"), "child_session": metadata.get("sessionId")}


def _setting(payload: Mapping[str, Any], received_ms: int, cwd: str) -> Setting:
    found = payload.get("parents")
    parents = [as_name(name) for name in found if isinstance(name, str)] if isinstance(found, list) else []
    session = session_of(Agent.OPENCODE, payload, cwd)
    info = _object(_object(payload.get("properties")).get("info"))
    if not parents and (parent := text_at(info, "parentID")):
        parents = [as_name(parent)]
    known: dict[str, Any] = {"parent_session": "/".join(parents)} if parents else {}
    return Setting(
        session=session_named(session, parents),
        time_ms=time_of(payload, received_ms),
        folder=text_at(info, "directory") or folder_of(payload, cwd),
        known=known,
    )


def _of_message(message: Mapping[str, Any], setting: Setting) -> Setting:
    """The setting with what a message's `info` says of all its parts."""
    model = _object(message.get("model"))
    known = {
        "model": text_at(message, "modelID") or text_at(model, "modelID"),
        "mode": text_at(message, "agent", "mode"),
        "message_id": text_at(message, "id"),
    }
    speaker = ""
    if "parent_session" in setting.known and message.get("role") != "user":
        speaker = as_name(text_at(message, "agent", "mode"))
    changed = Setting(
        session=setting.session,
        time_ms=setting.time_ms,
        folder=text_at(_object(message.get("path")), "cwd") or setting.folder,
        speaker=speaker or setting.speaker,
        known={**setting.known, **known},
    )
    return changed.at(created_ms(message))


def _ended(part: Mapping[str, Any]) -> bool:
    return bool(_object(part.get("time")).get("end"))


def _key(what: str, call_id: str) -> str:
    return f"{what}/{as_name(call_id)}" if call_id else ""


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
