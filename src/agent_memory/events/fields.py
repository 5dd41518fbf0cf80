"""What each field of a draft may hold, for a caller whose code no type checker has read."""

from __future__ import annotations

from agent_memory.errors import InvalidEvent
from agent_memory.events.model import Draft, Kind, Role

_TEXTS = (
    "session",
    "text",
    "id",
    "agent",
    "project",
    "speaker",
    "source",
    "source_id",
    "tool_name",
    "tool_call_id",
)


def wrong_field(draft: object) -> InvalidEvent | None:
    """The first field that holds what it must not; None where every type is right."""
    if not isinstance(draft, Draft):
        return _wrong("event", draft, "Draft")
    # What the signature says is not what came; looked at as anything.
    found: dict[str, object] = {field: getattr(draft, field) for field in draft.__struct_fields__}
    if not isinstance(found["kind"], Kind):
        return _wrong("kind", found["kind"], "Kind", hint=f"Use one of {', '.join(f'Kind.{k.name}' for k in Kind)}.")
    if not isinstance(found["role"], Role | None):
        return _wrong("role", found["role"], "Role", hint=f"Use one of {', '.join(f'Role.{r.name}' for r in Role)}.")
    time_ms = found["time_ms"]
    if not isinstance(time_ms, int | None) or isinstance(time_ms, bool):
        return _wrong("time", time_ms, "int", hint="Give whole milliseconds since 1970-01-01 UTC, or None for now.")
    for field in _TEXTS:
        if not isinstance(found[field], str):
            return _wrong(field, found[field], "str")
    metadata = found["metadata"]
    if not isinstance(metadata, dict):
        return _wrong("metadata", metadata, "dict", hint="Give a dict of str to str; without any, leave it out.")
    for key, value in metadata.items():
        if not isinstance(key, str):
            return _wrong("metadata", key, "str", hint="Keys and values are both str.")
        if not isinstance(value, str):
            return _wrong(f"metadata[{key!r}]", value, "str", hint="Keys and values are both str.")
    return None


def _wrong(field: str, found: object, wanted: str, *, hint: str = "") -> InvalidEvent:
    article = "an" if wanted == "int" else "a"
    hint = hint or f"Give {article} {wanted}."
    return InvalidEvent(field, found, f"must be {article} {wanted}, is of type {type(found).__name__}", hint=hint)
