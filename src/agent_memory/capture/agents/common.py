"""What the hooks, and histories, of all agents have in common: where and when, calls and results, what is kept raw."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import msgspec

from agent_memory.capture.model import Agent, Captured
from agent_memory.capture.payloads import EVENT, FOLDER, PROBLEM, RAW, SESSION, TIME, as_name, first, name_at, text_at
from agent_memory.capture.payloads import time_ms as time_of_value
from agent_memory.capture.rendering import details, tool_call_text, tool_output_text, within_limit
from agent_memory.events import Kind

# A clock that is wrong by more than this is not believed: the time of receipt is.
_AHEAD_MS_MAX = 60_000


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """Where, when and by whom: what all that one payload or line tells has in common.

    ``speaker`` is the type of a sub-agent; what it is told, it did not say. ``metadata`` is what every
    event of it carries.
    """

    session: str
    time_ms: int | None = None
    folder: str = ""
    speaker: str = ""
    delivery: str = ""
    metadata: Mapping[str, Any] = msgspec.field(default_factory=dict)

    def captured(
        self,
        kind: Kind,
        text: str = "",
        *,
        time_ms: int | None = None,
        key: str = "",
        tool_name: str = "",
        tool_call_id: str = "",
        known: Mapping[str, Any] | None = None,
        unknown: Mapping[str, Any] | None = None,
    ) -> Captured:
        """One thing that happened here. *known* goes into the metadata by its names, *unknown* as it came."""
        cut, size = within_limit(text)
        more = {**self.metadata, **(known or {}), "cwd": self.folder}
        return Captured(
            kind=kind,
            session=self.session,
            text=cut,
            time_ms=self.time_ms if time_ms is None else time_ms,
            folder=self.folder,
            speaker="" if kind is Kind.USER_MESSAGE else self.speaker,
            tool_name=as_name(tool_name),
            tool_call_id=as_name(tool_call_id),
            key=key,
            delivery=self.delivery,
            metadata=details(more, unknown, text_bytes=size if cut != text else 0),
        )

    def call(
        self, name: str, call_id: str, value: Any, *, time_ms: int | None = None, known: Mapping[str, Any] | None = None
    ) -> Captured:
        """A tool's call; *call_id* is what it shares with its result, empty if nothing."""
        text = tool_call_text(name, value)
        return self.captured(
            Kind.TOOL_CALL,
            text if text.strip() else "(a tool without a name)",
            time_ms=time_ms,
            key=f"call/{as_name(call_id)}" if call_id else "",
            tool_name=name,
            tool_call_id=call_id,
            known=known,
        )

    def result(
        self,
        name: str,
        call_id: str,
        value: Any,
        *,
        known: Mapping[str, Any] | None = None,
        unknown: Mapping[str, Any] | None = None,
    ) -> Captured:
        """A tool's result, of whatever form."""
        return self.captured(
            Kind.TOOL_RESULT,
            tool_output_text(value),
            key=f"result/{as_name(call_id)}" if call_id else "",
            tool_name=name,
            tool_call_id=call_id,
            known=known,
            unknown=unknown,
        )


def of_subagent(session: str, agent_id: str) -> str:
    """The session of a sub-agent's own events."""
    return f"{session}/{as_name(agent_id)}"


def session_of(agent: Agent, payload: Mapping[str, Any], cwd: str) -> str:
    """The payload's session; one for the agent and its folder where it names none."""
    if named := name_at(payload, *SESSION):
        return named
    folder = folder_of(payload, cwd)
    digest = hashlib.sha256(f"{agent.value}\0{folder}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"unnamed-{digest}"


def folder_of(payload: Mapping[str, Any], cwd: str) -> str:
    """Where the agent worked: as the payload says, else where its hook ran."""
    return text_at(payload, *FOLDER) or cwd


def time_of(payload: Mapping[str, Any], received_ms: int) -> int:
    """When it happened: as the payload says, else when it was received."""
    time_ms = time_of_value(first(payload, TIME))
    return received_ms if time_ms is None or time_ms > received_ms + _AHEAD_MS_MAX else time_ms


def delivery_at(payload: Mapping[str, Any]) -> str:
    """What tells deliveries apart of an agent that gives them no id: when, to the millisecond.

    Hooks that are registered twice are handed the same payload. A time in whole seconds tells nothing apart.
    """
    value = first(payload, TIME)
    time_ms = time_of_value(value)
    in_seconds = "." not in value if isinstance(value, str) else value == (time_ms or 0) // 1000
    return f"at/{time_ms}" if time_ms and not in_seconds else ""


def kept_as_other(
    agent: Agent, payload: Mapping[str, Any], received_ms: int, cwd: str, *, problem: str = "", session: str = ""
) -> Captured:
    """The payload as an event of kind `other`: its text is the raw payload, cut if it is too long."""
    if RAW in payload:
        raw, problem = str(payload[RAW]), problem or str(payload.get(PROBLEM, ""))
    else:
        raw = json_of(payload)
    text, size = within_limit(raw)
    cut = size if text != raw else 0
    return Captured(
        kind=Kind.OTHER,
        session=session or session_of(agent, payload, cwd),
        text=text if text.strip() else "{}",
        time_ms=time_of(payload, received_ms),
        folder=folder_of(payload, cwd),
        metadata=details({"event": as_name(text_at(payload, *EVENT)), "problem": problem}, text_bytes=cut),
    )


def json_of(value: Any) -> str:
    """The value as JSON on one line, character for character; described where it cannot be."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, TypeError, RecursionError) as error:
        return f"[{type(value).__name__} that is no JSON: {type(error).__name__}]"
