"""`agent-memory browse`: what happened day by day, without a keyword."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import click

from agent_memory.cli.ending import OK
from agent_memory.cli.front import Front, front

if TYPE_CHECKING:
    from agent_memory.cli.times import Zone
    from agent_memory.memory import Day, Days
    from agent_memory.toc.model import Node

# Longer runs of empty days are told in one line.
_EMPTY_DAYS_SHOWN = 2
_BAR_WIDTH = 8


@click.command("browse", short_help="Show what happened, day by day.")
@click.option("--from", "from_", default="", metavar="DATE", help="First local day, as 2026-01-15; default: the first.")
@click.option("--until", default="", metavar="DATE", help="Last local day, itself included; default: the last.")
@click.option("--agent", "agents", multiple=True, metavar="NAME", help="Only this agent; may be repeated.")
@click.option("--project", "projects", multiple=True, metavar="NAME", help="Only this project; may be repeated.")
@front()
def command(front: Front, from_: str, until: str, agents: tuple[str, ...], projects: tuple[str, ...]) -> int:
    """Show every day of a range, the empty ones included. A single day is shown with its segments."""
    return front.run(_browse(front, from_, until, agents, projects))


async def _browse(front: Front, from_: str, until: str, agents: tuple[str, ...], projects: tuple[str, ...]) -> int:
    from agent_memory.cli.shapes import day_shape, node_shape
    from agent_memory.cli.times import Zone
    from agent_memory.cli.toc import all_children

    async with front.memory("catalog", "toc") as memory:
        days = await memory.days(from_=from_, until=until, agents=agents, projects=projects)
        segments: list[Node] = []
        if len(days.days) == 1 and days.days[0].node_id:
            segments = [
                node
                for node in await all_children(memory, days.days[0].node_id)
                if (not agents or set(agents) & set(node.agents))
                and (not projects or set(projects) & set(node.projects))
            ]
    zone = Zone(days.time_zone)
    if front.as_json:
        front.envelope(
            {
                "time_zone": zone.name,
                "days": [day_shape(day) for day in days.days],
                "segments": [node_shape(node, zone) for node in segments],
            }
        )
    elif len(days.days) == 1:
        _show_day(front, days.days[0], segments, zone)
    else:
        _show_days(front, days)
    return OK


def _show_days(front: Front, days: Days) -> None:
    from rich.table import Table
    from rich.text import Text

    from agent_memory.cli.terminal import counted, stored
    from agent_memory.cli.times import weekday

    if not days.days:
        front.out.print("The store is empty. Record something with `agent-memory ingest FILE.jsonl`.")
        return
    wide = front.out.width >= 100
    most = max(day.event_count for day in days.days)
    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="dim")
    table.add_column("day", no_wrap=True)
    table.add_column("events", justify="right", no_wrap=True)
    if wide:
        table.add_column("", no_wrap=True)
        table.add_column("sessions", justify="right", no_wrap=True)
    table.add_column("what", ratio=3, overflow="fold")
    table.add_column("where", ratio=1, style="dim", overflow="fold")

    def add(name: Text, events: str, bar: str, sessions: str, what: Text, where: Text) -> None:
        more = [Text(bar, "green"), Text(sessions)] if wide else []
        table.add_row(name, events, *more, what, where)

    nothing = Text("nothing recorded", "dim")
    for empty, run in groupby(days.days, key=lambda day: day.event_count == 0):
        group = list(run)
        if empty and len(group) > _EMPTY_DAYS_SHOWN:
            add(Text(f"… {len(group)} days", "dim"), "", "", "", nothing, Text())
            continue
        for day in group:
            name = Text(f"{weekday(day.date)} {day.date}", "dim" if empty else "bold cyan")
            if empty:
                add(name, "", "", "", nothing, Text())
                continue
            bar = "▇" * max(1, round(day.event_count / most * _BAR_WIDTH))
            where = stored(", ".join((*day.projects, *(day.agents if wide else ()))))
            add(name, f"{day.event_count:,}", bar, f"{day.session_count:,}", stored(day.title), where)
    front.out.print(table)
    total = sum(day.event_count for day in days.days)
    front.out.print(f"{counted(total, 'event')}; local days of {days.time_zone}", style="dim")


def _show_day(front: Front, day: Day, segments: list[Node], zone: Zone) -> None:
    from rich.text import Text

    from agent_memory.cli.terminal import counted
    from agent_memory.cli.times import weekday
    from agent_memory.cli.toc import node_table

    head = Text.assemble((f"{weekday(day.date)} {day.date}", "bold cyan"), f"  {zone.name}  ")
    if not day.event_count:
        head.append("nothing recorded", "dim")
        front.out.print(head)
        return
    head.append(f"{counted(day.event_count, 'event')} in {counted(day.session_count, 'session')}", "dim")
    front.out.print(head)
    front.out.print(node_table(segments, zone))
