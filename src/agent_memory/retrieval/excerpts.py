"""The words of a passage that a reader wants to see first: verbatim, and short. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent_memory.toc.grips import settle

EXCERPT_CHARACTERS_MAX = 300

Span = tuple[int, int]
"""Code points ``[start, end)`` of a text."""

_WORD = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？｡]+[」』）]*|\n+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD_LONG = 24
_INFLECTION = re.compile(r"(?:ings?|e[ds]?|s|ly)$")


def terms(text: str) -> dict[str, list[int]]:
    """The words of *text* in the form in which they are compared, each with where it stands.

    Case and English inflection are levelled; words of scripts without spaces are taken as pairs
    of characters.
    """
    found: dict[str, list[int]] = {}
    for word in _WORD.finditer(text):
        start = word.start()
        for part in _CAMEL.split(word.group()):
            for term, offset in _forms(part):
                found.setdefault(term, []).append(start + offset)
            start += len(part)
    return found


def weight(term: str) -> float:
    """How much a term tells: long words are rarer ones."""
    return min(len(term), 8) if term.isascii() else 6.0


def narrow(text: str, start: int, end: int, query: str, *, limit: int = EXCERPT_CHARACTERS_MAX) -> Span:
    """The run of sentences of ``text[start:end]`` that shares most with *query*, *limit* code points at most.

    Among equals the shortest, then the first; where nothing is shared, how the passage begins.
    Cuts stand at sentences, else at words, and never inside what reads as one character; the
    span is empty where the passage has nothing to show.
    """
    start, end = max(start, 0), min(end, len(text))
    sentences = list(_sentences(text, start, end))
    if not sentences:
        return start, start
    wanted = {term: weight(term) for term in terms(query)}
    shared = [{term: at for term, at in terms(text[first:last]).items() if term in wanted} for first, last in sentences]
    chosen = _best_run(sentences, shared, wanted, limit)
    first, last = sentences[chosen[0]][0], sentences[chosen[1]][1]
    if last - first > limit:
        hits = sorted((at, term) for term, places in shared[chosen[0]].items() for at in places)
        first, last = _window(text, first, last, first + _densest(hits, wanted, limit * 3 // 4), limit)
    return settle(text, first, last)


def _best_run(
    sentences: list[Span], shared: list[dict[str, list[int]]], wanted: dict[str, float], limit: int
) -> tuple[int, int]:
    best, chosen = (0.0, 0, 0), (0, _last_that_fits(sentences, limit))
    for i in range(len(sentences)):
        covered: set[str] = set()
        for j in range(i, len(sentences)):
            length = sentences[j][1] - sentences[i][0]
            if j > i and length > limit:
                break
            covered |= shared[j].keys()
            rating = (sum(wanted[term] for term in sorted(covered)), -length, -i)
            if covered and (best[0] == 0 or rating > best):
                best, chosen = rating, (i, j)
    return chosen


def _forms(word: str) -> Iterator[tuple[str, int]]:
    if any(_is_unspaced(c) for c in word):
        if len(word) == 1:
            yield word, 0
        for i in range(len(word) - 1):
            yield word[i : i + 2], i
        return
    levelled = word.casefold()
    stem = _INFLECTION.sub("", levelled)
    yield (stem if len(stem) >= 3 else levelled), 0


def _is_unspaced(c: str) -> bool:
    return "\u2e80" <= c <= "\u9fff" or "\u0e00" <= c <= "\u0eff" or c >= "\U00020000"


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    at = start
    for stop in _SENTENCE_END.finditer(text, start, end):
        if span := _trimmed(text, at, stop.end()):
            yield span
        at = stop.end()
    if span := _trimmed(text, at, end):
        yield span


def _trimmed(text: str, start: int, end: int) -> Span | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None


def _last_that_fits(sentences: list[Span], limit: int) -> int:
    last = 0
    while last + 1 < len(sentences) and sentences[last + 1][1] - sentences[0][0] <= limit:
        last += 1
    return last


def _densest(hits: list[tuple[int, str]], wanted: dict[str, float], width: int) -> int:
    """Where the window of *width* begins that covers most of what is wanted."""
    best, at = -1.0, 0
    for i, (start, _) in enumerate(hits[:200]):
        covered = {term for place, term in hits[i : i + 200] if place - start < width}
        total = sum(wanted[term] for term in sorted(covered))
        if total > best:
            best, at = total, start
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
