"""Walk the digest chain, and hold every entry against the rows that belong to it."""

from __future__ import annotations

from collections.abc import Iterator

from agent_memory.errors import ChecksumMismatch, Corrupt, UnknownKind
from agent_memory.events import START, Position
from agent_memory.events.codec import event_from_record
from agent_memory.events.ulids import ulid_from_key, ulid_key
from agent_memory.log.chain import FIRST_DIGEST, content_digest, next_digest
from agent_memory.log.keys import (
    ANSWERS_KEY,
    ULID_MAX,
    ULID_MIN,
    EntryKind,
    answer_key,
    count_of,
    event_position,
    event_record,
    log_entry,
    log_key,
    log_position,
    log_record,
    session_hash,
    session_key,
    source_key,
)
from agent_memory.log.keys import (
    after as key_after,
)
from agent_memory.storage import Family, Rows, prefix_end, scan_all
from agent_memory.summaries.codec import answer_from_record

_POSITION_BYTES = 8
# So many records are in memory at once, and a record may have a megabyte.
_PAGE = 16
# Rows without records.
_SMALL_PAGE = 1000


def verify_entries(rows: Rows, *, after: Position, until: Position) -> Position:
    """Check positions ``after < position <= until``; the last one checked.

    Errors: `ChecksumMismatch`, naming the first broken position and what is wrong there;
    `UnknownFormat` for a record of a newer release; `UnknownKind` for an entry of one, up to which, and with which,
    the chain holds.
    """
    digest = _digest_at(rows, after)
    while after < until:
        page = min(until - after, _PAGE)
        entries, problem = _entries_after(rows, after, page)
        digest = _verify_page(rows, after, entries, digest)
        after += len(entries)
        if len(entries) < page:
            raise ChecksumMismatch(after + 1, problem)
    return after


def _entries_after(rows: Rows, after: Position, count: int) -> tuple[list[tuple[bytes, bytes]], str]:
    """As many of the next *count* entries as can be read, and what is wrong with the one after them."""
    try:
        entries = rows.scan(Family.LOG, first=log_key(after + 1), end=log_key(after + 1 + count), limit=count)
        return entries, "the entry is missing"
    except Corrupt:
        entries = []
    for position in range(after + 1, after + 1 + count):
        try:
            value = rows.get(Family.LOG, log_key(position))
        except Corrupt as error:
            return entries, f"the entry cannot be read: {error}"
        if value is None:
            break
        entries.append((log_key(position), value))
    return entries, "the entry is missing"


def verify_events(rows: Rows, *, after: str, limit: int) -> str:
    """Check of up to *limit* events beyond the id *after* that the log has them; the last id, empty at the end.

    Errors: `ChecksumMismatch`, naming the position that an event claims and has no entry at.
    """
    first = key_after(ulid_key(after)) if after else ULID_MIN
    last = b""
    while limit > 0:
        page = min(limit, _PAGE)
        found = rows.scan(Family.EVENTS, first=first, end=key_after(ULID_MAX), limit=page)
        places = [event_position(ulid, value) for ulid, value in found]
        # Both rows of an event are written as one, so the second is there for whoever saw the first.
        entries = rows.get_many(Family.LOG, [log_key(position) for position in places])
        for (ulid, _), position, entry in zip(found, places, entries, strict=True):
            if entry is None:
                raise ChecksumMismatch(position, f"event {ulid_from_key(ulid)} has no entry in the log")
            if log_entry(position, entry)[1] != ulid:
                raise ChecksumMismatch(position, f"event {ulid_from_key(ulid)} claims the entry of another event")
        if len(found) < page:
            return ""
        last = found[-1][0]
        first = key_after(last)
        limit -= page
    return ulid_from_key(last) if last else after


def verify_answers(rows: Rows) -> Iterator[int]:
    """Check of each answer that the log has it; tells from time to time how many are checked.

    Errors: `ChecksumMismatch`, naming the position that an answer claims and has no entry at; `Corrupt` where
    there are more or fewer than were counted.
    """
    counted = count_of(rows.get(Family.IDS, ANSWERS_KEY))
    places: list[tuple[bytes, Position]] = []
    found = 0
    # An answer's row tells a position, an event's a ULID.
    names = scan_all(rows, Family.IDS, first=b"", end=prefix_end(b"\xff" * 16), page=_SMALL_PAGE)
    for number, (key, value) in enumerate(names, 1):
        if len(value) == _POSITION_BYTES and key != ANSWERS_KEY:
            places.append((key, log_position(value)))
        if len(places) == _PAGE or number % _SMALL_PAGE == 0:
            found += _verify_places(rows, places)
            places.clear()
            yield found
    found += _verify_places(rows, places)
    # More may have been recorded meanwhile.
    if not counted <= found <= count_of(rows.get(Family.IDS, ANSWERS_KEY)):
        raise Corrupt(f"{counted:,} answers were recorded, and {found:,} are known")
    yield found


def unknown_entry(rows: Rows, position: Position, value: bytes) -> UnknownKind | ChecksumMismatch:
    """What to say of an entry of a kind that this release does not know: a newer one wrote it, if the chain says so."""
    kind, name, stored = log_entry(position, value)
    digest = next_digest(_digest_at(rows, position - 1), kind, content_digest(name, log_record(value)))
    if digest != stored:
        return ChecksumMismatch(position)
    return UnknownKind(position, kind, int(max(EntryKind)))


def _verify_places(rows: Rows, places: list[tuple[bytes, Position]]) -> int:
    entries = rows.get_many(Family.LOG, [log_key(position) for _, position in places])
    for (key, position), entry in zip(places, entries, strict=True):
        if entry is None:
            raise ChecksumMismatch(position, "a recorded answer has no entry in the log")
        kind, name, _ = log_entry(position, entry)
        if (kind, name) != (EntryKind.ANSWER, key):
            raise ChecksumMismatch(position, "a recorded answer claims the entry of another")
    return len(places)


def _digest_at(rows: Rows, position: Position) -> bytes:
    if position == START:
        return FIRST_DIGEST
    value = rows.get(Family.LOG, log_key(position))
    if value is None:
        raise ChecksumMismatch(position, "the entry is missing")
    return log_entry(position, value)[2]


def _verify_page(rows: Rows, after: Position, entries: list[tuple[bytes, bytes]], digest: bytes) -> bytes:
    places = range(after + 1, after + 1 + len(entries))
    for position, (key, _) in zip(places, entries, strict=True):
        if log_position(key) != position:
            raise ChecksumMismatch(position, "the entry is missing")
    heads = [log_entry(position, value) for position, (_, value) in zip(places, entries, strict=True)]
    expected_ids: list[tuple[Position, bytes, bytes]] = []
    expected_sessions: list[tuple[Position, bytes]] = []
    values = iter(rows.get_many(Family.EVENTS, [name for kind, name, _ in heads if kind == EntryKind.EVENT]))
    unknown: Exception | None = None
    for position, (kind, name, stored), (_, entry) in zip(places, heads, entries, strict=True):
        if kind == EntryKind.ANSWER:
            digest = next_digest(digest, kind, content_digest(name, log_record(entry)))
            if digest != stored:
                raise ChecksumMismatch(position)
            _verify_answer(position, name, log_record(entry))
            expected_ids.append((position, name, log_key(position)))
            continue
        if kind != EntryKind.EVENT:
            unknown = unknown_entry(rows, position, entry)
            break
        ulid, event_id, value = name, ulid_from_key(name), next(values)
        if value is None:
            raise ChecksumMismatch(position, f"event {event_id} is missing")
        record = event_record(value)
        digest = next_digest(digest, kind, content_digest(ulid, record))
        if digest != stored:
            raise ChecksumMismatch(position)
        if (told := event_position(ulid, value)) != position:
            raise ChecksumMismatch(position, f"event {event_id} says that it is at {told}")
        try:
            event = event_from_record(event_id, record)
        except Corrupt as error:
            raise ChecksumMismatch(position, str(error)) from error
        expected_sessions.append((position, session_key(session_hash(event.session), ulid)))
        if event.source:
            expected_ids.append((position, source_key(event.source, event.source_id), ulid))
    _verify_sessions(rows, expected_sessions)
    _verify_ids(rows, expected_ids)
    if unknown is not None:
        raise unknown
    return digest


def _verify_answer(position: Position, key: bytes, record: bytes) -> None:
    if answer_key(record) != key:
        raise ChecksumMismatch(position, "the answer is called by another name than its own")
    try:
        answer_from_record(record, at=f"position {position}")
    except Corrupt as error:
        raise ChecksumMismatch(position, str(error)) from error


def _verify_sessions(rows: Rows, expected: list[tuple[Position, bytes]]) -> None:
    found = rows.get_many(Family.SESSIONS, [key for _, key in expected])
    for (position, _), value in zip(expected, found, strict=True):
        if value is None:
            raise ChecksumMismatch(position, "the event is not listed in its session")


def _verify_ids(rows: Rows, expected: list[tuple[Position, bytes, bytes]]) -> None:
    found = rows.get_many(Family.IDS, [key for _, key, _ in expected])
    for (position, _, ulid), value in zip(expected, found, strict=True):
        if value != ulid:
            raise ChecksumMismatch(position, "the entry is not known by its source, or by its content")
