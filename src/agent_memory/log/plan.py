"""What one commit will write: events against what is known, with no effect but on a batch."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agent_memory.errors import Corrupt, EventConflict
from agent_memory.events import START, Event, Position, Receipt
from agent_memory.events.codec import event_from_record, event_to_record
from agent_memory.events.ulids import derived_ulid, ulid_from_key, ulid_key
from agent_memory.log.chain import FIRST_DIGEST, content_digest, next_digest
from agent_memory.log.keys import (
    ULID_MIN,
    EntryKind,
    event_position,
    event_record,
    event_value,
    log_key,
    log_value,
    session_hash,
    session_key,
    source_key,
)
from agent_memory.storage import Batch, Family, Rows


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """An event with everything about it that does not depend on the log."""

    event: Event
    ulid: bytes
    record: bytes
    content: bytes
    session_row: bytes
    source: bytes | None


def prepare(event: Event) -> Prepared:
    """The bytes that the log will hold of *event*."""
    ulid = ulid_key(event.id)
    record = event_to_record(event)
    source = event.source
    return Prepared(
        event,
        ulid,
        record,
        content_digest(ulid, record),
        session_key(session_hash(event.session), ulid),
        source_key(source, event.source_id) if source else None,
    )


class Tip(msgspec.Struct, frozen=True):
    """The end of the log: what the next entry follows, and the greatest ULID so far."""

    position: Position = START
    digest: bytes = FIRST_DIGEST
    greatest: bytes = ULID_MIN


_Known = tuple[Position, bytes]
"""Position and record."""


class Plan:
    """Collects submissions on top of *tip*; `batch` then holds the rows, `tip` the new end."""

    def __init__(self, rows: Rows, tip: Tip) -> None:
        self.batch: Batch = rows.batch()
        self.tip = tip
        self._rows = rows
        # What earlier submissions of this plan looked up and add: the stored rows do not show it yet.
        self._events: dict[bytes, _Known] = {}
        self._sources: dict[bytes, bytes] = {}

    def add(self, submission: Sequence[Prepared]) -> list[Receipt]:
        """Plan the events that are new; a receipt for each.

        Errors: `EventConflict`, and nothing of the submission is planned.
        """
        known, sources = self._look_up(submission)
        receipts: list[Receipt] = []
        added: list[Prepared] = []
        position = self.tip.position
        for p in submission:
            ulid, source = p.ulid, p.source
            if (ulid in known or source in sources) and (
                original := self._original(p, known, sources, len(receipts) if len(submission) > 1 else None)
            ):
                event_id = p.event.id if original == ulid else ulid_from_key(original)
                receipts.append(Receipt(event_id, known[original][0], False))
                continue
            position += 1
            known[ulid] = (position, p.record)
            if source is not None:
                sources[source] = ulid
            added.append(p)
            receipts.append(Receipt(p.event.id, position, True))
        # Only now: a conflict leaves the plan as it was.
        self._events.update(known)
        self._sources.update(sources)
        if added:
            self._put(added)
        return receipts

    def _original(
        self, p: Prepared, known: dict[bytes, _Known], sources: dict[bytes, bytes], place: int | None
    ) -> bytes | None:
        """The ULID under which the event is recorded already, None for a new one."""
        same_id = known.get(p.ulid)
        if same_id is not None and _same_content(p, same_id[1]):
            return p.ulid
        if same_id is None or _is_derived(p.event):
            original = sources.get(p.source) if p.source is not None else None
            if original is not None or same_id is None:
                return original
        # An id that was given, or the derived id of another pair: the stored event stays.
        conflict = EventConflict(p.event.id, same_id[0])
        raise conflict if place is None else conflict.within(f"events[{place}]")

    def _look_up(self, submission: Sequence[Prepared]) -> tuple[dict[bytes, _Known], dict[bytes, bytes]]:
        """What is known of the ids and sources of *submission*, in the store and in this plan."""
        known, sources = self._planned(submission) if self._events else ({}, {})
        # Nothing is stored beyond the greatest id, so most of what is captured live needs no look-up.
        greatest = self.tip.greatest
        wanted = [p.ulid for p in submission if p.ulid <= greatest and p.ulid not in known]
        wanted_sources = [p.source for p in submission if p.source is not None and p.source not in sources]
        if wanted_sources and self.tip.position > START:
            for source, found in zip(wanted_sources, self._rows.get_many(Family.IDS, wanted_sources), strict=True):
                if found is not None:
                    sources[source] = found
                    wanted.append(found)
        if wanted:
            for ulid, value in zip(wanted, self._rows.get_many(Family.EVENTS, wanted), strict=True):
                if value is not None:
                    known[ulid] = (event_position(value), event_record(value))
        for ulid in sources.values():
            if ulid not in known:
                raise Corrupt(f"event {ulid_from_key(ulid)} is known by its source and not in the store")
        return known, sources

    def _planned(self, submission: Sequence[Prepared]) -> tuple[dict[bytes, _Known], dict[bytes, bytes]]:
        known: dict[bytes, _Known] = {}
        sources: dict[bytes, bytes] = {}
        for p in submission:
            if p.ulid in self._events:
                known[p.ulid] = self._events[p.ulid]
            if p.source is not None and (original := self._sources.get(p.source)) is not None:
                sources[p.source] = original
                known[original] = self._events[original]
        return known, sources

    def _put(self, added: Sequence[Prepared]) -> None:
        kind = int(EntryKind.EVENT)
        digest, position = self.tip.digest, self.tip.position
        events: list[tuple[bytes, bytes]] = []
        entries: list[tuple[bytes, bytes]] = []
        for p in added:
            position += 1
            key = log_key(position)
            digest = next_digest(digest, kind, p.content)
            events.append((p.ulid, event_value(key, p.record)))
            entries.append((key, log_value(kind, p.ulid, digest)))
        put_many = self.batch.put_many
        put_many(Family.EVENTS, events)
        put_many(Family.LOG, entries)
        put_many(Family.SESSIONS, [(p.session_row, b"") for p in added])
        if sources := [(p.source, p.ulid) for p in added if p.source is not None]:
            put_many(Family.IDS, sources)
        self.tip = Tip(position, digest, max(self.tip.greatest, max(p.ulid for p in added)))


def _same_content(p: Prepared, record: bytes) -> bool:
    # A record of an older format has other bytes for the same event.
    return record == p.record or event_from_record(p.event.id, record) == p.event


def _is_derived(event: Event) -> bool:
    return bool(event.source) and event.id == derived_ulid(event.time_ms, event.source, event.source_id)
