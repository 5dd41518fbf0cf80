"""`timeline`, `get` and `grip`: from a few ids to what was said."""

from __future__ import annotations

import asyncio

from agent_memory.errors import Invalid, InvalidQuery, NotFound, Unavailable
from agent_memory.events import Recorded
from agent_memory.mcp import answers, arguments
from agent_memory.mcp.calls import Call, Reply
from agent_memory.mcp.lines import TITLE_CHARACTERS, Clock, joined, line_text, opening_line, who
from agent_memory.memory import Memory
from agent_memory.paging import decode_token, encode_token
from agent_memory.retrieval.quotes import one_line

_PART_CHARACTERS_MIN = 200
"""What is left of an answer's room has to hold this much of a next event for it to be begun."""


async def timeline(call: Call, asked: arguments.Timeline) -> Reply:
    """What stands around an event, a line each."""
    event_id = await _event_id(call.memory, asked.id)
    around, clock = await asyncio.gather(
        call.memory.timeline(event_id, before=asked.before, after=asked.after, across_sessions=asked.all_sessions),
        call.clock(),
    )
    session = next(one.event.session for one in around.events if one.event.id == around.event_id)
    title = "" if asked.all_sessions else await _title(call.memory, session)
    answer = answers.Around(
        id=around.event_id,
        session=session,
        title=title,
        events=tuple(opening_line(one, clock) for one in around.events),
        more_before=around.more_before,
        more_after=around.more_after,
    )
    heading = f"Session {session}" + (f": {title}" if title else "")
    first, last = answer.events[0].id, answer.events[-1].id
    text = joined(
        [
            "" if asked.all_sessions else heading,
            f"Earlier: timeline {first}" if answer.more_before else "",
            *(line_text(line, mark="> " if line.id == answer.id else "") for line in answer.events),
            f"Later: timeline {last}" if answer.more_after else "",
        ]
    )
    return Reply(answer, text)


async def get(call: Call, asked: arguments.Get) -> Reply:
    """Whole texts, as many characters as are allowed at once; the cursor goes on where this answer ends."""
    listing = ("get", *asked.ids)
    begun: tuple[int, int] = decode_token(asked.cursor, listing, tuple[int, int]) or (0, 0)
    clock = await call.clock()
    place, start = begun
    room = asked.max_chars
    shown: list[answers.Whole] = []
    unknown: list[str] = []
    missing: NotFound | Invalid | None = None
    while place < len(asked.ids):
        if shown and room < _PART_CHARACTERS_MIN:
            break
        try:
            recorded = await _event(call.memory, asked.ids[place])
        except (NotFound, Invalid) as error:
            missing = error
            unknown.append(asked.ids[place])
        else:
            part = _whole(recorded, clock, start=start, room=room)
            shown.append(part)
            room -= len(part.text)
            if start + len(part.text) < len(recorded.event.text):
                start += len(part.text)
                break
        place, start = place + 1, 0
    if missing is not None and not shown:
        raise missing
    answer = answers.Events(
        events=tuple(shown),
        unknown=tuple(unknown),
        next_cursor=encode_token(listing, (place, start)) if place < len(asked.ids) else "",
    )
    text = joined(
        [
            *map(_whole_text, shown),
            f"Unknown: {', '.join(unknown)}" if unknown else "",
            f"More: cursor {answer.next_cursor}" if answer.next_cursor else "",
        ]
    )
    return Reply(answer, text)


async def grip(call: Call, asked: arguments.Grip) -> Reply:
    """The words that a grip stands for, and what stands around them."""
    try:
        found, clock = await asyncio.gather(
            call.memory.expand(asked.id, before=asked.before, after=asked.after), call.clock()
        )
    except NotFound:
        if not await _is_event(call.memory, asked.id):
            raise
        hint = "`get` reads it, `timeline` shows what stands around it."
        raise InvalidQuery("id", asked.id, "is the id of an event, not of a grip", hint=hint) from None
    proof = answers.Proof(
        excerpt=found.grip.excerpt,
        event=found.grip.event_id,
        session=found.grip.session,
        events=tuple(opening_line(one, clock) for one in found.events),
    )
    lines = [line_text(line, mark="> " if line.id == proof.event else "") for line in proof.events]
    return Reply(proof, joined([f"“{proof.excerpt}”", f"in {proof.event}, session {proof.session}:", *lines]))


# -- inside ---------------------------------------------------------------------------------------


async def _event_id(memory: Memory, id: str) -> str:
    """Ids of grips look like those of events, and are cited beside them."""
    return (await _event(memory, id)).event.id


async def _event(memory: Memory, id: str) -> Recorded:
    id = id.strip().removeprefix("agent-memory://event/")
    try:
        return await memory.event(id)
    except NotFound as error:
        try:
            grip = await memory.grip(id)
        except (NotFound, Invalid):
            raise error from None
        return await memory.event(grip.event_id)


async def _is_event(memory: Memory, id: str) -> bool:
    try:
        await memory.event(id)
    except (NotFound, Invalid):
        return False
    return True


async def _title(memory: Memory, session: str) -> str:
    try:
        title = (await memory.session(session)).title
    except (NotFound, Unavailable):
        return ""
    return "" if title == session else one_line(title, limit=TITLE_CHARACTERS)


def _whole(recorded: Recorded, clock: Clock, *, start: int, room: int) -> answers.Whole:
    event = recorded.event
    text = event.text[start : start + room]
    is_part = len(text) < len(event.text)
    return answers.Whole(
        id=event.id,
        time=clock.minute(event.time_ms),
        kind=event.kind.value,
        who=who(event),
        session=event.session,
        agent=event.agent,
        project=event.project,
        text=text,
        start=start,
        length=len(event.text) if is_part else 0,
    )


def _whole_text(whole: answers.Whole) -> str:
    place = " · ".join(filter(None, (whole.agent, whole.project, f"session {whole.session}")))
    end = whole.start + len(whole.text)
    part = f" (characters {whole.start:,} to {end:,} of {whole.length:,})" if whole.length else ""
    return f"## {whole.id} {whole.time} {whole.who} · {place}{part}\n{whole.text}"
