"""`agent-memory toc`: the table of contents as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from agent_memory.cli.ending import OK
from agent_memory.cli.front import Front, front

if TYPE_CHECKING:
    import asyncio

    from rich.table import Table
    from rich.text import Text
    from rich.tree import Tree

    from agent_memory.cli.times import Zone
    from agent_memory.memory import Memory
    from agent_memory.toc.model import Bullet, Node

LEVELS = ("year", "month", "week", "day", "segment")
# How far down the tree is shown unless --depth says: a year has hundreds of days.
_LEVELS_BELOW = 2
_CHILDREN_PER_CALL = 1000
_CALLS_AT_ONCE = 8


class Branch(NamedTuple):
    """A node and what hangs on it, as deep as was asked for."""

    node: Node
    children: tuple[Branch, ...]


@click.command("toc", short_help="Show the table of contents as a tree.")
@click.argument("node", required=False)
@click.option("--depth", type=click.Choice(LEVELS), help="The last level shown; default: two below where it starts.")
@click.option("--bullets", is_flag=True, help="Show what was decided, done or found at the last level.")
@click.option("--ids", is_flag=True, help="Show the id of every node.")
@front()
def command(front: Front, node: str | None, depth: str | None, bullets: bool, ids: bool) -> int:
    """Show the table of contents, from the years down, or the part of it below NODE."""
    return front.run(_toc(front, node, depth, bullets, ids))


async def _toc(front: Front, node_id: str | None, depth: str | None, bullets: bool, ids: bool) -> int:
    import asyncio

    from agent_memory.cli.terminal import counted
    from agent_memory.cli.times import Zone

    async with front.memory("toc") as memory:
        root = await memory.root()
        tops = root.years if node_id is None else (await memory.node(node_id),)
        last = LEVELS.index(depth) if depth else _last_level(tops[0] if node_id else None)
        calls = asyncio.Semaphore(_CALLS_AT_ONCE)
        branches = await asyncio.gather(*(_grown(memory, top, last, calls) for top in tops))
    zone = Zone(root.time_zone)
    if front.as_json:
        shapes = [_shape(branch, zone) for branch in branches]
        front.envelope({"time_zone": zone.name, "event_count": root.event_count, "nodes": shapes})
        return OK
    if not branches:
        front.out.print("The store is empty. Record something with `agent-memory ingest FILE.jsonl`.")
        return OK
    for branch in branches:
        front.out.print(_tree(branch, zone, bullets=bullets, ids=ids))
    if node_id is None:
        front.out.print(f"{counted(root.event_count, 'event')}; times of {zone.name}", style="dim")
    if not depth and last + 1 < len(LEVELS):
        below = _tip(branches[-1]).id
        deeper = f"Down to the {LEVELS[last]}s; on with --depth {LEVELS[last + 1]}, or agent-memory toc {below}"
        front.out.print(deeper, style="dim", soft_wrap=True)
    return OK


def _last_level(node: Node | None) -> int:
    """Two levels below *node*, or below the years."""
    level = LEVELS.index(node.level.value) if node else 0
    return min(level + _LEVELS_BELOW, len(LEVELS) - 1)


def _tip(branch: Branch) -> Node:
    """The newest node of the last level shown."""
    return _tip(branch.children[-1]) if branch.children else branch.node


async def all_children(memory: Memory, node_id: str) -> list[Node]:
    """Every child of a node, in time order."""
    page = await memory.children(node_id, limit=_CHILDREN_PER_CALL)
    children = list(page.items)
    while page.next_token:
        page = await memory.children(node_id, limit=_CHILDREN_PER_CALL, token=page.next_token)
        children += page.items
    return children


async def _grown(memory: Memory, node: Node, depth: int, calls: asyncio.Semaphore) -> Branch:
    import asyncio

    if LEVELS.index(node.level.value) >= depth:
        return Branch(node, ())
    async with calls:
        children = await all_children(memory, node.id)
    return Branch(node, tuple(await asyncio.gather(*(_grown(memory, child, depth, calls) for child in children))))


def _shape(branch: Branch, zone: Zone) -> dict[str, Any]:
    from agent_memory.cli.shapes import node_shape

    return {**node_shape(branch.node, zone), "children": [_shape(child, zone) for child in branch.children]}


def _tree(branch: Branch, zone: Zone, *, bullets: bool, ids: bool) -> Tree:
    from rich.tree import Tree

    tree = Tree(label(branch.node, zone, with_id=ids), guide_style="dim")
    for child in branch.children:
        tree.children.append(_tree(child, zone, bullets=bullets, ids=ids))
    if bullets and not branch.children:
        if branch.node.abstract:
            tree.add(abstract_line(branch.node))
        for bullet in branch.node.bullets:
            tree.add(bullet_line(bullet))
    return tree


def label(node: Node, zone: Zone, *, with_id: bool = False) -> Text:
    """One line for a node: its time, how much it holds, its title."""
    from rich.text import Text

    from agent_memory.cli.terminal import counted, stored

    line = Text.assemble((node_name(node, zone), "bold cyan"), (f"  {counted(node.event_count, 'event')}  ", "dim"))
    line.append_text(stored(node.title))
    if with_id:
        line.append(f"  {node.id}", "dim green")
    return line


def abstract_line(node: Node) -> Text:
    """What a node is about in one paragraph, and which model says so."""
    from rich.text import Text

    from agent_memory.cli.terminal import stored

    line = Text.assemble(stored(node.abstract))
    if by := worded_by(node):
        line.append("  ").append_text(stored(by, "dim"))
    return line


def worded_by(node: Node) -> str:
    """`openai gpt-5-mini`; empty where no model was asked."""
    return f"{node.wording.summariser} {node.wording.model}".rstrip() if node.wording.answered_ms else ""


def bullet_line(bullet: Bullet) -> Text:
    """A bullet, what it is where somebody said so, and the grips that prove it."""
    from rich.text import Text

    from agent_memory.cli.terminal import stored

    line = Text.assemble(stored(bullet.text))
    if bullet.type:
        line.append("  ").append_text(stored(f"[{bullet.type}]", "magenta"))
    for grip_id in bullet.grip_ids:
        line.append(f"  {grip_id}", "dim green")
    return line


def node_table(nodes: list[Node], zone: Zone) -> Table:
    """Nodes of one level with their ids."""
    from rich.table import Table
    from rich.text import Text

    from agent_memory.cli.terminal import stored

    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="dim")
    table.add_column("time", no_wrap=True, style="bold cyan")
    table.add_column("events", justify="right", no_wrap=True)
    table.add_column("what", ratio=3, overflow="fold")
    table.add_column("where", ratio=1, overflow="fold")
    for node in nodes:
        what = Text.assemble(stored(node.title), (f"\n{node.id}", "dim green"))
        where = [stored(node.session)] if node.session else []
        where += [stored(name, "dim") for name in (*node.projects, *node.agents)]
        table.add_row(node_name(node, zone), f"{node.event_count:,}", what, Text("\n").join(where))
    return table


def node_name(node: Node, zone: Zone) -> str:
    """`2026`, `January`, `W03 12-18 Jan`, `Thu 15 Jan`, `09:05-09:48`."""
    from agent_memory.cli.times import day_name, month_name

    period = node.id.partition("/")[2]
    match node.level.value:
        case "year":
            return period
        case "month":
            year, _, month = period.partition("-")
            return f"{month_name(int(month))} {year}"
        case "week":
            first, last = zone.date(node.start_ms), zone.date(node.end_ms - 1)
            name = day_name(last).partition(" ")[2]
            days = name if first == last else f"{int(first[8:])}-{name}"
            return f"{period.rpartition('/')[2]} {days}"
        case "day":
            return day_name(period)
        case _:
            start, end = zone.clock(node.start_ms), zone.clock(node.end_ms)
            return start if start == end else f"{start}-{end}"
