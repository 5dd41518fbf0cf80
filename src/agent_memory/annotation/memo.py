"""What was read out of the newest events, kept for the next view that asks.

Each view has a worker of its own, and they pass over the same events at about the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from functools import wraps
from hashlib import blake2b
from typing import Generic, TypeVar

from agent_memory.events import Event, Kind, Role

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
T = TypeVar("T", bound=Collection[object])

EVENTS_KEPT_MIN = 4_096
"""So many of the newest are kept at least, and twice as many at most, unless their texts are long."""

CHARACTERS_KEPT_MAX = 1_000_000
"""How much text is behind what is kept, at most twice this; views and memos share the texts themselves."""

_LONG = CHARACTERS_KEPT_MAX // 64
_ELEMENT = 64
"""What is found in a long text counts as so many characters for each element."""


_Asked = tuple[str | bytes, Kind, Role, str]


class Newest(Generic[K, V]):
    """A map that holds on to what was put in last. Safe to use from several threads.

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
        if characters > _LONG:
            return
        younger = self._younger
        if len(younger) >= EVENTS_KEPT_MIN or self._characters >= CHARACTERS_KEPT_MAX:
            self._older, self._younger, self._characters = younger, {}, 0
            younger = self._younger
        younger[key] = value
        self._characters += characters


def remembered(read: Callable[[Event], T]) -> Callable[[Event], T]:
    """A pure function of an event's text, kind, role and agent that answers at once for those just asked about.

    Of long texts a digest is kept instead: to take one costs less than to read such a text again.
    """
    kept: Newest[str, tuple[_Asked, T]] = Newest()

    @wraps(read)
    def answer(event: Event) -> T:
        known = kept.get(event.id)
        text = event.text
        is_long = len(text) > _LONG
        # Not the event: who knows what else it carries.
        asked = (_digest(text) if is_long else text, event.kind, event.role, event.agent)
        # Another store of this process may have another event of that id.
        if known is not None and known[0] == asked:
            return known[1]
        value = read(event)
        kept.put(event.id, (asked, value), _ELEMENT * (1 + len(value)) if is_long else len(text))
        return value

    return answer


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
