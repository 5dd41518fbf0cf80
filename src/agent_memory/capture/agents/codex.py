"""The hooks of Codex: events of Claude Code's shape, and the notification that came before them.

    SessionStart                            session_start
    UserPromptSubmit                        user_message
    PreToolUse · PostToolUse                tool_call · tool_call and tool_result
    Stop · SubagentStop                     assistant_message (and subagent_stop)
    SubagentStart                           subagent_start
    PostCompact                             compaction; PreCompact announces the same and tells nothing
    StopFailure                             other, with its message for a text
    agent-turn-complete                     user_message …, assistant_message: a whole turn
    all the rest, and whatever is new       other, with the raw payload

A turn's id tells one delivery from another, so a prompt that is told of by a hook and again by the
notification is one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from agent_memory.capture.agents.common import Frame, folder_of, kept_as_other, of_subagent, session_of, time_of
from agent_memory.capture.agents.shapes import (
    Fields,
    marked,
    name_of,
    post_compact,
    post_tool,
    pre_tool,
    raw,
    session_end,
    session_start,
    stop,
    stop_failure,
    subagent_start,
    subagent_stop,
)
from agent_memory.capture.model import Agent, Captured
from agent_memory.capture.payloads import EVENT, PROMPT, REPLY, TOOL_OUTPUT, first, name_at, text_at
from agent_memory.capture.rendering import content_text, without
from agent_memory.events import Kind

__all__ = ["EVENTS", "NOTIFICATION", "is_scaffolding", "parse", "said_text", "shell_output"]

NOTIFICATION = "agent-turn-complete"
_AGENT = Agent.CODEX


def parse(payload: Fields, received_ms: int, cwd: str) -> list[Captured]:
    """What the payload of a hook of Codex tells, in order."""
    event = text_at(payload, *EVENT)
    session = session_of(_AGENT, payload, cwd)
    agent_id = name_at(payload, "agent_id")
    turn_id = name_at(payload, "turn_id", "turn-id")
    frame = Frame(
        session=of_subagent(session, agent_id) if agent_id else session,
        time_ms=time_of(payload, received_ms),
        folder=folder_of(payload, cwd),
        speaker=name_at(payload, "agent_type") if agent_id else "",
        delivery=turn_id,
        metadata={
            "event": event,
            "agent_id": agent_id,
            "parent_session": session if agent_id else "",
            "turn_id": turn_id,
            "model": payload.get("model"),
            "client": payload.get("client"),
        },
    )
    tells = EVENTS.get(event)
    told = tells(frame, payload) if tells else None
    if told is None:
        return [kept_as_other(_AGENT, payload, received_ms, cwd, session=frame.session)]
    return told


def _prompt(frame: Frame, payload: Fields) -> list[Captured] | None:
    text = said_text(content_text(first(payload, PROMPT)))
    if not text.strip():
        return None
    return [marked(frame, Kind.USER_MESSAGE, payload, text=text, leave=name_of(payload, PROMPT))]


def _post_tool(frame: Frame, payload: Fields) -> list[Captured]:
    output, code = shell_output(first(payload, TOOL_OUTPUT))
    told = post_tool(frame, {**without(payload, TOOL_OUTPUT), "tool_response": output})
    if code is not None:
        told[-1].metadata.setdefault("exit_code", str(code))
    return told


def _pre_compact(frame: Frame, payload: Fields) -> list[Captured]:
    """Nothing: what is told when it is done is the same compaction, and its transcript has it once."""
    return []


def _turn(frame: Frame, payload: Fields) -> list[Captured] | None:
    prompts = payload.get("input-messages")
    told = [
        frame.captured(Kind.USER_MESSAGE, text)
        for prompt in (prompts if isinstance(prompts, list) else [prompts])
        if (text := said_text(content_text(prompt))).strip()
    ]
    reply = content_text(first(payload, REPLY))
    if reply.strip():
        told.append(frame.captured(Kind.ASSISTANT_MESSAGE, reply))
    return told or None


EVENTS: dict[str, Callable[[Frame, Fields], list[Captured] | None]] = {
    "SessionStart": session_start,
    "SessionEnd": session_end,
    "UserPromptSubmit": _prompt,
    "PreToolUse": pre_tool,
    "PostToolUse": _post_tool,
    "PermissionRequest": raw,
    "PreCompact": _pre_compact,
    "PostCompact": post_compact,
    "SubagentStart": subagent_start,
    "SubagentStop": subagent_stop,
    "Stop": stop,
    "StopFailure": stop_failure,
    "Interrupt": raw,
    NOTIFICATION: _turn,
}
"""Every event by its name; one that is missing is kept raw as well."""


# -- what the program says in its user's name --------------------------------------------------------

_SCAFFOLDING = (
    "<environment_context>",
    "<user_instructions>",
    "<apps_instructions>",
    "<skills_instructions>",
    "<plugins_instructions>",
    "<permissions instructions>",
    "<collaboration_mode>",
    "<personality_spec>",
    "<model_switch>",
    "<turn_aborted>",
    "<subagent_notification>",
    "<codex_internal_context",
    "<hook_context>",
    "<skill>",
    "# AGENTS.md instructions",
)


def is_scaffolding(text: str) -> bool:
    """Whether a part of a user's message is the program's: its environment, its instructions."""
    return text[:200].lstrip().startswith(_SCAFFOLDING)


def said_text(text: str | Iterable[str]) -> str:
    """Of a message's parts those that were said, each on lines of its own."""
    parts = [text] if isinstance(text, str) else text
    return "\n".join(part for part in parts if part.strip() and not is_scaffolding(part))


# What a shell's output begins with, for the model to read.
_SHELL_HEAD = re.compile(
    r"(?:(?:Chunk ID|Wall time|Original token count|Total output lines): [^\n]{0,80}\n"
    r"|(?:Exit code: |Process exited with code )(?P<code>-?\d{1,10})\n"
    r"|Process running with session ID [^\n]{0,80}\n){1,8}Output:\n"
)


def shell_output(output: Any) -> tuple[Any, int | None]:
    """What a command printed, without the lines that the program puts before it; its exit code, if they name it."""
    head = _SHELL_HEAD.match(output) if isinstance(output, str) else None
    if head is None:
        return output, None
    return output[head.end() :], int(head["code"]) if head["code"] else None
