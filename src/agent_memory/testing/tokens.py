"""Stand-ins for a vocabulary."""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+|[^\w\s]|\s+")


class WordCounter:
    """Words, marks and gaps count one each: numbers that a test can tell by looking."""

    @property
    def name(self) -> str:
        return "words"

    def count(self, text: str) -> int:
        return len(_WORD.findall(text))


class DozenCounter:
    """A token to twelve characters, whatever they are: the parts of a text count more than the text."""

    @property
    def name(self) -> str:
        return "dozens"

    def count(self, text: str) -> int:
        return -(-len(text) // 12)


class PairCounter:
    """A token to each pair of neighbouring characters: a text counts more than its parts."""

    @property
    def name(self) -> str:
        return "pairs"

    def count(self, text: str) -> int:
        return max(0, len(text) - 1)
