"""Which events mention what, together with what; and which days they mention.

In `views`, every key starts with ``"entities/"`` and the generation, a big-endian u16:

    c                                               -> position of the last entry taken in
    d | width u8 | first 10 B | last 10 B | ULID    -> (nothing): an event mentions the days from first to last
    e | ULID 16 B                                   -> what the event mentions: entities, u64 each, the first of them
    n | name 7 B                                    -> by type: the events that mention it so, or how many there are
    p | entity 8 B | ~ULID 16 B                     -> (nothing): a posting, where there are more than a name holds
    t                                               -> how many events were taken in

An entity's 8 bytes are 7 of a hash of its name, then its type: a word that may be the name of a
person, a project or a file is looked up once. The names themselves are in the events. Most names
are mentioned once or twice in all: their rows hold the ULIDs of those events, the newest first,
and only of names with more of them each posting is a row. ULIDs of postings are inverted, so that
the newest come first in the direction in which an engine reads faster. What an event mentions
stands in one row of it and not in each of its postings: hashes and ULIDs cannot be compressed,
so that each that is written twice is paid for twice. All of it is a sum or a set over events,
so it does not matter in which order they came.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec

from agent_memory.annotation import Entity, EntityType
from agent_memory.errors import Corrupt
from agent_memory.events import START, Position
from agent_memory.events.ulids import ulid_from_key, ulid_key
from agent_memory.indexes._mentioned_days import MentionedDays, day_mention, day_row
from agent_memory.indexes.decoding import decoded
from agent_memory.indexes.model import DayMention
from agent_memory.storage import Family, Rows, prefix_end, scan_all

MENTIONED_MAX = 17
"""How many entities the row of an event names: the most distinctive. The others have their postings none the less."""

NAMED_EVENTS_MAX = 4
"""How many events the row of a name holds of each type, before each has a row: with eight, little less is stored."""

_GENERATION = struct.Struct(">H")
_KEY = struct.Struct(">Q")
_LISTS = [struct.Struct(f">{count}Q") for count in range(MENTIONED_MAX + 1)]
# Part of every key: a type keeps its number for ever.
_TYPE_NUMBERS = {
    EntityType.PERSON: 1,
    EntityType.PROJECT: 2,
    EntityType.FILE: 3,
    EntityType.IDENTIFIER: 4,
    EntityType.URL: 5,
    EntityType.ISSUE: 6,
}
_TYPE_BYTES = {type: bytes([number]) for type, number in _TYPE_NUMBERS.items()}
_TYPE_BITS = 0xFF
_NAME_BYTES = 7
_ULID_BYTES = 16
_INVERTED = bytes(range(255, -1, -1))
_encoder = msgspec.msgpack.Encoder()
_count_decoder = msgspec.msgpack.Decoder(int)


NameRow = dict[int, bytes | int]
"""By number of type, in order: the ULIDs of the events that mention the name so, newest first, or how many they are."""

_UNKNOWN: NameRow = {}
_name_decoder = msgspec.msgpack.Decoder(NameRow)


class EventMentions(msgspec.Struct, frozen=True):
    """What one event mentions: entities, and stretches of days, each ``(first, last)`` as local dates."""

    event_id: str
    entities: tuple[Entity, ...]
    days: tuple[tuple[str, str], ...] = ()


class Additions(msgspec.Struct, frozen=True):
    """What events add to a generation: of events and days the rows, without what keys of its rows begin with.

    ``names`` are, by hash, the names that the events mention, with the ULIDs of those that do by number of type.
    """

    event_count: int
    rows: list[tuple[bytes, bytes]]
    names: list[tuple[bytes, dict[int, list[bytes]]]]


def additions_of(mentions: Sequence[EventMentions]) -> Additions:
    """The rows of these events. A pure function."""
    rows: list[tuple[bytes, bytes]] = []
    names: dict[bytes, dict[int, list[bytes]]] = {}
    for mention in mentions:
        event = ulid_key(mention.event_id)
        keys = [_name_hash(entity.name) + _TYPE_BYTES[entity.type] for entity in mention.entities]
        if keys:
            rows.append((b"e" + event, b"".join(keys[:MENTIONED_MAX])))
        for key in keys:
            names.setdefault(key[:-1], {}).setdefault(key[-1], []).append(event)
        for first, last in mention.days:
            row = day_row(first, last, event)
            if row is not None:
                rows.append((b"d" + row, b""))
    return Additions(len(mentions), rows, list(names.items()))


@lru_cache(maxsize=4_096)
def entity_key(entity: Entity) -> int:
    """The 64 bits by which an entity is known in the rows."""
    return int.from_bytes(_name_hash(entity.name) + _TYPE_BYTES[entity.type], "big")


@lru_cache(maxsize=65_536)
def _name_hash(name: str) -> bytes:
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=7).digest()


class EntitiesIndex:
    """A generation of the entities, in *rows*."""

    def __init__(self, rows: Rows, *, generation: int) -> None:
        self._rows = rows
        self._prefix = entities_prefix(generation)
        self._days = MentionedDays(rows, self._prefix + b"d")

    # -- Entities -----------------------------------------------------------------------------

    def event_count(self) -> int:
        key = self._prefix + b"t"
        value = self._rows.get(Family.VIEWS, key)
        return 0 if value is None else decoded(_count_decoder, value, "views", key)

    def counts(self, keys: Sequence[int]) -> list[int]:
        return [_count(stored) for stored in self._stored(keys)]

    def postings(self, keys: Sequence[int], *, limit: int) -> list[list[int]]:
        return [
            self._postings(key, limit=limit)
            if isinstance(stored, int)
            else [int.from_bytes(event, "big") for event in _ulids(stored)[:limit]]
            for key, stored in zip(keys, self._stored(keys), strict=True)
        ]

    def mentioned(self, events: Sequence[int]) -> list[tuple[int, ...]]:
        prefix = self._prefix + b"e"
        keys = [prefix + event.to_bytes(_ULID_BYTES, "big") for event in events]
        return [
            () if value is None else _entities(value, key)
            for key, value in zip(keys, self._rows.get_many(Family.VIEWS, keys), strict=True)
        ]

    def mentioning(self, first: str, until: str, *, limit: int) -> list[DayMention]:
        return self._days.mentioning(first, until, limit=limit)

    # -- what the projector reads and writes ----------------------------------------------------

    def checkpoint(self) -> Position:
        """The position of the last entry that the view contains."""
        key = self._prefix + b"c"
        value = self._rows.get(Family.VIEWS, key)
        return START if value is None else decoded(_count_decoder, value, "views", key)

    def write(self, added: Additions, checkpoint: Position) -> None:
        """Add events that the view does not contain, and move the checkpoint: at once or not at all."""
        rows = [(self._prefix + key, value) for key, value in added.rows]
        keys = [self._prefix + b"n" + name for name, _ in added.names]
        for (name, types), key, known in zip(added.names, keys, self._name_rows(keys), strict=True):
            row = dict(known)
            for type, events in types.items():
                row[type], apart = _together(row.get(type, b""), events)
                posting = self._prefix + b"p" + name + bytes([type])
                rows.extend([(posting + event.translate(_INVERTED), b"") for event in apart])
            rows.append((key, _encoder.encode(dict(sorted(row.items())))))
        rows.append((self._prefix + b"t", _encoder.encode(self.event_count() + added.event_count)))
        rows.append((self._prefix + b"c", _encoder.encode(checkpoint)))
        batch = self._rows.batch()
        batch.put_many(Family.VIEWS, rows)
        self._rows.write(batch)

    def entities_rows(self) -> Iterator[tuple[str, bytes]]:
        """Every row but the checkpoint, under readable keys in the order of the rows'."""
        at = len(self._prefix)
        for key, value in scan_all(self._rows, Family.VIEWS, first=self._prefix, end=prefix_end(self._prefix)):
            kind, rest = key[at : at + 1], key[at + 1 :]
            if kind == b"d":
                mention = day_mention(rest[1:], key)
                yield f"day/{rest[0]}/{mention.first}/{mention.last}/{mention.event_id}", value
            elif kind == b"e":
                yield f"event/{ulid_from_key(rest)}", value
            elif kind == b"n":
                yield f"name/{rest.hex()}", value
            elif kind == b"p":
                yield f"posting/{rest.hex()}", value
            elif kind == b"t":
                yield "total", value

    # -- inside -------------------------------------------------------------------------------

    def _stored(self, keys: Sequence[int]) -> list[bytes | int]:
        """Of entities, in the order asked, what the rows of their names hold."""
        prefix = self._prefix + b"n"
        asked = [prefix + (key >> 8).to_bytes(_NAME_BYTES, "big") for key in keys]
        names = list(dict.fromkeys(asked))
        known = dict(zip(names, self._name_rows(names), strict=True))
        return [known[name].get(key & _TYPE_BITS, b"") for name, key in zip(asked, keys, strict=True)]

    def _name_rows(self, keys: Sequence[bytes]) -> list[NameRow]:
        return [
            # Most words of a query name nothing.
            _UNKNOWN if value is None else _name_row(value, key)
            for key, value in zip(keys, self._rows.get_many(Family.VIEWS, keys), strict=True)
        ]

    def _postings(self, entity: int, *, limit: int) -> list[int]:
        prefix = self._prefix + b"p" + _KEY.pack(entity)
        at = len(prefix)
        rows = self._rows.scan(Family.VIEWS, first=prefix, end=prefix_end(prefix), limit=limit)
        for key, _ in rows:
            if len(key) != at + _ULID_BYTES:
                raise Corrupt(f"a row of views {key.hex()} is no posting")
        return [int.from_bytes(key[at:].translate(_INVERTED), "big") for key, _ in rows]


def entities_prefix(generation: int) -> bytes:
    """What every key of a generation starts with."""
    return b"entities/" + _GENERATION.pack(generation)


def _name_row(value: bytes, key: bytes) -> NameRow:
    row = decoded(_name_decoder, value, "views", key)
    if all(isinstance(stored, int) or len(stored) % _ULID_BYTES == 0 for stored in row.values()):
        return row
    raise Corrupt(f"a row of views {key.hex()} holds no events")


def _together(stored: bytes | int, events: Sequence[bytes]) -> tuple[bytes | int, list[bytes]]:
    """What a name is to hold of a type when *events* are added; and which are to have a row each from now on."""
    if isinstance(stored, int):
        return stored + len(events), list(events)
    every = [*_ulids(stored), *events]
    if len(every) > NAMED_EVENTS_MAX:
        return len(every), every
    return b"".join(sorted(every, reverse=True)), []


def _count(stored: bytes | int) -> int:
    return stored if isinstance(stored, int) else len(stored) // _ULID_BYTES


def _ulids(stored: bytes) -> list[bytes]:
    return [stored[at : at + _ULID_BYTES] for at in range(0, len(stored), _ULID_BYTES)]


def _entities(value: bytes, key: bytes) -> tuple[int, ...]:
    try:
        return _LISTS[len(value) >> 3].unpack(value)
    except (struct.error, IndexError) as error:
        raise Corrupt(f"a row of views {key.hex()} cannot be read: {error}") from error
