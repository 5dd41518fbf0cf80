"""The contents: nodes, their versions, and the grips they cite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from agent_memory.errors import UnknownNode
from agent_memory.events import START, Position
from agent_memory.events.ulids import is_ulid, ulid_from_key, ulid_key
from agent_memory.indexes._contents_rows import (
    VERSION_MAX,
    GripRow,
    NodeRow,
    checkpoint_key,
    decode_node,
    generation_prefix,
    grip_key,
    is_node_key,
    level_prefix,
    mark_from_bytes,
    node_id_of,
    period_ulid,
    segment_id_of,
    session_prefix,
    time_ulid,
    version_of,
    version_suffix,
)
from agent_memory.indexes._wording_rows import is_wording_key, row_name
from agent_memory.indexes.decoding import decoded
from agent_memory.indexes.wording import WordingIndex
from agent_memory.storage import Family, Range, Rows, prefix_end, scan_all
from agent_memory.toc.calendar import Calendar, Period
from agent_memory.toc.material import Level
from agent_memory.toc.model import Grip, Node
from agent_memory.toc.segments import SegmentMark

CHILD_LEVEL = {Level.YEAR: Level.MONTH, Level.MONTH: Level.WEEK, Level.WEEK: Level.DAY, Level.DAY: Level.SEGMENT}

_grip_decoder = msgspec.msgpack.Decoder(GripRow)
_position_decoder = msgspec.msgpack.Decoder(int)
_TIME_END = (1 << 48) - 1
_SUFFIX_END = b"\xff" * 9
_NO_RANGE = (b"", b"")


class ContentsIndex:
    """A generation of the contents, in *rows*, with the days of a time zone."""

    def __init__(self, rows: Rows, *, generation: int, zone: str) -> None:
        self._rows = rows
        self.generation = generation
        self.calendar = Calendar(zone)
        self.wording = WordingIndex(rows, generation=generation, calendar=self.calendar)

    @property
    def rows(self) -> Rows:
        """Where it is kept."""
        return self._rows

    # -- Contents -----------------------------------------------------------------------------

    def node(self, node_id: str, *, version: int | None = None) -> Node:
        prefix = self._node_prefix(node_id)
        until = VERSION_MAX if version is None else min(max(version, 0), VERSION_MAX)
        found = self._newest(prefix, until)
        if found is None:
            raise UnknownNode(node_id)
        return found

    def versions(self, node_id: str) -> list[int]:
        prefix = self._node_prefix(node_id)
        found = [
            version_of(key)
            for key, value in scan_all(self._rows, Family.TOC_NODES, first=prefix, end=prefix + _SUFFIX_END)
            if decode_node(value, key) is not None
        ]
        if not found:
            raise UnknownNode(node_id)
        return found

    def years(self) -> list[Node]:
        return list(self._nodes(Level.YEAR, time_ulid(0), time_ulid(_TIME_END)))

    def children(self, node_id: str, *, after: str = "", limit: int) -> list[Node]:
        parent = self.node(node_id)
        if parent.level is Level.SEGMENT:
            return []
        level = CHILD_LEVEL[parent.level]
        first = time_ulid(parent.start_ms)
        if after:
            first = max(first, _next(self._node_prefix(after)[3:]))
        found: list[Node] = []
        for node in self._nodes(level, first, time_ulid(parent.end_ms)):
            if len(found) >= limit:
                break
            found.append(node)
        return found

    def at(self, level: Level, time_ms: int) -> Node | None:
        try:
            period = self.calendar.at(level, time_ms)
        except OverflowError:
            return None
        return self._newest(self._period_prefix(period), VERSION_MAX)

    def segment_of(self, event_id: str, session: str) -> Node | None:
        (mark,) = self._marks_of([(event_id, session)])
        return self._newest(self._segment_prefix(mark.first_event_id), VERSION_MAX) if mark else None

    def segment_ids_of(self, events: Iterable[tuple[str, str]]) -> list[str]:
        return [f"segment/{mark.first_event_id}" if mark else "" for mark in self._marks_of(list(events))]

    def grip(self, grip_id: str) -> Grip | None:
        if not is_ulid(grip_id):
            return None
        key = grip_key(self.generation, grip_id)
        value = self._rows.get(Family.GRIPS, key)
        if value is None:
            return None
        row = decoded(_grip_decoder, value, "grips", key)
        return Grip(
            id=grip_id,
            excerpt=row.excerpt,
            event_id=row.event_id,
            start=row.start,
            end=row.end,
            session=row.session,
            segment_id=row.segment_id,
        )

    # -- what the projector reads ---------------------------------------------------------------

    def checkpoint(self) -> Position:
        """The position of the last entry that the contents contain."""
        key = checkpoint_key(self.generation)
        value = self._rows.get(Family.VIEWS, key)
        return START if value is None else decoded(_position_decoder, value, "views", key)

    def mark_before(self, session: str, event_id: str) -> SegmentMark | None:
        """The last segment of a session that starts at or before an event."""
        (found,) = self._rows.last_of_each(Family.TOC_NODES, [self._marks_until(session, event_id)])
        return None if found is None else mark_from_bytes(found[1], found[0])

    def marks(self, session: str, day: Period) -> list[SegmentMark]:
        """The segments of a session on a day, in order."""
        prefix = session_prefix(self.generation, session)
        found = scan_all(
            self._rows, Family.TOC_NODES, first=prefix + time_ulid(day.start_ms), end=prefix + time_ulid(day.end_ms)
        )
        return [mark_from_bytes(value, key) for key, value in found]

    def history(self, key_prefix: bytes, version: int) -> tuple[int, bytes, bytes] | None:
        """The latest row of a node: its version, its bytes, and those it had before *version*.

        The last is empty where there was none.
        """
        found = self._rows.scan(Family.TOC_NODES, first=key_prefix, end=key_prefix + _SUFFIX_END, limit=2)
        if not found:
            return None
        latest = version_of(found[0][0])
        if latest < version:
            return latest, found[0][1], found[0][1]
        return latest, found[0][1], found[1][1] if len(found) > 1 else b""

    def node_row(self, node_id: str) -> NodeRow | None:
        """The latest row of a node; None for one that is gone or never was."""
        try:
            prefix = self._node_prefix(node_id)
        except UnknownNode:
            return None
        found = self._rows.scan(Family.TOC_NODES, first=prefix, end=prefix + _SUFFIX_END, limit=1)
        return decode_node(found[0][1], found[0][0]) if found else None

    def child_rows(self, period: Period) -> list[tuple[bytes, NodeRow]]:
        """The children of a period that are there now, each with its key's ULID, in order."""
        level = CHILD_LEVEL[period.level]
        return list(self._live(level, time_ulid(period.start_ms), time_ulid(period.end_ms)))

    def contents_rows(self) -> Iterator[tuple[str, bytes]]:
        """Every row but the checkpoint, under readable keys."""
        nodes = generation_prefix(self.generation)
        for key, value in scan_all(self._rows, Family.TOC_NODES, first=nodes, end=prefix_end(nodes)):
            if is_node_key(key):
                yield f"node/{node_id_of(value, key)}@{version_of(key)}", value
            elif is_wording_key(key):
                yield row_name(key), value
            else:
                yield f"mark/{key[3:19].hex()}/{segment_id_of(key[19:])}", value
        grips = generation_prefix(self.generation)
        for key, value in scan_all(self._rows, Family.GRIPS, first=grips, end=prefix_end(grips)):
            yield f"grip/{ulid_from_key(key[2:])}", value

    # -- inside -------------------------------------------------------------------------------

    def _marks_until(self, session: str, event_id: str) -> Range:
        prefix = session_prefix(self.generation, session)
        return prefix, prefix + _next(ulid_key(event_id))

    def _marks_of(self, events: Sequence[tuple[str, str]]) -> list[SegmentMark | None]:
        """The segments that hold events, each given with its session."""
        ranges = [self._marks_until(session, id) if is_ulid(id) else _NO_RANGE for id, session in events]
        found = self._rows.last_of_each(Family.TOC_NODES, ranges)
        marks = [None if row is None else mark_from_bytes(row[1], row[0]) for row in found]
        beside = zip(marks, events, strict=True)
        return [mark if mark and id <= mark.last_event_id else None for mark, (id, _) in beside]

    def _newest(self, prefix: bytes, until: int) -> Node | None:
        found = self._rows.scan(
            Family.TOC_NODES, first=prefix + version_suffix(until), end=prefix + _SUFFIX_END, limit=1
        )
        if not found:
            return None
        row = decode_node(found[0][1], found[0][0])
        return None if row is None else row.node(version_of(found[0][0]))

    def _nodes(self, level: Level, first: bytes, end: bytes) -> Iterator[Node]:
        for key, row in self._latest(level, first, end):
            if row is not None:
                yield row.node(version_of(key))

    def _live(self, level: Level, first: bytes, end: bytes) -> Iterator[tuple[bytes, NodeRow]]:
        for key, row in self._latest(level, first, end):
            if row is not None:
                yield key[3:19], row

    def _latest(self, level: Level, first: bytes, end: bytes) -> Iterator[tuple[bytes, NodeRow | None]]:
        """The newest row of each node of a level, by leaping over the older ones."""
        prefix = level_prefix(self.generation, level)
        at, stop = prefix + first, prefix + end
        while True:
            found = self._rows.scan(Family.TOC_NODES, first=at, end=stop, limit=1)
            if not found:
                return
            key, value = found[0]
            yield key, decode_node(value, key)
            at = prefix + _next(key[3:19])

    def _node_prefix(self, node_id: str) -> bytes:
        try:
            ulid = self._ulid(node_id)
        except ValueError:
            raise UnknownNode(node_id) from None
        level = Level(node_id.split("/", 1)[0])
        return level_prefix(self.generation, level) + ulid

    def _ulid(self, node_id: str) -> bytes:
        """The ULID in a node's key. Errors: `ValueError` for what is no node id."""
        if node_id.startswith("segment/"):
            if not is_ulid(node_id[8:]):
                raise ValueError(f"{node_id!r} is no segment")
            return ulid_key(node_id[8:])
        return period_ulid(self.calendar.period(node_id))

    def _period_prefix(self, period: Period) -> bytes:
        return level_prefix(self.generation, period.level) + period_ulid(period)

    def _segment_prefix(self, first_event_id: str) -> bytes:
        return level_prefix(self.generation, Level.SEGMENT) + ulid_key(first_event_id)


def _next(ulid: bytes) -> bytes:
    """The smallest key after every key of a ULID."""
    return (int.from_bytes(ulid, "big") + 1).to_bytes(17, "big")[1:] if ulid != b"\xff" * 16 else ulid + b"\xff"
