"""How many tokens a text is: exact counts under a named vocabulary, on this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

VOCABULARY = "o200k_base"


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

    Loaded by the first `count`, which then takes some 150 ms; a daemon serves before.
    """

    def __init__(self, name: str = VOCABULARY) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._encode: Callable[[str], list[int]] | None = None

    @property
    def name(self) -> str:
        return self._name

    def count(self, text: str) -> int:
        return len(self._encoder()(_well_formed(text)))

    def _encoder(self) -> Callable[[str], list[int]]:
        encode = self._encode
        if encode is not None:
            return encode
        with self._lock:
            if self._encode is None:
                # Here, not above: the vocabulary takes 30 MiB, which only who counts should pay.
                from splintr import Tokenizer

                # "Ordinary": what spells like a control token is text like any other.
                self._encode = Tokenizer.from_pretrained(self._name).encode_ordinary
            return self._encode


def _well_formed(text: str) -> str:
    # Half of a surrogate pair has no UTF-8 form; whoever sends such a text sends U+FFFD in its place.
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
