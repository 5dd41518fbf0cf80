"""What a summariser is given, and what it gives."""

from __future__ import annotations

import enum

import msgspec

from agent_memory.events import Kind, Role


class Level(enum.Enum):
    """The levels of the tree, from the root down."""

    YEAR = "year"
    MONTH = "month"
    WEEK = "week"
    DAY = "day"
    SEGMENT = "segment"


class Passage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One event of a segment, as a summariser sees it."""

    event_id: str
    kind: Kind
    role: Role
    speaker: str
    tool_name: str
    text: str
    """What was said, each code point where it stands in the event's text; blank in between, empty if nothing was."""
    left_out: tuple[tuple[int, int], ...] = ()
    """Code points ``[start, end)`` of the event's text that are blank here. No evidence may reach into them."""


class Excerpt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where evidence stands: code points ``[start, end)`` of an event's text."""

    event_id: str
    start: int
    end: int


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A bullet in the making: one line, and the excerpts that prove it."""

    text: str
    evidence: tuple[Excerpt, ...]
    weight: float = 0.0
    """How much it matters among its siblings; a parent picks by it."""
    type: str = ""
    """`decision` or `question` (an open one) where the summariser says so."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The wording of a node."""

    title: str
    points: tuple[Point, ...]
    keywords: tuple[str, ...]
    abstract: str = ""
    """One paragraph; empty where the method writes none."""


class ChildMaterial(msgspec.Struct, frozen=True, kw_only=True):
    """A child node, as its parent's summariser sees it."""

    node_id: str
    summary: Summary
    event_count: int
    projects: tuple[str, ...]


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """What a node is about: passages for a segment, children for every other level."""

    level: Level
    label: str
    """The period as a person would say it: ``Thursday, 15 January 2026``."""
    passages: tuple[Passage, ...] = ()
    children: tuple[ChildMaterial, ...] = ()
    projects: tuple[str, ...] = ()
