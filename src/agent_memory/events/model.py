"""What can be recorded."""

from __future__ import annotations

import enum
from datetime import UTC, datetime, timedelta

import msgspec

from agent_memory.events.ulids import ulid_time_ms

Position = int
"""A place in the append order: 1, 2, 3 … without gaps."""

START: Position = 0
"""The position before the first."""

# None of these can be part of a cycle, so `gc=False`: the collector need not walk a batch of them.

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Kind(enum.Enum):
    """What happened."""

    USER_MESSAGE = "user_message"
    ASSISTANT_MESSAGE = "assistant_message"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    SESSION_START = "session_start"
    SESSION_END = "session_end"
    COMPACTION = "compaction"
    SUBAGENT_START = "subagent_start"
    SUBAGENT_STOP = "subagent_stop"
    OTHER = "other"

    # Members are singletons; an Enum's own way is Python code, and they are looked up for every event.
    __hash__ = object.__hash__


class Role(enum.Enum):
    """Who it came from."""

    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"
    SYSTEM = "system"

    __hash__ = object.__hash__


ROLE_OF_KIND: dict[Kind, Role] = {
    Kind.USER_MESSAGE: Role.USER,
    Kind.ASSISTANT_MESSAGE: Role.ASSISTANT,
    Kind.TOOL_CALL: Role.ASSISTANT,
    Kind.TOOL_RESULT: Role.TOOL,
    Kind.SESSION_START: Role.SYSTEM,
    Kind.SESSION_END: Role.SYSTEM,
    Kind.COMPACTION: Role.SYSTEM,
    Kind.SUBAGENT_START: Role.SYSTEM,
    Kind.SUBAGENT_STOP: Role.SYSTEM,
    Kind.OTHER: Role.SYSTEM,
}
"""The role that a kind implies where none is given."""

KINDS_WITH_TEXT = frozenset({Kind.USER_MESSAGE, Kind.ASSISTANT_MESSAGE, Kind.TOOL_CALL, Kind.OTHER})
"""Kinds that say nothing without a text; a tool may well print nothing."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One immutable thing that happened in a conversation.

    ``id`` is a ULID whose time is the event's time. ``text`` is verbatim: any script, any line
    ending, NUL and lone surrogates included.
    """

    id: str
    kind: Kind
    role: Role
    session: str
    agent: str = ""
    project: str = ""
    text: str = ""
    speaker: str = ""
    source: str = ""
    source_id: str = ""
    tool_name: str = ""
    tool_call_id: str = ""
    metadata: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def time_ms(self) -> int:
        """When it happened, in milliseconds since 1970."""
        return ulid_time_ms(self.id)

    @property
    def time(self) -> datetime:
        """When it happened, in UTC."""
        return _EPOCH + timedelta(milliseconds=self.time_ms)


class Draft(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An event to be: what an appender knows. `complete` makes an `Event` of it.

    ``time_ms`` defaults to the id's time, or else to now; ``id`` to one derived from
    (``source``, ``source_id``), or else a random one; ``role`` to the one the kind implies.
    """

    kind: Kind
    session: str
    text: str = ""
    role: Role | None = None
    id: str = ""
    time_ms: int | None = None
    agent: str = ""
    project: str = ""
    speaker: str = ""
    source: str = ""
    source_id: str = ""
    tool_name: str = ""
    tool_call_id: str = ""
    metadata: dict[str, str] = msgspec.field(default_factory=dict)


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """An event with its place in the log."""

    position: Position
    event: Event


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What became of one appended event.

    ``created`` is false where it was in the log already; id and position are then the original's.
    """

    event_id: str
    position: Position
    created: bool
