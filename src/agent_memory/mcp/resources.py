"""Nodes and events by address: `agent-memory://node/day/2026-01-15`, `agent-memory://event/01K…`."""

from __future__ import annotations

from urllib.parse import unquote

import msgspec

from agent_memory.errors import InvalidQuery
from agent_memory.events import Recorded
from agent_memory.mcp import arguments, browsing
from agent_memory.mcp.calls import Call
from agent_memory.mcp.lines import TITLE_CHARACTERS, Clock, who
from agent_memory.memory import Memory
from agent_memory.retrieval.quotes import one_line

ROOT = "agent-memory://contents"
NODES = "agent-memory://node/"
EVENTS = "agent-memory://event/"
MIME_TYPE = "text/markdown"
DAYS_MAX = 10
_CHILDREN_MAX = 50


class Listed(msgspec.Struct, frozen=True):
    """A resource of the list, or a template of many."""

    uri: str
    name: str
    description: str


TEMPLATES = (
    Listed(NODES + "{+id}", "node", "A node of the contents: year/2026, month/2026-01, day/2026-01-15, segment/…"),
    Listed(EVENTS + "{id}", "event", "An event, whole, by its id."),
)


async def listed(memory: Memory) -> list[Listed]:
    """The root of the contents, the years, and the days of late that hold something."""
    root = await memory.root()
    found = [Listed(ROOT, "contents", f"Table of contents: {root.event_count:,} events, times of {root.time_zone}.")]
    for year in reversed(root.years):
        found.append(Listed(NODES + year.id, year.id, _described(year.title, year.event_count)))
    if root.years:
        days = [day for day in (await memory.days()).days if day.event_count and day.node_id]
        for day in days[: -DAYS_MAX - 1 : -1]:
            found.append(Listed(NODES + day.node_id, day.node_id, _described(day.title, day.event_count)))
    return found


async def read(call: Call, uri: str) -> str:
    """What the address stands for. Errors: `UnknownNode`, `UnknownEvent`; `InvalidQuery` for another address."""
    if uri.rstrip("/") == ROOT:
        return await _node(call, "")
    if uri.startswith(NODES):
        return await _node(call, unquote(uri.removeprefix(NODES)))
    if uri.startswith(EVENTS):
        event = await call.memory.event(unquote(uri.removeprefix(EVENTS)))
        return _event_text(event, await call.clock())
    hint = f"Addresses are {ROOT}, {NODES}ID and {EVENTS}ID."
    raise InvalidQuery("uri", uri, "there is no such resource", hint=hint)


async def _node(call: Call, node_id: str) -> str:
    asked = arguments.Toc(node=node_id, limit=_CHILDREN_MAX)
    return (await browsing.toc(call, asked)).text


def _event_text(recorded: Recorded, clock: Clock) -> str:
    event = recorded.event
    facts = [f"session {event.session}", event.agent, event.project, event.tool_name]
    head = f"# {clock.minute(event.time_ms)} {who(event)} ({clock.time_zone})\n{', '.join(filter(None, facts))}"
    return f"{head}\n\n{event.text}"


def _described(title: str, count: int) -> str:
    return f"{one_line(title, limit=TITLE_CHARACTERS)} ({count:,} events)"
