"""The bytes of an event, as they lie in the log.

Record: `agent_memory.storage.v1.EventRecord`, map entries sorted by key. The event's id is its
key and not in the record. Text is generalised UTF-8 (WTF-8), so lone surrogates survive.

A record says its format. An older one is lifted, one step at a time, when it is read; the bytes
on disk stay as they were.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from google.protobuf.message import DecodeError

from agent_memory._pb.agent_memory.storage.v1.event_record_pb2 import EventRecord
from agent_memory.errors import Corrupt, UnknownFormat
from agent_memory.events.model import Event, Kind, Role

RECORD_FORMAT = 1

UPCASTS: dict[int, Callable[[EventRecord], EventRecord]] = {}
"""From a format to the function that lifts it to the next."""

KIND_NUMBERS: dict[Kind, int] = {
    Kind.USER_MESSAGE: 1,
    Kind.ASSISTANT_MESSAGE: 2,
    Kind.TOOL_CALL: 3,
    Kind.TOOL_RESULT: 4,
    Kind.SESSION_START: 5,
    Kind.SESSION_END: 6,
    Kind.COMPACTION: 7,
    Kind.SUBAGENT_START: 8,
    Kind.SUBAGENT_STOP: 9,
    Kind.OTHER: 10,
}
"""The numbers of `agent_memory.v1.EventKind`."""

ROLE_NUMBERS: dict[Role, int] = {Role.USER: 1, Role.ASSISTANT: 2, Role.TOOL: 3, Role.SYSTEM: 4}
"""The numbers of `agent_memory.v1.Role`."""

# By name and not by member: hashing a string is several times faster than hashing an Enum.
_KIND_NUMBERS = {kind._value_: number for kind, number in KIND_NUMBERS.items()}
_ROLE_NUMBERS = {role._value_: number for role, number in ROLE_NUMBERS.items()}
_KINDS = {number: kind for kind, number in KIND_NUMBERS.items()}
_ROLES = {number: role for role, number in ROLE_NUMBERS.items()}


def event_to_record(event: Event) -> bytes:
    """The record of *event*: equal events have equal records, fields in the order of their numbers.

    Written field by field: to fill a message and have the library serialise it takes three times
    as long, and this runs for every event. The tests hold it against the library.
    """
    rest = _origin(event.speaker, event.source)
    if event.source_id:
        rest += _field(0x52, event.source_id.encode())
    if event.tool_name:
        rest += _field(0x5A, event.tool_name.encode())
    if event.tool_call_id:
        rest += _field(0x62, event.tool_call_id.encode())
    if event.metadata:
        rest += _metadata(tuple(event.metadata.items()))
    head = _head(event.kind._value_, event.role._value_, event.session, event.agent, event.project)
    if not event.text:
        return head + rest
    text = event.text.encode("utf-8", "surrogatepass")
    return b"%b%b%b%b" % (head, _prefix(0x3A, len(text)), text, rest)


@lru_cache(maxsize=1024)
def _head(kind: str, role: str, session: str, agent: str, project: str) -> bytes:
    """Fields 1 to 6, which the events of a session have in common."""
    numbers = bytes([0x08, RECORD_FORMAT, 0x10, _KIND_NUMBERS[kind], 0x18, _ROLE_NUMBERS[role]])
    return numbers + _name(0x22, session) + _name(0x2A, agent) + _name(0x32, project)


@lru_cache(maxsize=256)
def _origin(speaker: str, source: str) -> bytes:
    """Fields 8 and 9."""
    return _name(0x42, speaker) + _name(0x4A, source)


@lru_cache(maxsize=64)
def _metadata(items: tuple[tuple[str, str], ...]) -> bytes:
    """Field 13, entries sorted by key; often the same for many events in a row."""
    return b"".join(
        _field(0x6A, _field(0x0A, key.encode()) + _field(0x12, value.encode())) for key, value in sorted(items)
    )


def _name(tag: int, name: str) -> bytes:
    return _field(tag, name.encode()) if name else b""


def _field(tag: int, value: bytes) -> bytes:
    """A length-delimited field."""
    return _prefix(tag, len(value)) + value


def _prefix(tag: int, size: int) -> bytes:
    """What stands before a field. Source: https://protobuf.dev/programming-guides/encoding/."""
    if size < 0x80:
        return b"%c%c" % (tag, size)
    if size < 0x4000:
        return b"%c%c%c" % (tag, size & 0x7F | 0x80, size >> 7)
    prefix = bytearray([tag])
    while size >= 0x80:
        prefix.append(size & 0x7F | 0x80)
        size >>= 7
    prefix.append(size)
    return bytes(prefix)


def event_from_record(event_id: str, record: bytes) -> Event:
    """The event of that id, whatever format its record has.

    Errors: `UnknownFormat` for a newer one; `Corrupt`.
    """
    try:
        r = EventRecord.FromString(record)
    except DecodeError as error:
        raise Corrupt(f"the record of event {event_id} cannot be read: {error}") from error
    if r.format != RECORD_FORMAT:
        r = _lifted(event_id, r)
    try:
        return Event(
            id=event_id,
            kind=_KINDS[r.kind],
            role=_ROLES[r.role],
            session=r.session,
            agent=r.agent,
            project=r.project,
            text=r.text.decode("utf-8", "surrogatepass"),
            speaker=r.speaker,
            source=r.source,
            source_id=r.source_id,
            tool_name=r.tool_name,
            tool_call_id=r.tool_call_id,
            # To walk a map of protobuf's takes as long as to read the rest, and most are empty.
            metadata=dict(r.metadata) if r.metadata else {},
        )
    except (KeyError, UnicodeDecodeError) as error:
        raise Corrupt(f"the record of event {event_id} holds {error!r}") from error


def _lifted(event_id: str, record: EventRecord) -> EventRecord:
    if record.format > RECORD_FORMAT:
        raise UnknownFormat(f"the record of event {event_id}", record.format, RECORD_FORMAT)
    for step in range(record.format, RECORD_FORMAT):
        if step not in UPCASTS:
            raise Corrupt(f"the record of event {event_id} says format {step}, which never was")
        record = UPCASTS[step](record)
    return record
