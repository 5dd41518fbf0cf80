"""What a query says of time, made definite: intervals, and the event that one of them is told from."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from agent_memory.events import Event, Kind
from agent_memory.indexes.model import Match, Where
from agent_memory.retrieval.lease import Lease
from agent_memory.retrieval.wanted import Wanted
from agent_memory.temporal import TimeReading, TimeSpan, mentions
from agent_memory.toc.calendar import Calendar

if TYPE_CHECKING:
    from agent_memory.indexes.port import LexicalSearch
    from agent_memory.log.port import EventLog

CANDIDATES = 8
"""So many events are weighed for what an interval is told from."""

HELD = 0.5
"""The share of the anchor's words that a sentence has to hold; without one an anchor says nothing."""

DATED = 0.25
ASKED = -0.5
SCORED = 0.25
"""What counts beside the words that a sentence holds (from 0 to 1): that it names a day, that it is a
question, and how the event ranks by words (from 0 to 1)."""

VAGUE_MS = 31 * 86_400_000
"""What a sentence names is taken for the time of an event if it is no longer than a month."""

SENTENCE_MAX = 240

_TOOLS = frozenset({Kind.TOOL_CALL, Kind.TOOL_RESULT})
_SAID = frozenset(Kind) - _TOOLS
_SENTENCE_END = re.compile(r"[.!?…](?=\s)|\n")


class _Sentence(msgspec.Struct, frozen=True):
    """A sentence that may tell of the anchor: code points ``[start, end)`` of an event, and where its words stand."""

    event: Event
    start: int
    end: int
    places: list[int]
    weight: float


def definite(
    query: str,
    reading: TimeReading,
    *,
    now_ms: int,
    calendar: Calendar,
    lexical: Lease[LexicalSearch],
    log: EventLog,
) -> TimeReading:
    """The reading with the interval of an anchor (`before the release`) last among its spans.

    The anchor is what a sentence said by *now_ms* tells of: messages before what tools were told and
    printed. It was on the day that the sentence names, or else when that was said. Without such a
    sentence the anchor says nothing. What is searched within does not matter: a filter narrows
    what is found, and changes no question.
    """
    if not reading.anchor:
        return reading
    wanted = Wanted(reading.anchor)
    for kinds in (_SAID, _TOOLS):
        with lexical() as index:
            found = index.search(reading.anchor, where=Where(kinds=kinds, until_ms=now_ms), limit=CANDIDATES)
        events = log.get_many([match.event_id for match in found])
        sentences = [
            sentence
            for match, recorded in zip(found, events, strict=True)
            if recorded is not None
            for sentence in _sentences(recorded.event, match, wanted, ranked=match.score / found[0].score)
        ]
        if sentences:
            return _anchored(query, reading, *_best(sentences, calendar))
    return reading


def _anchored(query: str, reading: TimeReading, sentence: _Sentence, day: tuple[int, int]) -> TimeReading:
    # Where the name also stands elsewhere, it is the one after the words that lead to it.
    lead = next((end for _, end in reversed(reading.cues) if query.find(reading.anchor, end) >= 0), 0)
    start = max(query.find(reading.anchor, lead), 0)
    first, last = reading.anchor_from_ms, reading.anchor_until_ms
    span = TimeSpan(
        start=start,
        end=start + len(reading.anchor),
        from_ms=None if first is None else max(day[0] + first, 0),
        # What is before a day is over when it begins.
        until_ms=None if last is None else max((day[0] - 1 if last <= 0 else day[1]) + last, 0),
    )
    return msgspec.structs.replace(
        reading, spans=(*reading.spans, span), anchor_event_id=sentence.event.id, anchor_sentence=_shown(sentence)
    )


def _sentences(event: Event, match: Match, wanted: Wanted, *, ranked: float) -> Iterator[_Sentence]:
    """The sentences of a passage that hold enough of what is wanted; whose project it is counts as said."""
    text = event.text
    places = wanted.places(text, match.start, match.end)
    named = {word for _, word in wanted.places(event.project)}
    done = match.start
    while places:
        at = places[0][0]
        start = max((end.end() for end in _SENTENCE_END.finditer(text, done, at)), default=done)
        start = max(start, at - SENTENCE_MAX)
        limit = min(match.end, at + SENTENCE_MAX)
        end_found = _SENTENCE_END.search(text, at, limit)
        done = end_found.end() if end_found else limit
        inside = [place for place in places if place[0] < done]
        places = places[len(inside) :]
        held = sum(wanted.weights[word] for word in {word for _, word in inside} | named) / wanted.whole
        if held >= HELD:
            asks = text[start:done].rstrip().endswith("?")
            weight = held + SCORED * ranked + ASKED * asks
            yield _Sentence(event, start, done, [place for place, _ in inside], weight)


def _best(sentences: Sequence[_Sentence], calendar: Calendar) -> tuple[_Sentence, tuple[int, int]]:
    """The sentence that tells most of the anchor, and the first and last instant of what it tells of."""
    best: tuple[float, str] = (-math.inf, "")
    found: tuple[_Sentence, tuple[int, int]] | None = None
    for sentence in sorted(sentences, key=lambda one: -one.weight):
        if sentence.weight + DATED < best[0]:
            break  # nor can any other be better: most are not read for dates
        day = _day(sentence, calendar)
        weight = sentence.weight + DATED * (day is not None)
        # Of what is told equally well, the one told last.
        if (weight, sentence.event.id) > best:
            best, found = (weight, sentence.event.id), (sentence, day or (sentence.event.time_ms,) * 2)
    assert found is not None
    return found


def _day(sentence: _Sentence, calendar: Calendar) -> tuple[int, int] | None:
    """The day that a sentence names; of several the nearest to the words: `moved from Monday, released on Friday`."""
    text = sentence.event.text[sentence.start : sentence.end]
    days = [
        (min(_apart(span, place - sentence.start) for place in sentence.places), span.from_ms, span.until_ms)
        for span in mentions(text, said_ms=sentence.event.time_ms, calendar=calendar)
        if span.from_ms is not None and span.until_ms is not None and span.until_ms - span.from_ms < VAGUE_MS
    ]
    return min(days)[1:] if days else None


def _apart(span: TimeSpan, place: int) -> int:
    return max(span.start - place, place - span.end, 0)


def _shown(sentence: _Sentence) -> str:
    """As much of a sentence as a reader needs, around the first of the words."""
    start = max(sentence.start, min(sentence.places[0] - SENTENCE_MAX // 2, sentence.end - SENTENCE_MAX))
    return sentence.event.text[start : min(start + SENTENCE_MAX, sentence.end)].strip()


def where_is_within(where: Where, span: TimeSpan) -> bool:
    """Whether nothing passes the filter that was said outside the span."""
    since = span.from_ms is None or (where.from_ms is not None and where.from_ms >= span.from_ms)
    return since and (span.until_ms is None or (where.until_ms is not None and where.until_ms <= span.until_ms))


def within(where: Where, span: TimeSpan) -> Where | None:
    """The filter narrowed to the span; None where nothing is left, or nothing is narrowed."""
    firsts = [ms for ms in (where.from_ms, span.from_ms) if ms is not None]
    lasts = [ms for ms in (where.until_ms, span.until_ms) if ms is not None]
    narrowed = msgspec.structs.replace(where, from_ms=max(firsts, default=None), until_ms=min(lasts, default=None))
    if firsts and lasts and max(firsts) > min(lasts):
        return None
    return None if narrowed == where else narrowed
