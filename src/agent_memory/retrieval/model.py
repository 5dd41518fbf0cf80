"""What a search is, and what it gives."""

from __future__ import annotations

import enum

import msgspec

from agent_memory.annotation import MemoryType
from agent_memory.events import Recorded
from agent_memory.temporal import TIMELESS, TimeReading

SIGNALS = ("lexical", "vector", "phrase", "entity", "context", "time", "type", "speaker", "substance")
"""Every signal that a search may use, by name."""


class SearchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a search ranks; the defaults are what was measured best.

    ``now_ms`` is what `yesterday` is relative to; None: the time of the search. ``without`` leaves
    signals out by name. ``recency`` and ``salience`` in [0, 1] let how new and how weighty an event
    is move its score, by a bounded factor; 0 is off. ``diversity`` in [0, 1] trades fit for
    difference from the hits above (MMR, Carbonell & Goldstein 1998); 0 is off. ``group_by_session``
    puts hits of a session together, sessions in the order of their best hit. ``repeats`` keeps
    events that say almost the same as a hit above them, which are otherwise left out and counted.
    """

    now_ms: int | None = None
    without: tuple[str, ...] = ()
    recency: float = 0.0
    salience: float = 0.0
    diversity: float = 0.0
    group_by_session: bool = False
    repeats: bool = False


DEFAULT_OPTIONS = SearchOptions()


class Tier(enum.Enum):
    """Which part of the system could answer."""

    HYBRID = "hybrid"
    LEXICAL = "lexical"
    VECTORS = "vectors"
    CONTENTS = "contents"


class Signal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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
    ``repeat_count`` tells how many events that say almost the same were left out for it.
    ``factor`` is what recency and salience, where they are asked for, have multiplied the score
    and its contributions by.
    """

    recorded: Recorded
    score: float
    signals: tuple[Signal, ...]
    excerpt: str
    grip_id: str
    date: str
    session_title: str
    node_id: str
    types: tuple[MemoryType, ...] = ()
    repeat_count: int = 0
    factor: float = 1.0


class SearchResult(msgspec.Struct, frozen=True, kw_only=True):
    """Hits, best first, the tier that served them, and milliseconds by step.

    ``understood`` is what the query was read to say of time, ``now_ms`` what that is relative to.
    ``behind`` counts the entries of the log that a view which serves search lacked, by view;
    views that lacked none are left out. ``weak``: neither words nor meaning speak for any of
    the hits; they are what comes nearest, and may have nothing to do with what was asked.
    """

    hits: tuple[Hit, ...]
    tier: Tier
    timings_ms: dict[str, float]
    understood: TimeReading = TIMELESS
    now_ms: int = 0
    behind: dict[str, int] = msgspec.field(default_factory=dict)
    weak: bool = False
