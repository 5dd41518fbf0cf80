"""What a context block quotes, and how a quotation reads: verbatim, labelled, unable to end the block. Pure.

A line of the block

    [3] 14:02 user: … and then the health check timed out. …

is a label, the local time, who it came from, and the excerpt as it stands in its event. `…` marks
what was cut away. Three things are changed for the block to stay what it is:

- lines of an excerpt after its first are indented, so that none of them reads as a line of the block;
- the block's own tag is bent (`annotation.scaffolding`), so that no quotation ends the block;
- names and titles are brought onto one line, and cut.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from agent_memory.annotation.scaffolding import said_parts
from agent_memory.events import Event, Kind
from agent_memory.retrieval.excerpts import SENTENCE_END, Span, narrow
from agent_memory.retrieval.wanted import Wanted
from agent_memory.toc.grips import settle

ELLIPSIS = "…"
INDENT = "    "
NAME_CHARACTERS_MAX = 40
TITLE_CHARACTERS_MAX = 80

# Whatever any reader might take for a new line; an empty line needs no indent.
_NEW_LINE = re.compile("(\r\n|[\n\v\f\r\x1c-\x1e\x85\u2028\u2029])(?=[^\n\v\f\r\x1c-\x1e\x85\u2028\u2029])")
_NOT_OF_ONE_LINE = re.compile("[\\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_SOLID = re.compile(r"\S")
_NOTHING = Wanted("")
_BEYOND = 80
_WORD_LONG = 40
_PART_MIN = 40
_TOOL_KINDS = {Kind.TOOL_CALL: "tool call", Kind.TOOL_RESULT: "tool result"}
_PEOPLE_KINDS = {Kind.USER_MESSAGE: "user", Kind.ASSISTANT_MESSAGE: "assistant"}


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """Code points ``[start, end)`` of an event's text, to be quoted under its session's title."""

    event: Event
    start: int
    end: int
    session_title: str

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.start, self.end

    def of(self, span: Span) -> Quote:
        """The same event, other words."""
        return msgspec.structs.replace(self, start=span[0], end=span[1])


def body(quote: Quote, zone: ZoneInfo) -> str:
    """The quotation's line without its label, its end of line included."""
    event = quote.event
    excerpt = event.text[quote.start : quote.end]
    before = f"{ELLIPSIS} " if _SOLID.search(event.text, 0, quote.start) else ""
    after = f" {ELLIPSIS}" if _SOLID.search(event.text, quote.end) else ""
    excerpt = _NEW_LINE.sub(rf"\1{INDENT}", excerpt)
    return f"{_clock(event.time_ms // 60_000, zone)} {_who(event)}: {before}{excerpt}{after}\n"


def one_line(text: str, *, limit: int) -> str:
    """A name or title that stays on its line and within *limit* code points."""
    short = _NOT_OF_ONE_LINE.sub(" ", text[: 4 * limit]).strip()
    if len(short) > limit:
        start, end = narrow(short, 0, len(short), _NOTHING, limit=limit - 2)
        short = f"{short[start:end]} {ELLIPSIS}"
    return short


def headed(text: str, span: Span, *, limit: int) -> Span:
    """How a passage begins: at most *limit* code points of it, to the end of a sentence or a word."""
    start, end = span
    return narrow(text, start, min(end, start + limit + _BEYOND), _NOTHING, limit=limit)


def widened(text: str, span: Span, *, limit: int, within: Span) -> Span:
    """The passage with what stands around it, whole sentences or words, at most *limit* code points.

    Nothing outside *within* is taken in. What follows a passage explains it more often than what
    precedes it, so two thirds of the room lie behind. Where there is no more, the passage itself.
    """
    start, end = span
    low, high = min(within[0], start), max(within[1], end)
    room = limit - (end - start)
    if room <= 0:
        return span
    after = min(high - end, max(room * 2 // 3, room - (start - low)))
    before = min(start - low, room - after)
    first = start - before
    if first > low:
        first = _first_start(text, first, start)
    last = end + after
    if last < high:
        last = _last_end(text, end, last)
    first, last = settle(text, first, last)
    # Half of a surrogate pair beside the passage ends what can be quoted: then nothing is gained.
    return (first, last) if first <= start and end <= last else span


def said_around(event: Event, span: Span) -> Span:
    """What of the event was said where the words stand, and not put there by a harness; else the words alone."""
    for part in said_parts(event):
        if part.start <= span[0] < part.end:
            return part.start, part.end
    return span


def most_said(event: Event) -> Span | None:
    """The longest part of the event that was said; None where nothing was."""
    parts = [part for part in said_parts(event) if _SOLID.search(event.text, part.start, part.end)]
    if not parts:
        return None
    longest = max(parts, key=lambda part: part.end - part.start)
    return longest.start, longest.end


def _first_start(text: str, first: int, until: int) -> int:
    """Where a sentence begins, at or after *first*; else a word, where that is some way ahead of *until*."""
    for stop in SENTENCE_END.finditer(text, first, until):
        return stop.end()
    words = (at + 1 for at in range(first, min(first + _WORD_LONG, until - _PART_MIN)) if text[at].isspace())
    return next(words, until)


def _last_end(text: str, after: int, last: int) -> int:
    """Where a sentence ends, at or before *last*; else a word, where that is some way behind *after*."""
    end = after
    for stop in SENTENCE_END.finditer(text, after, last):
        end = stop.end()
    if end > after:
        return end
    words = (at for at in range(last, max(last - _WORD_LONG, after + _PART_MIN), -1) if text[at].isspace())
    return next(words, after)


@lru_cache(maxsize=4096)
def _clock(minute: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(minute * 60, zone):%H:%M}"


def _who(event: Event) -> str:
    if kind := _TOOL_KINDS.get(event.kind):
        return f"{kind} {name}" if (name := one_line(event.tool_name, limit=NAME_CHARACTERS_MAX)) else kind
    name = one_line(event.speaker, limit=NAME_CHARACTERS_MAX)
    return name or _PEOPLE_KINDS.get(event.kind) or event.kind.value.replace("_", " ")
