"""`python -m tools.contents`: the contents of the sample conversations, printed into docs/summaries.md.

The page marks where they go; `tests/unit/test_summaries_page.py` compares, this writes.
"""

from __future__ import annotations

import itertools
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from agent_memory import samples
from agent_memory.capture.jsonl import JsonLines, Line
from agent_memory.cli.times import Zone
from agent_memory.cli.toc import node_name
from agent_memory.clock import RandomIds, SystemClock
from agent_memory.events import Draft, Event
from agent_memory.events.drafting import complete_all
from agent_memory.inference.extractive import ExtractiveSummariser
from agent_memory.inference.port import Summariser
from agent_memory.log import RowEventLog
from agent_memory.projectors.toc import TocView
from agent_memory.storage import InMemoryRows
from agent_memory.toc.model import Grip, Node

PAGE = Path(__file__).parents[1] / "docs" / "summaries.md"
WIDTH = 112

_PLACE = re.compile(r"(<!-- contents of the samples -->\n).*?(<!-- end of contents -->)", re.DOTALL)
_PAGE = 1_000


class Contents:
    """The contents of a few conversations, and their events."""

    def __init__(self, events: Sequence[Event], *, zone: str, summariser: Summariser) -> None:
        self._events = {event.id: event for event in events}
        log = RowEventLog(InMemoryRows())
        view = TocView(InMemoryRows(), log, summariser, zone=zone).open(1)
        for first in range(0, len(events), _PAGE):
            log.append(events[first : first + _PAGE])
        while batch := log.read(after=view.checkpoint(), limit=_PAGE):
            view.project(batch)
        log.close()
        self._index = view.index

    def years(self) -> list[Node]:
        return self._index.years()

    def children(self, node: Node) -> list[Node]:
        return self._index.children(node.id, limit=sys.maxsize)

    def grip(self, grip_id: str) -> Grip:
        found = self._index.grip(grip_id)
        if found is None:
            raise KeyError(grip_id)
        return found

    def event(self, event_id: str) -> Event:
        return self._events[event_id]

    def days(self) -> Iterator[tuple[Node, list[Event]]]:
        """Every day, and its events in order of time."""
        nodes: Iterable[Node] = self.years()
        for _ in ("month", "week", "day"):
            nodes = itertools.chain.from_iterable(map(self.children, nodes))
        events = sorted(self._events)
        for day in nodes:
            inside = (self._events[id] for id in events if day.start_ms <= self._events[id].time_ms < day.end_ms)
            yield day, list(inside)


def contents_of(drafts: Iterable[Draft], *, zone: str, summariser: Summariser) -> Contents:
    """The contents of *drafts*, which have a time and a source each, in memory."""
    return Contents(complete_all(drafts, clock=SystemClock(), ids=RandomIds()), zone=zone, summariser=summariser)


def sample_drafts() -> Iterator[Draft]:
    """The events of the sample conversations."""
    for path in samples.paths():
        lines = JsonLines()
        for line in (*lines.feed(path.read_bytes()), *lines.end()):
            if not isinstance(line, Line):
                raise ValueError(f"{path.name}, line {line.number}: {line.problem}")
            yield line.draft


def printed(contents: Contents, *, zone: str) -> str:
    """Every node with its bullets, each a line or more; of an only child whose bullets are its parent's, none."""
    lines: list[str] = []
    for year in contents.years():
        lines += _lines(contents, year, Zone(zone), depth=0, above=None)
    return "\n".join(lines) + "\n"


def _lines(contents: Contents, node: Node, zone: Zone, *, depth: int, above: Node | None) -> Iterator[str]:
    if above is None or (node.title, node.bullets) != (above.title, above.bullets):
        indent = "  " * depth
        if depth <= _BLANK_BEFORE:
            yield ""
        yield from _wrapped(f"{node_name(node, zone)}  {node.title}", indent, indent + "    ")
        if above is None or node.bullets != above.bullets:
            for bullet in node.bullets:
                yield from _wrapped(f"- {bullet.text}", indent + "  ", indent + "    ")
    for child in contents.children(node):
        yield from _lines(contents, child, zone, depth=depth + 1, above=node)


_BLANK_BEFORE = 2


def _wrapped(text: str, first: str, later: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    )


def renewed(page: str) -> str:
    """The page with the contents as they are now."""
    contents = contents_of(sample_drafts(), zone=samples.TIME_ZONE, summariser=ExtractiveSummariser())
    shown = f"\n```text\n{printed(contents, zone=samples.TIME_ZONE).lstrip()}```\n\n"
    return _PLACE.sub(lambda place: f"{place[1]}{shown}{place[2]}", page)


def main() -> int:
    PAGE.write_text(renewed(PAGE.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
