"""Calls of tools whose ids the agent's hooks do not know, although its history may.

Such a call has no key, from the hook nor from the history: call and result are told apart by their words, as
what is said is, and know each other by an id that is made of the call, `<tool>:<digest of its text>`.
The id that the history has for it is kept in the metadata.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from agent_memory.capture.agents.common import Frame
from agent_memory.capture.model import Captured
from agent_memory.capture.rendering import tool_call_text, tool_output_text
from agent_memory.events import Kind

_NAMELESS = "(a tool without a name)"


def call(
    frame: Frame, name: str, given: Any, *, time_ms: int | None = None, known: Mapping[str, Any] | None = None
) -> Captured:
    """A tool's call, told apart by the tool and what it was given."""
    text = tool_call_text(name, given)
    return frame.captured(
        Kind.TOOL_CALL,
        text if text.strip() else _NAMELESS,
        time_ms=time_ms,
        tool_name=name,
        tool_call_id=made_id(name, given),
        known=known,
    )


def result(
    frame: Frame,
    name: str,
    given: Any,
    output: Any,
    *,
    time_ms: int | None = None,
    known: Mapping[str, Any] | None = None,
    unknown: Mapping[str, Any] | None = None,
) -> Captured:
    """What the call of a tool with *given* gave back."""
    return frame.captured(
        Kind.TOOL_RESULT,
        tool_output_text(output),
        time_ms=time_ms,
        tool_name=name,
        tool_call_id=made_id(name, given),
        known=known,
        unknown=unknown,
    )


def made_id(name: str, given: Any) -> str:
    """An id of a call that has none: the same for the same tool with the same input."""
    words = " ".join(tool_call_text(name, given).split())
    return f"{name}:{hashlib.sha256(words.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def said(frame: Frame, kind: Kind, text: str, **more: Any) -> list[Captured]:
    """What was said (see `Frame.captured`); nothing where it is blank."""
    return [frame.captured(kind, text, **more)] if text.strip() else []


def before(time_ms: int | None, duration_ms: Any = None) -> int | None:
    """When something began that was over at *time_ms*; a moment before it where its duration is not known."""
    if time_ms is None:
        return None
    known = isinstance(duration_ms, int | float) and not isinstance(duration_ms, bool) and 1 <= duration_ms < time_ms
    return time_ms - (int(duration_ms) if known else 1)


def object_of(value: Any) -> Mapping[str, Any]:
    """The value if it has fields, else one without any."""
    return value if isinstance(value, Mapping) else {}
