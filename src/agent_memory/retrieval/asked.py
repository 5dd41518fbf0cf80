"""A query, read once: what it says of time, of people, and of what it is after. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from agent_memory.annotation import Entity, MemoryType
from agent_memory.annotation.entities import entities_in_query
from agent_memory.annotation.traits import names_in, speaker_hash
from agent_memory.annotation.types import types_in_query
from agent_memory.events import Role
from agent_memory.temporal import TIMELESS, TimeReading, read_query
from agent_memory.toc.calendar import Calendar

QUERY_CHARACTERS_MAX = 8_192
"""What is longer is cut: a model reads less, and a keyword beyond has had its chance."""

NAMES_MAX = 32
PHRASES_MAX = 8

_WHEN = re.compile(r"\b(?:when|(?:what|which) (?:time|day|date|week|month|year)|how long (?:ago|since))\b", re.I)
# Whose words are asked for: the subject of the question, or whose thing it is about.
_SUBJECT = re.compile(r"\b(?:did|do|had|have|was|were|am|are|would|should)\s+(i|we|you)\b", re.I)
_OWN = re.compile(r"\b(?:my|mine|me)\b", re.I)
_SAYING = re.compile(
    r"\b(?:sa(?:y|ys|id)|tell|told|ask(?:ed)?|mention(?:ed)?|suggest(?:ed)?|recommend(?:ed)?|propos(?:e|ed)"
    r"|promis(?:e|ed)|explain(?:ed)?|answer(?:ed)?|repl(?:y|ied)|claim(?:ed)?|think|thought|wr(?:ite|ote))\b",
    re.IGNORECASE,
)
_FROM_NOW = re.compile(r"\b(?:yesterday|today|tonight|tomorrow|this|last|past|previous|next|ago|now)\b", re.IGNORECASE)
_QUOTED = re.compile(r'"([^"\n]{2,200})"|`([^`\n]{2,200})`|“([^”\n]{2,200})”')


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a query asks for.

    ``words`` are what keywords are taken from: the text without words such as `yesterday`, which have
    been understood, and would find whoever else spoke of some yesterday.
    ``speakers`` are hashes of names it holds, ``role`` is whose words it asks for where it says
    `I` or `you`; ``phrases`` are what it quotes, verbatim.
    """

    text: str
    words: str
    time: TimeReading
    asks_when: bool
    types: frozenset[MemoryType]
    entities: tuple[Entity, ...]
    speakers: frozenset[int]
    role: Role | None
    asks_what_was_said: bool
    phrases: tuple[str, ...]


def read(query: str, *, now_ms: int, calendar: Calendar, reads_time: bool = True) -> Asked:
    """The query as the signals read it; where it is not read for times, it says nothing of any."""
    text = query[:QUERY_CHARACTERS_MAX]
    hashes = {speaker_hash(name) for name in names_in(text)[:NAMES_MAX]}
    phrases = [" ".join("".join(found).split()) for found in _QUOTED.findall(text)]
    time = read_query(text, now_ms=now_ms, calendar=calendar) if reads_time else TIMELESS
    return Asked(
        text=text,
        words=_without(text, [(span.start, span.end) for span in time.spans]),
        time=time,
        asks_when=reads_time and _WHEN.search(text) is not None,
        types=types_in_query(text),
        entities=entities_in_query(text),
        speakers=frozenset(hashes),
        role=_role(text),
        asks_what_was_said=_SAYING.search(text) is not None,
        phrases=tuple(phrase for phrase in phrases[:PHRASES_MAX] if phrase),
    )


def _without(text: str, parts: Sequence[tuple[int, int]]) -> str:
    for start, end in parts:
        # June is June whoever says it; last week is not.
        if _FROM_NOW.search(text, start, end):
            text = f"{text[:start]}{' ' * (end - start)}{text[end:]}"
    return text


def _role(text: str) -> Role | None:
    if subject := _SUBJECT.search(text):
        return {"i": Role.USER, "you": Role.ASSISTANT}.get(subject[1].lower())
    return Role.USER if _OWN.search(text) else None
