"""Who words the nodes of the contents: what was answered about them, and which of them wait."""

from __future__ import annotations

from agent_memory.events.ulids import is_ulid, ulid_key
from agent_memory.indexes._contents_rows import period_ulid
from agent_memory.indexes._wording_rows import (
    answer_position,
    answers_prefix,
    place,
    placed,
    set_aside_from_bytes,
    set_aside_prefix,
    waiting_from_bytes,
    waiting_prefix,
)
from agent_memory.indexes.model import SetAside, Unworded
from agent_memory.storage import Family, Rows, prefix_end, scan_all
from agent_memory.summaries.codec import answer_from_record
from agent_memory.summaries.model import Answer
from agent_memory.toc.calendar import Calendar

_PAGE = 100


class WordingIndex:
    """The part of a generation of the contents that tells who words its nodes."""

    def __init__(self, rows: Rows, *, generation: int, calendar: Calendar) -> None:
        self._rows = rows
        self._generation = generation
        self._calendar = calendar

    # -- answers ------------------------------------------------------------------------------

    def answers(self, digest: str) -> list[Answer]:
        """All that was answered about a material, the latest first."""
        asked = _bytes_of(digest)
        if not asked:
            return []
        prefix = answers_prefix(self._generation, asked)
        found = scan_all(self._rows, Family.TOC_NODES, first=prefix, end=prefix_end(prefix), page=_PAGE)
        return [_answer(key, value) for key, value in found]

    def answers_about(self, node_id: str) -> list[Answer]:
        """All that was answered about a node, as it is and as it was, the latest first; every answer is looked at."""
        prefix = answers_prefix(self._generation)
        rows = scan_all(self._rows, Family.TOC_NODES, first=prefix, end=prefix_end(prefix), page=_PAGE)
        found = [(key, answer) for key, value in rows if (answer := _answer(key, value)).node_id == node_id]
        return [answer for _, answer in sorted(found, key=lambda one: -answer_position(one[0]))]

    def answer(self, node_id: str, digest: bytes) -> Answer | None:
        """What words a node's material: the latest summary, for a refusal takes none away; else the latest refusal."""
        prefix = answers_prefix(self._generation, digest)
        refusal = None
        first, end = prefix, prefix_end(prefix)
        while found := self._rows.scan(Family.TOC_NODES, first=first, end=end, limit=1):
            [(key, value)] = found
            answer = _answer(key, value)
            # Of another node if whoever recorded it was mistaken.
            if answer.node_id == node_id:
                if answer.summary is not None:
                    return answer
                refusal = refusal or answer
            first = key + b"\x00"
        return refusal

    def has_answers(self) -> bool:
        """Whether there is any."""
        prefix = answers_prefix(self._generation)
        return bool(self._rows.scan(Family.TOC_NODES, first=prefix, end=prefix_end(prefix), limit=1))

    def answer_count(self) -> int:
        """How many there are, counted one by one."""
        prefix = answers_prefix(self._generation)
        return sum(1 for _ in scan_all(self._rows, Family.TOC_NODES, first=prefix, end=prefix_end(prefix), page=_PAGE))

    # -- queue --------------------------------------------------------------------------------

    def unworded(self, *, limit: int, after: Unworded | None = None) -> list[Unworded]:
        """Up to *limit* nodes that wait for an answer, from the one after *after*: the most recent first."""
        found = []
        for key, value in self._queued(waiting_prefix(self._generation), limit, after):
            row = waiting_from_bytes(value, key)
            level, last_ms = placed(key)
            found.append(
                Unworded(
                    node_id=row.node_id,
                    level=level,
                    digest=row.digest.hex(),
                    last_event_ms=last_ms,
                    is_ready=row.is_ready,
                )
            )
        return found

    def set_aside(self, *, limit: int, after: SetAside | None = None) -> list[SetAside]:
        """Up to *limit* nodes whose answer words nothing, from the one after *after*: the most recent first."""
        found = []
        for key, value in self._queued(set_aside_prefix(self._generation), limit, after):
            row = set_aside_from_bytes(value, key)
            level, last_ms = placed(key)
            found.append(
                SetAside(
                    node_id=row.node_id,
                    level=level,
                    digest=row.digest.hex(),
                    last_event_ms=last_ms,
                    refusal=row.refusal,
                )
            )
        return found

    def _queued(self, prefix: bytes, limit: int, after: Unworded | SetAside | None) -> list[tuple[bytes, bytes]]:
        first = prefix
        if after is not None:
            first += place(after.level, self._ulid(after.node_id), after.last_event_ms) + b"\x00"
        return self._rows.scan(Family.TOC_NODES, first=first, end=prefix_end(prefix), limit=max(limit, 0))

    def _ulid(self, node_id: str) -> bytes:
        """Errors: `ValueError` for what is no node id."""
        if node_id.startswith("segment/") and is_ulid(node_id[8:]):
            return ulid_key(node_id[8:])
        return period_ulid(self._calendar.period(node_id))


def _answer(key: bytes, value: bytes) -> Answer:
    return answer_from_record(value, at=f"position {answer_position(key)}")


def _bytes_of(digest: str) -> bytes:
    """A digest's bytes; empty for what is none."""
    try:
        found = bytes.fromhex(digest)
    except ValueError:
        return b""
    return found if len(found) == 32 else b""
