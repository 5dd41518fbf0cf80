"""What the lexical index reads out of a text before tantivy's analyzers see it.

Rust tokenises; here stands only what its tokenisers cannot do, and each step costs nothing
where its occasion is missing: folding and the cutting of scripts without spaces run on texts
beyond ASCII, the splitting of camelCase on words that have it.
"""

from __future__ import annotations

import re
import unicodedata

from agent_memory.annotation.function_words import FUNCTION_WORDS

WORDS = "words-1"
"""Names the way of reading; part of the fingerprint of the lexical view."""

WHOLE_MAX = 200
"""Identifiers and paths that are longer, in characters, are found by their parts only."""

# Two or more names held together: a path, a dotted name, an address, snake_case, a flag, a version.
_WHOLE_ASCII = re.compile(r"\b[A-Za-z0-9]++(?:[-_./:\\@#+]{1,3}+[A-Za-z0-9]++)++", re.ASCII)
_WHOLE = re.compile(r"\b[^\W_]++(?:[-_./:\\@#+]{1,3}+[^\W_]++)++")
_HUMPED = re.compile(r"\b[^\W_]*?(?:[a-z0-9][A-Z]|[A-Z]{2}[a-z]{2})[^\W_]*")
_HUMP_EDGE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")

# Whether there is such a word at all: classes of bytes tell it ten times faster than an expression.
_SEPARATORS = b"-_./:\\@#+"
_LETTERS = bytes(c for c in range(256) if c >= 128 or chr(c).isalnum())
_JOINED = bytes(ord("a") if c in _LETTERS else ord("-") if c in _SEPARATORS else ord(" ") for c in range(256))
_CASES = bytes(ord("A") if chr(c) in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" else _JOINED[c] for c in range(256))
# Scripts that put no spaces between words: each character is a word of its own.
_UNSPACED = re.compile(
    "[\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_WORD = re.compile(r"[^\W_]+")
_ACCENTS = re.compile("[\u0300-\u036f]+")
_PLAIN = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})


def folded(text: str) -> str:
    """The text without accents, the characters of scripts without spaces each on its own.

    What cannot be written as UTF-8 becomes a question mark.
    """
    if text.isascii():
        return text
    text = text.encode("utf-8", "replace").decode()
    text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    # Back together, so that Hangul syllables and the vowel signs of Indic scripts stay what they are.
    text = unicodedata.normalize("NFC", text).translate(_PLAIN)
    return _UNSPACED.sub(r" \g<0> ", text)


def telling(query: str) -> str:
    """The query without the words that any question has; all of it where there are no others.

    Measured on the development conversations of LoCoMo: R@5 .468 with those words, .518 without.
    """
    kept = _WORD.sub(lambda word: " " if word.group().lower() in FUNCTION_WORDS else word.group(), query)
    return kept if _WORD.search(kept) else query


def parts_of_humps(text: str, raw: bytes) -> str:
    """The parts of camelCase words in the text, spaced: `parseHTMLPage` is `parse HTML Page`.

    *raw* is the text in UTF-8, which the caller has anyway.
    """
    cases = raw.translate(_CASES)
    if b"aA" not in cases and b"AAaa" not in cases:
        return ""
    return " ".join([_HUMP_EDGE.sub(" ", word) for word in _HUMPED.findall(text)])


def wholes_of(text: str, raw: bytes) -> str:
    """The identifiers, paths and codes of the text that are more than one word, spaced."""
    joined = raw.translate(_JOINED)
    if b"a-a" not in joined and b"a--a" not in joined and b"a---a" not in joined:
        return ""
    found = (_WHOLE_ASCII if len(raw) == len(text) else _WHOLE).findall(text)
    return " ".join([whole for whole in found if len(whole) <= WHOLE_MAX])
