"""Writing the contents: one batch for a stretch of the log, versions as the log has them.

A version is the end of an epoch of the log, and within an epoch a node keeps only its last
state. So what the rows hold is decided by the positions taken in, not by how they were cut
into batches: a node has a row at an epoch exactly where its state at the end of it (or at the
checkpoint, for the epoch that is open) differs from the one before.
"""

from __future__ import annotations

import msgspec

from agent_memory.events import START, Position
from agent_memory.events.ulids import ulid_key
from agent_memory.indexes._contents_rows import (
    GripRow,
    NodeRow,
    checkpoint_key,
    decode_node,
    encode_node,
    gone,
    grip_key,
    level_prefix,
    mark_bytes,
    period_ulid,
    session_prefix,
    version_suffix,
)
from agent_memory.indexes._wording_rows import answer_key, queue_row
from agent_memory.indexes.contents import ContentsIndex
from agent_memory.storage import Batch, Family
from agent_memory.summaries.codec import answer_to_record
from agent_memory.summaries.model import Answer
from agent_memory.toc.calendar import Period
from agent_memory.toc.grips import grip_id
from agent_memory.toc.material import ChildMaterial, Level
from agent_memory.toc.segments import SegmentMark

EPOCH_POSITIONS = 1_000

_NODES_REMEMBERED = 4_096
_CHILDREN_REMEMBERED = 6_000

_encoder = msgspec.msgpack.Encoder()


def epoch_end(position: Position, epoch_positions: int = EPOCH_POSITIONS) -> Position:
    """The last position of the epoch that *position* lies in.

    A young log has epochs a tenth as long, so that its nodes have versions to go back to as well.
    """
    length = max(1, epoch_positions // 10) if position <= 10 * epoch_positions else epoch_positions
    return -(-position // length) * length


class Child(msgspec.Struct, frozen=True):
    """A child as its parent needs it."""

    material: ChildMaterial
    agents: tuple[str, ...]
    last_ms: int
    is_settled: bool


def child_of(row: NodeRow) -> Child:
    """What a parent needs of a node."""
    return Child(
        ChildMaterial(node_id=row.id, summary=row.summary(), event_count=row.event_count, projects=row.projects),
        row.agents,
        row.last_ms,
        row.is_settled,
    )


class ContentsWriter:
    """Gathers the changes of one stretch of the log, and writes them with its last position.

    Remembers rows that it wrote, since the next stretch most often goes on there. After any
    error `forget` makes it read them again.
    """

    def __init__(self, index: ContentsIndex) -> None:
        self._index = index
        self._generation = index.generation
        self._known: dict[bytes, tuple[int, bytes, bytes]] = {}
        self._children: dict[str, dict[bytes, Child]] = {}
        self._children_count = 0
        self._has_answers: bool | None = None
        # Rows of segments that are gone stay behind; of these contents none is, if they were empty here.
        self._may_be_gone = index.checkpoint() != START
        self._begin()

    def _begin(self) -> None:
        self._nodes: dict[bytes, tuple[bytes, NodeRow | None]] = {}
        self._new: set[bytes] = set()
        self._unready: set[bytes] = set()
        self._answers: dict[bytes, list[tuple[Position, Answer]]] = {}
        self._marks: dict[bytes, bytes | None] = {}
        self._grips_gone: set[str] = set()
        self._grips: dict[str, bytes] = {}

    def forget(self) -> None:
        """Drop what was gathered and all that is remembered."""
        self._known.clear()
        self._children.clear()
        self._children_count = 0
        self._has_answers = None
        self._begin()

    # -- answers ------------------------------------------------------------------------------

    def put_answer(self, position: Position, answer: Answer) -> None:
        """An answer is known from here on."""
        self._answers.setdefault(bytes.fromhex(answer.digest), []).append((position, answer))

    def answer(self, node_id: str, digest: bytes) -> Answer | None:
        """What words a node's material, with the answers so far: the latest summary, or else the latest refusal."""
        refusal = None
        for _, answer in reversed(self._answers.get(digest, ())):
            if answer.node_id == node_id:
                if answer.summary is not None:
                    return answer
                refusal = refusal or answer
        if self._has_answers is None:
            self._has_answers = self._index.wording.has_answers()
        # Most stores have none, and every node is asked for at each of its changes.
        stored = self._index.wording.answer(node_id, digest) if self._has_answers else None
        return stored if refusal is None or (stored is not None and stored.summary is not None) else refusal

    # -- segments -----------------------------------------------------------------------------

    def put_segment(self, day: Period, row: NodeRow, mark: SegmentMark, grips: list[GripRow], version: int) -> None:
        """A segment is new, or is other than it was."""
        ulid = ulid_key(mark.first_event_id)
        prefix = level_prefix(self._generation, Level.SEGMENT) + ulid
        if self._may_be_gone or ulid in self._children_of(day):
            self._drop_grips(prefix, version)
        else:
            self._new.add(prefix)
        for grip in grips:
            self._grips[grip_id(grip.event_id, grip.start, grip.end)] = _encoder.encode(grip)
        value, row = encode_node(row)
        self._nodes[prefix] = value, row
        self._marks[session_prefix(self._generation, row.session) + ulid] = mark_bytes(mark)
        self._set_child(day, ulid, child_of(row))

    def drop_segment(self, day: Period, session: str, mark: SegmentMark, version: int) -> None:
        """A segment is there no longer: its events are in others."""
        ulid = ulid_key(mark.first_event_id)
        prefix = level_prefix(self._generation, Level.SEGMENT) + ulid
        self._may_be_gone = True
        self._drop_grips(prefix, version)
        self._nodes[prefix] = gone(f"segment/{mark.first_event_id}"), None
        self._marks[session_prefix(self._generation, session) + ulid] = None
        self._set_child(day, ulid, None)

    def changes(self, first_event_id: str) -> bool:
        """Whether the segment that starts with an event was put or dropped."""
        return level_prefix(self._generation, Level.SEGMENT) + ulid_key(first_event_id) in self._nodes

    def _drop_grips(self, prefix: bytes, version: int) -> None:
        known = self._history(prefix, version)
        row = decode_node(known[1]) if known is not None else None
        if row is not None:
            for point in row.points:
                self._grips_gone.update(grip_id(*place) for place in point.evidence)

    # -- days and above -----------------------------------------------------------------------

    def children(self, period: Period) -> list[Child]:
        """The children of a day or above as they are with the changes so far, in time order."""
        children = self._children_of(period)
        return [children[ulid] for ulid in sorted(children)]

    def put_period(self, period: Period, parent: Period | None, row: NodeRow, *, is_ready: bool) -> None:
        """A day, week, month or year is new, or may be other than it was; *is_ready* if its children are settled."""
        ulid = period_ulid(period)
        prefix = level_prefix(self._generation, period.level) + ulid
        if parent is not None and ulid not in self._children_of(parent):
            self._new.add(prefix)
        value, row = encode_node(row)
        self._nodes[prefix] = value, row
        if is_ready:
            self._unready.discard(prefix)
        else:
            self._unready.add(prefix)
        if parent is not None:
            self._set_child(parent, ulid, child_of(row))

    def _set_child(self, parent: Period, ulid: bytes, child: Child | None) -> None:
        children = self._children_of(parent)
        self._children_count -= ulid in children
        if child is None:
            children.pop(ulid, None)
        else:
            children[ulid] = child
            self._children_count += 1

    def _children_of(self, period: Period) -> dict[bytes, Child]:
        children = self._children.pop(period.id, None)
        if children is None:
            children = {ulid: child_of(row) for ulid, row in self._index.child_rows(period)}
            self._children_count += len(children)
        self._children[period.id] = children
        return children

    # -- writing ------------------------------------------------------------------------------

    def write(self, version: int, checkpoint: Position) -> None:
        """Change and checkpoint, at once or not at all."""
        batch = self._index.rows.batch()
        for prefix, (value, row) in self._nodes.items():
            # What was not there before is not looked for: of a log taken in at once, that is nearly all.
            known = self._history(prefix, version) if prefix not in self._new else None
            latest, stored, before = known if known is not None else (-1, b"", b"")
            self._queue(batch, prefix, decode_node(stored) if stored else None, row)
            unheard_of = not before and row is None
            if value == before or unheard_of:
                # As the epoch before left it: this one has nothing to say.
                if latest == version:
                    batch.delete(Family.TOC_NODES, prefix + version_suffix(version))
                    self._known.pop(prefix, None)
                continue
            if latest != version or stored != value:
                batch.put(Family.TOC_NODES, prefix + version_suffix(version), value)
            self._known[prefix] = (version, value, before)
        for key, mark in self._marks.items():
            if mark is None:
                batch.delete(Family.TOC_NODES, key)
            else:
                batch.put(Family.TOC_NODES, key, mark)
        for digest, answers in self._answers.items():
            for position, answer in answers:
                batch.put(Family.TOC_NODES, answer_key(self._generation, digest, position), answer_to_record(answer))
        for id in self._grips_gone:
            if id not in self._grips:
                batch.delete(Family.GRIPS, grip_key(self._generation, id))
        for id, grip in self._grips.items():
            batch.put(Family.GRIPS, grip_key(self._generation, id), grip)
        batch.put(Family.VIEWS, checkpoint_key(self._generation), _encoder.encode(checkpoint))
        self._index.rows.write(batch)
        if self._answers:
            self._has_answers = True
        self._begin()
        self._trim()

    def _queue(self, batch: Batch, prefix: bytes, old: NodeRow | None, new: NodeRow | None) -> None:
        """Have a node wait for its wording, or not any more."""
        ulid = prefix[-16:]
        left = queue_row(self._generation, ulid, old) if old is not None else None
        entered = (
            queue_row(self._generation, ulid, new, is_ready=prefix not in self._unready) if new is not None else None
        )
        if left is not None and (entered is None or entered[0] != left[0]):
            batch.delete(Family.TOC_NODES, left[0])
        if entered is not None:
            batch.put(Family.TOC_NODES, *entered)

    def _history(self, prefix: bytes, version: int) -> tuple[int, bytes, bytes] | None:
        """Latest version, its bytes, and the bytes before *version*."""
        known = self._known.get(prefix)
        if known is None:
            known = self._index.history(prefix, version)
            if known is None:
                return None
        elif known[0] < version:
            known = (known[0], known[1], known[1])
        self._known[prefix] = known
        return known

    def _trim(self) -> None:
        """Keep the memory of it bounded, the most recent longest."""
        for _ in range(len(self._known) - _NODES_REMEMBERED):
            del self._known[next(iter(self._known))]
        while self._children_count > _CHILDREN_REMEMBERED and len(self._children) > 1:
            self._children_count -= len(self._children.pop(next(iter(self._children))))
