"""`agent-memory search`: from a question to the events that answer it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from agent_memory.cli.ending import OK
from agent_memory.cli.front import Front, front

if TYPE_CHECKING:
    from rich.text import Text

    from agent_memory.cli.times import Zone
    from agent_memory.memory import Filter
    from agent_memory.retrieval.model import Hit, SearchResult

_KINDS = (
    "user_message",
    "assistant_message",
    "tool_call",
    "tool_result",
    "session_start",
    "session_end",
    "compaction",
    "subagent_start",
    "subagent_stop",
    "other",
)
_WORD = re.compile(r"[^\W_]+")
_ROLES = ("user", "assistant", "tool", "system")


@click.command("search", short_help="Find what was said about something.")
@click.argument("query")
@click.option("--from", "from_", default="", metavar="WHEN", help="From this local date or RFC 3339 time on.")
@click.option("--until", default="", metavar="WHEN", help="Up to this date or time, itself included.")
@click.option("--agent", "agents", multiple=True, metavar="NAME", help="Only this agent; may be repeated.")
@click.option("--project", "projects", multiple=True, metavar="NAME", help="Only this project; may be repeated.")
@click.option("--session", "sessions", multiple=True, metavar="ID", help="Only this session; may be repeated.")
@click.option("--role", "roles", multiple=True, type=click.Choice(_ROLES), help="Only this role; may be repeated.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(_KINDS), help="Only this kind; may be repeated.")
@click.option("--limit", default=10, show_default=True, help="The most hits, 1 to 200.")
@front()
def command(
    front: Front,
    query: str,
    from_: str,
    until: str,
    agents: tuple[str, ...],
    projects: tuple[str, ...],
    sessions: tuple[str, ...],
    roles: tuple[str, ...],
    kinds: tuple[str, ...],
    limit: int,
) -> int:
    """Find the events that say most about QUERY. Any text is a query; there is no syntax to get wrong."""
    from agent_memory.events import Kind, Role
    from agent_memory.memory import Filter

    where = Filter(
        from_=from_,
        until=until,
        agents=agents,
        projects=projects,
        sessions=sessions,
        roles=tuple(map(Role, roles)),
        kinds=tuple(map(Kind, kinds)),
    )
    return front.run(_search(front, query, where, limit))


async def _search(front: Front, query: str, where: Filter, limit: int) -> int:
    from agent_memory.cli.shapes import hit_shape
    from agent_memory.cli.times import Zone

    async with front.memory("lexical", "toc", "catalog", "vectors") as memory:
        result = await memory.search(query, where=where, limit=limit)
        zone = Zone((await memory.status()).time_zone)
    if front.as_json:
        front.envelope(
            {
                "query": query,
                "tier": result.tier.value,
                "time_zone": zone.name,
                "timings_ms": result.timings_ms,
                "behind": result.behind,
                "hits": [hit_shape(rank, hit, zone) for rank, hit in enumerate(result.hits, 1)],
            }
        )
        return OK
    _show(front, query, result, zone)
    return OK


def _show(front: Front, query: str, result: SearchResult, zone: Zone) -> None:
    from rich.table import Table
    from rich.text import Text

    from agent_memory.cli.terminal import counted

    if not result.hits:
        front.out.print("Nothing found. A wider range, fewer filters or other words may help.")
    else:
        table = Table(box=None, pad_edge=False, padding=(0, 1, 1, 0), show_header=False)
        table.add_column("rank", justify="right", style="bold", no_wrap=True)
        table.add_column("when", no_wrap=True)
        table.add_column("what", ratio=1)
        for rank, hit in enumerate(result.hits, 1):
            clock = zone.clock(hit.recorded.event.time_ms)
            when = Text.assemble((hit.date, "cyan"), "\n", (clock, "cyan dim"))
            table.add_row(f"{rank}", when, _what(query, hit))
        front.out.print(table)
    took = sum(result.timings_ms.values()) if "total" not in result.timings_ms else result.timings_ms["total"]
    note = f"{counted(len(result.hits), 'hit')}, {result.tier.value} search, {took:.0f} ms, times of {zone.name}"
    front.out.print(note, style="dim")
    for view, count in result.behind.items():
        front.notes.print(f"{view} lacks the last {counted(count, 'event')}; more may be found soon.", style="yellow")
    if result.tier.value == "lexical":
        front.notes.print("By keyword only; `agent-memory model show` tells whether a model is there.", style="dim")


def _what(query: str, hit: Hit) -> Text:
    from rich.text import Text

    from agent_memory.cli.terminal import marked, stored

    event = hit.recorded.event
    who = Text.assemble(stored(event.speaker or event.role.value, "bold"))
    for name in (event.tool_name, event.agent, event.project):
        if name:
            who.append_text(Text.assemble((" · ", "dim"), stored(name, "dim")))
    what = Text("\n").join([who, marked(hit.excerpt, _matches(query, hit.excerpt), "bold yellow")])
    if hit.session_title:
        what.append_text(Text.assemble(("\nin ", "dim"), stored(hit.session_title, "italic dim")))
    signals = " ".join(f"{s.name} #{s.rank}" for s in hit.signals if s.rank)
    what.append_text(
        Text.assemble(("\ngrip ", "dim"), (hit.grip_id, "green dim"), (f"  {signals}  {hit.score:.2f}", "dim"))
    )
    return what


def _matches(query: str, excerpt: str) -> list[tuple[int, int]]:
    """Where the excerpt has words of the query, as search looks for them."""
    from agent_memory.retrieval.wanted import Wanted

    spans = []
    for at, word in Wanted(query).places(excerpt):
        whole = _WORD.match(excerpt, at) if word.isascii() else None
        spans.append((at, whole.end() if whole else at + len(word)))
    return spans
