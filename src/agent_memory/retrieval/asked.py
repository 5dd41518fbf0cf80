"""A query, read once: what it says of time, of people, and of what it is after. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from agent_memory.annotation import Entity, MemoryType
from agent_memory.annotation.entities import entities_in_query
from agent_memory.annotation.function_words import FUNCTION_WORDS
from agent_memory.annotation.traits import names_in, speaker_hash
from agent_memory.annotation.types import types_in_query
from agent_memory.events import Role
from agent_memory.indexes.words import wholes_of
from agent_memory.temporal import TIMELESS, TimeReading, read_query
from agent_memory.toc.calendar import Calendar

QUERY_CHARACTERS_MAX = 8_192
"""What is longer is cut: a model reads less, and a keyword beyond has had its chance."""

NAMES_MAX = 32
PHRASES_MAX = 8

_WHEN = re.compile(r"\b(?:when|(?:what|which) (?:time|day|date|week|month|year)|how long (?:ago|since))\b", re.I)
# Whose words are asked for: the subject of the question, or whose thing it is about.
# `did the user service fail` asks for nobody's words.
_WHO = (
    r"(?:i|we|you|the\s(?:user|assistant|agent|model)(?=\s+(?:said|told|asked|wrote|mentioned|suggested|proposed|explained|"
    r"answered|did|do|say|tell|ask|write|mention|suggest|propose|explain|answer|want|prefer|decide|think|like|need|mean|try|"
    r"run|find)\b))"
)
_SUBJECT = re.compile(
    rf"\b(?:did|do|does|had|have|has|was|were|am|are|would|should)\s+({_WHO})\b"
    rf"|\b(?:things?|what)\s+(?:that\s+)?({_WHO})\s+"
    r"(?:said|told|asked|wrote|mentioned|suggested|proposed|explained|answered|did)\b",
    re.IGNORECASE,
)
_ROLES = {
    **dict.fromkeys(("i", "user"), Role.USER),
    **dict.fromkeys(("you", "assistant", "agent", "model"), Role.ASSISTANT),
}
_OWN = re.compile(r"\b(?:my|mine|me)\b", re.I)
_SAYING = re.compile(
    r"\b(?:sa(?:y|ys|id)|tell|told|ask(?:ed)?|mention(?:ed)?|suggest(?:ed)?|recommend(?:ed)?|propos(?:e|ed)"
    r"|promis(?:e|ed)|explain(?:ed)?|answer(?:ed)?|repl(?:y|ied)|claim(?:ed)?|think|thought|wr(?:ite|ote))\b",
    re.IGNORECASE,
)
_FROM_NOW = re.compile(r"\b(?:yesterday|today|tonight|tomorrow|this|last|past|previous|next|ago|now)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
# What is done, said and thought whatever it is about: `what did we talk about on Monday`, `the last thing I said`.
_ACTS = """
    act acted agent answer answered anything ask asked assistant bug bugs build built change changed changes chat
    chatted code command commands commit commits committed conversation conversations decide decided decision
    decisions deploy deployed discuss discussed discussion discussions edit edited error errors event events
    everything fail failed failure failures file files find finish finished fix fixed found get go going gone got
    happen happened happening happens know learn learned learnt made make meet meeting meetings message messages met
    model question questions ran run said saw say saying says see seen session sessions something speak spoke spoken
    start started stuff talk talked talking talks tell test tested tests thing things think thought told tool tools
    user went work worked working write wrong wrote
"""
_OF_ANYTHING = frozenset(_ACTS.split())
_QUOTED = re.compile(r'"([^"\n]{2,200})"|`([^`\n]{2,200})`|“([^”\n]{2,200})”')


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a query asks for.

    ``words`` are what keywords are taken from: the text without words such as `yesterday`, which have
    been understood, and would find whoever else spoke of some yesterday.
    ``speakers`` are hashes of names it holds, ``role`` is whose words it asks for where it says
    `I` or `you`; ``phrases`` are what it quotes, verbatim, and the names that it is made of.
    ``has_topic``: whether it says what it is about, beside when that was.
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
    has_topic: bool = True


def read(query: str, *, now_ms: int, calendar: Calendar, reads_time: bool = True) -> Asked:
    """The query as the signals read it; where it is not read for times, it says nothing of any."""
    text = query[:QUERY_CHARACTERS_MAX]
    hashes = {speaker_hash(name) for name in names_in(text)[:NAMES_MAX]}
    time = read_query(text, now_ms=now_ms, calendar=calendar) if reads_time else TIMELESS
    # A date is no name: who asks what was done on `2026-02-03` does not want what quotes it.
    undated = _blanked(text, [(span.start, span.end) for span in time.spans])
    phrases = [" ".join("".join(found).split()) for found in _QUOTED.findall(text)] or _names(undated)
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


def about(asked: Asked, reading: TimeReading) -> Asked:
    """The same, with what the time that was understood leaves of it: `what did we do yesterday` has no topic."""
    if reading.is_timeless:
        return asked
    timed = [*reading.words, *((span.start, span.end) for span in reading.spans)]
    left = _WORD.findall(_blanked(asked.text, timed).lower())
    has_topic = any(word not in FUNCTION_WORDS and word not in _OF_ANYTHING for word in left)
    return msgspec.structs.replace(asked, has_topic=has_topic)


def _without(text: str, parts: Sequence[tuple[int, int]]) -> str:
    # June is June whoever says it; last week is not.
    return _blanked(text, [part for part in parts if _FROM_NOW.search(text, *part)])


def _blanked(text: str, parts: Sequence[tuple[int, int]]) -> str:
    for start, end in parts:
        text = f"{text[:start]}{' ' * (end - start)}{text[end:]}"
    return text


def _names(text: str) -> list[str]:
    """The names in code that a query is made of; none where it says much besides."""
    raw = text.encode("utf-8", "replace")
    names = wholes_of(text, raw).split()
    left = text
    for name in names:
        left = left.replace(name, " ")
    others = [word for word in _WORD.findall(left.lower()) if word not in FUNCTION_WORDS]
    return list(dict.fromkeys(names)) if len(others) <= len(names) else []


def _role(text: str) -> Role | None:
    if subject := _SUBJECT.search(text):
        return _ROLES.get((subject[1] or subject[2]).lower().removeprefix("the "))
    return Role.USER if _OWN.search(text) else None
