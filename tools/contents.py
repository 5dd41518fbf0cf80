"""`python -m tools.contents`: the contents of the sample conversations, printed into docs/summaries.md.

The page marks where they go; `tests/unit/test_summaries_page.py` compares, this writes.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator, Sequence

from agent_memory.clock import RandomIds, SystemClock
from agent_memory.events import Draft, Event
from agent_memory.events.drafting import complete_all
from agent_memory.inference.port import Summariser
from agent_memory.log import RowEventLog
from agent_memory.projectors.toc import TocView
from agent_memory.storage import InMemoryRows
from agent_memory.toc.model import Grip, Node

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
