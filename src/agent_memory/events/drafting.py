"""From a draft to an event: every check, every default. Pure, but for the clock and the ids it is given."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from agent_memory.errors import InvalidEvent
from agent_memory.events.fields import wrong_field
from agent_memory.events.limits import EventLimits
from agent_memory.events.model import KINDS_WITH_TEXT, ROLE_OF_KIND, Draft, Event, Kind, Role
from agent_memory.events.ulids import ULID_TIME_MAX_MS, derived_ulid, is_ulid, ulid_time_ms

DEFAULT_LIMITS = EventLimits()

_TIME_HINT = (
    "Give the time as RFC 3339 with its offset, such as 2026-01-15T09:30:00Z, or as a number in milliseconds since "
    "1970-01-01 UTC; seconds and microseconds are common mistakes."
)
_ID_HINT = (
    "Give 26 characters of Crockford base 32 in upper case, the first one 0 to 7; or leave the id out, "
    "and give source and source_id so that a retry gets the same one."
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# By name: hashing a string is several times faster than hashing an Enum.
_ROLES = {kind._value_: role for kind, role in ROLE_OF_KIND.items()}
_WITH_TEXT = frozenset(kind._value_ for kind in KINDS_WITH_TEXT)


class Clock(Protocol):
    """The part of `agent_memory.clock.Clock` that is asked here."""

    def now_ms(self) -> int: ...


class IdSource(Protocol):
    """`agent_memory.clock.IdSource`."""

    def new_id(self, time_ms: int) -> str: ...


def complete(draft: Draft, *, clock: Clock, ids: IdSource, limits: EventLimits = DEFAULT_LIMITS) -> Event:
    """The event that *draft* stands for, its id and role filled in.

    The id is the draft's own; or else derived from its time, source and source id; or else new.
    Errors: `InvalidEvent`, naming the field.
    """
    return _completed(draft, clock.now_ms(), ids, limits)


def complete_all(
    drafts: Iterable[Draft], *, clock: Clock, ids: IdSource, limits: EventLimits = DEFAULT_LIMITS
) -> list[Event]:
    """`complete` for a batch; the error names the place: ``events[3].text``."""
    now_ms = clock.now_ms()
    events: list[Event] = []
    try:
        for draft in drafts:
            events.append(_completed(draft, now_ms, ids, limits))
    except InvalidEvent as error:
        raise error.within(f"events[{len(events)}]") from None
    return events


def _completed(draft: Draft, now_ms: int, ids: IdSource, limits: EventLimits) -> Event:
    try:
        return _built(draft, now_ms, ids, limits)
    except (AttributeError, TypeError, KeyError):
        # Types are right in almost every draft; only where something failed are all looked at.
        if wrong := wrong_field(draft):
            raise wrong from None
        raise


def _built(draft: Draft, now_ms: int, ids: IdSource, limits: EventLimits) -> Event:
    _check_types(draft)
    _check_names(draft, limits)
    _check_text(draft, limits)
    if draft.metadata:
        _check_metadata(draft.metadata, limits)
    source, source_id = draft.source, draft.source_id
    if source or source_id:
        _check_source(source, source_id)
    time_ms = _time_ms(draft, now_ms, limits)
    if draft.id:
        event_id = draft.id
    elif source:
        event_id = derived_ulid(time_ms, source, source_id)
    else:
        event_id = ids.new_id(time_ms)
    return Event(
        id=event_id,
        kind=draft.kind,
        role=draft.role or _ROLES[draft.kind._value_],
        session=draft.session,
        agent=draft.agent,
        project=draft.project,
        text=draft.text,
        speaker=draft.speaker,
        source=source,
        source_id=source_id,
        tool_name=draft.tool_name,
        tool_call_id=draft.tool_call_id,
        metadata=draft.metadata,
    )


def _time_ms(draft: Draft, now_ms: int, limits: EventLimits) -> int:
    given = draft.time_ms
    if draft.id:
        if not is_ulid(draft.id):
            lower = is_ulid(draft.id.upper())
            problem = "is a ULID in lower case; ids are upper case" if lower else "is no ULID"
            raise InvalidEvent("id", draft.id, problem, hint=_ID_HINT)
        time_ms = ulid_time_ms(draft.id)
        if given is not None and given != time_ms:
            raise InvalidEvent(
                "time",
                given,
                f"is {_iso(given)} and disagrees with the id, whose time is {_iso(time_ms)}",
                hint="Leave one of the two out: the time of an id is the time of its event.",
            )
    elif given is not None:
        time_ms = given
    else:
        return now_ms
    if time_ms < 0:
        raise InvalidEvent("time", time_ms, f"lies before 1970, at {_iso(time_ms)}", hint=_TIME_HINT)
    if time_ms > now_ms + limits.future_ms_max or time_ms > ULID_TIME_MAX_MS:
        ahead_s = (time_ms - now_ms) / 1000
        problem = f"lies {ahead_s:,.0f} s ahead, at {_iso(time_ms)}; {limits.future_ms_max / 1000:,.0f} s are allowed"
        raise InvalidEvent("time", time_ms, problem, hint=_TIME_HINT)
    return time_ms


def _iso(time_ms: int) -> str:
    try:
        return (_EPOCH + timedelta(milliseconds=time_ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except OverflowError:
        return f"{time_ms} ms"


def _check_types(draft: Draft) -> None:
    """Of those fields that would pass for what they are not."""
    if (
        type(draft.text) is not str
        or type(draft.kind) is not Kind
        or type(draft.metadata) is not dict
        or (draft.role is not None and type(draft.role) is not Role)
        or (draft.time_ms is not None and type(draft.time_ms) is not int)
        or type(draft.id) is not str
    ) and (wrong := wrong_field(draft)):
        raise wrong


def _check_names(draft: Draft, limits: EventLimits) -> None:
    session = draft.session
    if not session or session.isspace():
        hint = "Name the conversation; any text that is the same for all of its events will do."
        raise InvalidEvent("session", session, "is blank" if session else "is missing", hint=hint)
    names = (
        session,
        draft.agent,
        draft.project,
        draft.speaker,
        draft.source,
        draft.source_id,
        draft.tool_name,
        draft.tool_call_id,
    )
    # One look at all of them in the ordinary case: together in ASCII and within one name's limit.
    joined = "".join(names)
    if len(joined) > limits.name_bytes_max or not joined.isascii():
        for field, name in zip(_NAME_FIELDS, names, strict=True):
            _check_name(field, name, limits.name_bytes_max)


_NAME_FIELDS = ("session", "agent", "project", "speaker", "source", "source_id", "tool_name", "tool_call_id")


def _check_name(field: str, name: str, bytes_max: int) -> int:
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        hint = "Names and metadata are well-formed Unicode; only the text may hold lone surrogates."
        raise InvalidEvent(field, name, "holds a lone surrogate", hint=hint) from None
    if size > bytes_max:
        problem = f"is {size:,} bytes long; {bytes_max:,} are allowed"
        raise InvalidEvent(field, name, problem, hint="Shorten it.")
    return size


def _check_text(draft: Draft, limits: EventLimits) -> None:
    text = draft.text
    if (not text or text.isspace()) and draft.kind._value_ in _WITH_TEXT:
        hint = f"Give the text; an event of kind {draft.kind.value} says nothing without."
        raise InvalidEvent("text", text, "is blank" if text else "is empty", hint=hint)
    bytes_max = limits.text_bytes_max
    # No character takes more than four bytes.
    if len(text) * 4 <= bytes_max:
        return
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    if size > bytes_max:
        problem = f"is {size:,} bytes long; {bytes_max:,} are allowed"
        raise InvalidEvent("text", text, problem, hint="Cut it, or append it as several events of the session.")


def _check_metadata(metadata: dict[str, str], limits: EventLimits) -> None:
    bytes_max = limits.metadata_bytes_max
    size = 0
    for key, value in metadata.items():
        if not key:
            raise InvalidEvent("metadata", key, "has an empty key", hint="Name every entry.")
        pair = "".join((key, value))
        if pair.isascii():
            size += len(pair)
        else:
            size += _check_name(f"metadata[{key!r}]", key, bytes_max)
            size += _check_name(f"metadata[{key!r}]", value, bytes_max)
    if size > bytes_max:
        problem = f"is {size:,} bytes long in all; {bytes_max:,} are allowed"
        raise InvalidEvent("metadata", sorted(metadata), problem, hint="Keep what is large in the text.")


def _check_source(source: str, source_id: str) -> None:
    if not source_id:
        hint = "Give the id that the event has in its source, or leave the source out."
        raise InvalidEvent("source_id", source_id, f"is missing, though the source is {source!r}", hint=hint)
    if not source:
        hint = "Say where the id comes from, for example hook or transcript, or leave the source_id out."
        raise InvalidEvent("source", source, f"is missing, though the source_id is {source_id!r}", hint=hint)
