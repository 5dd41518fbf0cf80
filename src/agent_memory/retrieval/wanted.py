"""The words of a query, looked for in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from agent_memory.indexes.words import telling

WORDS_MAX = 48
"""Of a longer query, the words that tell most are looked for."""

# A word, or a part of a name in code: `parseHTMLPage` is parse, HTMLPage; `retry_budget` is two.
_WORD = re.compile(r"[A-Z]+[^\W_A-Z]*|[^\W_A-Z]+")
_ENDING = re.compile(r"(?:ings?|e[ds]?|s|ly)$")
_KEPT_CHARACTERS = 40
_UNSPACED = re.compile("[\u0e00-\u0eff\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")


class Wanted:
    """What a query asks for. Case and common English endings are levelled, names in code are
    taken apart, and scripts without spaces are taken as pairs of characters.
    """

    def __init__(self, query: str) -> None:
        words = sorted(set(_words(telling(query))), key=lambda one: (-_weight(one), one))
        self.weights = {word: _weight(word) for word in words[:WORDS_MAX]}
        """How much each word tells: long words are rarer ones."""
        self._pairs = [word for word in self.weights if _UNSPACED.search(word)]
        self._spaced = [word for word in self.weights if word not in self._pairs]

    @property
    def whole(self) -> float:
        """How much a text fits that holds all of it."""
        return sum(self.weights.values())

    def places(self, text: str, start: int = 0, end: int | None = None) -> list[tuple[int, str]]:
        """Where in ``text[start:end]`` each word of the query stands, in order."""
        end = len(text) if end is None else min(end, len(text))
        found: set[tuple[int, str]] = set()
        # A word of a text begins with its stem, so only what begins so is taken apart.
        lowered = _lowered(text[start:end])
        weights, word_at = self.weights, _WORD.match
        for beginning in self._spaced:
            at = lowered.find(beginning)
            while at >= 0:
                place = start + at
                at = lowered.find(beginning, at + 1)
                if place > start and text[place - 1].isalnum() and not _begins_part(text, place):
                    continue
                word = word_at(text, place, end)
                if word is not None and (stem := _stem(word[0])) in weights:
                    found.add((place, stem))
        for pair in self._pairs:
            place = text.find(pair, start, end)
            while place >= 0:
                found.add((place, pair))
                place = text.find(pair, place + 1, end)
        return sorted(found)

    def fit(self, text: str) -> float:
        """How much of the query the text holds; 0 for nothing."""
        return sum(self.weights[word] for word in sorted({word for _, word in self.places(text)}))


def _lowered(text: str) -> str:
    """The text in lower case, each character where it stood."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := one.lower()) == 1 else one for one in text)


def _begins_part(text: str, at: int) -> bool:
    """Whether a part of a name begins there, within it: a capital does where none stands before it."""
    return "A" <= text[at] <= "Z" and not "A" <= text[at - 1] <= "Z"


def _words(query: str) -> Iterator[str]:
    """Each word in the form that is looked for."""
    for run in _UNSPACED.findall(query):
        yield from (run[i : i + 2] for i in range(max(1, len(run) - 1)))
    for word in _WORD.findall(_UNSPACED.sub(" ", query)):
        yield _stem(word)


def _stem(word: str) -> str:
    return _short_stem(word) if len(word) <= _KEPT_CHARACTERS else _ENDING.sub("", word.lower())


@lru_cache(maxsize=4096)
def _short_stem(word: str) -> str:
    word = word.lower()
    stem = _ENDING.sub("", word)
    return stem if len(stem) >= 3 else word


def _weight(word: str) -> float:
    return min(len(word), 8) if word.isascii() else 6.0
