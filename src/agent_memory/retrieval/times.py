"""What a query says of time, made definite: intervals, and the events whose text names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from agent_memory.events.ulids import ulid_time_ms
from agent_memory.indexes.model import EVERYWHERE, Where
from agent_memory.retrieval.lease import Lease
from agent_memory.temporal import TimeReading, TimeSpan

if TYPE_CHECKING:
    from agent_memory.indexes.port import LexicalSearch


def definite(query: str, reading: TimeReading, lexical: Lease[LexicalSearch]) -> TimeReading:
    """The reading with the interval of an anchor (`before the release`) among its spans.

    The anchor is when the event that fits its words best happened; without such an event it says nothing.
    """
    if not reading.anchor:
        return reading
    with lexical() as index:
        found = index.search(reading.anchor, where=EVERYWHERE, limit=1)
    if not found:
        return reading
    at_ms = ulid_time_ms(found[0].event_id)
    first, last = reading.anchor_from_ms, reading.anchor_until_ms
    start = max(query.find(reading.anchor), 0)
    span = TimeSpan(
        start=start,
        end=start + len(reading.anchor),
        from_ms=None if first is None else max(at_ms + first, 0),
        until_ms=None if last is None else max(at_ms + last, 0),
    )
    return msgspec.structs.replace(reading, spans=(*reading.spans, span))


def within(where: Where, span: TimeSpan) -> Where | None:
    """The filter narrowed to the span; None where nothing is left, or nothing is narrowed."""
    firsts = [ms for ms in (where.from_ms, span.from_ms) if ms is not None]
    lasts = [ms for ms in (where.until_ms, span.until_ms) if ms is not None]
    narrowed = msgspec.structs.replace(where, from_ms=max(firsts, default=None), until_ms=min(lasts, default=None))
    if firsts and lasts and max(firsts) > min(lasts):
        return None
    return None if narrowed == where else narrowed
