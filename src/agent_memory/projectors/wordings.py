"""What a language model may be asked about the contents, read beside their projector."""

from __future__ import annotations

from agent_memory.errors import NodeChanging, UnknownNode
from agent_memory.events import Position
from agent_memory.indexes._contents_rows import NodeRow
from agent_memory.indexes._contents_writer import child_of
from agent_memory.indexes.contents import ContentsIndex
from agent_memory.indexes.model import SetAside, Unworded
from agent_memory.log.port import EventLog
from agent_memory.projectors._toc_nodes import period_material, segment_material
from agent_memory.projectors._toc_turns import turns_between
from agent_memory.summaries.digests import material_digest
from agent_memory.summaries.model import Answer
from agent_memory.toc.material import Level, Material

_TRIES = 5


class TocWordings:
    """The `Wordings` of a generation of the contents of *log*."""

    def __init__(self, log: EventLog, index: ContentsIndex) -> None:
        self._log = log
        self._index = index

    def unworded(self, *, limit: int, after: Unworded | None = None) -> list[Unworded]:
        return self._index.wording.unworded(limit=limit, after=after)

    def set_aside(self, *, limit: int, after: SetAside | None = None) -> list[SetAside]:
        return self._index.wording.set_aside(limit=limit, after=after)

    def answers(self, digest: str) -> list[Answer]:
        return self._index.wording.answers(digest)

    def answers_about(self, node_id: str) -> list[Answer]:
        return self._index.wording.answers_about(node_id)

    def material(self, node_id: str) -> Material:
        for _ in range(_TRIES):
            # First the checkpoint: events between it and the row are missed, which the digest tells.
            checkpoint = self._index.checkpoint()
            row = self._index.node_row(node_id)
            if row is None:
                raise UnknownNode(node_id)
            material = self._material(row, checkpoint)
            if material is not None and bytes.fromhex(material_digest(material)) == row.digest:
                return material
        raise NodeChanging(node_id)

    def _material(self, row: NodeRow, checkpoint: Position) -> Material | None:
        if row.level is Level.SEGMENT:
            turns = turns_between(self._log, row.session, row.first_event_id, row.last_event_id, checkpoint)
            return segment_material(self._index.calendar.period(row.parent_id), turns) if turns else None
        period = self._index.calendar.period(row.id)
        return period_material(period, [child_of(child) for _, child in self._index.child_rows(period)])
