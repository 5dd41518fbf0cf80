"""Search without an index: from the years down to the segments whose words fit, by node text alone."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent_memory.indexes.model import Match, Where
from agent_memory.retrieval.wanted import Wanted
from agent_memory.toc.material import Level
from agent_memory.toc.model import Node

if TYPE_CHECKING:
    from agent_memory.indexes.port import Contents

NODES_MAX = 4000
"""How many nodes one walk reads at most; what fits best is read first."""

_PAGE = 500


def walk(contents: Contents, query: str, *, where: Where) -> list[Match]:
    """The passages that the best fitting segments cite, best first; ties in order of event id.

    *where* is applied as far as nodes tell; `indexes.admission` decides about the events themselves.
    """
    wanted = Wanted(query)
    best: dict[str, Match] = {}
    for node, fit in _segments(contents, wanted, where):
        rated = [(bullet, wanted.fit(bullet.text)) for bullet in node.bullets]
        # Where only title or keywords fit, every bullet may be what was meant.
        fitting = [pair for pair in rated if pair[1] > 0] or rated
        for bullet, own in fitting:
            for grip_id in bullet.grip_ids:
                grip = contents.grip(grip_id)
                if grip is None:
                    continue
                held = best.get(grip.event_id)
                if held is None or fit + own > held.score:
                    best[grip.event_id] = Match(grip.event_id, grip.start, grip.end, fit + own)
    return sorted(best.values(), key=lambda match: (-match.score, match.event_id))


def _segments(contents: Contents, wanted: Wanted, where: Where) -> Iterator[tuple[Node, float]]:
    """Segments with a word in common, found by following what fits best."""
    frontier: list[tuple[float, int, str, Node]] = []
    read = 0

    def enter(nodes: list[Node], above: float) -> None:
        for node in nodes:
            if _may_hold(node, where):
                fit = wanted.fit(_text(node))
                # A parent's words are the choice of its children's: what fits above promises
                # a little below, and the later of two equals is the likelier to be meant.
                heapq.heappush(frontier, (-(fit + above / 2), -node.start_ms, node.id, node))

    enter(contents.years(), 0.0)
    while frontier and read < NODES_MAX:
        negative, _, _, node = heapq.heappop(frontier)
        read += 1
        if node.level is Level.SEGMENT:
            fit = wanted.fit(_text(node))
            if fit > 0:
                yield node, fit
            continue
        after = ""
        while page := contents.children(node.id, after=after, limit=_PAGE):
            enter(page, -negative)
            if len(page) < _PAGE:
                break
            after = page[-1].id


def _may_hold(node: Node, where: Where) -> bool:
    last_ms = node.end_ms if node.level is Level.SEGMENT else node.end_ms - 1
    return (
        (where.from_ms is None or where.from_ms <= last_ms)
        and (where.until_ms is None or node.start_ms <= where.until_ms)
        and (not where.agents or not where.agents.isdisjoint(node.agents))
        and (not where.projects or not where.projects.isdisjoint(node.projects))
        and (not where.sessions or not node.session or node.session in where.sessions)
    )


def _text(node: Node) -> str:
    return "\n".join((node.title, *(bullet.text for bullet in node.bullets), *node.keywords))
