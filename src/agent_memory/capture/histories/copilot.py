"""Copilot CLI's history: `session-state/<session>/events.jsonl`, one event a line, appended only.

    {"id", "timestamp", "parentId", "agentId"?, "type", "data": {…}}

    session.start · session.resume · session.shutdown       session_start · session_end
    user.message{content} · assistant.message{content}      user_message · assistant_message
    tool.execution_start{toolCallId, toolName, arguments}   tool_call
    tool.execution_complete{toolCallId, success, result}    tool_result
    subagent.started{toolCallId, agentName} · completed     subagent_start · subagent_stop
    session.compaction_start · _complete{summaryContent}    compaction
    session.error{message}                                  other

What a sub-agent does stands among the rest, with its `agentId` or its task's `parentToolCallId`.

A call is held back until its tool is done, and told as of a moment before: a hook hears of both at the end, and
words that were said at times far apart are taken for two.

Source: https://github.com/github/copilot-sdk/blob/main/docs/features/streaming-events.md
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from agent_memory.capture.agents import by_words
from agent_memory.capture.agents.by_words import before, object_of, said
from agent_memory.capture.agents.common import Frame, of_subagent
from agent_memory.capture.histories.port import Place
from agent_memory.capture.model import Captured, Outcome, Told
from agent_memory.capture.payloads import as_name, name_at, text_at, time_ms
from agent_memory.capture.rendering import error_text
from agent_memory.events import Kind

# Events that are no part of the conversation by the beginning of their type, and why.
_UNTOLD = (
    ("assistant.reasoning", "reasoning"),
    ("assistant.", "bookkeeping of a turn"),
    ("abort", "bookkeeping of a turn"),
    ("session.info", "a notice of the program"),
    ("session.warning", "a notice of the program"),
    ("system.notification", "a notice of the program"),
    ("system.message", "the program's instructions to the model"),
    ("skill.", "the program's instructions to the model"),
    ("session.", "bookkeeping of the session"),
    ("hook.", "a hook that ran"),
    ("tool.user_requested", "a tool the user asked for, told when it begins"),
    ("tool.", "a tool's progress"),
    ("subagent.", "a choice of a sub-agent"),
    ("permission.", "a question to the user about a permission"),
    ("user_input.", "a question to the user"),
    ("elicitation.", "a question to the user"),
    ("external_tool.", "a tool's progress"),
    ("command.", "a command of the program"),
)
_ADDED = ("skill", "system", "jit-", "hook")


class _Begun(msgspec.Struct, frozen=True, gc=False):
    """A call whose tool is not done yet, and the line that holds it."""

    line: int
    data: Mapping[str, Any]
    frame: Frame


class CopilotHistory:
    """A `HistoryReader` of one session of Copilot CLI."""

    def __init__(self, place: Place) -> None:
        path = place.path
        named = path.parent.name if path.name == "events.jsonl" else path.stem
        self._frame = Frame(session=as_name(named) or "unnamed", time_ms=place.modified_ms)
        self._calls: dict[str, tuple[str, Any]] = {}
        self._speakers: dict[str, str] = {}
        self._tasks: dict[str, str] = {}
        self._begun: dict[str, _Begun] = {}

    def read(self, line: int, value: Any) -> Iterable[Told]:
        """What one event tells."""
        data = value.get("data") if isinstance(value, Mapping) else None
        kind = value.get("type") if isinstance(value, Mapping) else None
        if not isinstance(kind, str) or not isinstance(data, Mapping):
            return [Told(line=line, outcome=Outcome.MALFORMED, reason="is no event of a session")]
        self._learn(kind, value, data)
        frame, call_id = self._frame_of(kind, value, data), name_at(data, "toolCallId")
        if kind == "tool.execution_start":
            replaced = self._told_of(call_id, None)
            self._begun[call_id] = _Begun(line, data, frame)
            return replaced
        begun = self._told_of(call_id, frame.time_ms) if kind == "tool.execution_complete" else []
        captured = self._captured(kind, data, frame)
        if captured:
            return [*begun, Told(line=line, outcome=Outcome.EVENT, captured=tuple(captured))]
        outcome, reason = _why_untold(kind, data)
        return [Told(line=line, outcome=outcome, reason=reason)]

    def end(self) -> Iterable[Told]:
        """The calls of which nobody said that they were done."""
        return [told for call_id in list(self._begun) for told in self._told_of(call_id, None)]

    def _told_of(self, call_id: str, done_ms: int | None) -> list[Told]:
        begun = self._begun.pop(call_id, None)
        if begun is None:
            return []
        frame = begun.frame if done_ms is None else msgspec.structs.replace(begun.frame, time_ms=before(done_ms))
        return [Told(line=begun.line, outcome=Outcome.EVENT, captured=tuple(self._called(begun.data, frame)))]

    def _learn(self, kind: str, event: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        if kind == "session.start":
            session = name_at(data, "sessionId") or self._frame.session
            self._frame = msgspec.structs.replace(self._frame, session=session)
        if kind in ("session.start", "session.resume", "session.context_changed"):
            context = object_of(data.get("context")) or data
            self._frame = msgspec.structs.replace(
                self._frame,
                folder=text_at(context, "cwd") or self._frame.folder,
                metadata={"git_branch": context.get("branch"), "repository": context.get("repository")},
            )
        agent, task = name_at(event, "agentId"), name_at(data, "parentToolCallId")
        if kind.startswith("subagent."):
            task = name_at(data, "toolCallId")
            if name := name_at(data, "agentName"):
                self._speakers[task or agent] = name
        if agent and task:
            self._tasks[agent] = task

    def _frame_of(self, kind: str, event: Mapping[str, Any], data: Mapping[str, Any]) -> Frame:
        at = time_ms(event.get("timestamp"))
        # An event without a time was written after the one before it.
        frame = self._frame = msgspec.structs.replace(self._frame, time_ms=at or self._frame.time_ms)
        agent, task = name_at(event, "agentId"), name_at(data, "parentToolCallId")
        if kind in ("subagent.started", "subagent.completed", "subagent.failed"):
            task = name_at(data, "toolCallId")
        # A sub-agent is called by its task's call wherever that is known: its first event has nothing else.
        inner = task or self._tasks.get(agent, agent)
        if not inner:
            return frame
        return msgspec.structs.replace(
            frame,
            session=of_subagent(frame.session, inner),
            speaker=self._speakers.get(inner, ""),
            metadata={**frame.metadata, "agent_id": agent or inner, "parent_session": frame.session},
        )

    def _captured(self, kind: str, data: Mapping[str, Any], frame: Frame) -> list[Captured]:
        match kind:
            case "session.start" | "session.resume":
                known = {"model": data.get("selectedModel"), "version": data.get("copilotVersion")}
                return [frame.captured(Kind.SESSION_START, known=known)]
            case "session.shutdown":
                return [frame.captured(Kind.SESSION_END, known={"reason": data.get("shutdownType")})]
            case "session.compaction_start":
                return [frame.captured(Kind.COMPACTION)]
            case "session.compaction_complete":
                return said(frame, Kind.COMPACTION, text_at(data, "summaryContent"))
            case "session.error":
                known = {"error": data.get("errorType"), "status": data.get("statusCode")}
                return said(frame, Kind.OTHER, text_at(data, "message"), known=known)
            case "user.message":
                source = text_at(data, "source")
                added = source.startswith(_ADDED)
                text = text_at(data, "content")
                return said(frame, Kind.OTHER if added else Kind.USER_MESSAGE, text, known={"source": source})
            case "assistant.message":
                known = {"model": data.get("model"), "turn_id": data.get("turnId"), "message_id": data.get("messageId")}
                for request in _requests(data):
                    call = name_at(request, "name"), request.get("arguments")
                    self._calls.setdefault(name_at(request, "toolCallId"), call)
                return said(frame, Kind.ASSISTANT_MESSAGE, text_at(data, "content"), known=known)
            case "tool.execution_complete":
                return [self._done(data, frame)]
            case "subagent.started":
                return [frame.captured(Kind.SUBAGENT_START, known={"model": data.get("model")})]
            case "subagent.completed" | "subagent.failed":
                known = {"duration_ms": data.get("durationMs"), "error": data.get("error")}
                return [frame.captured(Kind.SUBAGENT_STOP, known=known)]
        return []

    def _called(self, data: Mapping[str, Any], frame: Frame) -> list[Captured]:
        name, given, call_id = name_at(data, "toolName"), data.get("arguments"), name_at(data, "toolCallId")
        self._calls[call_id] = name, given
        return [by_words.call(frame, name, given, known={"call_id": call_id, "model": data.get("model")})]

    def _done(self, data: Mapping[str, Any], frame: Frame) -> Captured:
        call_id = name_at(data, "toolCallId")
        failed = data.get("success") is False
        result = object_of(data.get("result"))
        output: Any = result.get("content") if result.get("content") is not None else data.get("result")
        if failed and data.get("error") is not None:
            output = error_text(data["error"])
        known = {"call_id": call_id, "error": failed or None}
        # A call may be told of again by a session that is resumed, so it is not forgotten here.
        name, given = self._calls.get(call_id, ("", None))
        if call_id in self._calls:
            return by_words.result(frame, name, given, output, known=known)
        return frame.result("", call_id, output, known=known)


def _requests(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    requests = data.get("toolRequests")
    return [object_of(request) for request in requests] if isinstance(requests, list) else []


def _why_untold(kind: str, data: Mapping[str, Any]) -> tuple[Outcome, str]:
    if kind == "assistant.message":
        if _requests(data):
            return Outcome.MERGED, "calls of tools, told when they begin"
        return Outcome.SKIPPED, "a message without words"
    if kind == "user.message":
        return Outcome.SKIPPED, "a message without words"
    for begins, reason in _UNTOLD:
        if kind.startswith(begins):
            return Outcome.SKIPPED, reason
    return Outcome.SKIPPED, f"an event of an unknown type ({as_name(kind)[:40]})"
