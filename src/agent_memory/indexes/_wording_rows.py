"""How the contents keep who words what: answers, and the nodes that have none. Keys start as those of `_contents_rows`.

    toc_nodes   generation | 0x20 | digest 32 B | ~position u64               -> AnswerRecord
    toc_nodes   generation | 0x30 | ~last ms u64 | ~level u8 | ULID 16 B      -> WaitingRow
    toc_nodes   generation | 0x31 | ~last ms u64 | ~level u8 | ULID 16 B      -> SetAsideRow

What is marked with ~ is inverted: the latest answer comes first, and so does the most recent node, a
segment before the day that ends with it.
"""

from __future__ import annotations

import struct

import msgspec

from agent_memory.events import Position
from agent_memory.indexes._contents_rows import NodeRow, level_prefix
from agent_memory.indexes.decoding import decoded
from agent_memory.toc.material import Level

_NUMBER_MAX = (1 << 64) - 1
_LEVEL_MAX = 0xFF

_GENERATION = struct.Struct(">H")
_POSITION = struct.Struct(">Q")
_PLACE = struct.Struct(">QB16s")
_ANSWERS = b"\x20"
_WAITING = b"\x30"
_SET_ASIDE = b"\x31"
_NUMBERS = {level: level_prefix(0, level)[-1] for level in Level}
_LEVELS = {number: level for level, number in _NUMBERS.items()}


class WaitingRow(msgspec.Struct, frozen=True, array_like=True):
    """A node that no answer is known for."""

    node_id: str
    digest: bytes
    is_ready: bool


class SetAsideRow(msgspec.Struct, frozen=True, array_like=True):
    """A node that was answered and is worded by no model."""

    node_id: str
    digest: bytes
    refusal: str


_encoder = msgspec.msgpack.Encoder()
_waiting_decoder = msgspec.msgpack.Decoder(WaitingRow)
_set_aside_decoder = msgspec.msgpack.Decoder(SetAsideRow)


def answers_prefix(generation: int, digest: bytes = b"") -> bytes:
    """What the keys of all answers start with, or of those for a digest."""
    return _GENERATION.pack(generation) + _ANSWERS + digest


def answer_key(generation: int, digest: bytes, position: Position) -> bytes:
    """Where an answer is kept."""
    return answers_prefix(generation, digest) + _POSITION.pack(_NUMBER_MAX - position)


def answer_position(key: bytes) -> Position:
    """The position in the key of an answer."""
    return _NUMBER_MAX - int(_POSITION.unpack(key[-8:])[0])


def waiting_prefix(generation: int) -> bytes:
    """What the keys of all nodes that wait start with."""
    return _GENERATION.pack(generation) + _WAITING


def set_aside_prefix(generation: int) -> bytes:
    """What the keys of all nodes that were set aside start with."""
    return _GENERATION.pack(generation) + _SET_ASIDE


def place(level: Level, ulid: bytes, last_ms: int) -> bytes:
    """The rest of such a key."""
    return _PLACE.pack(_NUMBER_MAX - max(last_ms, 0), _LEVEL_MAX - _NUMBERS[level], ulid)


def placed(key: bytes) -> tuple[Level, int]:
    """The level, and the time of the last event, in such a key."""
    inverted_ms, inverted_level, _ = _PLACE.unpack(key[3:])
    return _LEVELS[_LEVEL_MAX - inverted_level], _NUMBER_MAX - inverted_ms


def queue_row(generation: int, ulid: bytes, row: NodeRow, *, is_ready: bool = True) -> tuple[bytes, bytes] | None:
    """The row of a node among those that wait, or that were set aside; None for one that a model worded."""
    if not row.is_settled:
        value = _encoder.encode(WaitingRow(row.id, row.digest, is_ready))
        return waiting_prefix(generation) + place(row.level, ulid, row.last_ms), value
    if row.wording.refusal:
        value = _encoder.encode(SetAsideRow(row.id, row.digest, row.wording.refusal))
        return set_aside_prefix(generation) + place(row.level, ulid, row.last_ms), value
    return None


def waiting_from_bytes(value: bytes, key: bytes) -> WaitingRow:
    """A node that waits. Errors: `Corrupt`, naming the *key*."""
    return decoded(_waiting_decoder, value, "toc_nodes", key)


def set_aside_from_bytes(value: bytes, key: bytes) -> SetAsideRow:
    """A node that was set aside. Errors: `Corrupt`, naming the *key*."""
    return decoded(_set_aside_decoder, value, "toc_nodes", key)


def row_name(key: bytes) -> str:
    """A readable key for a row of this module."""
    kind = key[2:3]
    if kind == _ANSWERS:
        return f"answer/{key[3:-8].hex()}@{answer_position(key)}"
    level, last_ms = placed(key)
    return f"{'waiting' if kind == _WAITING else 'aside'}/{last_ms}/{level.value}/{key[-16:].hex()}"


def is_wording_key(key: bytes) -> bool:
    """Whether a key of `toc_nodes` is one of these."""
    return key[2:3] in (_ANSWERS, _WAITING, _SET_ASIDE)
