"""Which events mention what, together with what; and which days they mention.

In `views`, every key starts with ``"entities/"`` and the generation, a big-endian u16:

    c                                               -> position of the last entry taken in
    d | width u8 | first 10 B | last 10 B | ULID    -> (nothing): an event mentions the days from first to last
    n | name 7 B                                    -> NameRow: the name, and how many events mention each that bears it
    p | entity 8 B | ~ULID 16 B                     -> the event's other entities, u64 each: a posting
    t                                               -> how many events were taken in

An entity's 8 bytes are 7 of a hash of its name, then its type: a word that may be the name of a
person, a project or a file is looked up once. ULIDs of postings are inverted, so that the newest
come first in the direction in which an engine reads faster. A posting names its companions,
so that one read tells what an entity is mentioned with. Days are in classes by how many there
are, so that few rows that are of no use are read for a question. All of it is a sum or a set
over events, so it does not matter in which order they came.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from heapq import merge
from itertools import chain, islice

import msgspec

from agent_memory.annotation import Entity, EntityType
from agent_memory.errors import Corrupt
from agent_memory.events import START, Position
from agent_memory.events.ulids import ulid_from_key, ulid_key
from agent_memory.indexes.decoding import decoded
from agent_memory.indexes.model import DayMention, Posting
from agent_memory.storage import Family, Rows, prefix_end, scan_all

COMPANIONS_MAX = 16
"""How many other entities a posting names."""

DAYS_MAX = 31
"""The longest stretch of days that is kept as a mention; what is vaguer says little of a day."""

_GENERATION = struct.Struct(">H")
_KEY = struct.Struct(">Q")
_LISTS = [struct.Struct(f">{count}Q") for count in range(COMPANIONS_MAX + 1)]
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
_ALL_ONES = (1 << 128) - 1
_DAY_BYTES = 36
_WIDTHS = (1, 7, DAYS_MAX)
# So many mentions of one width are read at once; of more, only as many as are asked for, day by day.
_FEW = 200
_LAST_DAY = date.max.toordinal()

_encoder = msgspec.msgpack.Encoder()
_count_decoder = msgspec.msgpack.Decoder(int)


class NameRow(msgspec.Struct, frozen=True, array_like=True):
    """A name as it is stored, with how many events mention it by number of type, in order."""

    name: str
    counts: dict[int, int]


_NO_COUNTS: dict[int, int] = {}
_UNKNOWN = NameRow("", _NO_COUNTS)
_name_decoder = msgspec.msgpack.Decoder(NameRow)


class EventMentions(msgspec.Struct, frozen=True):
    """What one event mentions: entities, and stretches of days, each ``(first, last)`` as local dates."""

    event_id: str
    entities: tuple[Entity, ...]
    days: tuple[tuple[str, str], ...] = ()


class Additions(msgspec.Struct, frozen=True):
    """What events add to a generation: postings and days as rows, without what its keys begin with.

    ``names`` are, by hash, the names that the events mention, and how many of them do by number of type.
    """

    event_count: int
    rows: list[tuple[bytes, bytes]]
    names: list[tuple[bytes, str, dict[int, int]]]


def additions_of(mentions: Sequence[EventMentions]) -> Additions:
    """The rows of these events. A pure function."""
    rows: list[tuple[bytes, bytes]] = []
    names: dict[bytes, tuple[bytes, str, dict[int, int]]] = {}
    for mention in mentions:
        event = ulid_key(mention.event_id)
        entities = mention.entities
        if entities:
            inverted = (int.from_bytes(event, "big") ^ _ALL_ONES).to_bytes(16, "big")
            keys = [_name_hash(entity.name) + _TYPE_BYTES[entity.type] for entity in entities]
            nearest = b"".join(keys[: COMPANIONS_MAX + 1])
            for at, (key, entity) in enumerate(zip(keys, entities, strict=True)):
                others = nearest[: at * _KEY.size] + nearest[(at + 1) * _KEY.size :]
                rows.append((b"p" + key + inverted, others[: COMPANIONS_MAX * _KEY.size]))
                hash, type = key[:-1], key[-1]
                _, _, counts = names.setdefault(hash, (hash, entity.name, {}))
                counts[type] = counts.get(type, 0) + 1
        for first, last in mention.days:
            width = _width(first, last)
            if width is not None:
                rows.append((b"d" + bytes([width]) + first.encode() + last.encode() + event, b""))
    return Additions(len(mentions), rows, list(names.values()))


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

    # -- Entities -----------------------------------------------------------------------------

    def event_count(self) -> int:
        key = self._prefix + b"t"
        value = self._rows.get(Family.VIEWS, key)
        return 0 if value is None else decoded(_count_decoder, value, "views", key)

    def counts(self, keys: Sequence[int]) -> list[int]:
        prefix = self._prefix + b"n"
        asked = [prefix + (key >> 8).to_bytes(_NAME_BYTES, "big") for key in keys]
        names = list(dict.fromkeys(asked))
        # Most words of a query name nothing.
        known = {
            name: decoded(_name_decoder, value, "views", name).counts
            for name, value in zip(names, self._rows.get_many(Family.VIEWS, names), strict=True)
            if value is not None
        }
        return [known.get(name, _NO_COUNTS).get(key & _TYPE_BITS, 0) for name, key in zip(asked, keys, strict=True)]

    def postings(self, keys: Sequence[int], *, limit: int) -> list[list[Posting]]:
        return [self._postings(key, limit=limit) for key in keys]

    def mentioning(self, first: str, until: str, *, limit: int) -> list[DayMention]:
        start, end = date.fromisoformat(first).toordinal(), date.fromisoformat(until).toordinal()
        overlapping = [self._overlapping(number, start, end) for number in range(len(_WIDTHS))]
        # What lies within the dates says what was asked; of what reaches beyond them, the shorter says more.
        within = merge(*(inside for inside, _ in overlapping), key=_beginning)
        return list(islice(chain(within, *(beyond for _, beyond in overlapping)), limit))

    # -- what the projector reads and writes ----------------------------------------------------

    def checkpoint(self) -> Position:
        """The position of the last entry that the view contains."""
        key = self._prefix + b"c"
        value = self._rows.get(Family.VIEWS, key)
        return START if value is None else decoded(_count_decoder, value, "views", key)

    def write(self, added: Additions, checkpoint: Position) -> None:
        """Add events that the view does not contain, and move the checkpoint: at once or not at all."""
        rows = [(self._prefix + key, value) for key, value in added.rows]
        stored = self._name_rows([name for name, _, _ in added.names])
        for (_, name, counts), (key, row) in zip(added.names, stored, strict=True):
            total = {type: counts.get(type, 0) + row.counts.get(type, 0) for type in sorted({*counts, *row.counts})}
            rows.append((key, _encoder.encode(NameRow(name, total))))
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
                mention = _day_mention(rest[1:], key)
                yield f"day/{rest[0]}/{mention.first}/{mention.last}/{mention.event_id}", value
            elif kind == b"n":
                yield f"name/{rest.hex()}/{decoded(_name_decoder, value, 'views', key).name}", value
            elif kind == b"p":
                yield f"posting/{rest.hex()}", value
            elif kind == b"t":
                yield "total", value

    # -- inside -------------------------------------------------------------------------------

    def _name_rows(self, names: Sequence[bytes]) -> list[tuple[bytes, NameRow]]:
        """The keys and rows of hashes of names, in the order asked."""
        prefix = self._prefix + b"n"
        keys = [prefix + name for name in names]
        return [
            (key, _UNKNOWN if value is None else decoded(_name_decoder, value, "views", key))
            for key, value in zip(keys, self._rows.get_many(Family.VIEWS, keys), strict=True)
        ]

    def _overlapping(self, number: int, first: int, until: int) -> tuple[Iterator[DayMention], Iterator[DayMention]]:
        """Of one width the mentions within days, by day, and those that reach beyond them, nearest first.

        Days are ordinals.
        """
        earliest = max(first - _WIDTHS[number] + 1, 1)
        few = list(islice(self._days(number, _iso(earliest), _iso(until)), _FEW + 1))
        if len(few) > _FEW:
            return self._within(number, first, until), self._beyond(number, first, until)
        start, end = _iso(first), _iso(until)
        beyond = [one for one in few if one.last >= start and (one.first < start or one.last > end)]
        beyond.sort(key=lambda one: abs(date.fromisoformat(one.first).toordinal() - first))
        return (one for one in few if start <= one.first and one.last <= end), iter(beyond)

    def _within(self, number: int, first: int, until: int) -> Iterator[DayMention]:
        # What begins by then ends in time, so that its days need not be looked at one by one.
        sure = until - _WIDTHS[number] + 1
        if first <= sure:
            yield from self._days(number, _iso(first), _iso(sure))
        for day in range(max(first, sure + 1), until + 1):
            yield from self._days(number, _iso(day), _iso(day) + _iso(until))

    def _beyond(self, number: int, first: int, until: int) -> Iterator[DayMention]:
        reach = _WIDTHS[number] - 1
        lasts = dict.fromkeys(range(max(first - reach, 1), first), first)
        if until < _LAST_DAY:
            lasts |= dict.fromkeys(range(max(first, until - reach + 1), until + 1), until + 1)
        for day in sorted(lasts, key=lambda day: (abs(day - first), day)):
            yield from self._days(number, _iso(day) + _iso(lasts[day]), _iso(day))

    def _days(self, number: int, first: str, until: str) -> Iterator[DayMention]:
        """Of one width those whose days, written one behind the other, begin with what lies between two texts."""
        prefix = self._prefix + b"d" + bytes([number])
        start, end = prefix + first.encode(), prefix_end(prefix + until.encode())
        for key, _ in scan_all(self._rows, Family.VIEWS, first=start, end=end):
            yield _day_mention(key[len(prefix) :], key)

    def _postings(self, entity: int, *, limit: int) -> list[Posting]:
        prefix = self._prefix + b"p" + _KEY.pack(entity)
        at = len(prefix)
        rows = self._rows.scan(Family.VIEWS, first=prefix, end=prefix_end(prefix), limit=limit)
        try:
            return [
                (int.from_bytes(key[at:], "big") ^ _ALL_ONES, _LISTS[len(value) >> 3].unpack(value))
                for key, value in rows
            ]
        except (struct.error, IndexError) as error:
            raise Corrupt(f"a posting of views {prefix.hex()} cannot be read: {error}") from error


def entities_prefix(generation: int) -> bytes:
    """What every key of a generation starts with."""
    return b"entities/" + _GENERATION.pack(generation)


def _day_mention(rest: bytes, key: bytes) -> DayMention:
    try:
        if len(rest) == _DAY_BYTES:
            return DayMention(ulid_from_key(rest[20:]), rest[:10].decode("ascii"), rest[10:20].decode("ascii"))
    except UnicodeDecodeError:
        pass
    raise Corrupt(f"a row of views {key.hex()} is no mention of days")


def _width(first: str, last: str) -> int | None:
    """The class of a stretch of days; None for one that is too long, or none at all."""
    if first == last:
        return 0
    days = (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    return next((number for number, width in enumerate(_WIDTHS) if 1 <= days <= width), None)


@lru_cache(maxsize=4_096)
def _iso(day: int) -> str:
    return date.fromordinal(day).isoformat()


def _beginning(mention: DayMention) -> str:
    return mention.first
