"""What was read out of the newest events, kept for the next view that asks.

Each view has a worker of its own, and they pass over the same events at about the same time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from agent_memory.events import Event

T = TypeVar("T")

EVENTS_KEPT_MAX = 4_096
CHARACTERS_KEPT_MAX = 8_192
"""Longer texts are read again: they are few, and would fill the memory."""


def remembered(read: Callable[[Event], T]) -> Callable[[Event], T]:
    """A pure function of an event that answers at once for those that it was just asked about."""
    kept: dict[str, tuple[Event, T]] = {}

    @wraps(read)
    def answer(event: Event) -> T:
        known = kept.get(event.id)
        # Another store of this process may have another event of that id.
        if known is not None and known[0] == event:
            return known[1]
        value = read(event)
        if len(event.text) <= CHARACTERS_KEPT_MAX:
            if len(kept) >= EVENTS_KEPT_MAX:
                kept.clear()
            kept[event.id] = (event, value)
        return value

    return answer
