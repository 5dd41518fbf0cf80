"""What an event adds to the lexical index: the fields of its documents, as plain values."""

from __future__ import annotations

import zlib
from functools import lru_cache

from agent_memory.annotation.types import types_of
from agent_memory.events import Event, Kind, Role
from agent_memory.events.ulids import ulid_key
from agent_memory.indexes.model import session_key
from agent_memory.indexes.passages import passages_for
from agent_memory.indexes.words import folded, parts_of_humps, wholes_of

CHUNKS_MAX = 256
"""Chunks of one event that are indexed, about 230,000 characters."""

FILTERS = ("agent", "project", "session", "role", "kind", "type")
"""The fields of one raw term each that a filter asks for."""

Fields = dict[str, list[str] | int]
"""One document's, but for the position of its event."""


Documents = tuple[Fields, ...]
"""Those of one event, one for each passage."""


def documents_of(event: Event) -> Documents:
    """A pure function of the event; where nothing was said there is a document without words."""
    key = ulid_key(event.id)
    types = tuple(sorted([type.value for type in types_of(event)]))
    named = _named(event.agent, event.project, event.session, event.role, event.kind, types)
    who = folded(f"{event.speaker} {event.tool_name}") if event.speaker or event.tool_name else ""
    common: Fields = {
        **_lists(named),
        "high": int.from_bytes(key[:8], "big"),
        "low": int.from_bytes(key[8:], "big"),
        "session_key": session_key(event.session),
    }
    documents = []
    for start, end in [(one.start, one.end) for one in passages_for(event, limit=CHUNKS_MAX)] or [(0, 0)]:
        text = folded(event.text[start:end])
        raw = text.encode()
        fields = {
            **common,
            "text": [text, *filter(None, (parts_of_humps(text, raw), who))],
            "span": start << 32 | end,
            "digest": _digest(raw, who, named),
        }
        if wholes := wholes_of(text, raw):
            fields["whole"] = [wholes]
        documents.append(fields)
    return tuple(documents)


def term_of(name: str) -> str:
    """The name as UTF-8 can hold it; different names stay different."""
    if name.isascii() and "\\" not in name:
        return name
    return name.replace("\\", "\\\\").encode("utf-8", "backslashreplace").decode()


@lru_cache(maxsize=1024)
def _named(
    agent: str, project: str, session: str, role: Role, kind: Kind, types: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """The terms that filters ask for; the same for most events of a session."""
    values = (term_of(agent), term_of(project), term_of(session), role.value, kind.value)
    terms = [(name, value) for name, value in zip(FILTERS, values, strict=False) if value]
    return (*terms, *(("type", type) for type in types))


@lru_cache(maxsize=1024)
def _lists(named: tuple[tuple[str, str], ...]) -> Fields:
    lists: dict[str, list[str] | int] = {}
    for name in dict(named):
        lists[name] = [value for other, value in named if other == name]
    return lists


def _digest(raw: bytes, who: str, named: tuple[tuple[str, str], ...]) -> int:
    # 32 bits each: enough to notice that two views differ, and a tenth of the time of a hash.
    return zlib.crc32(raw) << 32 | _names_digest(who, named)


@lru_cache(maxsize=1024)
def _names_digest(who: str, named: tuple[tuple[str, str], ...]) -> int:
    return zlib.crc32(f"{who}\x00{named}".encode())
