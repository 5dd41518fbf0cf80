"""What is sent arrives as it was: every value that crosses the wire."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from agent_memory._pb.agent_memory.v1 import (
    search_service_pb2,
)
from agent_memory.api.wire import admin, contents, events, search
from agent_memory.events import Draft, Kind, Receipt, Recorded
from agent_memory.indexes.model import Session
from agent_memory.memory import (
    Days,
    Filter,
    GripContext,
    Root,
    Status,
    Timeline,
)
from agent_memory.retrieval.context import ContextBlock
from agent_memory.retrieval.model import Hit, SearchOptions, SearchResult, Tier
from agent_memory.temporal import TimeReading, TimeSpan
from agent_memory.toc.model import Node
from tests.unit.api.wire_values import (
    AN_EVENT,
    blocks,
    days,
    drafts,
    filters,
    grip_contexts,
    hits,
    nodes,
    options,
    receipts,
    recorded,
    replay_reports,
    results,
    roots,
    sessions,
    statuses,
    texts,
    there_and_back,
    timelines,
    verify_reports,
)


@given(drafts)
@example(Draft(kind=Kind.USER_MESSAGE, session="s", text="\ud83d\ude00 two halves, CRLF\r\n, NUL\0, and \ud800"))
def test_a_draft_arrives_as_it_was_sent(draft: Draft) -> None:
    arrived = events.draft_from_pb(there_and_back(events.draft_to_pb(draft)))

    assert draft == arrived


def test_what_nobody_said_of_an_event_is_marked() -> None:
    """In code points of the exact text."""
    marked = [(span.start, span.end, span.what) for span in events.event_to_pb(AN_EVENT).scaffolding]

    assert [(15, 52, "memory")] == marked


@given(recorded)
def test_an_event_is_read_as_it_was_recorded(event: Recorded) -> None:
    assert event == events.event_from_pb(there_and_back(events.event_to_pb(event)))


@given(receipts)
def test_a_receipt_round_trips(receipt: Receipt) -> None:
    assert receipt == events.receipt_from_pb(there_and_back(events.receipt_to_pb(receipt)))


@given(filters)
def test_a_filter_round_trips(where: Filter) -> None:
    assert where == events.filter_from_pb(there_and_back(events.filter_to_pb(where)))


@given(st.booleans())
def test_an_order_round_trips(newest_first: bool) -> None:
    assert newest_first == events.newest_first_from_pb(events.order_to_pb(newest_first))


@given(nodes)
def test_a_node_round_trips(node: Node) -> None:
    assert node == contents.node_from_pb(there_and_back(contents.node_to_pb(node)))


@given(roots)
def test_a_root_round_trips(root: Root) -> None:
    assert root == contents.root_from_pb(there_and_back(contents.root_to_pb(root)))


@given(days)
def test_days_round_trip(days: Days) -> None:
    assert days == contents.days_from_pb(there_and_back(contents.days_to_pb(days)))


@given(grip_contexts)
def test_a_grip_and_its_context_round_trip(context: GripContext) -> None:
    assert context == contents.grip_context_from_pb(there_and_back(contents.grip_context_to_pb(context)))


@given(sessions)
def test_a_session_round_trips(session: Session) -> None:
    assert session == contents.session_from_pb(there_and_back(contents.session_to_pb(session)))


@given(timelines)
def test_a_timeline_round_trips(timeline: Timeline) -> None:
    assert timeline == events.timeline_from_pb(there_and_back(events.timeline_to_pb(timeline)))


@given(results, texts)
def test_a_search_result_round_trips(result: SearchResult, query: str) -> None:
    assert result == search.result_from_pb(there_and_back(search.result_to_pb(result, query=query)))


@given(blocks, texts)
def test_a_context_block_round_trips(block: ContextBlock, query: str) -> None:
    assert block == search.context_from_pb(there_and_back(search.context_to_pb(block, query=query)))


@given(options)
def test_search_options_round_trip(options: SearchOptions) -> None:
    assert options == search.options_from_pb(there_and_back(search.options_to_pb(options)))


def test_the_words_of_a_time_are_told_with_what_they_mean() -> None:
    """By the words themselves: code points are awkward to count in other languages."""
    reading = TimeReading(spans=(TimeSpan(start=7, end=16, from_ms=1_000, until_ms=None),))
    result = SearchResult(hits=(), tier=Tier.HYBRID, timings_ms={}, understood=reading, now_ms=5)
    (span,) = search.result_to_pb(result, query="what 🦘 yesterday").understood.spans

    assert ("yesterday", 1, False) == (span.text, span.from_time.seconds, span.HasField("until_time"))


def test_times_beyond_what_a_timestamp_may_be_are_cut_to_it() -> None:
    """Others refuse to read them: grpcurl, for one."""
    reading = TimeReading(spans=(TimeSpan(start=0, end=1, from_ms=-(1 << 60), until_ms=1 << 60),))
    result = SearchResult(hits=(), tier=Tier.HYBRID, timings_ms={}, understood=reading)
    (span,) = search.result_to_pb(result, query="x").understood.spans

    assert ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z") == (
        span.from_time.ToJsonString(),
        span.until_time.ToJsonString(),
    )


@given(hits)
def test_a_daemon_that_knows_no_factor_has_multiplied_by_none(hit: Hit) -> None:
    message = search.result_to_pb(SearchResult(hits=(hit,), tier=Tier.HYBRID, timings_ms={}), query="")
    message.hits[0].ClearField("factor")

    assert 1.0 == search.result_from_pb(message).hits[0].factor


def test_a_daemon_that_says_nothing_of_time_has_understood_nothing() -> None:
    """As those of 0.1.0 do."""
    arrived = search.result_from_pb(search_service_pb2.SearchResponse(tier="SEARCH_TIER_LEXICAL"))  # type: ignore[arg-type]

    assert arrived.understood.is_timeless


@given(statuses)
def test_a_status_round_trips(status: Status) -> None:
    assert status == admin.status_from_pb(there_and_back(admin.status_to_pb(status)))


@given(replay_reports)
def test_a_report_of_replay_round_trips(report: Any) -> None:
    assert report == admin.replay_report_from_pb(there_and_back(admin.replay_report_to_pb(report)))


@given(verify_reports)
def test_a_report_of_verify_round_trips(report: Any) -> None:
    assert report == admin.verify_report_from_pb(there_and_back(admin.verify_report_to_pb(report)))
