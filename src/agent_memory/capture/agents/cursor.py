"""The hooks of Cursor, of its editor and its command line.

    sessionStart · sessionEnd            session_start · session_end
    beforeSubmitPrompt                   user_message
    afterAgentResponse                   assistant_message
    preToolUse                           tool_call
    postToolUse · postToolUseFailure     tool_call, tool_result
    afterShellExecution                  tool_call, tool_result of the tool `Shell`, and
    afterMCPExecution · afterFileEdit    likewise: from versions that have no `postToolUse`
    subagentStart · subagentStop         subagent_start · subagent_stop, with what the sub-agent found
    preCompact                           compaction
    stop                                 assistant_message, where it has the reply; it is the same as the one before
    what is asked before                 nothing: thoughts, permissions, files that are read or completed
    whatever is new                      other, with the raw payload

Names of events may also be those of Claude Code, whose hooks Cursor can run. There are no times.

Register `postToolUse` or the three before it, not both: those have no id of the call, so one call
would be two. Its transcript has no ids either, so calls are told apart by their words (`by_words`); a result
is known by its id, which is in its hooks and its stores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

import msgspec

from agent_memory.capture.agents import by_words
from agent_memory.capture.agents.by_words import before, said
from agent_memory.capture.agents.common import Frame, folder_of, kept_as_other, of_subagent, session_of, time_of
from agent_memory.capture.model import Agent, Captured
from agent_memory.capture.payloads import (
    EVENT,
    FOLDER,
    SESSION,
    TIME,
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

__all__ = ["EVENTS", "called", "parse", "query_in"]

Fields = Mapping[str, Any]

_AGENT = Agent.CURSOR
_ERROR = ("error_message", "error")
_SERVER = ("mcp_server", "server_name", "server", "command", "url")
_TAKEN = frozenset({*EVENT, *FOLDER, *SESSION, *TIME, *TRANSCRIPT, "parent_conversation_id", "workspace_roots"})
_TAKEN |= {"generation_id", "cursor_version", "user_email", "model", "agent_transcript_path"}
_TOOL = frozenset({*TOOL_NAME, *TOOL_INPUT, *TOOL_OUTPUT, *TOOL_CALL, *_ERROR, "duration", "result_json"})


def parse(payload: Fields, received_ms: int, cwd: str) -> list[Captured]:
    """What the payload of a hook of Cursor tells, in order."""
    named = text_at(payload, *EVENT)
    event = _OTHER_NAMES.get(named, named)
    frame = _frame(event, payload, received_ms, cwd)
    tells = EVENTS.get(event)
    told = tells(frame, payload) if tells else None
    return [kept_as_other(_AGENT, payload, received_ms, cwd, session=frame.session)] if told is None else told


_OTHER_NAMES = {
    "SessionStart": "sessionStart",
    "SessionEnd": "sessionEnd",
    "UserPromptSubmit": "beforeSubmitPrompt",
    "PreToolUse": "preToolUse",
    "PostToolUse": "postToolUse",
    "PostToolUseFailure": "postToolUseFailure",
    "SubagentStart": "subagentStart",
    "SubagentStop": "subagentStop",
    "PreCompact": "preCompact",
    "Stop": "stop",
}


def _frame(event: str, payload: Fields, received_ms: int, cwd: str) -> Frame:
    session = name_at(payload, "conversation_id") or session_of(_AGENT, payload, cwd)
    roots = payload.get("workspace_roots")
    root = roots[0] if isinstance(roots, list) and roots and isinstance(roots[0], str) else ""
    parent = name_at(payload, "parent_conversation_id")
    within = bool(parent) and parent != session and event not in ("subagentStart", "subagentStop")
    return Frame(
        session=of_subagent(parent, session) if within else session,
        time_ms=time_of(payload, received_ms),
        folder=root or folder_of(payload, cwd),
        delivery=name_at(payload, "generation_id"),
        metadata={
            "event": event,
            "model": payload.get("model"),
            "generation_id": payload.get("generation_id"),
            "cursor_version": payload.get("cursor_version"),
            "agent_id": session if within else "",
            "parent_session": parent if within else "",
        },
    )


# -- what each event tells; None if only its raw payload does ---------------------------------------


def _nothing(frame: Frame, payload: Fields) -> list[Captured]:
    return []


def _marked(kind: Kind, *names: str) -> Callable[[Frame, Fields], list[Captured]]:
    def tells(frame: Frame, payload: Fields) -> list[Captured]:
        known = {name: payload.get(name) for name in names}
        return [frame.captured(kind, known=known, unknown=without(payload, _TAKEN.union(names)))]

    return tells


def _words(kind: Kind, *names: str) -> Callable[[Frame, Fields], list[Captured] | None]:
    def tells(frame: Frame, payload: Fields) -> list[Captured] | None:
        text = content_text(first(payload, names))
        return said(frame, kind, text, unknown=without(payload, _TAKEN.union(names))) or None

    return tells


def _words_if_any(kind: Kind, *names: str) -> Callable[[Frame, Fields], list[Captured]]:
    def tells(frame: Frame, payload: Fields) -> list[Captured]:
        return said(frame, kind, content_text(first(payload, names)))

    return tells


def _tool(frame: Frame, payload: Fields) -> list[Captured]:
    call_id = name_at(payload, *TOOL_CALL)
    frame = msgspec.structs.replace(frame, delivery=call_id)
    name, given = name_at(payload, *TOOL_NAME), first(payload, TOOL_INPUT)
    output = payload.get("result_json") if "result_json" in payload else first(payload, TOOL_OUTPUT)
    error = first(payload, _ERROR)
    duration = payload.get("duration")
    # Of the server of an MCP tool it tells the name, or how it is started.
    server = first(payload, _SERVER)
    known = {
        "call_id": call_id,
        "mcp_server": server,
        "duration_ms": duration,
        "exit_code": exit_code_of(output),
        "error": error is not None or None,
    }
    unknown = without(payload, _TAKEN | _TOOL)
    given_back = error_text(error) if output is None and error is not None else output
    call = by_words.call(
        frame, name, given, time_ms=before(frame.time_ms, duration), known={"call_id": call_id, "mcp_server": server}
    )
    return [call, called(frame, name, given, given_back, call_id=call_id, known=known, unknown=unknown)]


def called(frame: Frame, name: str, given: Any, output: Any, *, call_id: str, **more: Any) -> Captured:
    """The result of a call: known by the call's id where there is one, else by its words."""
    told = by_words.result(frame, name, given, output, **more)
    return msgspec.structs.replace(told, key=f"result/{as_name(call_id)}") if call_id else told


def _pre_tool(frame: Frame, payload: Fields) -> list[Captured]:
    call_id = name_at(payload, *TOOL_CALL)
    frame = msgspec.structs.replace(frame, delivery=call_id)
    name, given = name_at(payload, *TOOL_NAME), first(payload, TOOL_INPUT)
    # Without an id nobody could tell that `postToolUse` speaks of the same call.
    return [by_words.call(frame, name, given, known={"call_id": call_id})] if call_id else []


def _shell(frame: Frame, payload: Fields) -> list[Captured]:
    output = payload.get("output")
    given = {"command": payload.get("command")}
    return _tool(
        frame, {"tool_name": "Shell", "tool_input": given, "tool_output": output, "duration": payload.get("duration")}
    )


def _edit(frame: Frame, payload: Fields) -> list[Captured]:
    given = {name: payload.get(name) for name in ("file_path", "edits")}
    return [by_words.call(msgspec.structs.replace(frame, delivery=""), "Edit", given)]


def _subagent(frame: Frame, payload: Fields) -> Frame:
    transcript = PurePath(text_at(payload, "agent_transcript_path").replace("\\", "/")).stem
    name = name_at(payload, "subagent_type")
    agent_id = name_at(payload, "subagent_id") or transcript or name or "subagent"
    known = {"agent_id": agent_id, "parent_session": frame.session}
    return msgspec.structs.replace(
        frame, session=of_subagent(frame.session, agent_id), speaker=name, metadata={**frame.metadata, **known}
    )


def _subagent_start(frame: Frame, payload: Fields) -> list[Captured]:
    inner = _subagent(frame, payload)
    task = text_at(payload, "task", "prompt")
    return [inner.captured(Kind.SUBAGENT_START, task, unknown=without(payload, _TAKEN | {"task", "prompt"}))]


def _subagent_stop(frame: Frame, payload: Fields) -> list[Captured]:
    inner = _subagent(frame, payload)
    names = ("summary", "result", "last_assistant_message")
    found = said(inner, Kind.ASSISTANT_MESSAGE, text_at(payload, *names), time_ms=before(inner.time_ms))
    return [*found, inner.captured(Kind.SUBAGENT_STOP, unknown=without(payload, _TAKEN.union(names)))]


EVENTS: dict[str, Callable[[Frame, Fields], list[Captured] | None]] = {
    "sessionStart": _marked(Kind.SESSION_START, "composer_mode", "is_background_agent"),
    "sessionEnd": _marked(Kind.SESSION_END, "reason", "final_status", "duration_ms"),
    "beforeSubmitPrompt": _words(Kind.USER_MESSAGE, "prompt"),
    "afterAgentResponse": _words(Kind.ASSISTANT_MESSAGE, "text", "response"),
    "preToolUse": _pre_tool,
    "postToolUse": _tool,
    "postToolUseFailure": _tool,
    "afterShellExecution": _shell,
    "afterMCPExecution": _tool,
    "afterFileEdit": _edit,
    "subagentStart": _subagent_start,
    "subagentStop": _subagent_stop,
    "preCompact": _marked(Kind.COMPACTION, "trigger"),
    "stop": _words_if_any(Kind.ASSISTANT_MESSAGE, "last_assistant_message"),
    "afterAgentThought": _nothing,
    "beforeShellExecution": _nothing,
    "beforeMCPExecution": _nothing,
    "beforeReadFile": _nothing,
    "beforeTabFileRead": _nothing,
    "afterTabFileEdit": _nothing,
}
"""Every event by its name."""


_QUERY, _QUERY_END = "<user_query>", "</user_query>"


def query_in(text: str) -> str:
    """What the user typed, of a prompt as the model got it, with its surroundings; else the text as it is."""
    start, end = text.find(_QUERY), text.rfind(_QUERY_END)
    return text[start + len(_QUERY) : end].strip() or text if 0 <= start < end else text
