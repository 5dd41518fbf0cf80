"""The catalog: what sessions there are, and how much happened on which day."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import partial

from agent_memory.annotation import MemoryType
from agent_memory.annotation.scaffolding import SCAFFOLDING, said_text
from agent_memory.annotation.traits import TRAITS, traits_of
from agent_memory.annotation.types import TYPING, types_of
from agent_memory.courtesy import giving_way
from agent_memory.events import Event, Kind, Position
from agent_memory.events.ulids import ulid_time_ms
from agent_memory.indexes.catalog import CatalogIndex, DayCell, SessionRow, catalog_prefix
from agent_memory.indexes.model import session_key
from agent_memory.log.entries import Entry, events_of
from agent_memory.offloading import INLINE, Offload
from agent_memory.projectors.times import times_in
from agent_memory.storage import Family, Rows, prefix_end
from agent_memory.temporal import MENTIONS, mentions
from agent_memory.toc.calendar import Calendar, calendar_of
from agent_memory.toc.grips import settle

FORMAT = 4

_BATCH_EVENTS_MAX = 1_000
_READ_EVENTS_MAX = 128
_TITLE_MAX = 80
_TITLE_SOUGHT = 4_000
_TIMED_CHARACTERS = 4_000


class CatalogProjector:
    """Keeps *index* the catalog of what it was given, which *offload* reads."""

    def __init__(self, index: CatalogIndex, offload: Offload = INLINE) -> None:
        self.index = index
        self._offload = offload

    @property
    def batch_events_max(self) -> int:
        return _BATCH_EVENTS_MAX

    def checkpoint(self) -> Position:
        return self.index.checkpoint()

    def project(self, batch: Sequence[Entry]) -> None:
        before = self.checkpoint()
        fresh = [entry for entry in batch if entry.position > before]
        if not fresh:
            return
        sessions: dict[str, list[Event]] = {}
        types: dict[str, set[MemoryType]] = {}
        days: dict[DayCell, int] = {}
        turns: dict[int, list[tuple[str, int]]] = {}
        day = None
        happened = [recorded.event for recorded in events_of(fresh)]
        for event, (stated, traits) in zip(happened, self._read(happened), strict=True):
            events = sessions.get(event.session)
            if events is None:
                events = sessions[event.session] = []
                types[event.session] = set()
            events.append(event)
            time_ms = ulid_time_ms(event.id)
            if day is None or not day.start_ms <= time_ms < day.end_ms:
                day = self.index.calendar.day(time_ms)
            cell = (day.id[4:], event.session, event.agent, event.project)
            days[cell] = days.get(cell, 0) + 1
            types[event.session].update(stated)
            turns.setdefault(session_key(event.session), []).append((event.id, traits))
        stored = self.index.session_rows(list(sessions))
        self.index.write(
            [
                (old, session_row(old, events, types[id]))
                for old, (id, events) in zip(stored, sessions.items(), strict=True)
            ],
            days,
            turns,
            fresh[-1].position,
        )

    def _read(self, events: Sequence[Event]) -> Iterator[Reading]:
        parts = [events[first : first + _READ_EVENTS_MAX] for first in range(0, len(events), _READ_EVENTS_MAX)]
        for read in self._offload.each(partial(read_in, zone=self.index.calendar.zone), parts):
            yield from giving_way(read)

    def flush(self) -> None:
        """Nothing is kept in memory that the rows do not hold."""

    def rows(self) -> Iterator[tuple[str, bytes]]:
        return self.index.catalog_rows()

    def close(self) -> None:
        """The rows are their owner's to close."""


Reading = tuple[frozenset[MemoryType], int]
"""What an event states, and its traits."""


def read_in(events: Sequence[Event], zone: str) -> list[Reading]:
    """The readings of these events, in their order. A pure function."""
    calendar = calendar_of(zone)
    return [_reading(event, calendar) for event in giving_way(events)]


def _reading(event: Event, calendar: Calendar) -> Reading:
    stated, text = types_of(event), said_text(event)[:_TIMED_CHARACTERS]
    names_time = bool(times_in(mentions, text, said_ms=ulid_time_ms(event.id), calendar=calendar))
    return stated, traits_of(event, types=stated, names_time=names_time)


class CatalogView:
    """The kind of view that is the catalog."""

    def __init__(self, rows: Rows, *, zone: str, offload: Offload = INLINE) -> None:
        self._rows = rows
        self._zone = zone
        self._offload = offload

    @property
    def name(self) -> str:
        return "catalog"

    @property
    def fingerprint(self) -> str:
        return f"catalog/{FORMAT}/{SCAFFOLDING}/{TRAITS}/{TYPING}/{MENTIONS} zone={self._zone}"

    def open(self, generation: int) -> CatalogProjector:
        index = CatalogIndex(self._rows, generation=generation, zone=self._zone)
        return CatalogProjector(index, self._offload)

    def erase(self, generation: int) -> None:
        prefix = catalog_prefix(generation)
        batch = self._rows.batch()
        batch.delete_range(Family.VIEWS, prefix, prefix_end(prefix))
        self._rows.write(batch)


def session_row(old: SessionRow | None, events: Sequence[Event], types: Collection[MemoryType]) -> SessionRow:
    """A session with more events, of these types; the same for the same events, however they came."""
    first, last = min(event.id for event in events), max(event.id for event in events)
    title, title_event_id = _title(events)
    agents = {event.agent for event in events if event.agent}
    projects = {event.project for event in events if event.project}
    # The property `value` is Python code.
    roles = {event.role._value_ for event in events}
    kinds = {event.kind._value_ for event in events}
    stated = {type.value for type in types}
    count = len(events)
    if old is not None:
        first, last = min(first, old.first_event_id), max(last, old.last_event_id)
        if old.title_event_id and (not title_event_id or old.title_event_id < title_event_id):
            title, title_event_id = old.title, old.title_event_id
        agents.update(old.agents)
        projects.update(old.projects)
        roles.update(old.roles)
        kinds.update(old.kinds)
        stated.update(old.types)
        count += old.event_count
    return SessionRow(
        id=events[0].session,
        title=title,
        title_event_id=title_event_id,
        first_event_id=first,
        last_event_id=last,
        event_count=count,
        agents=tuple(sorted(agents)),
        projects=tuple(sorted(projects)),
        roles=tuple(sorted(roles)),
        kinds=tuple(sorted(kinds)),
        types=tuple(sorted(stated)),
    )


def _title(events: Sequence[Event]) -> tuple[str, str]:
    """What the first user message opens with in which something was said, and that event's id."""
    best, best_id = "", ""
    for event in events:
        if event.kind is Kind.USER_MESSAGE and (not best_id or event.id < best_id):
            opening = _opening(event)
            if opening:
                best, best_id = opening, event.id
    return best, best_id


def _opening(event: Event) -> str:
    """The line that says what a message is about, cut at a word; empty where nothing was said."""
    line = _first_line(said_text(event).lstrip()[:_TITLE_SOUGHT])
    if len(line) <= _TITLE_MAX:
        return line
    cut = line.rfind(" ", _TITLE_MAX // 2, _TITLE_MAX)
    return line[: cut if cut > 0 else settle(line, 0, _TITLE_MAX - 1)[1]].rstrip(" ,;:") + "…"


_TAG = re.compile(r"<(/?)([A-Za-z][\w:.-]*)(?:\s[^<>]*)?>")


def _first_line(text: str) -> str:
    """The first line with words; one of a block between tags, or without a word, only for lack of another.

    Whoever pastes a block, and whatever puts it there, says beside it what it is for.
    """
    within = in_block = wordless = ""
    for raw in text.splitlines():
        printable = "".join(c if c.isprintable() else " " for c in raw)
        line = " ".join(printable.split()).lstrip("#>*- ")
        tag = _TAG.fullmatch(printable.strip()) if "<" in raw else None
        if tag is not None:
            if not within and not tag[1]:
                within = tag[2]
            elif tag[1] and tag[2] == within:
                within = ""
        if tag is not None or not any(map(str.isalnum, line)):
            wordless = wordless or line
        elif within:
            in_block = in_block or line
        else:
            return line
    return in_block or wordless
