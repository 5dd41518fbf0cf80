"""`agent-memory events`: what was recorded, in order of time, one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from agent_memory.cli.asking import filtering
from agent_memory.cli.ending import OK
from agent_memory.cli.front import Front, front
from agent_memory.errors import InvalidQuery

if TYPE_CHECKING:
    from agent_memory.events import Recorded
    from agent_memory.memory import Filter, Memory

_PAGE = 1000


@click.command("events", short_help="List events in order of time, one line each.")
@filtering
@click.option("--newest-first", is_flag=True, help="Begin with the newest.")
@click.option("--limit", default=100, show_default=True, help="The most events; 0: all.")
@front()
def command(front: Front, where: Filter, newest_first: bool, limit: int) -> int:
    """List the events that pass the filters: id, local time, who, types, and the first words of each."""
    if limit < 0:
        raise InvalidQuery("limit", limit, "must not be negative")
    return front.run(_events(front, where, newest_first, limit))


async def _events(front: Front, where: Filter, newest_first: bool, limit: int) -> int:
    from agent_memory.annotation.types import in_order, types_of
    from agent_memory.cli.line_view import opening_words, print_line
    from agent_memory.cli.shapes import event_shape
    from agent_memory.cli.terminal import counted
    from agent_memory.cli.times import Zone
    from agent_memory.cli.unknown import tell_of_unknown

    async with front.memory() as memory:
        zone = Zone((await memory.status()).time_zone)
        events, more = await _listed(memory, where, newest_first, limit)
        if not events:
            await tell_of_unknown(front, memory, where)
    if front.as_json:
        front.envelope({"time_zone": zone.name, "events": [event_shape(e, zone) for e in events], "more": more})
        return OK
    for recorded in events:
        note = ", ".join(type.value for type in in_order(types_of(recorded.event)))
        print_line(front.out, recorded, zone, opening_words(recorded.event), note=note)
    rest = "; there are more, --limit 0 shows all" if more else ""
    front.notes.print(f"{counted(len(events), 'event')}, times of {zone.name}{rest}", style="dim")
    return OK


async def _listed(memory: Memory, where: Filter, newest_first: bool, limit: int) -> tuple[list[Recorded], bool]:
    """The first events, up to *limit* (0: all), and whether there are more."""
    events: list[Recorded] = []
    token = ""
    while True:
        # One more than is shown, since a page may name a next one that holds nothing.
        size = min(_PAGE, limit + 1 - len(events)) if limit else _PAGE
        page = await memory.events(where=where, newest_first=newest_first, limit=size, token=token)
        events += page.items
        token = page.next_token
        if limit and len(events) > limit:
            return events[:limit], True
        if not token:
            return events, False
