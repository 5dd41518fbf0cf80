"""Whether a filter lets an event through: the one place where a filter meets an event itself."""

from __future__ import annotations

from agent_memory.annotation.types import types_of
from agent_memory.events import Event
from agent_memory.indexes.model import Where


def admits(where: Where, event: Event) -> bool:
    """Whether the filter lets the event through.

    What costs least is looked at first; only of an event that passes all else the text is read.
    """
    return (
        (where.from_ms is None or where.from_ms <= event.time_ms)
        and (where.until_ms is None or event.time_ms <= where.until_ms)
        and (not where.agents or event.agent in where.agents)
        and (not where.projects or event.project in where.projects)
        and (not where.sessions or event.session in where.sessions)
        and (not where.roles or event.role in where.roles)
        and (not where.kinds or event.kind in where.kinds)
        and (not where.types or not where.types.isdisjoint(types_of(event)))
    )
