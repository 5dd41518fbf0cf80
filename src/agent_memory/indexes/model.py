"""What is asked of the indexes, and what they answer."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import msgspec

from agent_memory.annotation import MemoryType
from agent_memory.events import Kind, Role
from agent_memory.toc.material import Level


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

    ``score`` is in the retriever's own scale; higher is better. ``session`` is the `session_key`
    of the event's session.
    """

    event_id: str
    start: int
    end: int
    score: float
    session: int = 0


@lru_cache(maxsize=4096)
def session_key(session: str) -> int:
    """64 bits that stand for a session wherever its name would be too long: the head of its SHA-256."""
    return int.from_bytes(hashlib.sha256(session.encode("utf-8", "surrogatepass")).digest()[:8], "big")


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


class DayMention(msgspec.Struct, frozen=True, gc=False):
    """That an event's text mentions the local days from ``first`` to ``last``, such as `2026-01-15`."""

    event_id: str
    first: str
    last: str


class Unworded(msgspec.Struct, frozen=True, kw_only=True):
    """A node that no answer is recorded for as it is now: the log has none for its digest."""

    node_id: str
    level: Level
    digest: str
    """Of its material; `material_digest`."""
    last_event_ms: int
    """When the last of its events was."""
    is_ready: bool
    """Whether each of its children is settled: worded, or set aside. A segment has none."""


class SetAside(msgspec.Struct, frozen=True, kw_only=True):
    """A node that was answered, and is worded without it: ``refusal`` says why."""

    node_id: str
    level: Level
    digest: str
    last_event_ms: int
    refusal: str
