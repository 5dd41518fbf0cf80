"""What a search gives."""

from __future__ import annotations

from agent_memory._pb.agent_memory.v1 import search_service_pb2 as pb
from agent_memory.api.wire.enums import TIERS
from agent_memory.api.wire.events import event_from_pb, event_to_pb
from agent_memory.api.wire.text import exact_bytes, exact_text, shown
from agent_memory.retrieval.model import Hit, SearchResult, Signal


def result_to_pb(result: SearchResult) -> pb.SearchResponse:
    """Hits, best first, and the tier that served them."""
    return pb.SearchResponse(
        hits=[_hit_to_pb(hit) for hit in result.hits],
        tier=TIERS.number_of[result.tier],
        timings_ms=result.timings_ms,
        behind=result.behind,
    )


def result_from_pb(message: pb.SearchResponse) -> SearchResult:
    """The inverse of `result_to_pb`."""
    return SearchResult(
        hits=tuple(_hit_from_pb(hit) for hit in message.hits),
        tier=TIERS.read(message.tier),
        timings_ms=dict(message.timings_ms),
        behind=dict(message.behind),
    )


def _hit_to_pb(hit: Hit) -> pb.Hit:
    return pb.Hit(
        event=event_to_pb(hit.recorded),
        score=hit.score,
        signals=[
            pb.Signal(name=signal.name, rank=signal.rank, score=signal.score, contribution=signal.contribution)
            for signal in hit.signals
        ],
        excerpt=shown(hit.excerpt),
        grip_id=hit.grip_id,
        date=hit.date,
        session_title=shown(hit.session_title),
        node_id=hit.node_id,
        excerpt_wtf8=exact_bytes(hit.excerpt),
    )


def _hit_from_pb(message: pb.Hit) -> Hit:
    return Hit(
        recorded=event_from_pb(message.event),
        score=message.score,
        signals=tuple(
            Signal(name=signal.name, rank=signal.rank, score=signal.score, contribution=signal.contribution)
            for signal in message.signals
        ),
        excerpt=exact_text(message.excerpt, message.excerpt_wtf8),
        grip_id=message.grip_id,
        date=message.date,
        session_title=message.session_title,
        node_id=message.node_id,
    )
