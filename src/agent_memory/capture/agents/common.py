"""What the hooks of all agents have in common: session, time, folder, and what is kept as it came."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from agent_memory.capture.model import Agent, Captured
from agent_memory.capture.payloads import EVENT, FOLDER, PROBLEM, RAW, SESSION, TIME, as_name, first, name_at, text_at
from agent_memory.capture.payloads import time_ms as time_of_value
from agent_memory.capture.rendering import details, within_limit
from agent_memory.events import Kind

# A clock that is wrong by more than this is not believed: the time of receipt is.
_AHEAD_MS_MAX = 60_000


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
