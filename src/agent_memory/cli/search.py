"""`agent-memory search`: from a question to the events that answer it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import click

from agent_memory.cli.asking import Asked, asking
from agent_memory.cli.ending import OK
from agent_memory.cli.front import Front, front

if TYPE_CHECKING:
    from agent_memory.cli.times import Zone
    from agent_memory.retrieval.model import SearchOptions, SearchResult


_WEAK = "Little was found: these come nearest, and may have nothing to do with the question."


@click.command("search", short_help="Find what was said about something.")
@click.argument("query")
@asking
@click.option("--limit", default=10, show_default=True, help="The most hits, 1 to 200.")
@click.option("--by-session", is_flag=True, help="Put the hits of a session together.")
@click.option("--brief", is_flag=True, help="One line a hit: id, local time, who, words.")
@click.option("--explain", is_flag=True, help="Tell why each hit is where it is, and where the time went.")
@front()
def command(front: Front, query: str, asked: Asked, limit: int, by_session: bool, brief: bool, explain: bool) -> int:
    """Find the events that say most about QUERY. Any text is a query; there is no syntax to get wrong."""
    if brief and explain:
        raise click.UsageError("--brief has no room for what --explain tells")
    return front.run(_search(front, query, asked, limit, by_session, brief, explain))


async def _search(
    front: Front, query: str, asked: Asked, limit: int, by_session: bool, brief: bool, explain: bool
) -> int:
    from agent_memory.cli.shapes import result_shape
    from agent_memory.cli.times import Zone
    from agent_memory.cli.unknown import tell_of_unknown

    async with front.memory("lexical", "toc", "catalog", "entities", "vectors") as memory:
        zone = Zone((await memory.status()).time_zone)
        options = asked.options(zone, group_by_session=by_session)
        result = await memory.search(query, where=asked.where, limit=limit, options=options)
        if not result.hits:
            await tell_of_unknown(front, memory, asked.where)
    if front.as_json:
        front.envelope(result_shape(query, options, result, zone))
    elif brief:
        _show_lines(front, query, options, result, zone)
    else:
        _show(front, query, options, result, zone, explain)
    return OK


def _show_lines(front: Front, query: str, options: SearchOptions, result: SearchResult, zone: Zone) -> None:
    from agent_memory.cli.hit_view import matches, told_of
    from agent_memory.cli.line_view import print_line
    from agent_memory.cli.terminal import counted, stored

    if told := "; ".join(told_of(query, result.understood, zone)):
        front.out.print(stored(f"# understood: {told}", "dim"), soft_wrap=True)
    if result.weak:
        front.out.print(f"# {_WEAK}", style="dim", soft_wrap=True)
    for hit in result.hits:
        first = next(iter(sorted(matches(query, hit.excerpt))), (0, 0))[0]
        note = ", ".join([type.value for type in hit.types] + ([f"+{hit.repeat_count} alike"] * bool(hit.repeat_count)))
        print_line(front.out, hit.recorded, zone, hit.excerpt, around=first, note=note)
    front.notes.print(f"{counted(len(result.hits), 'hit')}, {_served(options, result, zone)}", style="dim")
    _warn(front, result, by_keyword=False)


def _show(front: Front, query: str, options: SearchOptions, result: SearchResult, zone: Zone, explain: bool) -> None:
    from agent_memory.cli.hit_view import explanation, hits_table, told_of
    from agent_memory.cli.terminal import counted, stored

    hits = list(enumerate(result.hits, 1))
    if not query.strip():
        front.out.print("An empty query finds nothing; `agent-memory events` lists what there is.")
    elif not hits:
        front.out.print("Nothing found. A wider range, fewer filters or other words may help.")
    elif options.group_by_session:
        from rich.text import Text

        for session, group in itertools.groupby(hits, key=lambda ranked: ranked[1].recorded.event.session):
            ranked = list(group)
            title = stored(ranked[0][1].session_title or session, "bold")
            front.out.print(Text.assemble(title, ("  session ", "dim"), stored(session, "dim")))
            front.out.print(hits_table(query, ranked, zone, titled=False, explain=explain))
    else:
        front.out.print(hits_table(query, hits, zone, titled=True, explain=explain))
    if explain:
        front.out.print(explanation(query, options, result, zone))
    elif told := "; ".join(told_of(query, result.understood, zone)):
        front.out.print(stored(f"understood: {told}", "dim"))
    if result.weak:
        front.out.print(_WEAK, style="yellow")
    front.out.print(f"{counted(len(hits), 'hit')}, {_served(options, result, zone)}", style="dim")
    _warn(front, result, by_keyword=result.tier.value == "lexical" and "vector" not in options.without)


def _served(options: SearchOptions, result: SearchResult, zone: Zone) -> str:
    took = sum(result.timings_ms.values()) if "total" not in result.timings_ms else result.timings_ms["total"]
    return f"{tier_told(options, result)}, {took:.0f} ms, times of {zone.name}"


def tier_told(options: SearchOptions, result: SearchResult) -> str:
    """Which part of the system could answer, in words."""
    if result.tier.value == "contents" and {"lexical", "vector"} & {*options.without}:
        # Nobody walked the contents: the other signals were to speak alone.
        return "search by neither words nor meaning"
    return f"{result.tier.value} search"


def _warn(front: Front, result: SearchResult, *, by_keyword: bool) -> None:
    from agent_memory.cli.terminal import counted

    for view, count in result.behind.items():
        front.notes.print(f"{view} lacks the last {counted(count, 'event')}; more may be found soon.", style="yellow")
    if by_keyword:
        front.notes.print("By keyword only; `agent-memory model show` tells whether a model is there.", style="dim")
