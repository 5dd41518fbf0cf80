"""What is asked of the indexes, and what they answer."""

from __future__ import annotations

import msgspec

from agent_memory.annotation import MemoryType
from agent_memory.events import Kind, Role


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Which events a read is about. Empty collections and None let everything through.

    Times are inclusive at both ends. Fields narrow each other; values of one field widen it.
    """

    from_ms: int | None = None
    until_ms: int | None = None
    agents: frozenset[str] = frozenset()
    projects: frozenset[str] = frozenset()
    sessions: frozenset[str] = frozenset()
    roles: frozenset[Role] = frozenset()
    kinds: frozenset[Kind] = frozenset()
    types: frozenset[MemoryType] = frozenset()

    @property
    def is_open(self) -> bool:
        """Whether it lets every event through."""
        return self == EVERYWHERE


EVERYWHERE = Where()


class Match(msgspec.Struct, frozen=True):
    """A passage that a retriever returned: code points ``[start, end)`` of an event's text.

    ``score`` is in the retriever's own scale; higher is better.
    """

    event_id: str
    start: int
    end: int
    score: float


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation."""

    id: str
    title: str
    agents: tuple[str, ...]
    projects: tuple[str, ...]
    start_ms: int
    end_ms: int
    event_count: int
    first_event_id: str
    last_event_id: str


class DayCount(msgspec.Struct, frozen=True, kw_only=True):
    """One local day; ``date`` reads `2026-01-15`."""

    date: str
    event_count: int
    session_count: int
    agents: tuple[str, ...]
    projects: tuple[str, ...]
