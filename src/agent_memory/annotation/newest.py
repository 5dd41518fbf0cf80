"""A map that holds on to what was put in last, and asks nothing of whoever looks something up."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

KEPT_MIN = 4_096
"""So many of the newest are kept at least, and twice as many at most, unless their texts are long."""

CHARACTERS_KEPT_MAX = 2_000_000
"""How much text is behind what is kept, at most about twice this; who keeps it shares the texts themselves."""

LONG = 16_384
"""What has more characters behind it is not kept."""


class Newest(Generic[K, V]):
    """What was found for the newest keys. Safe to use from several threads.

    Two halves: when the younger is full, it becomes the older, which is let go of as a whole. So
    nothing has to be put in order when something is asked for.
    """

    def __init__(self) -> None:
        self._younger: dict[K, V] = {}
        self._older: dict[K, V] = {}
        self._characters = 0

    def get(self, key: K) -> V | None:
        """What was put in under the key, if it is still there."""
        found = self._younger.get(key)
        return self._older.get(key) if found is None else found

    def put(self, key: K, value: V, characters: int) -> None:
        """Keep a value, and so many characters with it. Longer texts are few, and are read again."""
        if characters > LONG:
            return
        younger = self._younger
        if len(younger) >= KEPT_MIN or self._characters >= CHARACTERS_KEPT_MAX:
            self._older, self._younger, self._characters = younger, {}, 0
            younger = self._younger
        younger[key] = value
        self._characters += characters
