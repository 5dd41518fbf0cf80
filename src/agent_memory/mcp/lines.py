"""Events and nodes in a line each: what an agent reads many of, to ask for few. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from agent_memory.annotation.scaffolding import said_parts, scaffolding_of
from agent_memory.events import Event, Kind, Recorded
from agent_memory.mcp.answers import Entry, Line
from agent_memory.retrieval.excerpts import narrow
from agent_memory.retrieval.model import Hit
from agent_memory.retrieval.quotes import one_line
from agent_memory.retrieval.wanted import Wanted
from agent_memory.toc.model import Node

WORDS_CHARACTERS = 130
"""Of what was said; with id, time and speaker about 60 tokens (tests/unit/mcp/test_tools.py)."""

TITLE_CHARACTERS = 100
NAME_CHARACTERS = 40
_SEEN_CHARACTERS = 4 * WORDS_CHARACTERS
_ELLIPSIS = "…"
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TOOLS = {Kind.TOOL_CALL: "call", Kind.TOOL_RESULT: "result"}


class Clock:
    """The local time of a store."""

    def __init__(self, time_zone: str) -> None:
        self.time_zone = time_zone
        self._zone = ZoneInfo(time_zone)

    def local(self, time_ms: int) -> datetime:
        return datetime.fromtimestamp(time_ms / 1000, self._zone)

    def minute(self, time_ms: int) -> str:
        """`2026-01-15 09:05`."""
        return f"{self.local(time_ms):%Y-%m-%d %H:%M}"

    def date(self, time_ms: int) -> str:
        """`2026-01-15`."""
        return f"{self.local(time_ms):%Y-%m-%d}"

    def clock(self, time_ms: int) -> str:
        """`09:05`."""
        return f"{self.local(time_ms):%H:%M}"


def hit_line(query: str, hit: Hit, clock: Clock, *, with_project: bool) -> Line:
    """A hit, with the words of its excerpt that say most of what was asked for."""
    excerpt = hit.excerpt
    start, end = narrow(excerpt, 0, len(excerpt), Wanted(query), limit=WORDS_CHARACTERS)
    event = hit.recorded.event
    at = event.text.find(excerpt[start:end]) if start < end else -1
    notes = [type.value for type in hit.types]
    notes += [f"+{hit.repeat_count} alike"] if hit.repeat_count else []
    return Line(
        id=event.id,
        time=clock.minute(event.time_ms),
        who=who(event),
        text=_marked(excerpt[start:end], more_before=at > 0, more_after=0 <= at and at + end - start < len(event.text)),
        project=short_project(event.project) if with_project else "",
        notes=tuple(notes),
    )


def opening_line(recorded: Recorded, clock: Clock) -> Line:
    """An event by the first of what was said in it."""
    event = recorded.event
    return Line(id=event.id, time=clock.minute(event.time_ms), who=who(event), text=_opening(event))


def who(event: Event) -> str:
    """`user`, `Ann`, `call Bash`, `session end`."""
    if what := _TOOLS.get(event.kind):
        return f"{what} {one_line(event.tool_name, limit=NAME_CHARACTERS)}".rstrip()
    spoken = event.kind in (Kind.USER_MESSAGE, Kind.ASSISTANT_MESSAGE)
    return one_line(event.speaker, limit=NAME_CHARACTERS) or (
        event.role.value if spoken else event.kind.value.replace("_", " ")
    )


def short_project(project: str) -> str:
    """The last part of a folder: what a person calls the project."""
    return one_line(project.replace("\\", "/").rstrip("/").rpartition("/")[2], limit=NAME_CHARACTERS)


def node_entry(node: Node, clock: Clock) -> Entry:
    """A node with its time, its title and its projects."""
    return Entry(
        node=node.id,
        time=_node_time(node, clock),
        events=node.event_count,
        title=one_line(node.title, limit=TITLE_CHARACTERS),
        projects=tuple(map(short_project, node.projects[:3])),
    )


def weekday(date: str) -> str:
    """`Thu` of `2026-01-15`."""
    return _WEEKDAYS[datetime.fromisoformat(date).weekday()]


def line_text(line: Line, *, mark: str = "") -> str:
    """`01K… 2026-01-15 09:05 user @shop [decision]: words`."""
    project = f" @{line.project}" if line.project else ""
    notes = f" [{', '.join(line.notes)}]" if line.notes else ""
    return f"{mark}{line.id} {line.time} {line.who}{project}{notes}: {line.text}"


def entry_text(entry: Entry) -> str:
    """`day/2026-01-15 Thu, 31 events: title (shop)`."""
    projects = f" ({', '.join(entry.projects)})" if entry.projects else ""
    time = f" {entry.time}" if entry.time else ""
    return f"{entry.node}{time}, {entry.events:,} events: {entry.title}{projects}"


def joined(lines: Iterable[str]) -> str:
    """Those lines that say something."""
    return "\n".join(line for line in lines if line)


# -- inside ---------------------------------------------------------------------------------------


def _opening(event: Event) -> str:
    parts = [event.text[part.start : min(part.end, part.start + _SEEN_CHARACTERS)] for part in said_parts(event)]
    said = " ".join(part for part in parts if part.strip())
    if not said:
        whats = dict.fromkeys(span.what for span in scaffolding_of(event))
        said = f"({', '.join(whats)})" if whats else event.text[:_SEEN_CHARACTERS]
    return one_line(said, limit=WORDS_CHARACTERS)


def _marked(words: str, *, more_before: bool, more_after: bool) -> str:
    line = one_line(words, limit=WORDS_CHARACTERS)
    after = more_after and not line.endswith(_ELLIPSIS)
    return f"{_ELLIPSIS if more_before else ''}{line}{_ELLIPSIS if after else ''}"


def _node_time(node: Node, clock: Clock) -> str:
    if node.first_event_id:
        start, end = clock.clock(node.start_ms), clock.clock(node.end_ms)
        date = clock.date(node.start_ms)
        return f"{date} {start}" if start == end else f"{date} {start}-{end}"
    first, last = clock.date(node.start_ms), clock.date(node.end_ms - 1)
    return weekday(first) if first == last else f"{first} to {last}"
