"""What the vector index keeps of a passage besides its vector, as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from agent_memory.annotation import MemoryType
from agent_memory.annotation.types import types_of
from agent_memory.events import Event, Kind, Role
from agent_memory.events.ulids import ulid_key

ROLE_CODES = {role: code for code, role in enumerate(Role)}
KIND_CODES = {kind: code for code, kind in enumerate(Kind)}
_BITS = {type: 1 << place for place, type in enumerate(MemoryType)}


class VectorRow(NamedTuple):
    """A passage, in the order of the index's columns: ``high`` and ``low`` are the halves of its event's ULID."""

    high: int
    low: int
    start: int
    end: int
    agent: str
    project: str
    session: str
    role: int
    kind: int
    types: int


def vector_row(event: Event, start: int, end: int) -> VectorRow:
    """The row of one passage. A pure function."""
    key = ulid_key(event.id)
    return VectorRow(
        high=int.from_bytes(key[:8], "big"),
        low=int.from_bytes(key[8:], "big"),
        start=start,
        end=end,
        agent=event.agent,
        project=event.project,
        session=event.session,
        role=ROLE_CODES[event.role],
        kind=KIND_CODES[event.kind],
        types=type_bits(types_of(event)),
    )


def type_bits(types: Iterable[MemoryType]) -> int:
    """One bit for each."""
    return sum(_BITS[type] for type in types)
