"""Domain values cross the wire unharmed, and no field of a message is forgotten."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import example, given
from hypothesis import strategies as st

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
from agent_memory.errors import InvalidEvent, InvalidQuery, UnknownFormat
from agent_memory.events import Draft, Event, Kind, Receipt, Recorded, Role
from agent_memory.events.ulids import ULID_RANDOM_MAX, ulid_of
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
from agent_memory.retrieval.model import SIGNALS, Hit, SearchOptions, SearchResult, Signal, Tier
from agent_memory.temporal import TimeOrder, TimeReading, TimeSpan
from agent_memory.toc.material import Level
from agent_memory.toc.model import Bullet, Grip, Node

# What a proto string can hold, and what an event's text can: any code point, lone surrogates too.
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
some_names = st.lists(names, max_size=3).map(tuple)
texts = st.text(st.characters(), max_size=40)
times_ms = st.integers(0, 253_402_300_799_999)
ids = st.builds(ulid_of, times_ms, st.integers(0, ULID_RANDOM_MAX))
positions = st.integers(0, 2**63 - 1)
counts = st.integers(0, 2**31 - 1)
numbers = st.floats(allow_nan=False)
metadata = st.dictionaries(names, names, max_size=3)

drafts = st.builds(
    Draft,
    kind=st.sampled_from(Kind),
    session=names,
    text=texts,
    role=st.none() | st.sampled_from(Role),
    id=names,
    time_ms=st.none() | st.integers(-62_135_596_800_000, 253_402_300_799_999),
    agent=names,
    project=names,
    speaker=names,
    source=names,
    source_id=names,
    tool_name=names,
    tool_call_id=names,
    metadata=metadata,
)
recorded = st.builds(
    Recorded,
    positions,
    st.builds(
        Event,
        id=ids,
        kind=st.sampled_from(Kind),
        role=st.sampled_from(Role),
        session=names,
        agent=names,
        project=names,
        text=texts,
        speaker=names,
        source=names,
        source_id=names,
        tool_name=names,
        tool_call_id=names,
        metadata=metadata,
    ),
)
some_types = st.lists(st.sampled_from(MemoryType), max_size=3).map(tuple)
receipts = st.builds(Receipt, ids, positions, st.booleans())
filters = st.builds(
    Filter,
    from_=names,
    until=names,
    agents=some_names,
    projects=some_names,
    sessions=some_names,
    roles=st.lists(st.sampled_from(Role), max_size=3).map(tuple),
    kinds=st.lists(st.sampled_from(Kind), max_size=3).map(tuple),
    types=some_types,
)
bullets = st.builds(Bullet, text=names, grip_ids=some_names, weight=st.just(0.0))
nodes = st.builds(
    Node,
    id=names,
    level=st.sampled_from(Level),
    parent_id=names,
    title=names,
    bullets=st.lists(bullets, max_size=3).map(tuple),
    keywords=some_names,
    start_ms=times_ms,
    end_ms=times_ms,
    event_count=positions,
    child_count=counts,
    agents=some_names,
    projects=some_names,
    session=names,
    first_event_id=names,
    last_event_id=names,
    version=positions,
)
roots = st.builds(Root, years=st.lists(nodes, max_size=2).map(tuple), event_count=positions, time_zone=names)
days = st.builds(
    Days,
    days=st.lists(
        st.builds(
            Day,
            date=names,
            event_count=positions,
            session_count=counts,
            agents=some_names,
            projects=some_names,
            node_id=names,
            title=names,
        ),
        max_size=2,
    ).map(tuple),
    time_zone=names,
)
grips = st.builds(
    Grip, id=names, excerpt=texts, event_id=names, start=counts, end=counts, session=names, segment_id=names
)
grip_contexts = st.builds(GripContext, grip=grips, events=st.lists(recorded, max_size=2).map(tuple))
sessions = st.builds(
    Session,
    id=names,
    title=names,
    agents=some_names,
    projects=some_names,
    start_ms=times_ms,
    end_ms=times_ms,
    event_count=positions,
    first_event_id=names,
    last_event_id=names,
)
hits = st.builds(
    Hit,
    recorded=recorded,
    score=numbers,
    signals=st.lists(st.builds(Signal, name=names, rank=counts, score=numbers, contribution=numbers), max_size=2).map(
        tuple
    ),
    excerpt=texts,
    grip_id=names,
    date=names,
    session_title=names,
    node_id=names,
    types=some_types,
    repeat_count=counts,
    factor=st.floats(0.25, 2.25),
)
readings = st.builds(
    TimeReading,
    spans=st.lists(
        st.builds(TimeSpan, start=counts, end=counts, from_ms=st.none() | times_ms, until_ms=st.none() | times_ms),
        max_size=2,
    ).map(tuple),
    order=st.sampled_from(TimeOrder),
    anchor=names,
    anchor_from_ms=st.none() | st.integers(-(1 << 40), 1 << 40),
    anchor_until_ms=st.none() | st.integers(-(1 << 40), 1 << 40),
    anchor_event_id=st.just("") | ids,
    anchor_sentence=names,
    cues=st.lists(st.tuples(counts, counts), max_size=2).map(tuple),
)
options = st.builds(
    SearchOptions,
    now_ms=st.none() | times_ms,
    without=st.lists(names | st.sampled_from(SIGNALS), max_size=3).map(tuple),
    recency=numbers,
    salience=numbers,
    diversity=numbers,
    group_by_session=st.booleans(),
    repeats=st.booleans(),
)
timelines = st.builds(
    Timeline,
    event_id=names,
    events=st.lists(recorded, max_size=2).map(tuple),
    more_before=st.booleans(),
    more_after=st.booleans(),
)
results = st.builds(
    SearchResult,
    hits=st.lists(hits, max_size=2).map(tuple),
    tier=st.sampled_from(Tier),
    timings_ms=st.dictionaries(names, numbers, max_size=3),
    understood=readings,
    now_ms=times_ms,
    behind=st.dictionaries(names, st.integers(1, 1 << 40), max_size=2),
    weak=st.booleans(),
)
blocks = st.builds(
    ContextBlock,
    text=texts,
    token_count=counts,
    tokenizer=names,
    citations=st.lists(
        st.builds(Citation, label=names, event_id=names, grip_id=names, date=names, session=names, session_title=names),
        max_size=2,
    ).map(tuple),
    left_out=counts,
    result=results,
)
statuses = st.builds(
    Status,
    healthy=st.booleans(),
    position=positions,
    event_count=positions,
    views=st.lists(
        st.builds(
            ViewStatus,
            name=names,
            state=st.sampled_from(ViewState),
            position=positions,
            lag=positions,
            oldest_pending_s=numbers,
            error=names,
            error_position=positions,
            generation=counts,
        ),
        max_size=2,
    ).map(tuple),
    store_path=names,
    time_zone=names,
    model_id=names,
    store_format=counts,
    version=names,
    start_ms=times_ms,
    disk_free_bytes=positions,
    append_error=names,
)
replay_reports = st.builds(ReplayProgress, view=names, position=positions, target=positions) | st.builds(
    ReplayVerdict, view=names, identical=st.booleans(), first_difference=names, position=positions, duration_s=numbers
)
verify_reports = (
    st.builds(VerifyProgress, check=names, done=positions, total=positions)
    | st.builds(VerifyFinding, check=names, message=names)
    | st.builds(VerifyVerdict, sound=st.booleans(), checks=some_names, finding_count=positions)
)

AN_EVENT = Recorded(
    7,
    Event(
        id=ulid_of(1_768_469_400_123, 5),
        kind=Kind.TOOL_CALL,
        role=Role.ASSISTANT,
        session="s",
        agent="a",
        project="p",
        text="half a pair: \ud83d <agent-memory>recalled</agent-memory>",
        speaker="Kari",
        source="hook",
        source_id="1",
        tool_name="bash",
        tool_call_id="c1",
        metadata={"k": "v"},
    ),
)


def there_and_back(message: Message) -> Any:
    """The message as the other side gets it."""
    return type(message).FromString(message.SerializeToString())


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


# -- nothing is forgotten --------------------------------------------------------------------


def full_messages() -> list[Message]:
    """Messages made from domain values in which nothing is left at its default."""
    event = events.event_to_pb(AN_EVENT)
    grip = Grip(id="g", excerpt="x\ud800", event_id="e", start=1, end=2, session="s", segment_id="n")
    node = Node(
        id="n",
        level=Level.DAY,
        parent_id="p",
        title="t",
        bullets=(Bullet(text="b", grip_ids=("g",)),),
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


# -- what cannot be ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (event_pb2.Event(session="s", text="t"), "kind"),
        (event_pb2.Event(kind=99, session="s", text="t"), "kind"),  # type: ignore[arg-type]
        (event_pb2.Event(kind="EVENT_KIND_OTHER", session="s", text="t", role=9), "role"),  # type: ignore[arg-type]
        (event_pb2.Event(kind="EVENT_KIND_OTHER", text="t", text_wtf8=b"t"), "text_wtf8"),  # type: ignore[arg-type]
        (event_pb2.Event(kind="EVENT_KIND_OTHER", text_wtf8=b"\xff"), "text_wtf8"),  # type: ignore[arg-type]
        (event_pb2.Event(kind="EVENT_KIND_OTHER", time=Timestamp(nanos=-1)), "time"),  # type: ignore[arg-type]
    ],
)
def test_an_event_that_makes_no_sense_is_refused_by_its_field(message: event_pb2.Event, field: str) -> None:
    with pytest.raises(InvalidEvent) as refused:
        events.draft_from_pb(message)

    assert field == refused.value.field


def test_a_batch_names_the_event_that_makes_no_sense() -> None:
    good = events.draft_to_pb(Draft(kind=Kind.OTHER, session="s", text="t"))
    with pytest.raises(InvalidEvent) as refused:
        events.drafts_from_pb([good, good, event_pb2.Event()])

    assert "events[2].kind" == refused.value.field


@pytest.mark.parametrize("field", ["session", "agent", "source_id", "metadata['k']"])
def test_a_lone_surrogate_in_a_name_is_refused_before_it_is_sent(field: str) -> None:
    names = {"metadata": {"k": "\udfff"}} if field.startswith("metadata") else {field: "\udfff"}
    with pytest.raises(InvalidEvent) as refused:
        events.draft_to_pb(Draft(**{"kind": Kind.OTHER, "session": "s", "text": "t", **names}))

    assert field == refused.value.field


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (filter_pb2.Filter(roles=[1, 0]), "filter.roles[1]"),  # type: ignore[list-item]
        (filter_pb2.Filter(kinds=[77]), "filter.kinds[0]"),  # type: ignore[list-item]
        (filter_pb2.Filter(types=[7, 9]), "filter.types[1]"),  # type: ignore[list-item]
    ],
)
def test_a_filter_with_a_number_without_meaning_is_refused(message: filter_pb2.Filter, field: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        events.filter_from_pb(message)

    assert field == refused.value.field


def test_a_type_without_meaning_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidQuery) as refused:
        events.filter_from_pb(filter_pb2.Filter(types=[99]))  # type: ignore[list-item]

    assert [] == [type.name for type in MemoryType if f"MEMORY_TYPE_{type.name}" not in refused.value.hint]


def test_a_type_that_only_a_newer_daemon_knows_is_passed_over() -> None:
    message = event_pb2.Event(types=[99, 1])  # type: ignore[list-item]

    assert (MemoryType.DECISION,) == events.types_from_pb(message)


def test_an_event_carries_what_its_text_states() -> None:
    said = msgspec.structs.replace(AN_EVENT.event, kind=Kind.USER_MESSAGE, text="We decided to ship. Which port?")
    message = there_and_back(events.event_to_pb(Recorded(1, said)))

    assert (MemoryType.DECISION, MemoryType.QUESTION) == events.types_from_pb(message)


def test_an_order_without_meaning_is_refused() -> None:
    with pytest.raises(InvalidQuery, match="order"):
        events.newest_first_from_pb(3)


def test_finer_digits_of_a_time_are_cut() -> None:
    message = event_pb2.Event(kind="EVENT_KIND_OTHER", time=Timestamp(seconds=5, nanos=1_999_999))  # type: ignore[arg-type]

    assert 5_001 == events.draft_from_pb(message).time_ms
