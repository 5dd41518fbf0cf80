"""`agent-memory grip`: a sentence of the contents, traced to where it was said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from agent_memory.cli.ending import OK
from agent_memory.cli.front import Front, front

if TYPE_CHECKING:
    from agent_memory.cli.times import Zone
    from agent_memory.memory import GripContext

_NEIGHBOUR_LINES = 12


@click.command("grip", short_help="Trace a sentence of the contents to where it was said.")
@click.argument("id")
@click.option("--before", default=3, show_default=True, help="Events of its session before it, 0 to 100.")
@click.option("--after", default=3, show_default=True, help="Events of its session after it, 0 to 100.")
@click.option("--full", is_flag=True, help="Show every event whole.")
@front()
def command(front: Front, id: str, before: int, after: int, full: bool) -> int:
    """Show the words that grip ID stands for, in their event, among its neighbours."""
    return front.run(_grip(front, id, before, after, full))


async def _grip(front: Front, id: str, before: int, after: int, full: bool) -> int:
    from agent_memory.cli.times import Zone

    async with front.memory("toc") as memory:
        context = await memory.expand(id, before=before, after=after)
        zone = Zone((await memory.status()).time_zone)
    show_grip(front, context, zone, full=full)
    return OK


def show_grip(front: Front, context: GripContext, zone: Zone, *, full: bool = False, type: str = "") -> None:
    """Print a grip among its neighbours; *type* names it in an envelope that may hold other things."""
    from agent_memory.cli.event_view import event_panel
    from agent_memory.cli.shapes import event_shape, grip_shape
    from agent_memory.cli.terminal import stored

    grip = context.grip
    if front.as_json:
        events = [event_shape(recorded, zone) for recorded in context.events]
        named = {"type": type} if type else {}
        front.envelope({**named, "time_zone": zone.name, "grip": grip_shape(grip), "events": events})
        return
    from rich.text import Text

    first = context.events[0].event if context.events else None
    head = Text.assemble(("grip ", "dim"), (grip.id, "bold green"), ("  session ", "dim"), stored(grip.session))
    if first is not None:
        for name in (first.agent, first.project):
            head.append_text(stored(f"  {name}", "dim", one_line=False))
    if grip.segment_id:
        head.append(f"\n     {grip.segment_id}", "dim")
    front.out.print(head)
    for recorded in context.events:
        is_it = recorded.event.id == grip.event_id
        front.out.print(
            event_panel(
                recorded,
                zone,
                excerpt=(grip.start, grip.end) if is_it else None,
                lines_max=None if full else _NEIGHBOUR_LINES * (3 if is_it else 1),
            )
        )
