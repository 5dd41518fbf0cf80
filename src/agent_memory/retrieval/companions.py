"""The neighbours that a hit is understood by: a question's answer, an answer's question, a tool's call and result."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from agent_memory.events import Event, Kind, Recorded
from agent_memory.events.ulids import next_ulid, previous_ulid
from agent_memory.retrieval.excerpts import Span, narrow
from agent_memory.retrieval.quotes import Quote, most_said
from agent_memory.retrieval.wanted import Wanted
from agent_memory.toc.grips import settle

if TYPE_CHECKING:
    from agent_memory.log.port import EventLog

_PAGES = (2, 4)
"""A companion is next to its event, or a few events away: between a question and its answer an agent uses tools."""

CHARACTERS_MAX = 160
"""A companion is there for its hit to be understood; its telling sentence does."""

READ_CHARACTERS_MAX = 2 << 20
"""What one block reads of neighbours, about: after that, hits stand alone."""

_SEARCHED = 2_048

_ASKED_WITHIN = 4_096
_ASKS = re.compile(r"[?؟](?=[\"'”’»)\]*_]*(?:\s|$))|？")
_MESSAGES = (Kind.USER_MESSAGE, Kind.ASSISTANT_MESSAGE)


class Companions:
    """Finds them for the hits of one block, *hits* by event id; with *projects*, among what happened in these."""

    def __init__(self, log: EventLog, hits: Mapping[str, Quote], *, projects: Collection[str] = ()) -> None:
        self._log = log
        self._hits = hits
        self._projects = projects
        self._room = READ_CHARACTERS_MAX

    def of(self, quote: Quote) -> list[Quote]:
        """At most two, in time order, of the same session: hits as they are, of others what is most like *quote*.

        - of a tool's call its result, of a result its call;
        - before an assistant's message what it answers; before anyone's, a question that it answers;
        - after a question its answer.
        """
        event = quote.event
        if event.kind is Kind.TOOL_CALL:
            found = [self._first(self._after(event), lambda one: _is_result(one, of=event))]
        elif event.kind is Kind.TOOL_RESULT:
            found = [self._first(self._before(event), lambda one: _is_result(event, of=one))]
        elif event.kind in _MESSAGES:
            before = self._first(self._before(event), lambda one: _is_reply(event, to=one))
            answers = before and (event.kind is Kind.ASSISTANT_MESSAGE or asks(before[0].text))
            found = [before if answers else None]
            if asks(event.text):
                found.append(self._first(self._after(event), lambda one: _is_reply(one, to=event)))
        else:
            return []
        return [self._hits.get(one.id) or _excerpt(one, said, quote) for one, said in filter(None, found)]

    def _before(self, event: Event) -> Iterator[Event]:
        """The neighbours before the event, nearest first."""
        last = event.id
        for limit in _PAGES:
            if self._room <= 0:
                return
            page = self._log.scan(until=previous_ulid(last), session=event.session, limit=limit, newest_first=True)
            yield from self._read(page)
            if len(page) < limit:
                return
            last = page[-1].event.id

    def _after(self, event: Event) -> Iterator[Event]:
        last = event.id
        for limit in _PAGES:
            if self._room <= 0:
                return
            page = self._log.scan(first=next_ulid(last), session=event.session, limit=limit)
            yield from self._read(page)
            if len(page) < limit:
                return
            last = page[-1].event.id

    def _read(self, found: list[Recorded]) -> Iterator[Event]:
        self._room -= sum(len(recorded.event.text) for recorded in found)
        return (recorded.event for recorded in found)

    def _first(self, events: Iterable[Event], fits: Callable[[Event], bool]) -> tuple[Event, Span] | None:
        """The first of the events that fits and says something; and where it does."""
        for event in events:
            if fits(event) and (not self._projects or event.project in self._projects):
                if hit := self._hits.get(event.id):
                    return event, hit.span
                if said := most_said(event):
                    return event, said
        return None


def _excerpt(event: Event, said: Span, found: Quote) -> Quote:
    """What the event says, if that is short; else what it has most in common with what was found."""
    start, end = said
    if end - start <= CHARACTERS_MAX:
        span = settle(event.text, start, end)
    else:
        wanted = Wanted(found.event.text[found.start : found.end])
        span = narrow(event.text, start, min(end, start + _SEARCHED), wanted, limit=CHARACTERS_MAX)
    return Quote(event=event, start=span[0], end=span[1], session_title=found.session_title)


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
