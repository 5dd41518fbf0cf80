"""Where a quotation stands: word for word, or else at the words that it was meant to be.

A model copies well and not perfectly: it mends a typo, straightens a quote, drops a `**`, leaves out the middle, and
now and then it invents. So a quotation is looked for

1. in the entries that it cites, folded (`folding`), then without regard to case: it is *verbatim*;
2. in the same way in the other entries, and by likeness in all: it is *anchored* to what stands there, if that is
   alike enough. Cited entries are preferred to others by a little.

Either way what is given back are code points of the material, and what they say is evidence whatever the model wrote.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from agent_memory.summaries.entries import Entry, Stretch
from agent_memory.summaries.folding import Folded, Span, folded_text
from agent_memory.summaries.likeness import distance, nearest
from agent_memory.summaries.schema import EXCERPT_MAX
from agent_memory.toc.grips import settle
from agent_memory.toc.material import Excerpt

ALIKE_MIN = 0.75
"""So alike must words be for a quotation to be anchored there: one less the edits per character of the quotation."""

FOREIGN_WORDS = 6
"""Of so many words of a quotation one may be missing where it is anchored; no number may, no name, and no `not`."""

LETTERS_MIN, WRITTEN_MIN = 6, 3
"""What has fewer letters and digits, or characters of a script without blanks, proves nothing alone: its line does."""

_CITED_BONUS = 0.05
_LINE_MAX = 160
_OCCURRENCES_MAX = 40
_GRAM, _GRAM_STEP, _GRAM_PLACES_MAX, _WINDOWS_MAX = 5, 2, 24, 3
_ALIGNED_MAX = 64
# Of so many pieces one must be there, in its place, for a text to be looked at: most hold nothing of a quotation.
_PIECES_PER_WHOLE = 12
_SNAP_MAX = 24
_GAP = re.compile(r"\s*(?:\[\s*(?:\.{2,}|…)\s*\]|\(\s*(?:\.{2,}|…)\s*\)|\.{3,}|…)\s*")
_WRAPPED = "'\" \t\r\n`“”„‘’«»"
_WORD = re.compile(r"\w+")
_CJK_FROM = "\u0e00"
_NEAR, _SHORT = 4, 3
_NOT = re.compile(
    r"\b(?:not?|never|none|nothing|without|cannot|nicht|keine?[mnrs]?|nie|ohne|pas|jamais|sans|nunca|non|senza)\b|n't\b|[不没無无]"
)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a quotation proves."""

    places: tuple[Excerpt, ...]
    verbatim: bool


def locate(quote: str, cited: Sequence[Entry], others: Sequence[Entry]) -> Found | None:
    """The words that *quote* means, in the *cited* entries or else in the others; None where nobody said it."""
    quote = " ".join(quote.split()).strip(_WRAPPED)
    # A gap at an edge says only that the sentence goes on.
    fragments = [part for part in _GAP.split(quote) if part]
    if not fragments:
        return None
    longest = max(fragments, key=len)
    whole = quote if len(fragments) > 1 else longest
    # The text itself may have an ellipsis at its edge.
    places = _verbatim(quote, cited) or (_verbatim(whole, cited) if whole != quote else None)
    if places is not None:
        return Found(places=places, verbatim=True)
    places = _alike(whole, cited, others)
    if places is None and len(fragments) > 1:
        # What was left out between its parts is not known: the longest speaks for itself.
        places = _verbatim(longest, cited) or _verbatim(longest, others) or _alike(longest, cited, others)
    return Found(places=places, verbatim=False) if places else None


# -- word for word ----------------------------------------------------------------------------


def _verbatim(quote: str, entries: Sequence[Entry]) -> tuple[Excerpt, ...] | None:
    for caseless in (False, True):
        sought = folded_text(quote, caseless=caseless)
        if not sought:
            return None
        for entry in entries:
            for stretch in entry.stretches:
                folded = stretch.caseless if caseless else stretch.plain
                span = _occurrence(sought, folded.text)
                places = _cited(stretch, folded, span) if span is not None else None
                if places:
                    return places
    return None


def _occurrence(sought: str, text: str) -> Span | None:
    """The first that begins and ends with a word; else, of a quotation long enough to be cut into one, the first."""
    first: Span | None = None
    at = text.find(sought)
    for _ in range(_OCCURRENCES_MAX):
        if at < 0:
            break
        span = at, at + len(sought)
        if not _is_joint(text, span[0]) and not _is_joint(text, span[1]):
            return span
        first = first or span
        at = text.find(sought, at + 1)
    return first if first is not None and _is_enough(sought) else None


# -- by likeness ------------------------------------------------------------------------------


def _alike(quote: str, cited: Sequence[Entry], others: Sequence[Entry]) -> tuple[Excerpt, ...] | None:
    sought = folded_text(quote, caseless=True)[:EXCERPT_MAX]
    if not _is_enough(sought):
        return None
    words, names = Counter(_WORD.findall(sought)), _names(quote)
    best, best_at = 0.0, None
    for bonus, stretch, window in _likeliest(sought, cited, others):
        if best >= 1.0 and not bonus:
            break
        found = _likeness(sought, stretch.caseless.text, window)
        if found is None or found[0] + bonus <= best:
            continue
        there = stretch.caseless.text[slice(*found[1])]
        if _nots(sought) == _nots(there) and _means(words, names, there):
            best, best_at = found[0] + bonus, (stretch, found[1])
    if best_at is None:
        return None
    stretch, span = best_at
    return _cited(stretch, stretch.caseless, span)


def _likeliest(sought: str, cited: Sequence[Entry], others: Sequence[Entry]) -> Iterator[tuple[float, Stretch, Span]]:
    """Where it may stand, cited entries first, each with its bonus: the windows that have most pieces of it.

    So many at most: an answer full of invented quotations is to cost no more than one that is honest.
    """
    windows = [
        (votes, bonus, stretch, window)
        for bonus, entries in ((_CITED_BONUS, cited), (0.0, others))
        for entry in entries
        for stretch in entry.stretches
        for votes, window in _windows(sought, stretch.caseless.text)
    ]
    order = sorted(range(len(windows)), key=lambda at: (-windows[at][0] * (1 + windows[at][1]), at))[:_ALIGNED_MAX]
    for at in sorted(order):
        yield windows[at][1:]


def _likeness(sought: str, text: str, window: Span) -> tuple[float, Span] | None:
    """How alike what stands in the window is, and where it stands; None where it is less than it must be."""
    start, end = window
    found = nearest(sought, text[start:end])
    if found is None:
        return None
    edits, first, last = found
    likeness = 1 - edits / len(sought)
    if likeness < ALIKE_MIN:
        return None
    return likeness, _whole_words(text, start + first, start + last, 0, len(text))


def _windows(sought: str, text: str) -> list[tuple[int, Span]]:
    """The stretches of *text* that have most pieces of *sought* in its order, and how many they have.

    To look at all of the text for each quotation would take a quarter of a second for a long segment. Pieces vote
    for where the quotation would begin; with one edit in five characters enough of them are whole.
    """
    size = len(sought)
    gram = min(_GRAM, max(2, size // 4))
    bucket = max(8, size // 4)
    votes: Counter[int] = Counter()
    for offset in range(0, size - gram + 1, _GRAM_STEP):
        piece = sought[offset : offset + gram]
        at = text.find(piece)
        for _ in range(_GRAM_PLACES_MAX):
            if at < 0:
                break
            votes[max(0, at - offset) // bucket] += 1
            at = text.find(piece, at + 1)
    if max(votes.values(), default=0) < max(1, size // _GRAM_STEP // _PIECES_PER_WHOLE):
        return []
    if len(text) <= 3 * size:
        return [(max(votes[b] + votes[b + 1] for b in votes), (0, len(text)))]
    together = {b: votes[b] + votes[b + 1] for b in votes}
    ranked = sorted(together, key=lambda b: (-together[b], b))[:_WINDOWS_MAX]
    ends = 2 * bucket + size + size // 2
    return [(together[b], (max(0, b * bucket - bucket), min(len(text), b * bucket + ends))) for b in ranked]


def _means(meant: Counter[str], names: frozenset[str], there: str) -> bool:
    """Whether what stands there says the same: Monday is no misspelt Friday, and 43 no misspelt 42."""
    theirs = frozenset(_WORD.findall(there))
    foreign = 0
    for word, times in meant.items():
        if word in theirs or any(_is_misspelt(word, other) for other in theirs):
            continue
        if word in names:
            return False
        foreign += times * (len(word) >= _SHORT)
    return foreign <= meant.total() // FOREIGN_WORDS


def _is_misspelt(word: str, other: str) -> bool:
    """Whether one is the other but for a slip in every four letters, or for their order."""
    if not word.isalpha() or not other.isalpha():
        return False
    near = max(1, len(word) // _NEAR) if len(word) >= _SHORT else 0
    return abs(len(word) - len(other)) <= near and (
        distance(word, other) <= near or (len(word) == len(other) and sorted(word) == sorted(other))
    )


def _names(quote: str) -> frozenset[str]:
    """What must be there as it is: what has a digit, and what has a capital though it opens nothing."""
    words = _WORD.findall(folded_text(quote))
    return frozenset(
        word.casefold() for n, word in enumerate(words) if any(map(str.isdigit, word)) or (n and word != word.lower())
    )


def _nots(folded: str) -> bool:
    return _NOT.search(folded) is not None


# -- edges ------------------------------------------------------------------------------------


def _cited(stretch: Stretch, folded: Folded, span: Span) -> tuple[Excerpt, ...] | None:
    """What the folded span proves; None where nothing of it could be shown."""
    if stretch.whole:
        return stretch.whole if _is_enough(folded.text[slice(*span)]) or span == (0, len(folded.text)) else None
    start, end = folded.source(*span)
    text = stretch.text
    if not _is_enough(folded.text[slice(*span)]):
        start, end = _line_around(text, start, end, stretch)
    start, end = _whole_words(text, start, end, stretch.start, stretch.end)
    if end - start > EXCERPT_MAX:
        end = _word_end(text, start, start + EXCERPT_MAX)
    start, end = settle(text, start, end)
    return (Excerpt(event_id=stretch.event_id, start=start, end=end),) if start < end else None


def _is_enough(folded: str) -> bool:
    """Whether so few letters prove anything by themselves."""
    letters = sum(c.isalnum() for c in folded)
    return letters >= LETTERS_MIN or sum(c.isalnum() and c >= _CJK_FROM for c in folded) >= WRITTEN_MIN


def _line_around(text: str, start: int, end: int, within: Stretch) -> Span:
    first = max(text.rfind("\n", within.start, start) + 1, within.start, start - _LINE_MAX // 2)
    last = text.find("\n", end, within.end)
    return first, min(last if last >= 0 else within.end, end + _LINE_MAX // 2)


def _whole_words(text: str, start: int, end: int, low: int, high: int) -> Span:
    """The span with the words that it cuts through, or without them where they are very long."""
    first = start
    while first > low and start - first < _SNAP_MAX and _is_joint(text, first):
        first -= 1
    if first > low and _is_joint(text, first):
        first = start
        while first < end and _is_joint(text, first):
            first += 1
    last = end
    while last < high and last - end < _SNAP_MAX and _is_joint(text, last):
        last += 1
    if last < high and _is_joint(text, last):
        last = _word_end(text, start, end)
    return (first, last) if first < last else (start, end)


def _word_end(text: str, start: int, end: int) -> int:
    """The last end of a word in the span; the span's own where it has none."""
    last = end
    while last > start and _is_joint(text, last):
        last -= 1
    return last if last > start else end


def _is_joint(text: str, at: int) -> bool:
    """Whether a word goes on there, before which one would not cut."""
    if not 0 < at < len(text):
        return False
    before, behind = text[at - 1], text[at]
    return _is_of_word(before) and _is_of_word(behind) and (before < _CJK_FROM or behind < _CJK_FROM)


def _is_of_word(c: str) -> bool:
    return c.isalnum() or c == "_"
