"""Keys and values of the log's families, each with its inverse.

events     ULID:16B                       -> position:u64, record
log        position:u64                   -> kind:u8, ULID:16B, digest:32B             of an event
                                             kind:u8, hash:16B, digest:32B, record     of an answer
ids        hash of (source, its id):16B   -> ULID:16B
           hash of an answer's record:16B -> position:u64
           "answers"                      -> how many answers there are:u64
sessions   hash of the session:16B + ULID:16B -> (nothing)

All numbers are big-endian, so the order of bytes is the order that is meant. A hash is the
first half of a SHA-256.
"""

from __future__ import annotations

import enum
import struct
from functools import lru_cache
from hashlib import sha256

from agent_memory.errors import ChecksumMismatch, Corrupt
from agent_memory.events import Position
from agent_memory.events.ulids import ulid_from_key

_POSITION = struct.Struct(">Q")
_ENTRY = struct.Struct(">B16s32s")

ULID_MIN = bytes(16)
ULID_MAX = b"\xff" * 16


ANSWERS_KEY = b"answers"
"""The key of the `ids` row that counts the answers; every other key there has 16 bytes."""


class EntryKind(enum.IntEnum):
    """What an entry of the log records; 3 and up are kept for what is neither."""

    EVENT = 1
    ANSWER = 2


def event_value(position: bytes, record: bytes) -> bytes:
    """The value of the `events` row; *position* in the form of its `log_key`."""
    return position + record


def event_position(ulid: bytes, value: bytes) -> Position:
    """The position in the `events` value of a ULID. Errors: `Corrupt`."""
    if len(value) < _POSITION.size:
        raise Corrupt(f"event {ulid_from_key(ulid)} has {len(value)} bytes, fewer than its position takes")
    position: Position = _POSITION.unpack_from(value)[0]
    return position


def event_record(value: bytes) -> bytes:
    """The record in an `events` value."""
    return value[8:]


def count_value(count: int) -> bytes:
    """The value of the row that counts."""
    return _POSITION.pack(count)


def count_of(value: bytes | None) -> int:
    """The inverse, 0 where there is no row. Errors: `Corrupt`."""
    return 0 if value is None else log_position(value)


def log_key(position: Position) -> bytes:
    """The key of an entry."""
    return _POSITION.pack(position)


def log_position(key: bytes) -> Position:
    """The inverse of `log_key`. Errors: `Corrupt`."""
    if len(key) != _POSITION.size:
        raise Corrupt(f"the log has an entry under {key.hex()}, which is no position")
    position: Position = _POSITION.unpack(key)[0]
    return position


def log_value(kind: int, name: bytes, digest: bytes, record: bytes = b"") -> bytes:
    """The value of a `log` row; *name* is an event's ULID, or an answer's `answer_key`."""
    return _ENTRY.pack(kind, name, digest) + record


def log_entry(position: Position, value: bytes) -> tuple[int, bytes, bytes]:
    """Kind, name and digest in the `log` value of a position. Errors: `ChecksumMismatch`."""
    size = len(value)
    if size != _ENTRY.size and (size < _ENTRY.size or value[0] == EntryKind.EVENT):
        raise ChecksumMismatch(position, f"the entry has {size} bytes, not {_ENTRY.size}")
    entry: tuple[int, bytes, bytes] = _ENTRY.unpack_from(value)
    return entry


def log_record(value: bytes) -> bytes:
    """The record in the `log` value of what is no event."""
    return value[_ENTRY.size :]


def answer_key(record: bytes) -> bytes:
    """The key of the `ids` row of an answer, and what its entry is called by."""
    # No name of a source begins so: theirs begin with a number.
    return sha256(b"answer:" + record).digest()[:16]


def source_key(source: str, source_id: str) -> bytes:
    """The key of an `ids` row: 128 bits of a digest of both names."""
    # The length stands first, so that no two pairs run together into the same bytes.
    name = f"{len(source)}:{source}{source_id}".encode()
    return sha256(name).digest()[:16]


@lru_cache(maxsize=1024)
def session_hash(session: str) -> bytes:
    """What the rows of a session start with."""
    return sha256(session.encode()).digest()[:16]


def session_key(session: bytes, ulid: bytes) -> bytes:
    """The key of a `sessions` row; *session* is a `session_hash`."""
    return session + ulid


def session_ulid(key: bytes) -> bytes:
    """The ULID in a `sessions` key."""
    return key[16:]


def after(key: bytes) -> bytes:
    """The smallest key that is greater."""
    return key + b"\x00"
