"""`browse`, `toc` and `status`: what there is, without a question."""

from __future__ import annotations

import asyncio
import re

from agent_memory.mcp import answers, arguments
from agent_memory.mcp.agents import agents_of
from agent_memory.mcp.calls import Call, Reply
from agent_memory.mcp.lines import TITLE_CHARACTERS, Clock, entry_text, joined, node_entry, short_project, weekday
from agent_memory.mcp.projects import projects_of
from agent_memory.memory import Day, Memory, ViewState
from agent_memory.paging import decode_token, encode_token
from agent_memory.retrieval.quotes import one_line
from agent_memory.toc.model import Bullet

_SEGMENTS_MAX = 50
_EMPTY = "Nothing is recorded there."


async def browse(call: Call, asked: arguments.Browse) -> Reply:
    """Days that hold something, the newest first; a single day with its segments."""
    listing = ("browse", asked.from_, asked.until, asked.project, asked.agent)
    before: str = decode_token(asked.cursor, listing, str) or ""
    projects, agents = await asyncio.gather(
        projects_of(call.memory, asked.project), agents_of(call.memory, asked.agent)
    )
    found = await call.memory.days(from_=asked.from_, until=asked.until, agents=agents, projects=projects)
    busy = [day for day in reversed(found.days) if day.event_count and (not before or day.date < before)]
    shown = busy[: asked.limit]
    segments: tuple[answers.Entry, ...] = ()
    if len(found.days) == 1 and shown and shown[0].node_id:
        segments = await _segments(call.memory, shown[0].node_id, Clock(found.time_zone), agents, projects)
    answer = answers.Days(
        days=tuple(map(_day_entry, shown)),
        segments=segments,
        time_zone=found.time_zone,
        next_cursor=encode_token(listing, shown[-1].date) if len(busy) > len(shown) else "",
    )
    text = joined(
        [
            *map(entry_text, answer.days),
            *map(entry_text, segments),
            "" if shown else _EMPTY,
            f"More: cursor {answer.next_cursor}" if answer.next_cursor else "",
        ]
    )
    return Reply(answer, text)


async def toc(call: Call, asked: arguments.Toc) -> Reply:
    """A node of the contents with its bullets, and its children, a line each."""
    node_id = _named_node(asked.node.strip().removeprefix("agent-memory://node/"))
    if not node_id:
        root = await call.memory.root()
        clock = Clock(root.time_zone)
        years = tuple(node_entry(node, clock) for node in root.years)
        return Reply(answers.Contents(children=years), joined(map(entry_text, years)) or _EMPTY)
    node, page, clock = await asyncio.gather(
        call.memory.node(node_id),
        call.memory.children(node_id, limit=asked.limit, token=asked.cursor),
        call.clock(),
    )
    contents = answers.Contents(
        node=node_entry(node, clock),
        abstract=node.abstract,
        bullets=tuple(
            answers.Point(text=bullet.text, grips=bullet.grip_ids, type=bullet.type) for bullet in node.bullets
        ),
        keywords=node.keywords,
        children=tuple(node_entry(child, clock) for child in page.items),
        next_cursor=page.next_token,
    )
    segment = f"From {node.first_event_id} to {node.last_event_id}, session {node.session}" if node.session else ""
    text = joined(
        [
            entry_text(node_entry(node, clock)),
            segment,
            node.abstract,
            f"Keywords: {', '.join(node.keywords)}" if node.keywords else "",
            *(_bullet_text(bullet) for bullet in node.bullets),
            *map(entry_text, contents.children),
            f"More: cursor {contents.next_cursor}" if contents.next_cursor else "",
        ]
    )
    return Reply(contents, text)


def _bullet_text(bullet: Bullet) -> str:
    kind = f"{bullet.type}: " if bullet.type else ""
    return f"- {kind}{bullet.text} ({' '.join(bullet.grip_ids)})"


async def status(call: Call, asked: arguments.Status) -> Reply:
    """Whether memory takes in and finds what is said."""
    del asked
    found = await call.memory.status()
    views = tuple(
        answers.View(name=view.name, state=view.state.value, behind=view.lag, error=view.error) for view in found.views
    )
    standing = answers.Standing(
        healthy=found.healthy,
        events=found.event_count,
        time_zone=found.time_zone,
        model=found.model_id,
        version=found.version,
        views=views,
        error=found.append_error,
    )
    model = f"model {found.model_id}" if found.model_id else "no model: search is by keyword"
    told = [
        f"{'Healthy' if found.healthy else 'NOT healthy'}: {found.event_count:,} events, times of "
        f"{found.time_zone}, {model}, agent-memory {found.version}",
        f"Nothing can be recorded: {found.append_error}" if found.append_error else "",
    ]
    for view in found.views:
        behind = f", {view.lag:,} behind" if view.lag else ""
        if behind or view.state is not ViewState.LIVE:
            told.append(f"{view.name} is {view.state.value}{behind}" + (f": {view.error}" if view.error else ""))
    return Reply(standing, joined(told))


# -- inside ---------------------------------------------------------------------------------------

_DATE = re.compile(r"\d{4}(?P<month>-\d\d)?(?P<day>-\d\d)?", re.ASCII)


def _named_node(node_id: str) -> str:
    """The id, where a year, month or day is given without its level: `2026-01-15` is `day/2026-01-15`."""
    date = _DATE.fullmatch(node_id)
    if date is None:
        return node_id
    return f"{'day' if date['day'] else 'month' if date['month'] else 'year'}/{node_id}"


def _day_entry(day: Day) -> answers.Entry:
    return answers.Entry(
        node=day.node_id or f"day/{day.date}",
        time=weekday(day.date),
        events=day.event_count,
        title=one_line(day.title, limit=TITLE_CHARACTERS),
        projects=tuple(map(short_project, day.projects[:3])),
    )


async def _segments(
    memory: Memory, node_id: str, clock: Clock, agents: tuple[str, ...], projects: tuple[str, ...]
) -> tuple[answers.Entry, ...]:
    page = await memory.children(node_id, limit=_SEGMENTS_MAX)
    return tuple(
        node_entry(node, clock)
        for node in page.items
        if (not agents or set(agents) & set(node.agents)) and (not projects or set(projects) & set(node.projects))
    )
