"""`search` and `context`: from a question to the events that answer it."""

from __future__ import annotations

import asyncio

import msgspec

from agent_memory.annotation import MemoryType
from agent_memory.events import Kind
from agent_memory.mcp import answers, arguments
from agent_memory.mcp.agents import agents_of
from agent_memory.mcp.calls import Call, Reply
from agent_memory.mcp.lines import hit_line, joined, line_text
from agent_memory.mcp.projects import projects_of
from agent_memory.memory import Filter
from agent_memory.paging import SEARCH_LIMIT_MAX, decode_token, encode_token
from agent_memory.temporal import describe
from agent_memory.toc.calendar import calendar_of

_WEAK = "Little was found: these come nearest, and may have nothing to do with the question."
_NOTHING = "Nothing found. Other words, a wider range or fewer filters may help; `browse` shows what there is."
_LACKING = {"lexical": "cannot be found by their words", "vectors": "cannot be found by their meaning"}


async def search(call: Call, asked: arguments.Search) -> Reply:
    """The best hits, a line each."""
    listing = ("search", *msgspec.structs.astuple(msgspec.structs.replace(asked, limit=1, cursor="")))
    offset: int = decode_token(asked.cursor, listing, int) or 0
    projects, agents = await _whose(call, asked)
    where = Filter(
        from_=asked.from_,
        until=asked.until,
        agents=agents,
        projects=projects,
        sessions=(asked.session,) if asked.session else (),
        kinds=(Kind(asked.kind),) if asked.kind else (),
        types=(MemoryType(asked.type),) if asked.type else (),
    )
    # One more than is shown tells whether there are more.
    last = min(offset + asked.limit, SEARCH_LIMIT_MAX)
    result, clock = await asyncio.gather(
        call.memory.search(asked.query, where=where, limit=min(last + 1, SEARCH_LIMIT_MAX)), call.clock()
    )
    if not result.hits and asked.session:
        # That there is no such session is another thing than that nothing of it fits.
        await call.memory.session(asked.session)
    shown = result.hits[offset:last]
    found = answers.Found(
        hits=tuple(hit_line(asked.query, hit, clock, with_project=not projects) for hit in shown),
        weak=result.weak,
        understood=describe(result.understood, calendar_of(clock.time_zone)),
        behind=result.behind,
        next_cursor=encode_token(listing, last) if len(result.hits) > last else "",
    )
    return Reply(found, _told(found))


async def context(call: Call, asked: arguments.Context) -> Reply:
    """A cited text within a budget."""
    projects, agents = await _whose(call, asked)
    where = Filter(from_=asked.from_, until=asked.until, agents=agents, projects=projects)
    block = await call.memory.build_context(asked.query, token_budget=asked.budget, where=where)
    told = answers.Told(
        text=block.text,
        tokens=block.token_count,
        citations=tuple(answers.Citation(label=one.label, grip=one.grip_id, date=one.date) for one in block.citations),
        left_out=block.left_out,
    )
    grips = ", ".join(f"{one.label} {one.grip_id}" for one in block.citations)
    return Reply(told, f"{block.text}\nGrips: {grips}" if block.text else _NOTHING)


def _told(found: answers.Found) -> str:
    if not found.hits:
        return joined([f"Understood: {found.understood}" if found.understood else "", _NOTHING])
    return joined(
        [
            f"Understood: {found.understood}" if found.understood else "",
            _WEAK if found.weak else "",
            *map(line_text, found.hits),
            *(
                f"The newest {count:,} events {_LACKING[view]} yet."
                for view, count in found.behind.items()
                if view in _LACKING
            ),
            f"More: cursor {found.next_cursor}" if found.next_cursor else "",
        ]
    )


async def _whose(call: Call, asked: arguments.Search | arguments.Context) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The projects and the agents that are meant."""
    return await asyncio.gather(projects_of(call.memory, asked.project), agents_of(call.memory, asked.agent))
