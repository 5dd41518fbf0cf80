"""Walk the digest chain, and hold every entry against the rows that belong to it."""

from __future__ import annotations

from agent_memory.errors import ChecksumMismatch, Corrupt, UnknownFormat
from agent_memory.events import START, Position
from agent_memory.events.codec import event_from_record
from agent_memory.events.ulids import ulid_from_key
from agent_memory.log.chain import FIRST_DIGEST, content_digest, next_digest
from agent_memory.log.keys import (
    EntryKind,
    event_position,
    event_record,
    log_entry,
    log_key,
    log_position,
    session_hash,
    session_key,
    source_key,
)
from agent_memory.storage import Family, Rows

_PAGE = 1000


def verify_entries(rows: Rows, *, after: Position, until: Position) -> Position:
    """Check positions ``after < position <= until``; the last one checked.

    Errors: `ChecksumMismatch`, naming the first broken position and what is wrong there;
    `UnknownFormat` for a record of a newer release.
    """
    digest = _digest_at(rows, after)
    while after < until:
        page = min(until - after, _PAGE)
        entries = rows.scan(Family.LOG, first=log_key(after + 1), end=log_key(after + 1 + page), limit=page)
        digest = _verify_page(rows, after, entries, digest)
        after += len(entries)
        if len(entries) < page:
            raise ChecksumMismatch(after + 1, "the entry is missing")
    return after


def _digest_at(rows: Rows, position: Position) -> bytes:
    if position == START:
        return FIRST_DIGEST
    value = rows.get(Family.LOG, log_key(position))
    if value is None:
        raise ChecksumMismatch(position, "the entry is missing")
    return log_entry(value)[2]


def _verify_page(rows: Rows, after: Position, entries: list[tuple[bytes, bytes]], digest: bytes) -> bytes:
    ulids = [log_entry(value)[1] for _, value in entries]
    expected_ids: list[tuple[Position, bytes, bytes]] = []
    expected_sessions: list[tuple[Position, bytes]] = []
    values = rows.get_many(Family.EVENTS, ulids)
    for position, (key, entry), value in zip(range(after + 1, after + 1 + len(entries)), entries, values, strict=True):
        if log_position(key) != position:
            raise ChecksumMismatch(position, "the entry is missing")
        kind, ulid, stored = log_entry(entry)
        event_id = ulid_from_key(ulid)
        if kind != EntryKind.EVENT:
            raise UnknownFormat(f"the entry at position {position}", kind, int(EntryKind.EVENT))
        if value is None:
            raise ChecksumMismatch(position, f"event {event_id} is missing")
        record = event_record(value)
        digest = next_digest(digest, kind, content_digest(ulid, record))
        if digest != stored:
            raise ChecksumMismatch(position)
        if event_position(value) != position:
            raise ChecksumMismatch(position, f"event {event_id} says that it is at {event_position(value)}")
        try:
            event = event_from_record(event_id, record)
        except UnknownFormat:
            raise
        except Corrupt as error:
            raise ChecksumMismatch(position, str(error)) from error
        expected_sessions.append((position, session_key(session_hash(event.session), ulid)))
        if event.source:
            expected_ids.append((position, source_key(event.source, event.source_id), ulid))
    _verify_sessions(rows, expected_sessions)
    _verify_ids(rows, expected_ids)
    return digest


def _verify_sessions(rows: Rows, expected: list[tuple[Position, bytes]]) -> None:
    found = rows.get_many(Family.SESSIONS, [key for _, key in expected])
    for (position, _), value in zip(expected, found, strict=True):
        if value is None:
            raise ChecksumMismatch(position, "the event is not listed in its session")


def _verify_ids(rows: Rows, expected: list[tuple[Position, bytes, bytes]]) -> None:
    found = rows.get_many(Family.IDS, [key for _, key, _ in expected])
    for (position, _, ulid), value in zip(expected, found, strict=True):
        if value != ulid:
            raise ChecksumMismatch(position, "the event is not known by its source")
