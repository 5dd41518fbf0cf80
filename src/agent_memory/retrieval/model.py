"""What a search is, and what it gives."""

from __future__ import annotations

import enum

import msgspec

from agent_memory.events import Recorded


class Tier(enum.Enum):
    """Which part of the system could answer."""

    HYBRID = "hybrid"
    LEXICAL = "lexical"
    VECTORS = "vectors"
    CONTENTS = "contents"


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """What one retriever said of a hit.

    ``rank`` counts from 1; 0 means that it did not return the hit. ``score`` is in its own
    scale, ``contribution`` its part of the hit's score.
    """

    name: str
    rank: int
    score: float
    contribution: float


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One search result; it always resolves to an event.

    ``date`` is the local date in the store's time zone. ``grip_id`` addresses the excerpt.
    """

    recorded: Recorded
    score: float
    signals: tuple[Signal, ...]
    excerpt: str
    grip_id: str
    date: str
    session_title: str
    node_id: str


class SearchResult(msgspec.Struct, frozen=True, kw_only=True):
    """Hits, best first, the tier that served them, and milliseconds by step.

    ``behind`` counts the entries of the log that a view which serves search lacked, by view;
    views that lacked none are left out.
    """

    hits: tuple[Hit, ...]
    tier: Tier
    timings_ms: dict[str, float]
    behind: dict[str, int] = msgspec.field(default_factory=dict)
