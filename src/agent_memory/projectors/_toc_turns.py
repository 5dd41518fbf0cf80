"""Events as segments are made of them, and the turns of a segment that is there."""

from __future__ import annotations

from agent_memory.annotation.scaffolding import blanked, said_text, scaffolding_of
from agent_memory.events import Position, Recorded
from agent_memory.events.ulids import ulid_time_ms
from agent_memory.log.port import EventLog
from agent_memory.toc.material import Passage
from agent_memory.toc.segments import Turn, token_count

_PAGE = 500


def turn_of(recorded: Recorded) -> Turn:
    """An event as its segment's node sees it."""
    event = recorded.event
    text = event.text
    scaffolding = scaffolding_of(event)
    return Turn(
        event.id,
        ulid_time_ms(event.id),
        # A file of rules before a request is not much of a talk.
        token_count(said_text(event)) if scaffolding else token_count(text),
        Passage(
            event_id=event.id,
            kind=event.kind,
            role=event.role,
            speaker=event.speaker,
            tool_name=event.tool_name,
            text=blanked(text, scaffolding) if scaffolding else text,
            left_out=tuple([(span.start, span.end) for span in scaffolding]) if scaffolding else (),
        ),
        event.agent,
        event.project,
    )


def turns_between(log: EventLog, session: str, first_event_id: str, last_event_id: str, until: Position) -> list[Turn]:
    """The turns of a session from one event to another, as of position *until*, in order."""
    found: list[Turn] = []
    first = first_event_id
    while True:
        page = log.scan(session=session, first=first, until=last_event_id, limit=_PAGE)
        found.extend(turn_of(recorded) for recorded in page if recorded.position <= until)
        if len(page) < _PAGE:
            return found
        page.pop()
        first = page[-1].event.id
        found = [turn for turn in found if turn.event_id < first]
