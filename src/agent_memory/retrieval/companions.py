"""The neighbours that a hit is understood by: a question's answer, an answer's question, a tool's call and result."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from agent_memory.events import Event, Kind, Recorded
from agent_memory.events.ulids import next_ulid
from agent_memory.retrieval.excerpts import narrow
from agent_memory.retrieval.quotes import Quote, most_said
from agent_memory.retrieval.wanted import Wanted

if TYPE_CHECKING:
    from agent_memory.log.port import EventLog

REACH = 6
"""How many events away a companion may be: between a question and its answer an agent uses tools."""

CHARACTERS_MAX = 160
"""A companion is there for its hit to be understood; its telling sentence does."""

READ_CHARACTERS_MAX = 2 << 20
"""What one block reads of neighbours, about: after that, hits stand alone."""

_SEARCHED = 2_048

_ASKED_WITHIN = 4_096
_ASKS = re.compile(r"[?؟](?=[\"'”’»)\]*_]*(?:\s|$))|？")
_MESSAGES = (Kind.USER_MESSAGE, Kind.ASSISTANT_MESSAGE)


class Companions:
    """Finds them for the hits of one block."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._room = READ_CHARACTERS_MAX

    def of(self, quote: Quote) -> list[Quote]:
        """At most two, in time order, of the same session; of each, what has most in common with *quote*.

        - of a tool's call its result, of a result its call;
        - before an assistant's message what it answers; before anyone's, a question that it answers;
        - after a question its answer.
        """
        event = quote.event
        found: list[Quote | None] = []
        if event.kind is Kind.TOOL_CALL:
            found.append(_first(self._after(event), quote, lambda one: _is_result(one, of=event)))
        elif event.kind is Kind.TOOL_RESULT:
            found.append(_first(self._before(event), quote, lambda one: _is_result(event, of=one)))
        elif event.kind in _MESSAGES:
            before = _first(self._before(event), quote, lambda one: _is_reply(event, to=one))
            if before and (event.kind is Kind.ASSISTANT_MESSAGE or asks(before.event.text)):
                found.append(before)
            if asks(event.text):
                found.append(_first(self._after(event), quote, lambda one: _is_reply(one, to=event)))
        return [one for one in found if one is not None]

    def _before(self, event: Event) -> list[Event]:
        """The nearest neighbours before the event, nearest first."""
        if self._room <= 0:
            return []
        # The event itself comes first.
        return self._read(self._log.scan(until=event.id, session=event.session, limit=REACH + 1, newest_first=True)[1:])

    def _after(self, event: Event) -> list[Event]:
        if self._room <= 0:
            return []
        return self._read(self._log.scan(first=next_ulid(event.id), session=event.session, limit=REACH))

    def _read(self, found: list[Recorded]) -> list[Event]:
        self._room -= sum(len(recorded.event.text) for recorded in found)
        return [recorded.event for recorded in found]


def _first(events: Iterable[Event], quote: Quote, fits: Callable[[Event], bool]) -> Quote | None:
    """The first of the events that fits and says something."""
    for event in events:
        if fits(event) and (part := most_said(event)):
            start, end = part
            found = Wanted(quote.event.text[quote.start : quote.end])
            span = narrow(event.text, start, min(end, start + _SEARCHED), found, limit=CHARACTERS_MAX)
            if span[0] < span[1]:
                return Quote(event=event, start=span[0], end=span[1], session_title=quote.session_title)
    return None


def asks(text: str) -> bool:
    """Whether a message asks something, near its beginning or at its end."""
    ends_at = len(text) - _ASKED_WITHIN
    return bool(_ASKS.search(text, 0, _ASKED_WITHIN) or (ends_at > 0 and _ASKS.search(text, ends_at)))


def _is_reply(message: Event, *, to: Event) -> bool:
    """Whether both are messages, of different people or programs."""
    if message.kind not in _MESSAGES or to.kind not in _MESSAGES:
        return False
    return (message.role, message.speaker) != (to.role, to.speaker)


def _is_result(result: Event, *, of: Event) -> bool:
    if result.kind is not Kind.TOOL_RESULT or of.kind is not Kind.TOOL_CALL:
        return False
    # Without both ids, the nearest is taken.
    return not (result.tool_call_id and of.tool_call_id) or result.tool_call_id == of.tool_call_id
