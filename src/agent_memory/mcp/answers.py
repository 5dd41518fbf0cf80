"""What each tool answers with, for programs; what is empty is left out. `lines.py` says the same in fewer tokens."""

from __future__ import annotations

import msgspec


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of any tool, or a part of one."""


class Line(Answer, frozen=True, kw_only=True):
    """An event in a line. Times are local."""

    id: str
    time: str
    who: str
    text: str
    project: str = ""
    notes: tuple[str, ...] = ()


class Found(Answer, frozen=True, kw_only=True):
    """Of `search`. ``weak``: nothing speaks for these hits; they are only what comes nearest.

    ``behind``: how many of the newest events a view that serves search lacks.
    """

    hits: tuple[Line, ...]
    weak: bool = False
    understood: str = ""
    behind: dict[str, int] = {}
    next_cursor: str = ""


class Around(Answer, frozen=True, kw_only=True):
    """Of `timeline`."""

    id: str
    session: str
    title: str = ""
    events: tuple[Line, ...]
    more_before: bool = False
    more_after: bool = False


class Whole(Answer, frozen=True, kw_only=True):
    """An event, or a part of it: ``start`` and ``length`` are of its whole text, in characters."""

    id: str
    time: str
    kind: str
    who: str
    session: str
    agent: str = ""
    project: str = ""
    text: str
    start: int = 0
    length: int = 0


class Events(Answer, frozen=True, kw_only=True):
    """Of `get`."""

    events: tuple[Whole, ...]
    unknown: tuple[str, ...] = ()
    next_cursor: str = ""


class Entry(Answer, frozen=True, kw_only=True):
    """A node of the contents in a line."""

    node: str
    time: str
    events: int
    title: str
    projects: tuple[str, ...] = ()


class Days(Answer, frozen=True, kw_only=True):
    """Of `browse`: days that hold something, the newest first; of a single day its segments."""

    days: tuple[Entry, ...]
    segments: tuple[Entry, ...] = ()
    time_zone: str
    next_cursor: str = ""


class Point(Answer, frozen=True, kw_only=True):
    """A bullet of a node, and the grips that prove it; ``type`` is `decision`, `question` (an open one) or empty."""

    text: str
    grips: tuple[str, ...]
    type: str = ""


class Contents(Answer, frozen=True, kw_only=True):
    """Of `toc`."""

    node: Entry | None = None
    abstract: str = ""
    bullets: tuple[Point, ...] = ()
    keywords: tuple[str, ...] = ()
    children: tuple[Entry, ...] = ()
    next_cursor: str = ""


class Proof(Answer, frozen=True, kw_only=True):
    """Of `grip`: the words, and what stands around them."""

    excerpt: str
    event: str
    session: str
    events: tuple[Line, ...]


class Citation(Answer, frozen=True, kw_only=True):
    """What a label of the text stands for."""

    label: str
    grip: str
    date: str


class Told(Answer, frozen=True, kw_only=True):
    """Of `context`."""

    text: str
    tokens: int
    citations: tuple[Citation, ...] = ()
    left_out: int = 0


class Kept(Answer, frozen=True, kw_only=True):
    """Of `remember`."""

    id: str
    created: bool


class View(Answer, frozen=True, kw_only=True):
    """How far an index is."""

    name: str
    state: str
    behind: int = 0
    error: str = ""


class Standing(Answer, frozen=True, kw_only=True):
    """Of `status`."""

    healthy: bool
    events: int
    time_zone: str
    model: str = ""
    version: str
    views: tuple[View, ...]
    error: str = ""
