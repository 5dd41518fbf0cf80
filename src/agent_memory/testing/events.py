"""Small events and drafts for tests."""

from __future__ import annotations

from typing import Any

from agent_memory.events import ROLE_OF_KIND, Draft, Event, Kind
from agent_memory.events.ulids import derived_ulid

NOON_MS = 1_767_960_000_000
"""2026-01-09 12:00 UTC."""


def event(text: str = "hello", *, id: str = "", time_ms: int = NOON_MS, **fields: Any) -> Event:
    """A user message in session ``s``, its id a function of what is given here."""
    kind = fields.pop("kind", Kind.USER_MESSAGE)
    fields = {"session": "s", "role": ROLE_OF_KIND[kind], **fields}
    if not id:
        source = (fields["source"], fields["source_id"]) if fields.get("source") else ("text", fields["session"], text)
        id = derived_ulid(time_ms, *source)
    return Event(id=id, kind=kind, text=text, **fields)


def draft(text: str = "hello", **fields: Any) -> Draft:
    """A user message in session ``s``."""
    return Draft(**{"kind": Kind.USER_MESSAGE, "session": "s", "text": text, **fields})


def events(count: int, *, time_ms: int = NOON_MS, **fields: Any) -> list[Event]:
    """As many messages, a second apart: ``message 1``, ``message 2`` …"""
    return [event(f"message {n}", time_ms=time_ms + n * 1000, **fields) for n in range(1, count + 1)]
