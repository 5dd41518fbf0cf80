"""What ranking needs to know of an event besides its words, in 64 bits.

    0-7     words of four letters or more, and numbers; 255 stands for more
    8-11    how many of its sentences are questions, in fifteenths
    12      whether it ends with a question
    13      whether it names a time
    14-15   role
    16-23   memory types, one bit each
    24-47   whose words they are: a hash of the speaker's first name; 0 for nobody

The functions that read them take an integer or a numpy array of such.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from agent_memory.annotation.model import MemoryType
from agent_memory.annotation.scaffolding import SCAFFOLDING, said_text
from agent_memory.events import Event, Role

TRAITS = f"traits-2+{SCAFFOLDING}"
"""Names the layout and how it is read out of an event; part of the fingerprint of what keeps it."""

WORDS_MAX = 255
ASKS_MAX = 15

_READ_MAX = 4_000
_TELLING = re.compile(r"[^\W\d_]{4,}|\d+")
_SORTS = bytes(48 if chr(byte).isdigit() else 97 if chr(byte).isalpha() else 32 for byte in range(128)).ljust(256)
_SENTENCE_END = re.compile(r"[.!?…。！？]+(?=[\s\"'”’)\]*_]|$)")
_QUESTION_MARKS = "?？"
_TRAILING = " \t\r\n\"'”’)]*_"
_ROLES = {role: code for code, role in enumerate(Role)}
_TYPES = {type: 1 << place for place, type in enumerate(MemoryType)}
_NAME = re.compile(r"[^\W\d_]{2,}")


def traits_of(event: Event, *, types: Collection[MemoryType], names_time: bool) -> int:
    """The traits of what was said; its types and whether it names a time are found elsewhere."""
    text = said_text(event)
    if len(text) > _READ_MAX:
        # How a long text ends decides whether it asks; what stands between is more of the same.
        text = text[: _READ_MAX // 2] + text[-_READ_MAX // 2 :]
    words = min(_telling(text), WORDS_MAX)
    asks, ends = 0, False
    if "?" in text or "？" in text:
        endings = _SENTENCE_END.findall(text)
        questions = sum(ending[-1] in _QUESTION_MARKS for ending in endings)
        ends = text.rstrip(_TRAILING)[-1:] in _QUESTION_MARKS
        asks = round(ASKS_MAX * questions / len(endings)) if endings else 0
    bits = sum([_TYPES[type] for type in types]) if types else 0
    speaker = speaker_hash(event.speaker) if event.speaker else 0
    return words | asks << 8 | ends << 12 | names_time << 13 | _ROLES[event.role] << 14 | bits << 16 | speaker << 24


def _telling(text: str) -> int:
    """How many words of four letters or more, and numbers."""
    if not text.isascii():
        return len(_TELLING.findall(text))
    # Each run by how it ends; ten times as fast as an expression.
    raw = (text + " ").encode().translate(_SORTS)
    return sum([raw.count(end) for end in (b"aaaa ", b"aaaa0", b"0 ", b"0a")])


@lru_cache(maxsize=1024)
def speaker_hash(name: str) -> int:
    """24 bits for the first name of a speaker, whatever its case; 0 where there is none."""
    first = _NAME.search(name)
    return zlib.crc32(first.group().casefold().encode()) & 0xFF_FFFF or 1 if first else 0


def names_in(query: str) -> list[str]:
    """The words of a query that may be somebody's name, each once."""
    return list(dict.fromkeys(_NAME.findall(query)))


def words_in(traits: Any) -> Any:
    """How many telling words, 255 for more."""
    return traits & 0xFF


def share_of_questions(traits: Any) -> Any:
    """From 0 to 1."""
    return (traits >> 8 & 0xF) / ASKS_MAX


def ends_with_question(traits: Any) -> Any:
    """1 or 0."""
    return traits >> 12 & 1


def names_time(traits: Any) -> Any:
    """1 or 0."""
    return traits >> 13 & 1


def has_role(traits: Any, role: Role) -> Any:
    """Whether it came from *role*."""
    return traits >> 14 & 3 == _ROLES[role]


def has_type(traits: Any, types: Collection[MemoryType]) -> Any:
    """Whether it is of any of the *types*."""
    return traits >> 16 & sum(_TYPES[type] for type in types) != 0


def types_in(traits: int) -> frozenset[MemoryType]:
    """The types of one event."""
    return _types_of(traits >> 16 & 0xFF)


@lru_cache(maxsize=256)
def _types_of(bits: int) -> frozenset[MemoryType]:
    return frozenset([type for type, bit in _TYPES.items() if bits & bit])


def said_by(traits: Any) -> Any:
    """The hash of the speaker's first name."""
    return traits >> 24 & 0xFF_FFFF
