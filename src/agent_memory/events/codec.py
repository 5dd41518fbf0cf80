"""The bytes of an event, as they lie in the log.

Record: `agent_memory.storage.v1.EventRecord`, serialised deterministically. The event's id is
its key and not in the record. Text is generalised UTF-8 (WTF-8), so lone surrogates survive.

A record says its format. An older one is lifted, one step at a time, when it is read; the bytes
on disk stay as they were.
"""

from __future__ import annotations

from collections.abc import Callable

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
    """The record of *event*: equal events have equal records."""
    record = EventRecord(
        format=RECORD_FORMAT,
        kind=_KIND_NUMBERS[event.kind._value_],
        role=_ROLE_NUMBERS[event.role._value_],
        session=event.session,
        agent=event.agent,
        project=event.project,
        text=event.text.encode("utf-8", "surrogatepass"),
        speaker=event.speaker,
        source=event.source,
        source_id=event.source_id,
        tool_name=event.tool_name,
        tool_call_id=event.tool_call_id,
        metadata=event.metadata,
    )
    return record.SerializeToString(deterministic=True)


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
            metadata=dict(r.metadata),
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
