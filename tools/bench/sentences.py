"""Sentences for the baselines, found by another rule than the one that is measured."""

from __future__ import annotations

import re

import msgspec

from agent_memory.events import Event, Kind
from agent_memory.inference._cues import STOP_WORDS
from agent_memory.inference._sentences import WORD

_SPOKEN = (Kind.USER_MESSAGE, Kind.ASSISTANT_MESSAGE)
_END = re.compile(r"(?<=[.!?…。！？])[\"'”’)\]]*\s+|\n+")


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence that was said: the source's id of its event, and which of the event's it is."""

    event: str
    place: int
    text: str
    words: frozenset[str]


def words_of(text: str) -> frozenset[str]:
    """The words that say what a text is about."""
    return frozenset(word.lower() for word in WORD.findall(text)) - STOP_WORDS


def sentences_of(event: Event) -> list[Sentence]:
    """The sentences of a message in order; none of a tool's, where there are no sentences."""
    if event.kind not in _SPOKEN:
        return []
    said = (part.strip() for part in _END.split(event.text))
    return [
        Sentence(event=event.source_id, place=place, text=text, words=words_of(text))
        for place, text in enumerate(part for part in said if any(map(str.isalnum, part)))
    ]
