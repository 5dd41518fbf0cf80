"""What cannot be is refused by its field, and what only a newer daemon knows is passed over."""

from __future__ import annotations

import msgspec
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from agent_memory._pb.agent_memory.v1 import (
    event_pb2,
    filter_pb2,
)
from agent_memory.annotation import MemoryType
from agent_memory.api.wire import events
from agent_memory.errors import InvalidEvent, InvalidQuery
from agent_memory.events import Draft, Kind, Recorded
from tests.unit.api.wire_values import AN_EVENT, there_and_back


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
