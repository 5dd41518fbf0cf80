"""Domain values as the JSON that ``--json`` promises: every key always there, times in UTC plus local dates."""

from __future__ import annotations

from typing import Any

from agent_memory.annotation.scaffolding import scaffolding_of
from agent_memory.annotation.types import in_order, types_of
from agent_memory.cli.times import Zone, rfc3339
from agent_memory.events import Recorded
from agent_memory.indexes.model import Session
from agent_memory.memory import Day, ReplayVerdict, Status, Timeline
from agent_memory.retrieval.context import ContextBlock
from agent_memory.retrieval.model import Hit, SearchOptions, SearchResult
from agent_memory.summaries.reports import SummariesStatus
from agent_memory.temporal import TimeReading
from agent_memory.toc.model import Grip, Node

Shape = dict[str, Any]


def event_shape(recorded: Recorded, zone: Zone) -> Shape:
    """An event with its position."""
    event = recorded.event
    return {
        "id": event.id,
        "position": recorded.position,
        "time": rfc3339(event.time_ms),
        "date": zone.date(event.time_ms),
        "kind": event.kind.value,
        "role": event.role.value,
        "session": event.session,
        "agent": event.agent,
        "project": event.project,
        "speaker": event.speaker,
        "text": event.text,
        "source": event.source,
        "source_id": event.source_id,
        "tool_name": event.tool_name,
        "tool_call_id": event.tool_call_id,
        "metadata": event.metadata,
        "types": [type.value for type in in_order(types_of(event))],
        "scaffolding": [{"start": s.start, "end": s.end, "what": s.what} for s in scaffolding_of(event)],
    }


def timeline_shape(timeline: Timeline, zone: Zone) -> Shape:
    """The events around one."""
    return {
        "time_zone": zone.name,
        "event_id": timeline.event_id,
        "events": [event_shape(recorded, zone) for recorded in timeline.events],
        "more_before": timeline.more_before,
        "more_after": timeline.more_after,
    }


def session_shape(session: Session, zone: Zone) -> Shape:
    """A session, without its events."""
    return {
        "id": session.id,
        "title": session.title,
        "agents": list(session.agents),
        "projects": list(session.projects),
        "start": rfc3339(session.start_ms),
        "start_date": zone.date(session.start_ms),
        "end": rfc3339(session.end_ms),
        "end_date": zone.date(session.end_ms),
        "event_count": session.event_count,
        "first_event_id": session.first_event_id,
        "last_event_id": session.last_event_id,
    }


def node_shape(node: Node, zone: Zone) -> Shape:
    """A node, without its children. The end of a period is exclusive, its `end_date` the last day."""
    is_segment = bool(node.first_event_id)
    return {
        "id": node.id,
        "level": node.level.value,
        "parent_id": node.parent_id,
        "title": node.title,
        "abstract": node.abstract,
        "bullets": [
            {"text": b.text, "type": b.type, "grip_ids": list(b.grip_ids), "weight": b.weight} for b in node.bullets
        ],
        "keywords": list(node.keywords),
        "start": rfc3339(node.start_ms),
        "start_date": zone.date(node.start_ms),
        "end": rfc3339(node.end_ms),
        "end_date": zone.date(node.end_ms if is_segment else node.end_ms - 1),
        "event_count": node.event_count,
        "child_count": node.child_count,
        "agents": list(node.agents),
        "projects": list(node.projects),
        "session": node.session,
        "first_event_id": node.first_event_id,
        "last_event_id": node.last_event_id,
        "version": node.version,
        "wording": {
            "summariser": node.wording.summariser,
            "model": node.wording.model,
            "prompt_version": node.wording.prompt_version,
            "answered": rfc3339(node.wording.answered_ms) if node.wording.answered_ms else "",
            "digest": node.wording.digest,
            "refusal": node.wording.refusal,
        },
    }


def grip_shape(grip: Grip) -> Shape:
    """A grip; `start` and `end` are code points of its event's text."""
    return {
        "id": grip.id,
        "excerpt": grip.excerpt,
        "event_id": grip.event_id,
        "start": grip.start,
        "end": grip.end,
        "session": grip.session,
        "segment_id": grip.segment_id,
    }


def hit_shape(rank: int, hit: Hit, zone: Zone) -> Shape:
    """A hit with its event, whole."""
    return {
        "rank": rank,
        "score": hit.score,
        "date": hit.date,
        "time": rfc3339(hit.recorded.event.time_ms),
        "excerpt": hit.excerpt,
        "grip_id": hit.grip_id,
        "node_id": hit.node_id,
        "session_title": hit.session_title,
        "types": [type.value for type in hit.types],
        "repeat_count": hit.repeat_count,
        "factor": hit.factor,
        "signals": [
            {"name": s.name, "rank": s.rank, "score": s.score, "contribution": s.contribution} for s in hit.signals
        ],
        "event": event_shape(hit.recorded, zone),
    }


def result_shape(query: str, options: SearchOptions, result: SearchResult, zone: Zone) -> Shape:
    """A search: what was asked, how it was understood, its hits."""
    return {
        "query": query,
        "tier": result.tier.value,
        "time_zone": zone.name,
        "timings_ms": result.timings_ms,
        "behind": result.behind,
        "now": _time(result.now_ms or None),
        "understood": reading_shape(query, result.understood),
        "weak": result.weak,
        "options": {
            "without": list(options.without),
            "recency": options.recency,
            "salience": options.salience,
            "diversity": options.diversity,
            "group_by_session": options.group_by_session,
            "repeats": options.repeats,
        },
        "hits": [hit_shape(rank, hit, zone) for rank, hit in enumerate(result.hits, 1)],
    }


def reading_shape(query: str, reading: TimeReading) -> Shape:
    """What a query says of time; a side that is open is empty, an offset that is open is null."""
    return {
        "spans": [
            {
                "text": query[span.start : span.end],
                "start": span.start,
                "end": span.end,
                "from": _time(span.from_ms),
                "until": _time(span.until_ms),
            }
            for span in reading.spans
        ],
        "order": reading.order.value,
        "anchor": reading.anchor,
        "anchor_from_ms": reading.anchor_from_ms,
        "anchor_until_ms": reading.anchor_until_ms,
        "anchor_event_id": reading.anchor_event_id,
        "anchor_sentence": reading.anchor_sentence,
        "cues": [{"text": query[start:end], "start": start, "end": end} for start, end in reading.cues],
    }


def context_shape(query: str, options: SearchOptions, block: ContextBlock, zone: Zone) -> Shape:
    """A context, what it cites, and the search that it was made of."""
    return {
        "text": block.text,
        "token_count": block.token_count,
        "tokenizer": block.tokenizer,
        "citations": [
            {
                "label": citation.label,
                "event_id": citation.event_id,
                "grip_id": citation.grip_id,
                "date": citation.date,
                "session": citation.session,
                "session_title": citation.session_title,
            }
            for citation in block.citations
        ],
        "left_out": block.left_out,
        "search": result_shape(query, options, block.result, zone),
    }


def _time(time_ms: int | None) -> str:
    return "" if time_ms is None else rfc3339(time_ms)


def day_shape(day: Day) -> Shape:
    """A day; its counts are 0 where nothing happened."""
    return {
        "date": day.date,
        "event_count": day.event_count,
        "session_count": day.session_count,
        "agents": list(day.agents),
        "projects": list(day.projects),
        "node_id": day.node_id,
        "title": day.title,
    }


def status_shape(status: Status) -> Shape:
    """The store and its views."""
    return {
        "healthy": status.healthy,
        "position": status.position,
        "event_count": status.event_count,
        "views": [
            {
                "name": view.name,
                "state": view.state.value,
                "position": view.position,
                "lag": view.lag,
                "oldest_pending_s": view.oldest_pending_s,
                "error": view.error,
                "error_position": view.error_position,
                "generation": view.generation,
            }
            for view in status.views
        ],
        "store_path": status.store_path,
        "time_zone": status.time_zone,
        "model_id": status.model_id,
        "store_format": status.store_format,
        "version": status.version,
        "start": rfc3339(status.start_ms),
        "disk_free_bytes": status.disk_free_bytes,
        "append_error": status.append_error,
        "spool": {
            "path": status.spool.path,
            "waiting": status.spool.waiting,
            "oldest_waiting_s": status.spool.oldest_waiting_s,
            "drained": status.spool.drained,
            "skipped": status.spool.skipped,
            "refused": status.spool.refused,
            "lost": status.spool.lost,
            "redacted": status.spool.redacted,
            "paused": status.spool.paused,
            "error": status.spool.error,
        },
        "summaries": summaries_status_shape(status.summaries),
    }


def summaries_status_shape(status: SummariesStatus) -> Shape:
    """How the wording of the contents is."""
    return {
        "state": status.state.value,
        "provider": status.provider,
        "model": status.model,
        "reason": status.reason,
        "until": rfc3339(status.until_ms) if status.until_ms else "",
        "waiting": status.waiting,
        "worded": status.worded,
        "set_aside": status.set_aside,
        "left_out": status.left_out,
        "under_way": list(status.under_way),
        "today": {
            "calls": status.calls_today,
            "tokens": status.tokens_today,
            "tokens_max": status.tokens_per_day_max,
            "usd": status.usd_today,
            "usd_max": status.usd_per_day_max,
            "unpriced": status.unpriced_today,
            "refused": status.refused_today,
            "failed": status.failed_today,
            "interrupted": status.interrupted_today,
        },
        "last_error": status.last_error,
        "last_error_time": rfc3339(status.last_error_ms) if status.last_error_ms else "",
    }


def verdict_shape(verdict: ReplayVerdict) -> Shape:
    """What a replay found."""
    return {
        "view": verdict.view,
        "identical": verdict.identical,
        "first_difference": verdict.first_difference,
        "position": verdict.position,
        "duration_s": verdict.duration_s,
    }
