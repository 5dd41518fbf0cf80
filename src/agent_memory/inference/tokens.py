"""How many tokens a text is: exact counts under a named vocabulary, on this machine."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from splintr import AnyTokenizer

VOCABULARY = "o200k_base"

REMEMBERED_CHARACTERS_MAX = 4 << 20
"""The library remembers every word it has split, of any length; this many characters, and it forgets them."""


class TokenCounter(Protocol):
    """Text to the number of tokens that a model with this vocabulary reads. Safe to use from several threads."""

    @property
    def name(self) -> str:
        """The vocabulary that counts are exact for."""
        ...

    def count(self, text: str) -> int:
        """A function of the text; 0 for the empty one. Any text is counted, in time linear in its length."""
        ...


class SplintrTokenCounter:
    """Byte-pair encoding by splintr, whose wheel carries the vocabulary: nothing is fetched, ever.

    Loaded by the first `count`, which takes 0.3 s for it and holds the interpreter's lock: once, and
    not while a daemon starts.
    """

    def __init__(self, name: str = VOCABULARY) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._tokenizer: AnyTokenizer | None = None
        self._remembered = 0

    @property
    def name(self) -> str:
        return self._name

    def count(self, text: str) -> int:
        tokenizer = self._loaded()
        self._remembered += len(text)
        if self._remembered > REMEMBERED_CHARACTERS_MAX:
            self._remembered = len(text)
            tokenizer.clear_cache()
        # "Ordinary": what spells like a control token is text like any other.
        try:
            return len(tokenizer.encode_ordinary(text))
        except UnicodeEncodeError:
            return len(tokenizer.encode_ordinary(_well_formed(text)))

    def _loaded(self) -> AnyTokenizer:
        if self._tokenizer is None:
            with self._lock:
                if self._tokenizer is None:
                    # Here, not above: the vocabulary takes 30 MiB, which only who counts should pay.
                    from splintr import Tokenizer

                    tokenizer = Tokenizer.from_pretrained(self._name)
                    # What is no token by itself makes the library build its table of pairs, half of the work.
                    tokenizer.encode_ordinary("日本語")
                    self._tokenizer = tokenizer
        return self._tokenizer


def _well_formed(text: str) -> str:
    # Half of a surrogate pair has no UTF-8 form; whoever sends such a text sends U+FFFD in its place.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
