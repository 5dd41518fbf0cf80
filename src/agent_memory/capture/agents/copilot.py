"""The hooks of GitHub Copilot CLI, in both dialects.

An event that is configured as `postToolUse` comes in camelCase and does not say its name: it is told from
its fields. One that is configured as `PostToolUse` comes in snake_case, with `hook_event_name`.

    sessionStart · sessionEnd              session_start · session_end
    userPromptSubmitted (UserPromptSubmit) user_message
    postToolUse · postToolUseFailure       tool_call, tool_result
    preToolUse                             nothing, but where the call has an id: the tool's end tells of both
    agentStop (Stop)                       assistant_message, one for each reply of the turn
    subagentStart · subagentStop           subagent_start · subagent_stop
    preCompact                             compaction
    errorOccurred · notification           other, with their message for a text
    whatever is new                        other, with the raw payload

`agentStop` does not say what was answered, but where the transcript lies. The daemon puts the replies of
the turn into the payload under `TURN` (`turns`). Without them it tells nothing, and an import does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from agent_memory.capture.agents import by_words
from agent_memory.capture.agents.by_words import before, object_of, said
from agent_memory.capture.agents.common import (
    Frame,
    delivery_at,
    folder_of,
    kept_as_other,
    of_subagent,
    session_of,
    time_of,
)
from agent_memory.capture.model import Agent, Captured
from agent_memory.capture.payloads import (
    FOLDER,
    SESSION,
    TIME,
    TOOL_CALL,
    TOOL_INPUT,
    TOOL_NAME,
    TOOL_OUTPUT,
    TRANSCRIPT,
    TURN,
    first,
    name_at,
    text_at,
    time_ms,
    unpacked,
)
from agent_memory.capture.rendering import error_text, without
from agent_memory.events import Kind

__all__ = ["EVENTS", "event_of", "output_of", "parse", "turn_in"]

Fields = Mapping[str, Any]

_AGENT = Agent.COPILOT
_NAMED = ("hook_event_name", "hookEventName", "hookName")
_AGENT_NAME = ("agent_name", "agentName")
_ERROR_CONTEXT = ("error_context", "errorContext")
_TAKEN = frozenset({*_NAMED, *FOLDER, *SESSION, *TIME, *TRANSCRIPT, *_AGENT_NAME, TURN})
_TOOL = frozenset({*TOOL_NAME, *TOOL_INPUT, *TOOL_OUTPUT, *TOOL_CALL, "error"})

# The file of a session may be written a moment after its hook was called.
_BEHIND_MS = 2_000


def parse(payload: Fields, received_ms: int, cwd: str) -> list[Captured]:
    """What the payload of a hook of Copilot CLI tells, in order."""
    event = event_of(payload)
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


def event_of(payload: Fields) -> str:
    """The event's name in camelCase, told from its fields where it has none; empty if it could be any."""
    if named := text_at(payload, *_NAMED):
        return _OTHER_NAMES.get(named, named[:1].lower() + named[1:])
    fields = payload.keys()
    return next((event for event, all_of, none_of in _SHAPES if all_of <= fields and not none_of & fields), "")


_OTHER_NAMES = {"UserPromptSubmit": "userPromptSubmitted", "Stop": "agentStop", "ErrorOccurred": "errorOccurred"}

# An event, fields that it has, and such that it does not have; the first that fits.
_SHAPES: tuple[tuple[str, frozenset[str], frozenset[str]], ...] = tuple(
    (event, frozenset(all_of.split()), frozenset(none_of.split()))
    for event, all_of, none_of in (
        ("postToolUse", "toolName toolResult", ""),
        ("postToolUseFailure", "toolName error", ""),
        ("permissionRequest", "toolName permissionSuggestions", ""),
        ("preToolUse", "toolName", ""),
        ("notification", "notification_type", ""),
        ("notification", "notificationType", ""),
        ("subagentStop", "agentName stopReason", ""),
        ("subagentStart", "agentName", "stopReason"),
        ("agentStop", "transcriptPath stopReason", ""),
        ("preCompact", "trigger", ""),
        ("errorOccurred", "error errorContext", ""),
        ("errorOccurred", "error recoverable", ""),
        ("userPromptSubmitted", "prompt", "toolName"),
        ("sessionStart", "source", ""),
        ("sessionStart", "initialPrompt", ""),
        ("sessionEnd", "reason", ""),
    )
)


# -- what each event tells; None if only its raw payload does ---------------------------------------


def _marked(kind: Kind, *names: str) -> Callable[[Frame, Fields], list[Captured]]:
    def tells(frame: Frame, payload: Fields) -> list[Captured]:
        known = {name: payload.get(name) for name in names}
        return [frame.captured(kind, known=known, unknown=without(payload, _TAKEN.union(names)))]

    return tells


def _prompt(frame: Frame, payload: Fields) -> list[Captured] | None:
    text = text_at(payload, "prompt", "user_prompt", "userPrompt")
    unknown = without(payload, _TAKEN | {"prompt", "user_prompt", "userPrompt"})
    return said(frame, Kind.USER_MESSAGE, text, unknown=unknown) or None


def _pre_tool(frame: Frame, payload: Fields) -> list[Captured]:
    call_id = name_at(payload, *TOOL_CALL)
    return [frame.call(name_at(payload, *TOOL_NAME), call_id, first(payload, TOOL_INPUT))] if call_id else []


def _post_tool(frame: Frame, payload: Fields) -> list[Captured]:
    name, call_id = name_at(payload, *TOOL_NAME), name_at(payload, *TOOL_CALL)
    given, output = first(payload, TOOL_INPUT), first(payload, TOOL_OUTPUT)
    result_type = first(object_of(unpacked(output)), ("resultType", "result_type"))
    failed = output is None and payload.get("error") is not None
    given_back = error_text(payload.get("error")) if failed else output_of(output)
    began = before(frame.time_ms)
    known = {"result_type": result_type, "error": failed or None}
    unknown = without(payload, _TAKEN | _TOOL)
    if call_id:
        return [
            frame.call(name, call_id, given, time_ms=began),
            frame.result(name, call_id, given_back, known=known, unknown=unknown),
        ]
    return [
        by_words.call(frame, name, given, time_ms=began),
        by_words.result(frame, name, given, given_back, known=known, unknown=unknown),
    ]


def output_of(output: Any) -> Any:
    """What a tool gave back, without what stands around it."""
    fields = object_of(unpacked(output))
    found = first(fields, ("textResultForLlm", "text_result_for_llm"))
    return "" if found is None and "resultType" in fields else output if found is None else found


def _replies(frame: Frame, payload: Fields) -> list[Captured]:
    found = payload.get(TURN)
    told: list[Captured] = []
    for message in found if isinstance(found, list) else []:
        data = object_of(object_of(message).get("data"))
        told += said(
            msgspec.structs.replace(frame, delivery=name_at(data, "messageId") or name_at(object_of(message), "id")),
            Kind.ASSISTANT_MESSAGE,
            text_at(data, "content"),
            time_ms=time_ms(object_of(message).get("timestamp")),
            known={"model": data.get("model"), "turn_id": data.get("turnId")},
        )
    return told


def _subagent(kind: Kind) -> Callable[[Frame, Fields], list[Captured]]:
    def tells(frame: Frame, payload: Fields) -> list[Captured]:
        name = name_at(payload, *_AGENT_NAME)
        inner = msgspec.structs.replace(
            frame,
            session=of_subagent(frame.session, name or "subagent"),
            speaker=name,
            metadata={**frame.metadata, "agent_id": name, "parent_session": frame.session},
        )
        return [inner.captured(kind, unknown=without(payload, _TAKEN))]

    return tells


def _error(frame: Frame, payload: Fields) -> list[Captured] | None:
    error = object_of(payload.get("error"))
    known = {"error": error.get("name"), "error_context": first(payload, _ERROR_CONTEXT)}
    unknown = without(payload, _TAKEN | {"error", *_ERROR_CONTEXT})
    text = text_at(error, "message") or text_at(payload, "error")
    return said(frame, Kind.OTHER, text, known=known, unknown=unknown) or None


def _notification(frame: Frame, payload: Fields) -> list[Captured] | None:
    names = ("title", "notification_type", "notificationType")
    known = {name: payload.get(name) for name in names}
    unknown = without(payload, _TAKEN | {"message", *names})
    return said(frame, Kind.OTHER, text_at(payload, "message"), known=known, unknown=unknown) or None


EVENTS: dict[str, Callable[[Frame, Fields], list[Captured] | None]] = {
    "sessionStart": _marked(Kind.SESSION_START, "source"),
    "sessionEnd": _marked(Kind.SESSION_END, "reason"),
    "userPromptSubmitted": _prompt,
    "preToolUse": _pre_tool,
    "postToolUse": _post_tool,
    "postToolUseFailure": _post_tool,
    "agentStop": _replies,
    "subagentStart": _subagent(Kind.SUBAGENT_START),
    "subagentStop": _subagent(Kind.SUBAGENT_STOP),
    "preCompact": _marked(Kind.COMPACTION, "trigger", "customInstructions", "custom_instructions"),
    "errorOccurred": _error,
    "notification": _notification,
}
"""Every event that tells more than its raw payload, by its name in camelCase."""


def turn_in(events: list[Fields], payload: Fields) -> list[Fields]:
    """The replies of the turn that *payload* (of `agentStop`) ended, among the events of its transcript."""
    stopped = time_ms(first(payload, TIME))
    turn: list[Fields] = []
    for event in events:
        at = time_ms(event.get("timestamp"))
        if stopped is not None and at is not None and at > stopped + _BEHIND_MS:
            break
        if event.get("agentId") or object_of(event.get("data")).get("parentToolCallId"):
            continue
        if event.get("type") == "user.message":
            turn = []
        elif event.get("type") == "assistant.message" and text_at(object_of(event.get("data")), "content").strip():
            turn.append(event)
    return turn
