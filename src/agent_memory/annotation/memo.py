"""What was read out of the newest events, kept for the next view that asks.

Each view has a worker of its own, and they pass over the same events at about the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from hashlib import blake2b
from typing import TypeVar

from agent_memory.annotation.newest import LONG, Newest
from agent_memory.events import Event, Kind, Role

T = TypeVar("T", bound=Collection[object])

_ELEMENT = 64
"""What is found in a long text counts as so many characters for each element."""

_Asked = tuple[str | bytes, Kind, Role, str]


def remembered(read: Callable[[Event], T]) -> Callable[[Event], T]:
    """A pure function of an event's text, kind, role and agent that answers at once for those just asked about.

    Of long texts a digest is kept instead: to take one costs less than to read such a text again.
    """
    kept: Newest[str, tuple[_Asked, T]] = Newest()

    @wraps(read)
    def answer(event: Event) -> T:
        known = kept.get(event.id)
        text = event.text
        is_long = len(text) > LONG
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
