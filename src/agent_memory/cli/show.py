"""`agent-memory show`: an event, a session, a grip or a node of the contents, whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from agent_memory.cli.ending import OK
from agent_memory.cli.front import Front, front
from agent_memory.errors import Invalid, InvalidQuery, NotFound, UnknownSession

if TYPE_CHECKING:
    from agent_memory.cli.times import Zone
    from agent_memory.events import Recorded
    from agent_memory.indexes.model import Session
    from agent_memory.memory import Filter, Memory
    from agent_memory.toc.model import Node

_NODE = re.compile(r"(year|month|week|day|segment)/.+", re.DOTALL)
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", re.ASCII)
_PAGE = 1000


@click.command("show", short_help="Show events, a session, a grip or a node, whole.")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--version", default=0, metavar="N", help="Of a node: the version of log position N, or the one before.")
@click.option("--children", is_flag=True, help="Of a node: its children; of a segment: its events.")
@click.option("--limit", default=100, show_default=True, help="The most events of a session or segment; 0: all.")
@front()
def command(front: Front, ids: tuple[str, ...], version: int, children: bool, limit: int) -> int:
    """Show what ID names: an event or a grip (26 characters), a node (day/2026-01-15) or else a session.

    Several ids are those of events.
    """
    if len(ids) > 1:
        return front.run(_show_events(front, ids, version, children))
    return front.run(_show(front, ids[0], version, children, limit))


async def _show_events(front: Front, ids: tuple[str, ...], version: int, children: bool) -> int:
    from agent_memory.cli.event_view import event_panel, field_table
    from agent_memory.cli.shapes import event_shape
    from agent_memory.cli.times import Zone

    if version or children:
        raise _for_nodes(" ".join(ids), version)
    async with front.memory() as memory:
        zone = Zone((await memory.status()).time_zone)
        events = await memory.get_events(ids)
    if front.as_json:
        shapes = [event_shape(recorded, zone) for recorded in events]
        front.envelope({"type": "events", "time_zone": zone.name, "events": shapes})
        return OK
    for recorded in events:
        event = recorded.event
        front.out.print(event_panel(recorded, zone))
        front.out.print(field_table([("session", event.session), ("agent", event.agent), ("project", event.project)]))
    return OK


async def _show(front: Front, id: str, version: int, children: bool, limit: int) -> int:
    from agent_memory.cli.times import Zone

    if limit < 0:
        raise InvalidQuery("limit", limit, "must not be negative")
    async with front.memory("toc", "catalog") as memory:
        zone = Zone((await memory.status()).time_zone)
        if _NODE.fullmatch(id):
            try:
                return await _node(front, memory, zone, id, version, children, limit)
            except (NotFound, Invalid) as error:
                return await _session(front, memory, zone, id, limit, otherwise=error)
        if version or children:
            raise _for_nodes(id, version)
        if _ULID.fullmatch(id):
            try:
                recorded = await memory.event(id)
            except NotFound as error:
                return await _session_or_grip(front, memory, zone, id, limit, otherwise=error)
            return _event(front, recorded, zone)
        return await _session(front, memory, zone, id, limit)


def _for_nodes(found: str, version: int) -> InvalidQuery:
    """An option that makes sense for nodes alone."""
    name = "version" if version else "children"
    return InvalidQuery(name, found, "is for nodes of the contents", hint="Node ids look like day/2026-01-15.")


async def _session_or_grip(
    front: Front, memory: Memory, zone: Zone, id: str, limit: int, *, otherwise: NotFound
) -> int:
    """Ids of grips look like those of events, and are printed beside every bullet and hit."""
    from agent_memory.cli.grip import show_grip

    try:
        return await _session(front, memory, zone, id, limit)
    except NotFound:
        pass
    try:
        context = await memory.expand(id)
    except (NotFound, Invalid):
        raise otherwise from None
    show_grip(front, context, zone, type="grip")
    return OK


def _event(front: Front, recorded: Recorded, zone: Zone) -> int:
    from agent_memory.cli.event_view import event_panel, fields_of
    from agent_memory.cli.shapes import event_shape

    if front.as_json:
        front.envelope({"type": "event", "time_zone": zone.name, "event": event_shape(recorded, zone)})
    else:
        front.out.print(event_panel(recorded, zone, with_id=False))
        front.out.print(fields_of(recorded, zone))
    return OK


async def _session(
    front: Front, memory: Memory, zone: Zone, id: str, limit: int, *, otherwise: Exception | None = None
) -> int:
    from agent_memory.memory import Filter

    try:
        session = await memory.session(id)
    except NotFound:
        # What the id looks like is what was meant.
        raise otherwise or _of_no_shape(id) from None
    events, more = await _events(memory, Filter(sessions=(session.id,)), limit)
    _print_session(front, session, events, more, zone)
    return OK


def _of_no_shape(id: str) -> UnknownSession:
    """No session has this id, and it looks like no event and no node."""
    error = UnknownSession(id)
    error.hint = (
        "Ids of events and grips have 26 characters, those of nodes look like day/2026-01-15 or segment/…; "
        "`agent-memory browse` and `search` show sessions."
    )
    return error


async def _events(memory: Memory, where: Filter, limit: int, token: str = "") -> tuple[list[Recorded], bool]:
    """The first events, up to *limit* (0: all), and whether there are more."""
    events: list[Recorded] = []
    while True:
        page = await memory.events(
            where=where, limit=min(_PAGE, limit - len(events) or _PAGE) if limit else _PAGE, token=token
        )
        events += page.items
        token = page.next_token
        if not token or (limit and len(events) >= limit):
            return events, bool(token)


def _print_session(front: Front, session: Session, events: list[Recorded], more: bool, zone: Zone) -> None:
    from rich.text import Text

    from agent_memory.cli.event_view import field_table
    from agent_memory.cli.shapes import event_shape, session_shape
    from agent_memory.cli.terminal import stored

    if front.as_json:
        shape: dict[str, Any] = {"type": "session", "time_zone": zone.name, "session": session_shape(session, zone)}
        front.envelope({**shape, "events": [event_shape(e, zone) for e in events], "more": more})
        return
    front.out.print(Text.assemble(("session  ", "dim"), stored(session.title, "bold")))
    rows = [
        ("id", session.id),
        ("agents", ", ".join(session.agents)),
        ("projects", ", ".join(session.projects)),
        ("from", f"{zone.full(session.start_ms)} {zone.name}"),
        ("to", f"{zone.full(session.end_ms)} {zone.name}"),
        ("events", f"{session.event_count:,}"),
    ]
    front.out.print(field_table(rows))
    _print_events(front, events, more, zone)


def _print_events(front: Front, events: list[Recorded], more: bool, zone: Zone) -> None:
    from agent_memory.cli.event_view import event_panel

    for recorded in events:
        front.out.print(event_panel(recorded, zone, lines_max=20))
    if more:
        front.out.print(f"… only the first {len(events):,} events; --limit 0 shows all.", style="dim")


async def _node(front: Front, memory: Memory, zone: Zone, id: str, version: int, children: bool, limit: int) -> int:
    from agent_memory.cli.shapes import event_shape, node_shape
    from agent_memory.cli.times import rfc3339
    from agent_memory.cli.toc import all_children, node_table
    from agent_memory.memory import Filter

    node = await memory.node(id, version=version)
    versions = await memory.node_versions(id)
    nodes: list[Node] = []
    events: list[Recorded] = []
    more = False
    if children and node.level.value == "segment":
        where = Filter(sessions=(node.session,), from_=rfc3339(node.start_ms), until=rfc3339(node.end_ms))
        events, more = await _events(memory, where, limit)
    elif children:
        nodes = await all_children(memory, id)
    if front.as_json:
        shape: dict[str, Any] = {"type": "node", "time_zone": zone.name, "node": node_shape(node, zone)}
        shape["versions"] = versions
        if children:
            shape["children"] = [node_shape(child, zone) for child in nodes]
            shape["events"] = [event_shape(e, zone) for e in events]
            shape["more"] = more
        front.envelope(shape)
        return OK
    _print_node(front, node, versions, zone)
    if nodes:
        front.out.print(node_table(nodes, zone))
    _print_events(front, events, more, zone)
    return OK


def _print_node(front: Front, node: Node, versions: list[int], zone: Zone) -> None:
    from rich.console import Group
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    from agent_memory.cli.event_view import field_table
    from agent_memory.cli.terminal import counted, stored
    from agent_memory.cli.toc import bullet_line, node_name, worded_by

    older = [version for version in versions if version != node.version]
    shown = ", ".join(f"{version:,}" for version in older[:5]) + (
        f" and {len(older) - 5:,} more" if len(older) > 5 else ""
    )
    rows = [
        ("period", f"{zone.full(node.start_ms)} to {zone.full(node.end_ms)} {zone.name}"),
        ("session", node.session),
        ("agents", ", ".join(node.agents)),
        ("projects", ", ".join(node.projects)),
        ("keywords", ", ".join(node.keywords)),
        ("part of", node.parent_id),
        ("worded by", worded_by(node)),
        ("set aside", node.wording.refusal),
        (
            "holds",
            " ".join(
                [
                    counted(node.event_count, "event"),
                    *([f"in {counted(node.child_count, 'part')}"] if node.child_count else []),
                ]
            ),
        ),
        ("version", f"{node.version:,}" + (f"  (others: {shown})" if older else "")),
    ]
    bullets = Table.grid(padding=(0, 1, 0, 0))
    for bullet in node.bullets:
        bullets.add_row(Text("•", "yellow"), bullet_line(bullet))
    body = Group(
        stored(node.title, "bold"),
        *([stored(node.abstract), Text("")] if node.abstract else []),
        bullets,
        Text(""),
        field_table(rows),
    )
    title = Text.assemble((node_name(node, zone), "bold cyan"), f"  {node.id}")
    front.out.print(Panel(body, title=title, title_align="left", border_style="dim cyan"))
