"""Text as two people would agree that it is the same, and the way back to the code points that it was made of.

    folded = fold("We  said:\n“No — never…”")
    folded.text             'We said: "No - never..."'
    folded.source(0, 7)     (0, 8)

White space of any kind and length is one blank; quotes, dashes and ellipses are those of a keyboard; compatible
characters are one (`ﬁ` is `fi`, full width is plain); what cannot be seen is not there, nor is the markup that a
reader sees as a face of type (`*`, backticks). Every code point is folded by itself, so a folded text takes little
more than its own length in time and room.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache

Span = tuple[int, int]
"""Code points ``[start, end)`` of a text."""

_QUOTES = dict.fromkeys("\"'´‘’‚‛“”„‟‹›«»′″‵‶「」『』〝〞＂＇｀｢｣", "'")
_DASHES = dict.fromkeys("-‐‑‒–—―−⁃﹘﹣－", "-")
_MARKUP = "`*"
_BLANK = " "
# Joiners bind what would else be two characters, but nobody quotes a text for them.
_UNSEEN = ("Cc", "Cf", "Cs", "Cn", "Co")
_VARIANTS = "\ufe0e\ufe0f"


class Folded:
    """``text[start:end]`` folded, without blanks at its edges. The way back is looked for when it is first asked for.

    Most of what is folded is only compared; the text itself comes of a table, at the speed of the library.
    """

    __slots__ = ("_at", "_caseless", "_end", "_source", "_start", "text")

    def __init__(self, source: str, start: int, end: int, *, caseless: bool) -> None:
        self._source, self._start, self._end, self._caseless = source, start, end, caseless
        self._at: list[int] | None = None
        self.text = _folded(source[start:end], _caseless if caseless else _form)

    def source(self, start: int, end: int) -> Span:
        """Where the folded code points ``[start, end)``, at least one, come from."""
        if self._at is None:
            self._at = _places(self._source, self._start, self._end, _caseless if self._caseless else _form)
        return self._at[start], self._at[end - 1] + 1


def fold(text: str, start: int = 0, end: int | None = None, *, caseless: bool = False) -> Folded:
    """The stretch folded, with the way back."""
    return Folded(text, start, len(text) if end is None else end, caseless=caseless)


def folded_text(text: str, *, caseless: bool = False) -> str:
    """The text alone."""
    return _folded(text, _caseless if caseless else _form)


def _folded(text: str, form: Callable[[str], str]) -> str:
    plain = text.translate({ord(c): form(c) for c in set(text)})
    return _BLANK.join(plain.split())


def _places(text: str, start: int, end: int, form: Callable[[str], str]) -> list[int]:
    """Of each code point of the folded stretch, the one of the text that it comes from."""
    at: list[int] = []
    blank = True
    for index in range(start, end):
        folded = form(text[index])
        if folded == _BLANK:
            if not blank:
                at.append(index)
            blank = True
        elif folded:
            blank = False
            at.extend([index] * len(folded))
    if blank and at:
        at.pop()
    return at


# All of the common characters of a few scripts.
@lru_cache(maxsize=8_192)
def _form(c: str) -> str:
    if c.isspace():
        return _BLANK
    if c in _QUOTES:
        return "'"
    if c in _DASHES:
        return "-"
    if c in _MARKUP:
        return ""
    if "!" <= c <= "~":
        return c
    if c in _VARIANTS or unicodedata.category(c) in _UNSEEN:
        return ""
    plain = unicodedata.normalize("NFKD", c)
    # Some unfold to a blank with a mark, which would stand beside other blanks.
    return "".join(_QUOTES.get(p, _DASHES.get(p, p)) for p in plain if not p.isspace())


@lru_cache(maxsize=8_192)
def _caseless(c: str) -> str:
    return _form(c).casefold()


def is_invisible(c: str) -> bool:
    """Whether a reader does not see the character at all, and a model may."""
    return not c.isspace() and c not in _MARKUP and _form(c) == ""
