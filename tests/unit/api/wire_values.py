"""Values of every message of the API, drawn by hypothesis, and their way there and back."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message
from hypothesis import strategies as st

from agent_memory.annotation import MemoryType
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
from agent_memory.toc.model import Bullet, Grip, Node, Wording

# What a proto string can hold, and what an event's text can: any code point, lone surrogates too.
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


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


bullets = st.builds(
    Bullet, text=names, grip_ids=some_names, weight=st.just(0.0), type=st.sampled_from(["", "decision", "question"])
)


wordings = st.builds(
    Wording,
    summariser=names,
    model=names,
    prompt_version=names,
    answered_ms=times_ms,
    digest=names,
    refusal=names,
)


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
    abstract=names,
    wording=wordings,
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
