"""How the contents lie in rows. Every key starts with the generation, a big-endian u16.

    toc_nodes   generation | level u8 | ULID 16 B | ~version u64   -> NodeRow, or the id of a node that is gone
    toc_nodes   generation | 0x10 | session 16 B | ULID 16 B       -> SegmentMark of a segment that is there now
    grips       generation | grip ULID 16 B                        -> GripRow
    views       "toc/" | generation                                -> position of the last entry taken in

The ULID of a node has the time of its start, and 80 bits of SHA-256 of its id; that of a
segment is its first event's. The version is inverted, so that the newest comes first: one seek
finds the latest, one seek finds the newest that is not later than a given one. Further rows of
`toc_nodes` are those of `_wording_rows`.
"""

from __future__ import annotations

import hashlib
import struct

import msgspec

from agent_memory.events.ulids import ulid_from_key, ulid_key
from agent_memory.indexes.decoding import decoded
from agent_memory.toc.calendar import Period
from agent_memory.toc.grips import grip_id
from agent_memory.toc.material import Excerpt, Level, Point, Summary
from agent_memory.toc.model import Bullet, Node, Wording
from agent_memory.toc.segments import SegmentMark

VERSION_MAX = (1 << 64) - 1

_GENERATION = struct.Struct(">H")
_VERSION = struct.Struct(">Q")
_LEVEL_BYTES = {
    Level.YEAR: b"\x01",
    Level.MONTH: b"\x02",
    Level.WEEK: b"\x03",
    Level.DAY: b"\x04",
    Level.SEGMENT: b"\x05",
}
_MARKS = b"\x10"
_KEY_BYTES = 2 + 1 + 16 + 8


class PointRow(msgspec.Struct, frozen=True, array_like=True):
    """A bullet with its evidence as (event id, start, end)."""

    text: str
    evidence: tuple[tuple[str, int, int], ...]
    weight: float
    type: str = ""


class WordingRow(msgspec.Struct, frozen=True, array_like=True):
    """Who put a node into words: the `Wording` but for its digest."""

    summariser: str
    model: str = ""
    prompt_version: str = ""
    answered_ms: int = 0
    refusal: str = ""


class NodeRow(msgspec.Struct, frozen=True, array_like=True):
    """A node as it is stored: everything but its version, which is in the key.

    ``digest`` is of its material, ``last_ms`` the time of its last event. It is settled once there is an
    answer for the digest, whether that is what it shows or not.
    """

    id: str
    level: Level
    parent_id: str
    title: str
    points: tuple[PointRow, ...]
    keywords: tuple[str, ...]
    start_ms: int
    end_ms: int
    event_count: int
    child_count: int
    agents: tuple[str, ...]
    projects: tuple[str, ...]
    session: str = ""
    first_event_id: str = ""
    last_event_id: str = ""
    abstract: str = ""
    digest: bytes = b""
    last_ms: int = 0
    wording: WordingRow = WordingRow("")
    is_settled: bool = False

    def node(self, version: int) -> Node:
        """What a reader gets."""
        return Node(
            id=self.id,
            level=self.level,
            parent_id=self.parent_id,
            title=self.title,
            bullets=tuple(
                Bullet(
                    text=point.text,
                    grip_ids=tuple(grip_id(*place) for place in point.evidence),
                    weight=point.weight,
                    type=point.type,
                )
                for point in self.points
            ),
            keywords=self.keywords,
            start_ms=self.start_ms,
            end_ms=self.end_ms,
            event_count=self.event_count,
            child_count=self.child_count,
            agents=self.agents,
            projects=self.projects,
            session=self.session,
            first_event_id=self.first_event_id,
            last_event_id=self.last_event_id,
            version=version,
            abstract=self.abstract,
            wording=Wording(
                summariser=self.wording.summariser,
                model=self.wording.model,
                prompt_version=self.wording.prompt_version,
                answered_ms=self.wording.answered_ms,
                digest=self.digest.hex(),
                refusal=self.wording.refusal,
            ),
        )

    def summary(self) -> Summary:
        """What a parent's summariser gets."""
        return Summary(
            title=self.title,
            points=tuple(
                Point(
                    text=point.text,
                    evidence=tuple(Excerpt(event_id=e, start=start, end=end) for e, start, end in point.evidence),
                    weight=point.weight,
                    type=point.type,
                )
                for point in self.points
            ),
            keywords=self.keywords,
            abstract=self.abstract,
        )


class GripRow(msgspec.Struct, frozen=True, array_like=True):
    """A grip that a current node cites."""

    excerpt: str
    event_id: str
    start: int
    end: int
    session: str
    segment_id: str


_encoder = msgspec.msgpack.Encoder()
_node_decoder = msgspec.msgpack.Decoder(NodeRow | str)
_mark_decoder = msgspec.msgpack.Decoder(SegmentMark)


def encode_node(row: NodeRow) -> tuple[bytes, NodeRow]:
    """The bytes of a node, and the node that they are read as: no lone surrogate is left in its wording."""
    try:
        return _encoder.encode(row), row
    except UnicodeEncodeError:
        row = _storable(row)
        return _encoder.encode(row), row


def decode_node(value: bytes, key: bytes = b"") -> NodeRow | None:
    """The node; None where the row says that it is gone. Errors: `Corrupt`, naming the *key*."""
    row = decoded(_node_decoder, value, "toc_nodes", key)
    return None if isinstance(row, str) else row


def gone(node_id: str) -> bytes:
    """The row of a node that is there no longer."""
    return _encoder.encode(node_id)


def node_id_of(value: bytes, key: bytes = b"") -> str:
    """The id in a row, of a node that is there or gone. Errors: `Corrupt`, naming the *key*."""
    row = decoded(_node_decoder, value, "toc_nodes", key)
    return row if isinstance(row, str) else row.id


# -- keys -----------------------------------------------------------------------------------------


def generation_prefix(generation: int) -> bytes:
    """What every key of a generation starts with."""
    return _GENERATION.pack(generation)


def checkpoint_key(generation: int) -> bytes:
    """Where the position is kept that the contents have come to."""
    return b"toc/" + _GENERATION.pack(generation)


def level_prefix(generation: int, level: Level) -> bytes:
    """What the keys of all nodes of a level start with."""
    return _GENERATION.pack(generation) + _LEVEL_BYTES[level]


def period_ulid(period: Period) -> bytes:
    """The ULID of a day, week, month or year."""
    # The period that holds the first instant of 1970 may begin before it; no other one does.
    time = max(period.start_ms, 0).to_bytes(6, "big")
    return time + hashlib.sha256(period.id.encode()).digest()[:10]


def time_ulid(time_ms: int) -> bytes:
    """The smallest ULID of a time."""
    return max(time_ms, 0).to_bytes(6, "big") + bytes(10)


def version_suffix(version: int) -> bytes:
    """The version, so that a later one sorts first."""
    return _VERSION.pack(VERSION_MAX - version)


def version_of(key: bytes) -> int:
    """The inverse: the version in a node's key."""
    return VERSION_MAX - int(_VERSION.unpack(key[-8:])[0])


def is_node_key(key: bytes) -> bool:
    """Whether a key of `toc_nodes` is a node's, not a mark's."""
    return len(key) == _KEY_BYTES


def session_prefix(generation: int, session: str) -> bytes:
    """What the marks of a session's segments start with."""
    digest = hashlib.sha256(session.encode("utf-8", "surrogatepass")).digest()[:16]
    return _GENERATION.pack(generation) + _MARKS + digest


def mark_bytes(mark: SegmentMark) -> bytes:
    """The bytes of a mark."""
    return _encoder.encode(mark)


def mark_from_bytes(value: bytes, key: bytes = b"") -> SegmentMark:
    """The inverse of `mark_bytes`. Errors: `Corrupt`, naming the *key*."""
    return decoded(_mark_decoder, value, "toc_nodes", key)


def grip_key(generation: int, id: str) -> bytes:
    """Where a grip is kept."""
    return _GENERATION.pack(generation) + ulid_key(id)


def segment_id_of(ulid: bytes) -> str:
    """The id of the segment whose first event has that key."""
    return f"segment/{ulid_from_key(ulid)}"


def _storable(row: NodeRow) -> NodeRow:
    """The row with ? for each lone surrogate that a summariser put into its wording."""
    return msgspec.structs.replace(
        row,
        title=_clean(row.title),
        points=tuple(
            msgspec.structs.replace(point, text=_clean(point.text), type=_clean(point.type)) for point in row.points
        ),
        keywords=tuple(map(_clean, row.keywords)),
        abstract=_clean(row.abstract),
        wording=msgspec.structs.replace(row.wording, refusal=_clean(row.wording.refusal)),
    )


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
