"""Every field of every answer is filled, and every number has its name."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.message import Message

from agent_memory._pb.agent_memory.v1 import (
    admin_service_pb2,
    contents_service_pb2,
    event_pb2,
    event_service_pb2,
    filter_pb2,
    grip_service_pb2,
    search_service_pb2,
    session_service_pb2,
)
from agent_memory.annotation import MemoryType
from agent_memory.api.wire import admin, contents, enums, events, search
from agent_memory.errors import UnknownFormat
from agent_memory.events import Kind, Receipt, Role
from agent_memory.indexes.model import Session
from agent_memory.memory import (
    Day,
    Days,
    Filter,
    GripContext,
    ReplayProgress,
    ReplayVerdict,
    Root,
    SpoolStatus,
    Status,
    Timeline,
    VerifyFinding,
    VerifyProgress,
    VerifyVerdict,
    ViewState,
    ViewStatus,
)
from agent_memory.retrieval.context import Citation, ContextBlock
from agent_memory.retrieval.model import Hit, SearchOptions, SearchResult, Signal, Tier
from agent_memory.temporal import TimeOrder, TimeReading, TimeSpan
from agent_memory.toc.material import Level
from agent_memory.toc.model import Bullet, Grip, Node, Wording
from tests.unit.api.wire_values import AN_EVENT


def full_messages() -> list[Message]:
    """Messages made from domain values in which nothing is left at its default."""
    event = events.event_to_pb(AN_EVENT)
    grip = Grip(id="g", excerpt="x\ud800", event_id="e", start=1, end=2, session="s", segment_id="n")
    node = Node(
        id="n",
        level=Level.DAY,
        parent_id="p",
        title="t",
        bullets=(Bullet(text="b", grip_ids=("g",), type="decision"),),
        keywords=("k",),
        start_ms=1,
        end_ms=2,
        event_count=3,
        child_count=4,
        agents=("a",),
        projects=("p",),
        session="s",
        first_event_id="f",
        last_event_id="l",
        version=5,
        abstract="a",
        wording=Wording(
            summariser="s", model="m", prompt_version="1", answered_ms=6, digest="d" * 64, refusal="nothing proven"
        ),
    )
    day = Day(date="d", event_count=1, session_count=2, agents=("a",), projects=("p",), node_id="n", title="t")
    view = ViewStatus(
        name="toc",
        state=ViewState.FAILED,
        position=1,
        lag=2,
        oldest_pending_s=3.0,
        error="e",
        error_position=4,
        generation=5,
    )
    hit = Hit(
        recorded=AN_EVENT,
        score=1.0,
        signals=(Signal(name="lexical", rank=1, score=2.0, contribution=3.0),),
        excerpt="x\ud800",
        grip_id="g",
        date="d",
        session_title="t",
        node_id="n",
        types=(MemoryType.ERROR, MemoryType.DECISION),
        repeat_count=4,
    )
    reading = TimeReading(
        spans=(TimeSpan(start=1, end=2, from_ms=3, until_ms=4),),
        order=TimeOrder.LATEST,
        anchor="a",
        anchor_from_ms=-5,
        anchor_until_ms=6,
        anchor_event_id=AN_EVENT.event.id,
        anchor_sentence="b",
        cues=((1, 2),),
    )
    result = SearchResult(
        hits=(hit,),
        tier=Tier.HYBRID,
        timings_ms={"lexical": 1.0},
        behind={"vectors": 2},
        understood=reading,
        now_ms=7,
        weak=True,
    )
    citation = Citation(label="[1]", event_id="e", grip_id="g", date="d", session="s", session_title="t")
    block = ContextBlock(text="x\ud800", token_count=1, tokenizer="t", citations=(citation,), left_out=2, result=result)
    status = Status(
        healthy=True,
        position=1,
        event_count=2,
        views=(view,),
        store_path="/s",
        time_zone="z",
        model_id="m",
        store_format=3,
        version="v",
        start_ms=4,
        disk_free_bytes=5,
        append_error="e",
        spool=SpoolStatus(
            path="/p",
            waiting=1,
            oldest_waiting_s=2.0,
            drained=3,
            skipped=4,
            refused=5,
            lost=6,
            redacted={"jwt": 7},
            paused=True,
            error="e",
        ),
    )
    session = Session(
        id="s",
        title="t",
        agents=("a",),
        projects=("p",),
        start_ms=1,
        end_ms=2,
        event_count=3,
        first_event_id="f",
        last_event_id="l",
    )
    where = Filter(
        from_="f",
        until="u",
        agents=("a",),
        projects=("p",),
        sessions=("s",),
        roles=(Role.USER,),
        kinds=(Kind.OTHER,),
        types=(MemoryType.ERROR,),
    )
    return [
        event,
        events.receipt_to_pb(Receipt("e", 1, True)),
        events.filter_to_pb(where),
        contents.root_to_pb(Root(years=(node,), event_count=1, time_zone="z")),
        contents.days_to_pb(Days(days=(day,), time_zone="z")),
        contents.grip_context_to_pb(GripContext(grip=grip, events=(AN_EVENT,))),
        contents.session_to_pb(session),
        search.options_to_pb(
            SearchOptions(
                now_ms=1,
                without=("time",),
                recency=0.1,
                salience=0.2,
                diversity=0.3,
                group_by_session=True,
                repeats=True,
            )
        ),
        search.context_to_pb(block, query="query"),
        events.timeline_to_pb(Timeline(event_id="e", events=(AN_EVENT,), more_before=True, more_after=True)),
        admin.status_to_pb(status),
        admin.replay_report_to_pb(ReplayProgress(view="toc", position=1, target=2)),
        admin.replay_report_to_pb(
            ReplayVerdict(view="toc", identical=True, first_difference="d", position=1, duration_s=2.0)
        ),
        admin.verify_report_to_pb(VerifyProgress(check="c", done=1, total=2)),
        admin.verify_report_to_pb(VerifyFinding(check="c", message="m")),
        admin.verify_report_to_pb(VerifyVerdict(sound=True, checks=("c",), finding_count=1)),
    ]


def set_fields(message: Message) -> set[tuple[str, str]]:
    """Every (message, field) that is set in it or in what it holds."""
    found: set[tuple[str, str]] = set()
    for field, value in message.ListFields():
        found.add((message.DESCRIPTOR.name, field.name))
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        for part in value if field.is_repeated else [value]:
            found |= set_fields(part)
    return found


def test_every_field_of_every_answer_is_filled() -> None:
    """A field that the proto gains has no place here until it is carried."""
    files = (
        event_pb2,
        event_service_pb2,
        filter_pb2,
        session_service_pb2,
        contents_service_pb2,
        grip_service_pb2,
        search_service_pb2,
        admin_service_pb2,
    )
    # Requests are the servicers' part (test_request_fields); these answers only wrap what is converted here.
    wrappers = {
        "AppendEventResponse",
        "BatchAppendEventsResponse",
        "StreamAppendEventsResponse",
        "StreamAppendResult",
        "AppendError",
        "BatchGetEventsResponse",
        "ListEventsResponse",
        "ListSessionsResponse",
        "ListChildrenResponse",
        "ListNodeVersionsResponse",
    }
    all_fields = {
        (message.name, field.name)
        for file in files
        for message in file.DESCRIPTOR.message_types_by_name.values()
        if not message.name.endswith("Request") and message.name not in wrappers
        for field in message.fields
    }
    filled: set[tuple[str, str]] = set()
    for message in full_messages():
        filled |= set_fields(message)

    assert set() == all_fields - filled


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (enums.KINDS, event_pb2.EventKind),
        (enums.ROLES, event_pb2.Role),
        (enums.LEVELS, contents_service_pb2.NodeLevel),
        (enums.TIERS, search_service_pb2.SearchTier),
        (enums.TIME_ORDERS, search_service_pb2.TimeOrder),
        (enums.VIEW_STATES, admin_service_pb2.ViewState),
    ],
)
def test_an_enum_table_pairs_every_member_with_the_number_of_its_name(table: Any, words: Any) -> None:
    named = {word.rsplit("_", 1)[-1]: number for word, number in words.items()}
    for member, number in table.number_of.items():
        assert words.Name(number).endswith(f"_{member.name}"), (member, named)

    assert set(words.values()) - {0} == set(table.member_of)


def test_a_number_that_only_a_newer_daemon_knows_is_named() -> None:
    with pytest.raises(UnknownFormat, match="search tier has format 99"):
        enums.TIERS.read(99)
