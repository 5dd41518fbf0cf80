"""The entities: what each event mentions, and which days. Scaffolding mentions nothing: nobody said it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import msgspec

from agent_memory.annotation.entities import READER, entities_of
from agent_memory.annotation.scaffolding import SCAFFOLDING, said_text
from agent_memory.courtesy import give_way, giving_way
from agent_memory.events import Event, Position
from agent_memory.events.ulids import ulid_time_ms
from agent_memory.indexes.entities import Additions, EntitiesIndex, EventMentions, additions_of, entities_prefix
from agent_memory.log.entries import Entry, events_of
from agent_memory.offloading import INLINE, Offload
from agent_memory.projectors.times import ReadsTime, times_in
from agent_memory.storage import Family, Rows, prefix_end
from agent_memory.toc.calendar import Calendar, calendar_of

FORMAT = 3

SPANS_MAX = 16
"""How many mentions of days are kept of one event: the first in its text."""

_BATCH_EVENTS_MAX = 1_000
# An event has about eight rows, and the engine keeps the interpreter while it takes them.
_WRITE_EVENTS_MAX = 64
_TIMED_CHARACTERS = 16_384


class EntitiesProjector:
    """Keeps *index* the entities of what it was given, and the days of *zone* that *reads_time* finds.

    Both are read out of the events by *offload*.
    """

    def __init__(self, index: EntitiesIndex, zone: str, reads_time: ReadsTime, offload: Offload = INLINE) -> None:
        self.index = index
        self._zone = zone
        self._reads_time = reads_time
        self._offload = offload

    @property
    def batch_events_max(self) -> int:
        return _BATCH_EVENTS_MAX

    def checkpoint(self) -> Position:
        return self.index.checkpoint()

    def project(self, batch: Sequence[Entry]) -> None:
        checkpoint = self.checkpoint()
        fresh = [entry for entry in batch if entry.position > checkpoint]
        parts = [fresh[first : first + _WRITE_EVENTS_MAX] for first in range(0, len(fresh), _WRITE_EVENTS_MAX)]
        read = partial(mentioned_in, zone=self._zone, reads_time=self._reads_time)
        said = [[recorded.event for recorded in events_of(part)] for part in parts]
        for part, added in zip(parts, self._offload.each(read, said), strict=True):
            give_way()
            self.index.write(added, part[-1].position)

    def flush(self) -> None:
        """Nothing is kept in memory that the rows do not hold."""

    def rows(self) -> Iterator[tuple[str, bytes]]:
        return self.index.entities_rows()

    def close(self) -> None:
        """The rows are their owner's to close."""


def mentioned_in(events: Sequence[Event], zone: str, reads_time: ReadsTime) -> Additions:
    """What these events add to the entities. A pure function."""
    calendar = calendar_of(zone)
    return additions_of([_mentions(event, calendar, reads_time) for event in giving_way(events)])


def _mentions(event: Event, calendar: Calendar, reads_time: ReadsTime) -> EventMentions:
    said = said_text(event)
    if said is not event.text:
        event = msgspec.structs.replace(event, text=said)
    return EventMentions(event.id, entities_of(event), _days(event, calendar, reads_time))


def _days(event: Event, calendar: Calendar, reads_time: ReadsTime) -> tuple[tuple[str, str], ...]:
    if not event.text:
        return ()
    text, said_ms = event.text[:_TIMED_CHARACTERS], ulid_time_ms(event.id)
    days: dict[tuple[str, str], None] = {}
    for span in times_in(reads_time, text, said_ms=said_ms, calendar=calendar):
        if span.from_ms is None or span.until_ms is None:
            continue
        try:
            first, last = calendar.local_date(span.from_ms), calendar.local_date(span.until_ms)
        except OverflowError:
            continue
        days[first, last] = None
        if len(days) == SPANS_MAX:
            break
    return tuple(days)


class EntitiesView:
    """The kind of view that is the entities. *time_reader* names the way in which *reads_time* reads."""

    def __init__(
        self, rows: Rows, *, zone: str, reads_time: ReadsTime, time_reader: str, offload: Offload = INLINE
    ) -> None:
        self._rows = rows
        self._zone = zone
        self._reads_time = reads_time
        self._time_reader = time_reader
        self._offload = offload

    @property
    def name(self) -> str:
        return "entities"

    @property
    def fingerprint(self) -> str:
        return f"entities/{FORMAT} {READER} {SCAFFOLDING} {self._time_reader} zone={self._zone}"

    def open(self, generation: int) -> EntitiesProjector:
        index = EntitiesIndex(self._rows, generation=generation)
        return EntitiesProjector(index, self._zone, self._reads_time, self._offload)

    def erase(self, generation: int) -> None:
        prefix = entities_prefix(generation)
        batch = self._rows.batch()
        batch.delete_range(Family.VIEWS, prefix, prefix_end(prefix))
        self._rows.write(batch)
