"""`agent-memory timeline`: what was said around an event, one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from agent_memory.cli.ending import OK
from agent_memory.cli.front import Front, front
from agent_memory.errors import Invalid, NotFound, Unavailable

if TYPE_CHECKING:
    from agent_memory.cli.times import Zone
    from agent_memory.memory import Memory, Timeline


@click.command("timeline", short_help="Show what was said around an event, one line each.")
@click.argument("id")
@click.option("--before", default=5, show_default=True, help="Events before it, 0 to 100.")
@click.option("--after", default=5, show_default=True, help="Events after it, 0 to 100.")
@click.option("--across-sessions", is_flag=True, help="Events of every session, and not only of its own.")
@front()
def command(front: Front, id: str, before: int, after: int, across_sessions: bool) -> int:
    """Show the events around ID, an event or a grip: id, local time, who, and the first words of each."""
    return front.run(_timeline(front, id, before, after, across_sessions))


async def _timeline(front: Front, id: str, before: int, after: int, across_sessions: bool) -> int:
    from agent_memory.cli.shapes import timeline_shape
    from agent_memory.cli.times import Zone

    async with front.memory() as memory:
        zone = Zone((await memory.status()).time_zone)
        try:
            timeline = await memory.timeline(id, before=before, after=after, across_sessions=across_sessions)
        except NotFound as error:
            event_id = await _event_of_grip(memory, id, otherwise=error)
            timeline = await memory.timeline(event_id, before=before, after=after, across_sessions=across_sessions)
        heading = "" if across_sessions or front.as_json else await _heading(memory, timeline)
    if front.as_json:
        front.envelope(timeline_shape(timeline, zone))
    else:
        _show(front, timeline, zone, across_sessions, heading)
    return OK


async def _event_of_grip(memory: Memory, id: str, *, otherwise: NotFound) -> str:
    """Ids of grips look like those of events, and are printed beside every bullet and hit."""
    try:
        return (await memory.grip(id)).event_id
    except (NotFound, Invalid):
        raise otherwise from None


async def _heading(memory: Memory, timeline: Timeline) -> str:
    """The session that all of it is of: its title, where the catalog has one, and its id."""
    id = next((one.event.session for one in timeline.events if one.event.id == timeline.event_id), "")
    try:
        title = (await memory.session(id)).title
    except (NotFound, Unavailable):
        title = ""
    return f"# {title} (session {id})" if title and title != id else f"# session {id}"


def _show(front: Front, timeline: Timeline, zone: Zone, across_sessions: bool, heading: str) -> None:
    from agent_memory.cli.line_view import opening_words, print_line
    from agent_memory.cli.terminal import stored

    if heading:
        front.out.print(stored(heading, "bold"), soft_wrap=True)
    for recorded in timeline.events:
        event = recorded.event
        front.out.print("> " if event.id == timeline.event_id else "  ", end="")
        print_line(front.out, recorded, zone, opening_words(event), note=event.session if across_sessions else "")
    sides = [side for side, more in (("before", timeline.more_before), ("after", timeline.more_after)) if more]
    more = f"; there are more {' and '.join(sides)}" if sides else ""
    front.notes.print(f"times of {zone.name}{more}", style="dim")
