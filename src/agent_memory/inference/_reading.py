"""Reading one event: which of its sentences could stand in a summary, and what it names."""

from __future__ import annotations

import re
from itertools import chain

from agent_memory.events import Kind, Role
from agent_memory.inference._cues import ABBREVIATIONS
from agent_memory.inference._sentences import NOTHING, OTHER, SOCIAL, USER, Reading, Sentence, read_sentence
from agent_memory.inference._tool_reading import BREAK, HEAD, TOOL_LINE_MAX, edges, read_tool_call, read_tool_result
from agent_memory.toc.grips import settle
from agent_memory.toc.material import Passage

# An event is read from its two ends, blanks left out: what a megabyte says in the middle waits for search.
_TAIL = 2_000
_LINES_MAX, _LAST_LINES = 48, 16
_KEPT_MAX = 4
# Beside other sentences, one this short is an exclamation: `Sure!`, `Hey Mel!`.
_CALL_MAX = 9
# A longer sentence ends at a clause, where it has one.
_EXCERPT_MAX, _CLAUSE_AT = 220, 60

# One leading set of characters, because the engine skips to it fast; `_split` does the rest.
_STOP = re.compile(
    "[.!?…。！？｡؟।\n\r\x00-\x08\x0b-\x1f\x85\u2028\u2029\ud800-\udfff][.!?…。！？｡]*[\"'”’)\\]»*_`」』）]*"
)
_SOFT_STOPS = ".!?…؟"
_WIDE_STOPS = "。！？｡।"
_FENCE = re.compile(r"^[ \t]*(?:```|~~~).*?(?:^[ \t]*(?:```|~~~)[^\n]*$|\Z)", re.M | re.S)
_MARKER = re.compile(r"(?:[#>*+\-–•·|=~\s]|\d{1,3}[.)]\s|\[[ xX]\]\s)+")
# Captions, rules, tables, tags: lines without a sentence.
_NOT_PROSE = re.compile(r"\[[^\]]*\]$|[|+\-=_*~<>{}\[\]();/\\$@#%^&\d\s:.,'\"`]+$|</?[A-Za-z_][\w-]*[ >/]|[{}]$")


def read(passage: Passage, *, social: bool) -> Reading:
    """Find the sentences and terms of an event's text; *social* in a talk among people."""
    text = passage.text
    if not text:
        return NOTHING
    kind = passage.kind
    if kind is Kind.TOOL_RESULT or passage.role is Role.TOOL:
        return read_tool_result(text)
    if kind is Kind.TOOL_CALL:
        return read_tool_call(text)
    return _read_prose(text, SOCIAL if social else USER if passage.role is Role.USER else OTHER)


def last_resort(passage: Passage) -> tuple[int, int] | None:
    """The best line of a text that has no sentence; None where nothing can be shown.

    An error's line, what a tool was told, the first line with a word, the first with anything.
    """
    text = passage.text
    if passage.kind is Kind.TOOL_CALL:
        told = _TOLD.search(text, 0, HEAD)
        if told is not None:
            start, end = told.start(1), min(told.end(1), told.start(1) + TOOL_LINE_MAX)
            broken = BREAK.search(text, start, end) if passage.left_out else None
            place = settle(text, start, broken.start() if broken else end)
            if place[0] < place[1]:
                return place
    reading = read_tool_result(text)
    if reading.sentences:
        return reading.sentences[-1].start, reading.sentences[-1].end
    shown: tuple[int, int] | None = None
    start, limit = edges(text)
    limit = min(limit, start + HEAD)
    while start < limit:
        boundary = BREAK.search(text, start, limit)
        end = boundary.start() if boundary else limit
        place = settle(text, start, min(end, start + TOOL_LINE_MAX))
        line = text[place[0] : place[1]]
        if any(map(str.isalnum, line)) and not line.startswith(("```", "~~~")):
            return place
        if shown is None and any(c.isprintable() and not c.isspace() for c in line):
            shown = place
        start = boundary.end() if boundary else limit
    return shown


_TOLD = re.compile(
    r"\"(?:command|cmd|file_path|path|query|pattern|url|prompt|description)\"\s*:\s*\"((?:[^\"\\]|\\.)+)\""
)


# -- prose ------------------------------------------------------------------------------------


def _read_prose(text: str, voice: int) -> Reading:
    sentences: list[Sentence] = []
    named: dict[str, tuple[int, str]] = {}
    spans = _spans(text)
    if len(spans) > _LINES_MAX:
        spans = spans[: _LINES_MAX - _LAST_LINES] + spans[-_LAST_LINES:]
    place = 0
    for start, end in spans:
        if text[start] == " ":
            start += 1
        # The common case by hand: a plain sentence of a moderate length.
        last = text[end - 1]
        if end - start > _EXCERPT_MAX or not text[start].isalpha() or last == " " or not last.isascii():
            start, end = _trim(text, start, end)
        found = text[start:end]
        if end - start < 2 or (not found[0].isalpha() and _NOT_PROSE.match(found)):
            continue
        if end - start < _CALL_MAX and len(spans) > 1 and found.isascii():
            continue
        sentence = read_sentence(found, start, end, place, voice, named)
        if sentence is not None:
            sentences.append(sentence)
            place += 1
    terms = dict.fromkeys(chain.from_iterable([sentence.words for sentence in sentences]))
    asks = voice == SOCIAL and any(sentence.asks for sentence in sentences)
    if len(sentences) > _KEPT_MAX:
        best = sorted(sentences, key=_by_worth)[:_KEPT_MAX]
        sentences = sorted(best, key=_by_start)
    return Reading(tuple(sentences), terms, named, asks)


def _by_worth(sentence: Sentence) -> tuple[int, int]:
    return -sentence.worth, sentence.start


def _by_start(sentence: Sentence) -> int:
    return sentence.start


def _spans(text: str) -> list[tuple[int, int]]:
    """Sentences by punctuation and line, code left out, from both ends of a long text."""
    first, last = edges(text)
    windows = [(first, last)] if last - first <= HEAD + _TAIL else [(first, first + HEAD), (last - _TAIL, last)]
    spans: list[tuple[int, int]] = []
    for window_start, window_end in windows:
        at = window_start
        holes = [m.span() for m in _FENCE.finditer(text, at, window_end)] if "```" in text or "~~~" in text else []
        for hole_start, hole_end in [*holes, (window_end, window_end)]:
            _split(text, at, hole_start, spans)
            at = hole_end
    return spans


def _split(text: str, at: int, end: int, spans: list[tuple[int, int]]) -> None:
    for found in _STOP.finditer(text, at, end):
        start, stop = found.span()
        c = text[start]
        if c in _SOFT_STOPS:
            # A stop inside a word, a number or a path ends nothing.
            if stop < end and not text[stop].isspace():
                continue
            # Only a short word can be an abbreviation, and most sentences end in a longer one.
            if (
                c == "."
                and stop < end
                and (start < at + 6 or " " in text[start - 6 : start])
                and _goes_on(text, at, start)
            ):
                continue
        elif c not in _WIDE_STOPS:
            # The end of a line, a control character, half a character: part of nothing.
            if start - at > 1 and not text[at:start].isspace():
                spans.append((at, start))
            at = start + 1
            continue
        if stop - at > 1:
            spans.append((at, stop))
        at = stop
    if end - at > 1:
        spans.append((at, end))


def _goes_on(text: str, at: int, dot: int) -> bool:
    """Whether the dot belongs to an abbreviation, an initial or an ordinal."""
    start = max(text.rfind(" ", at, dot) + 1, at)
    token = text[start:dot].lstrip("(\"'").lower()
    return (
        not token
        or token in ABBREVIATIONS
        or (len(token) <= 2 and token.isdigit())
        or (len(token) == 1 and token.isalpha() and token != "i")
    )


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Without list markers and white space; a long sentence ends at a word."""
    marker = _MARKER.match(text, start, end)
    if marker is not None:
        start = marker.end()
    if end - start > _EXCERPT_MAX:
        end = _cut(text, start, start + _EXCERPT_MAX)
    while start < end and text[end - 1].isspace():
        end -= 1
    if end < len(text) and not text[end].isascii():
        return settle(text, start, end)
    return start, end


def _cut(text: str, start: int, limit: int) -> int:
    """Where to end what is too long: at the last clause, or else at the last word."""
    for clause in (_STRONG_CLAUSE, _CLAUSE):
        ends = [found.start() for found in clause.finditer(text, start + _CLAUSE_AT, limit)]
        if ends:
            return ends[-1]
    space = text.rfind(" ", start + _CLAUSE_AT, limit)
    return space if space > 0 else limit


_STRONG_CLAUSE = re.compile(r"[;:—](?!\S)|[；：]|,?\s(?=(?:because|so that|but|weil|aber|parce que|porque)\s)")
_CLAUSE = re.compile(r"[;,:—–，；：、](?!\S)|(?<=[，；：、])|\s(?=[-–—(]\s?)")
