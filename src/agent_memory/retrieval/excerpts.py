"""The words of a passage that a reader wants to see first: verbatim, and short. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from agent_memory.retrieval.wanted import Wanted
from agent_memory.toc.grips import settle

EXCERPT_CHARACTERS_MAX = 300

Span = tuple[int, int]
"""Code points ``[start, end)`` of a text."""

# The look behind keeps a long run of dots from being tried from each of them.
SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’»)\]]*+(?=\s)|[。！？｡]+[」』）]*|\n+")
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
    sentences = list(_sentences(text, start, end))
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
    sentences = list(_sentences(text, low, high))
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
    held: list[set[str]] = [set() for _ in sentences]
    at = 0
    for place, word in places:
        while at < len(sentences) - 1 and place >= sentences[at][1]:
            at += 1
        held[at].add(word)
    everything = set().union(*held)
    best, chosen = (0.0, 0), None
    for i in range(len(sentences)):
        # A run that begins with nothing wanted is longer than the one after it, and holds no more.
        if not held[i]:
            continue
        covered: set[str] = set()
        for j in range(i, len(sentences)):
            length = sentences[j][1] - sentences[i][0]
            if (j > i and length > limit) or len(covered) == len(everything):
                break
            if held[j] <= covered:
                continue
            covered |= held[j]
            rating = (sum(map(wanted.weights.__getitem__, covered)), -length)
            if chosen is None or rating > best:
                best, chosen = rating, (sentences[i][0], sentences[j][1])
    return chosen or (sentences[0][0], _last_that_fits(sentences, limit))


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    at = start
    for stop in SENTENCE_END.finditer(text, start, end):
        if span := _trimmed(text, at, stop.end()):
            yield span
        at = stop.end()
    if span := _trimmed(text, at, end):
        yield span


def _trimmed(text: str, start: int, end: int) -> Span | None:
    part = text[start:end]
    first, last = end - len(part.lstrip()), start + len(part.rstrip())
    return (first, last) if first < last else None


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
