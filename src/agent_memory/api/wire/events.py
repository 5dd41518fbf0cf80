"""Events, drafts, receipts and filters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent_memory._pb.agent_memory.v1 import event_pb2 as event_pb
from agent_memory._pb.agent_memory.v1 import event_service_pb2 as pb
from agent_memory._pb.agent_memory.v1 import filter_pb2 as filter_pb
from agent_memory.annotation import MemoryType
from agent_memory.annotation.scaffolding import scaffolding_of
from agent_memory.annotation.types import in_order, types_of
from agent_memory.api.wire.enums import KINDS, ROLES, TYPES, Table
from agent_memory.api.wire.text import (
    exact_bytes,
    exact_text,
    is_well_formed,
    shown,
    timestamp,
)
from agent_memory.errors import InvalidEvent, InvalidQuery
from agent_memory.events import Draft, Event, Kind, Receipt, Recorded
from agent_memory.events.fields import wrong_field
from agent_memory.memory import Filter, Timeline

_KIND_OF = KINDS.member_of
_ROLE_OF = ROLES.member_of
# By the members' words: an Enum is hashed in Python, a string is not.
_KIND_NUMBERS = {kind.value: number for kind, number in KINDS.number_of.items()}
_ROLE_NUMBERS = {role.value: number for role, number in ROLES.number_of.items()}
_ENUMS: dict[Table[Any, Any], Any] = {KINDS: event_pb.EventKind, ROLES: event_pb.Role, TYPES: event_pb.MemoryType}
_NANOS_MAX = 999_999_999
_NAMES = (
    "id",
    "session",
    "agent",
    "project",
    "speaker",
    "source",
    "source_id",
    "tool_name",
    "tool_call_id",
)


# -- a draft ---------------------------------------------------------------------------------


def draft_from_pb(event: event_pb.Event) -> Draft:
    """What a caller wants recorded. Errors: `InvalidEvent`, naming the field.

    Runs once for every event that comes in: each field is read once.
    """
    number: int = event.kind
    kind = _KIND_OF.get(number)
    if kind is None:
        raise _unknown_kind(number)
    role = None
    number = event.role
    if number:
        role = _ROLE_OF.get(number)
        if role is None:
            raise InvalidEvent("role", number, "is no Role", hint=f"Use one of {_words(ROLES)}.")
    text = event.text
    exact = event.text_wtf8
    if exact:
        text = _verbatim(text, exact)
    time_ms = None
    if event.HasField("time"):
        time = event.time
        seconds, nanos = time.seconds, time.nanos
        if not 0 <= nanos <= _NANOS_MAX:
            raise InvalidEvent("time", f"{seconds} s and {nanos} ns", "nanos must be 0 to 999,999,999")
        time_ms = seconds * 1000 + nanos // 1_000_000
    pairs = event.metadata
    # A map field's own iterator costs thrice as much as one look-up per key.
    metadata = {key: pairs[key] for key in pairs} if pairs else {}
    return Draft(
        kind=kind,
        session=event.session,
        text=text,
        role=role,
        id=event.id,
        time_ms=time_ms,
        agent=event.agent,
        project=event.project,
        speaker=event.speaker,
        source=event.source,
        source_id=event.source_id,
        tool_name=event.tool_name,
        tool_call_id=event.tool_call_id,
        metadata=metadata,
    )


def drafts_from_pb(events: Sequence[event_pb.Event]) -> list[Draft]:
    """The drafts of a batch. Errors: `InvalidEvent`, naming the event by its index."""
    drafts: list[Draft] = []
    try:
        for event in events:
            drafts.append(draft_from_pb(event))
    except InvalidEvent as error:
        raise error.within(f"events[{len(drafts)}]") from None
    return drafts


def draft_to_pb(draft: Draft) -> event_pb.Event:
    """A draft as a request carries it. Errors: `InvalidEvent` for what no message can hold."""
    try:
        return _draft_to_pb(draft)
    except (AttributeError, TypeError, KeyError):
        if wrong := wrong_field(draft):
            raise wrong from None
        raise


def _draft_to_pb(draft: Draft) -> event_pb.Event:
    kind = KINDS.number_of.get(draft.kind)
    if kind is None:
        raise InvalidEvent("kind", draft.kind, "is no Kind")
    fields: dict[str, Any] = {
        "kind": kind,
        "session": draft.session,
        "id": draft.id,
        "agent": draft.agent,
        "project": draft.project,
        "speaker": draft.speaker,
        "source": draft.source,
        "source_id": draft.source_id,
        "tool_name": draft.tool_name,
        "tool_call_id": draft.tool_call_id,
        "metadata": draft.metadata,
    }
    if draft.role is not None:
        fields["role"] = ROLES.number_of[draft.role]
    if draft.time_ms is not None:
        try:
            fields["time"] = timestamp(draft.time_ms)
        except (ValueError, TypeError, OverflowError):
            raise InvalidEvent("time", draft.time_ms, "is no number of milliseconds since 1970") from None
    if is_well_formed(draft.text):
        fields["text"] = draft.text
    else:
        fields["text_wtf8"] = exact_bytes(draft.text)
    try:
        return event_pb.Event(**fields)
    except UnicodeEncodeError:
        raise _ill_formed_name(draft) from None


def _unknown_kind(number: int) -> InvalidEvent:
    problem = "is no EventKind" if number else "is required"
    return InvalidEvent("kind", number, problem, hint=f"Use one of {_words(KINDS)}.")


def _words(table: Table[Any, Any]) -> str:
    return ", ".join(_ENUMS[table].Name(number) for number in sorted(table.member_of))


def _verbatim(text: str, exact: bytes) -> str:
    if text:
        raise InvalidEvent("text_wtf8", f"{len(exact)} bytes", "is set beside text", hint="Set one of the two.")
    try:
        return exact_text("", exact)
    except UnicodeDecodeError as error:
        raise InvalidEvent("text_wtf8", f"{len(exact)} bytes", f"is not WTF-8 at byte {error.start}") from None


def _ill_formed_name(draft: Draft) -> InvalidEvent:
    for name in _NAMES:
        if not is_well_formed(value := getattr(draft, name)):
            return InvalidEvent(name, value, "holds a lone surrogate")
    for key, value in draft.metadata.items():
        if not is_well_formed(key) or not is_well_formed(value):
            return InvalidEvent(f"metadata[{key!r}]", value, "holds a lone surrogate")
    raise AssertionError("only a lone surrogate keeps a text out of a message")


# -- an event --------------------------------------------------------------------------------


def event_to_pb(recorded: Recorded, *, types: Sequence[MemoryType] | None = None) -> event_pb.Event:
    """An event of the log with its position, and what its text tells; *types*, where they are known already."""
    event = recorded.event
    text = event.text
    well_formed = is_well_formed(text)
    message = event_pb.Event(
        id=event.id,
        time=timestamp(event.time_ms),
        kind=_KIND_NUMBERS[event.kind._value_],
        role=_ROLE_NUMBERS[event.role._value_],
        session=event.session,
        agent=event.agent,
        project=event.project,
        text=text if well_formed else shown(text),
        speaker=event.speaker,
        source=event.source,
        source_id=event.source_id,
        tool_name=event.tool_name,
        tool_call_id=event.tool_call_id,
        metadata=event.metadata,
        position=recorded.position,
    )
    if not well_formed:
        message.text_wtf8 = exact_bytes(text)
    if types is None:
        types = in_order(types_of(event))
    if types:
        message.types.extend([TYPES.number_of[type] for type in types])
    if spans := scaffolding_of(event):
        message.scaffolding.extend([event_pb.Span(start=s.start, end=s.end, what=s.what) for s in spans])
    return message


def event_from_pb(message: event_pb.Event) -> Recorded:
    """The inverse of `event_to_pb`. What only its text tells is not carried along."""
    return Recorded(
        message.position,
        Event(
            id=message.id,
            # A newer daemon may know kinds that this client does not; the word for those exists.
            kind=_KIND_OF.get(message.kind, Kind.OTHER),
            role=ROLES.read(message.role),
            session=message.session,
            agent=message.agent,
            project=message.project,
            text=exact_text(message.text, message.text_wtf8),
            speaker=message.speaker,
            source=message.source,
            source_id=message.source_id,
            tool_name=message.tool_name,
            tool_call_id=message.tool_call_id,
            metadata=dict(message.metadata),
        ),
    )


def types_from_pb(message: event_pb.Event) -> tuple[MemoryType, ...]:
    """The types that an event is told to have; one that a newer daemon knows is passed over."""
    return tuple(TYPES.member_of[number] for number in message.types if number in TYPES.member_of)


def timeline_to_pb(timeline: Timeline) -> pb.Timeline:
    """The events around one."""
    return pb.Timeline(
        events=map(event_to_pb, timeline.events),
        event_id=timeline.event_id,
        more_before=timeline.more_before,
        more_after=timeline.more_after,
    )


def timeline_from_pb(message: pb.Timeline) -> Timeline:
    """The inverse of `timeline_to_pb`."""
    return Timeline(
        event_id=message.event_id,
        events=tuple(map(event_from_pb, message.events)),
        more_before=message.more_before,
        more_after=message.more_after,
    )


def receipt_to_pb(receipt: Receipt) -> pb.Receipt:
    """What became of an event."""
    return pb.Receipt(event_id=receipt.event_id, position=receipt.position, created=receipt.created)


def receipt_from_pb(message: pb.Receipt) -> Receipt:
    """The inverse of `receipt_to_pb`."""
    return Receipt(message.event_id, message.position, message.created)


# -- a filter --------------------------------------------------------------------------------

# `from` is a word of Python, so the generated classes take that field by its name as a string only.


def filter_from_pb(message: filter_pb.Filter) -> Filter:
    """Which events a read is about. Errors: `InvalidQuery` for an enum number without a meaning."""
    return Filter(
        from_=getattr(message, "from"),
        until=message.until,
        agents=tuple(message.agents),
        projects=tuple(message.projects),
        sessions=tuple(message.sessions),
        roles=tuple(_members(message.roles, ROLES, "filter.roles", "is no Role")),
        kinds=tuple(_members(message.kinds, KINDS, "filter.kinds", "is no EventKind")),
        types=tuple(_members(message.types, TYPES, "filter.types", "is no MemoryType")),
    )


def filter_to_pb(where: Filter) -> filter_pb.Filter:
    """The inverse of `filter_from_pb`."""
    return filter_pb.Filter(
        **{"from": shown(where.from_)},
        until=shown(where.until),
        agents=[shown(name) for name in where.agents],
        projects=[shown(name) for name in where.projects],
        sessions=[shown(name) for name in where.sessions],
        roles=[ROLES.number_of[role] for role in where.roles],
        kinds=[KINDS.number_of[kind] for kind in where.kinds],
        types=[TYPES.number_of[type] for type in where.types],
    )


def newest_first_from_pb(order: int) -> bool:
    """Whether a listing runs backwards. Errors: `InvalidQuery` for a number without a meaning."""
    if order in (filter_pb.SORT_ORDER_UNSPECIFIED, filter_pb.SORT_ORDER_OLDEST_FIRST):
        return False
    if order == filter_pb.SORT_ORDER_NEWEST_FIRST:
        return True
    raise InvalidQuery("order", order, "is no SortOrder")


def order_to_pb(newest_first: bool) -> filter_pb.SortOrder.ValueType:
    """The inverse of `newest_first_from_pb`."""
    return filter_pb.SORT_ORDER_NEWEST_FIRST if newest_first else filter_pb.SORT_ORDER_OLDEST_FIRST


def _members(numbers: Sequence[int], table: Table[Any, Any], field: str, problem: str) -> list[Any]:
    members = []
    for index, number in enumerate(numbers):
        member = table.member_of.get(number)
        if member is None:
            raise InvalidQuery(f"{field}[{index}]", number, problem, hint=f"Use one of {_words(table)}.")
        members.append(member)
    return members
