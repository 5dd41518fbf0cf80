"""What a search is asked, and what it gives."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from agent_memory._pb.agent_memory.v1 import search_service_pb2 as pb
from agent_memory.api.wire.enums import TIERS, TIME_ORDERS
from agent_memory.api.wire.events import event_from_pb, event_to_pb, types_from_pb
from agent_memory.api.wire.text import exact_bytes, exact_text, shown, time_ms_of, timestamp
from agent_memory.errors import InvalidQuery
from agent_memory.retrieval.context import Citation, ContextBlock
from agent_memory.retrieval.model import Hit, SearchOptions, SearchResult, Signal
from agent_memory.temporal import TIMELESS, TimeReading, TimeSpan

_NANOS_MAX = 999_999_999
# The years 1 to 9999.
_TIMESTAMP_MIN_MS, _TIMESTAMP_MAX_MS = -62_135_596_800_000, 253_402_300_799_999


def options_from_pb(message: pb.SearchOptions) -> SearchOptions:
    """How to rank. Errors: `InvalidQuery` for what is no time."""
    now_ms = None
    if message.HasField("now"):
        if not 0 <= message.now.nanos <= _NANOS_MAX:
            raise InvalidQuery("options.now", f"{message.now.nanos} ns", "nanos must be 0 to 999,999,999")
        now_ms = time_ms_of(message.now)
    return SearchOptions(
        now_ms=now_ms,
        without=tuple(message.without),
        recency=message.recency,
        salience=message.salience,
        diversity=message.diversity,
        group_by_session=message.group_by_session,
        repeats=message.repeats,
    )


def options_to_pb(options: SearchOptions) -> pb.SearchOptions:
    """The inverse of `options_from_pb`."""
    return pb.SearchOptions(
        now=None if options.now_ms is None else timestamp(options.now_ms),
        without=options.without,
        recency=options.recency,
        salience=options.salience,
        diversity=options.diversity,
        group_by_session=options.group_by_session,
        repeats=options.repeats,
    )


def result_to_pb(result: SearchResult, *, query: str) -> pb.SearchResponse:
    """Hits, best first, the tier that served them, and how the *query* was understood."""
    return pb.SearchResponse(
        hits=[_hit_to_pb(hit) for hit in result.hits],
        tier=TIERS.number_of[result.tier],
        timings_ms=result.timings_ms,
        behind=result.behind,
        understood=_reading_to_pb(result.understood, query),
        now=timestamp(result.now_ms),
        weak=result.weak,
    )


def result_from_pb(message: pb.SearchResponse) -> SearchResult:
    """The inverse of `result_to_pb`."""
    return SearchResult(
        hits=tuple(_hit_from_pb(hit) for hit in message.hits),
        tier=TIERS.read(message.tier),
        timings_ms=dict(message.timings_ms),
        behind=dict(message.behind),
        understood=_reading_from_pb(message.understood) if message.HasField("understood") else TIMELESS,
        now_ms=time_ms_of(message.now),
        weak=message.weak,
    )


def context_to_pb(block: ContextBlock, *, query: str) -> pb.ContextBlock:
    """A text for an agent, what it cites, and the search for *query* that it was made of."""
    return pb.ContextBlock(
        text=shown(block.text),
        text_wtf8=exact_bytes(block.text),
        token_count=block.token_count,
        tokenizer=block.tokenizer,
        citations=[
            pb.Citation(
                label=citation.label,
                event_id=citation.event_id,
                grip_id=citation.grip_id,
                date=citation.date,
                session=citation.session,
                session_title=shown(citation.session_title),
            )
            for citation in block.citations
        ],
        left_out=block.left_out,
        search=result_to_pb(block.result, query=query),
    )


def context_from_pb(message: pb.ContextBlock) -> ContextBlock:
    """The inverse of `context_to_pb`."""
    return ContextBlock(
        text=exact_text(message.text, message.text_wtf8),
        token_count=message.token_count,
        tokenizer=message.tokenizer,
        citations=tuple(
            Citation(
                label=citation.label,
                event_id=citation.event_id,
                grip_id=citation.grip_id,
                date=citation.date,
                session=citation.session,
                session_title=citation.session_title,
            )
            for citation in message.citations
        ),
        left_out=message.left_out,
        result=result_from_pb(message.search),
    )


def _reading_to_pb(reading: TimeReading, query: str) -> pb.TimeReading:
    return pb.TimeReading(
        spans=[
            pb.TimeSpan(
                text=shown(query[span.start : span.end]),
                start=span.start,
                end=span.end,
                from_time=_edge(span.from_ms),
                until_time=_edge(span.until_ms),
            )
            for span in reading.spans
        ],
        order=TIME_ORDERS.number_of[reading.order],
        anchor=shown(reading.anchor),
        anchor_from_ms=reading.anchor_from_ms,
        anchor_until_ms=reading.anchor_until_ms,
        anchor_event_id=reading.anchor_event_id,
        anchor_sentence=shown(reading.anchor_sentence),
        cues=[pb.QueryWords(text=shown(query[start:end]), start=start, end=end) for start, end in reading.cues],
    )


def _edge(time_ms: int | None) -> Timestamp | None:
    """An edge in time, which by its words may lie beyond what a timestamp is allowed to be."""
    return None if time_ms is None else timestamp(min(max(time_ms, _TIMESTAMP_MIN_MS), _TIMESTAMP_MAX_MS))


def _reading_from_pb(message: pb.TimeReading) -> TimeReading:
    return TimeReading(
        spans=tuple(
            TimeSpan(
                start=span.start,
                end=span.end,
                from_ms=time_ms_of(span.from_time) if span.HasField("from_time") else None,
                until_ms=time_ms_of(span.until_time) if span.HasField("until_time") else None,
            )
            for span in message.spans
        ),
        order=TIME_ORDERS.read(message.order),
        anchor=message.anchor,
        anchor_from_ms=message.anchor_from_ms if message.HasField("anchor_from_ms") else None,
        anchor_until_ms=message.anchor_until_ms if message.HasField("anchor_until_ms") else None,
        anchor_event_id=message.anchor_event_id,
        anchor_sentence=message.anchor_sentence,
        cues=tuple((cue.start, cue.end) for cue in message.cues),
    )


def _hit_to_pb(hit: Hit) -> pb.Hit:
    return pb.Hit(
        # What its text tells is told beside the text, and once.
        event=event_to_pb(hit.recorded, types=hit.types),
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
        repeat_count=hit.repeat_count,
        factor=hit.factor,
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
        types=types_from_pb(message.event),
        repeat_count=message.repeat_count,
        # A daemon of before says none.
        factor=message.factor or 1.0,
    )
