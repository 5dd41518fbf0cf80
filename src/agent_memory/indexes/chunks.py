"""A long text in pieces that can be found one by one.

A piece has about a thousand characters, ends where a reader would pause, and begins a little
before the last one ended, so that a sentence on the border stands whole in one of the two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import msgspec

CHUNKING = "chunks-1"
"""Names the way of cutting; part of the fingerprint of whatever is built from chunks."""

CHUNK_MAX = 1_200
"""Code points in one chunk at most; a text that is no longer stays whole."""

_CUT_FIRST = 600
_CUT_LAST = 1_000
_OVERLAP = 100
_GRAPHEME_MAX = 32

# Where to cut, the best first: after a blank line, a line, a sentence, a word.
_PAUSES = (
    re.compile(r"\n[ \t\r]*\n\s*"),
    re.compile(r"\n"),
    re.compile(r"[.!?…][\"')\]]*\s+|[。！？]"),
    re.compile(r"\s+"),
)
_JOINERS = frozenset("\u200d\ufe0e\ufe0f")


class Chunk(msgspec.Struct, frozen=True):
    """Code points ``[start, end)`` of a text."""

    start: int
    end: int


def chunks_of(text: str) -> list[Chunk]:
    """The chunks of the text in order, which together cover it; none for an empty one.

    A function of the text. No chunk begins or ends within a surrogate pair or between a
    character and its combining marks, unless more than 32 of them follow each other.
    """
    return list(each_chunk(text))


def each_chunk(text: str) -> Iterator[Chunk]:
    """The same, one after the other, so that whoever needs the first cuts no more."""
    start = 0
    while len(text) - start > CHUNK_MAX:
        end = _cut(text, start)
        yield Chunk(start, end)
        start = _restart(text, start, end)
    if start < len(text):
        yield Chunk(start, len(text))


def _cut(text: str, start: int) -> int:
    for pause in _PAUSES:
        last = 0
        for found in pause.finditer(text, start + _CUT_FIRST, start + _CUT_LAST):
            last = found.end()
        if last:
            # White space at the cut may reach on; a mark may follow the space.
            return _between_characters(text, last, floor=start + 1)
    return _between_characters(text, start + _CUT_LAST, floor=start + 1)


def _restart(text: str, start: int, end: int) -> int:
    floor = max(start + 1, end - _OVERLAP)
    space = _PAUSES[3].search(text, floor, end)
    if space is not None and space.end() < end:
        return _between_characters(text, space.end(), floor=floor)
    return _between_characters(text, floor, floor=start + 1)


def _between_characters(text: str, at: int, *, floor: int) -> int:
    """The nearest place at or before *at* that cuts no character as a reader sees it."""
    for place in range(at, max(floor, at - _GRAPHEME_MAX), -1):
        if place >= len(text) or not _joined(text[place - 1], text[place]):
            return place
    return at


def _joined(left: str, right: str) -> bool:
    if right in _JOINERS or left == "\u200d" or unicodedata.category(right)[0] == "M":
        return True
    if "\ud800" <= left <= "\udbff" and "\udc00" <= right <= "\udfff":
        return True
    if left == "\r" and right == "\n":
        return True
    # Skin tones follow what they colour; flags are pairs of letters of their own.
    return "\U0001f3fb" <= right <= "\U0001f3ff" or (_is_flag_letter(left) and _is_flag_letter(right))


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
