"""Where the phrases of a query stand as they are, but for case and white space.

A phrase is looked for in what its words find, and there in the passage that they find and a little
around it, so that what it costs is bounded, however many events hold its words and however long
they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from agent_memory.indexes.model import EVERYWHERE, Match

if TYPE_CHECKING:
    # The ports bring numpy, which whoever only reads results need not load.
    from agent_memory.indexes.port import LexicalSearch
    from agent_memory.log.port import EventLog

PHRASE_DEPTH = 100
"""Of the events that hold a phrase's words, so many are looked at."""

MARGIN = 400
"""Characters before and behind the passage that are looked at too; a phrase has 200 at most."""

WHOLE_MAX = 4_000
"""A text of so many characters is looked at whole."""

LOOKED_AT_MAX = 400_000
READ_MAX = 8_000_000
"""Characters that are looked at, and that are read to do so, for all the phrases; those with the best matches first."""

_READ_AT_ONCE = 16


def quoting(index: LexicalSearch, log: EventLog, phrases: Sequence[str], query: str) -> list[Match]:
    """The events that hold phrases: their share of them is the score, a place of one the passage.

    A phrase of words that no index keeps (`and not an`) is looked for in what the *query* finds.
    Filters have no part in this: an event beyond `PHRASE_DEPTH` would have the signal under some, and
    not without.
    """
    asked = [phrase if index.whole_score(phrase) > 0 else query for phrase in phrases]
    lists = [index.search(words, where=EVERYWHERE, limit=PHRASE_DEPTH) for words in asked]
    found: dict[str, dict[int, Match]] = {}
    looks = [_Look(phrase) for phrase in phrases]
    for which, match in _looked_at(log, looks, lists):
        found.setdefault(match.event_id, {})[which] = match
    matches = [_of_all(by_phrase, len(phrases)) for by_phrase in found.values()]
    return sorted(matches, key=lambda match: (-match.score, match.event_id))


class _Look:
    """Finds one phrase."""

    def __init__(self, phrase: str) -> None:
        self._level = _level(phrase)
        self._pattern = re.compile(r"\s+".join(map(re.escape, phrase.split())), re.IGNORECASE)

    def __call__(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        # A pattern that knows no case is many times slower than to look whether there is anything to find.
        if self._level not in _level(text[start:end]):
            return None
        place = self._pattern.search(text, start, end)
        return place.span() if place is not None else None


def _level(text: str) -> str:
    return " ".join(text.casefold().split())


def _looked_at(log: EventLog, looks: Sequence[_Look], lists: Sequence[Sequence[Match]]) -> Iterator[tuple[int, Match]]:
    """Which phrase stands where: the best matches of each are looked at first, each event is read once."""
    candidates: dict[str, list[tuple[int, Match]]] = {}
    for of_rank in zip_longest(*lists):
        for which, match in enumerate(of_rank):
            if match is not None:
                candidates.setdefault(match.event_id, []).append((which, match))
    ids = list(candidates)
    read = looked_at = 0
    for first in range(0, len(ids), _READ_AT_ONCE):
        piece = ids[first : first + _READ_AT_ONCE]
        for event_id, recorded in zip(piece, log.get_many(piece), strict=True):
            text = recorded.event.text if recorded is not None else ""
            read += len(text)
            for which, match in candidates[event_id]:
                start, end = _around(match, len(text))
                looked_at += end - start
                if looked_at > LOOKED_AT_MAX:
                    return
                if (place := looks[which](text, start, end)) is not None:
                    yield which, Match(event_id, *place, match.score, match.session)
        if read > READ_MAX:
            return


def _around(match: Match, size: int) -> tuple[int, int]:
    if size <= WHOLE_MAX:
        return 0, size
    return max(0, match.start - MARGIN), min(size, match.end + MARGIN)


def _of_all(by_phrase: dict[int, Match], count: int) -> Match:
    first = by_phrase[min(by_phrase)]
    return Match(first.event_id, first.start, first.end, len(by_phrase) / count, first.session)
