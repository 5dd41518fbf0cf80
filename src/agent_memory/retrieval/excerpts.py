"""The words of a passage that a reader wants to see first: verbatim, and short. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from agent_memory.retrieval.wanted import Wanted
from agent_memory.toc.grips import settle

EXCERPT_CHARACTERS_MAX = 300

Span = tuple[int, int]
"""Code points ``[start, end)`` of a text."""

# The look behind keeps a long run of dots from being tried from each of them. All begin with one class of
# characters: what stands between is skipped several times faster than it is tried for each way to end.
SENTENCE_END = re.compile(
    r"[.!?…。！？｡\n](?:(?<=[.!?…])(?<![.!?…]{2})[.!?…]*+[\"'”’»)\]]*+(?=\s)"
    r"|(?<=[。！？｡])[。！？｡]*[」』）]*|(?<=\n)\n*)"
)
_SAID = re.compile(r"[^\W_]")
_WORD_LONG = 24
_PLACES_MAX = 400


def narrow(text: str, start: int, end: int, wanted: Wanted, *, limit: int = EXCERPT_CHARACTERS_MAX) -> Span:
    """The run of sentences of ``text[start:end]`` that holds most of what is wanted, *limit* code points at most.

    Among equals the shortest, then the first; where nothing is held, how the passage begins.
    Cuts stand at sentences, else at words, and never inside what reads as one character; the
    span is empty where the passage has nothing to show.
    """
    start, end = max(start, 0), min(end, len(text))
    sentences = _sentences(text, start, end)
    if not sentences:
        return start, start
    places = wanted.places(text, start, end)[:_PLACES_MAX]
    first, last = _best_run(sentences, places, wanted, limit)
    if last - first > limit:
        inside = [(at, word) for at, word in places if first <= at < last]
        first, last = _window(text, first, last, _densest(inside, wanted, limit * 3 // 4, first), limit)
    return settle(text, first, last)


def around(text: str, start: int, end: int, *, within: Span, limit: int = EXCERPT_CHARACTERS_MAX) -> Span:
    """The sentences that ``text[start:end]`` stands in, and where these say nothing else, what follows or precedes.

    At most *limit* code points, around the words themselves, and nothing outside *within*.
    """
    low, high = max(within[0], start - limit), min(within[1], end + limit)
    sentences = _sentences(text, low, high)
    touched = [place for place, (first, last) in enumerate(sentences) if first < end and start < last]
    if not touched:
        return settle(text, start, end)
    first, last = sentences[touched[0]][0], sentences[touched[-1]][1]
    if not (_SAID.search(text, first, start) or _SAID.search(text, end, last)):
        last = max((stop for _, stop in sentences if last < stop <= first + limit), default=last)
        if not _SAID.search(text, end, last):
            first = min((begin for begin, _ in sentences if last - limit <= begin < first), default=first)
    if last - first > limit:
        first, last = _window(text, first, last, start, limit)
    return settle(text, first, last)


def _best_run(sentences: Sequence[Span], places: Sequence[tuple[int, str]], wanted: Wanted, limit: int) -> Span:
    held: dict[int, set[str]] = {}
    at = 0
    for place, word in places:
        while at < len(sentences) - 1 and place >= sentences[at][1]:
            at += 1
        held.setdefault(at, set()).add(word)
    best, chosen = (0.0, 0), (sentences[0][0], 0)
    if not held:
        return chosen[0], _last_that_fits(sentences, limit)
    count = len(set().union(*held.values()))
    # A run that begins or ends with nothing wanted is longer than the one without that, and holds no more.
    holding = list(held.items())
    for i, (first, _) in enumerate(holding):
        start = sentences[first][0]
        covered: set[str] = set()
        weight = 0.0
        for last, words in holding[i:]:
            end = sentences[last][1]
            if (last > first and end - start > limit) or len(covered) == count:
                break
            if new := words - covered:
                covered |= new
                # Weights are whole numbers, so that their sum is the same in any order.
                weight += sum(map(wanted.weights.__getitem__, new))
                if (weight, start - end) > best:
                    best, chosen = (weight, start - end), (start, end)
    return chosen


def _sentences(text: str, start: int, end: int) -> list[Span]:
    """Those of ``text[start:end]``, without the white space around them."""
    found: list[Span] = []
    for stop in [*(sentence.end() for sentence in SENTENCE_END.finditer(text, start, end)), end]:
        part = text[start:stop]
        first, last = stop - len(part.lstrip()), start + len(part.rstrip())
        if first < last:
            found.append((first, last))
        start = stop
    return found


def _last_that_fits(sentences: Sequence[Span], limit: int) -> int:
    last = sentences[0][1]
    for _, end in sentences[1:]:
        if end - sentences[0][0] > limit:
            break
        last = end
    return last


def _densest(places: Sequence[tuple[int, str]], wanted: Wanted, width: int, otherwise: int) -> int:
    """Where the window of *width* begins that holds most of what is wanted."""
    best, at = 0.0, otherwise
    # Weights are whole numbers, so that what is added is taken away again exactly.
    total, entered = 0.0, 0
    inside: Counter[str] = Counter()
    for start, word in places:
        while entered < len(places) and places[entered][0] - start < width:
            new = places[entered][1]
            if not inside[new]:
                total += wanted.weights[new]
            inside[new] += 1
            entered += 1
        if total > best:
            best, at = total, start
        inside[word] -= 1
        if not inside[word]:
            total -= wanted.weights[word]
    return at


def _window(text: str, start: int, end: int, at: int, limit: int) -> Span:
    """At most *limit* of ``[start, end)``, from a word's start a little before *at*."""
    first = max(start, min(at - limit // 6, end - limit))
    last = min(end, first + limit)
    if first > start:
        first = next((i for i in range(first, min(at, first + _WORD_LONG)) if text[i - 1].isspace()), first)
    if last < end:
        last = next((i for i in range(last, max(last - _WORD_LONG, first + 1), -1) if text[i].isspace()), last)
    return first, last
