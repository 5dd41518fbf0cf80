"""What may be said about the work without repeating what was said in it.

An allow-list: numbers and truth values pass under any key, text only under keys that name
machinery. Anything else is replaced by a note of its length, so that the loss shows.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path

from agent_memory.errors import AgentMemoryError, Invalid, NotFound

TEXT_KEYS = frozenset(
    {
        "address",
        "check",
        "command",
        "error_kind",
        "error_message",
        "error_where",
        "event_id",
        "field",
        "file",
        "level",
        "log_format",
        "logger",
        "method",
        "model",
        "model_id",
        "node_id",
        "path",
        "reason",
        "signal",
        "state",
        "status",
        "step",
        "store",
        "tier",
        "time_zone",
        "timestamp",
        "version",
        "view",
        "views",
    }
)
_TEXT_CHARS_MAX = 500
_FRAMES_MAX = 8


def without_conversations(fields: Mapping[str, object]) -> dict[str, object]:
    """The same fields, with everything withheld that could be a conversation's text."""
    kept: dict[str, object] = {}
    for key, value in fields.items():
        if isinstance(value, BaseException):
            kept.update(error_fields(value))
        elif value is None or isinstance(value, bool | int | float):
            kept[key] = value
        elif key in TEXT_KEYS:
            kept[key] = _short(value)
        else:
            kept[key] = f"<withheld: {len(value)}>" if isinstance(value, str | bytes) else "<withheld>"
    return kept


def error_fields(error: BaseException) -> dict[str, str]:
    """An error as kind, message and place. The message is given only where we know what is in it."""
    fields = {"error_kind": error.reason if isinstance(error, AgentMemoryError) else type(error).__name__}
    if isinstance(error, OSError):
        fields["error_message"] = _short(error.strerror or "")
    elif isinstance(error, Invalid):
        # Its message quotes what was found.
        fields["field"] = _short(error.field)
    elif isinstance(error, AgentMemoryError) and not isinstance(error, NotFound):
        fields["error_message"] = _short(error)
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_MAX:]
    if frames:
        fields["error_where"] = " > ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames)
    return fields


def _short(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
    return text if len(text) <= _TEXT_CHARS_MAX else text[:_TEXT_CHARS_MAX] + "…"
