"""Records: every event comes back as it was; old records are lifted; broken ones are named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_memory._pb.agent_memory.storage.v1.event_record_pb2 import EventRecord
from agent_memory._pb.agent_memory.v1 import event_pb2
from agent_memory.errors import Corrupt, UnknownFormat
from agent_memory.events import Event, Kind, Role, codec, event_from_record, event_to_record
from agent_memory.testing.events import event
from agent_memory.testing.strategies import any_events, names, texts


@given(any_events())
def test_an_event_comes_back_as_it_was(given_event: Event) -> None:
    assert given_event == event_from_record(given_event.id, event_to_record(given_event))


@given(texts(max_size=2000))
def test_any_text_comes_back_verbatim(text: str) -> None:
    recorded = event(text)

    assert text == event_from_record(recorded.id, event_to_record(recorded)).text


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
def test_a_text_of_any_length_comes_back(size: int) -> None:
    recorded = event("x" * size)

    assert recorded == event_from_record(recorded.id, event_to_record(recorded))


@given(any_events(), st.dictionaries(names(min_size=1), names(), max_size=1))
def test_the_library_writes_the_same_bytes(given_event: Event, metadata: dict[str, str]) -> None:
    """At most one entry of metadata: the order of several is the library's own affair."""
    e = Event(
        **{f: getattr(given_event, f) for f in given_event.__struct_fields__ if f != "metadata"}, metadata=metadata
    )
    record = EventRecord(
        format=1,
        kind=codec.KIND_NUMBERS[e.kind],
        role=codec.ROLE_NUMBERS[e.role],
        text=e.text.encode("utf-8", "surrogatepass"),
        metadata=e.metadata,
        **{name: getattr(e, name) for name in NAMES},
    )

    assert record.SerializeToString(deterministic=True) == event_to_record(e)


NAMES = ("session", "agent", "project", "speaker", "source", "source_id", "tool_name", "tool_call_id")


@given(st.dictionaries(names(min_size=1), names(), max_size=5))
def test_equal_events_have_equal_records(metadata: dict[str, str]) -> None:
    backwards = dict(reversed(metadata.items()))

    assert event_to_record(event(metadata=metadata)) == event_to_record(event(metadata=backwards))


def test_the_numbers_are_those_of_the_api() -> None:
    assert {f"EVENT_KIND_{k.name}": n for k, n in codec.KIND_NUMBERS.items()} == {
        name: n for name, n in event_pb2.EventKind.items() if n
    }
    assert {f"ROLE_{r.name}": n for r, n in codec.ROLE_NUMBERS.items()} == {
        name: n for name, n in event_pb2.Role.items() if n
    }
    assert set(Kind) == set(codec.KIND_NUMBERS)
    assert set(Role) == set(codec.ROLE_NUMBERS)


def test_an_old_record_is_lifted_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def speaker_was_agent(record: EventRecord) -> EventRecord:
        record.speaker, record.agent = record.agent, ""
        return record

    def sessions_were_bare(record: EventRecord) -> EventRecord:
        record.session = "session/" + record.session
        return record

    old = event_to_record(event("hello", agent="Ada", session="7"))
    monkeypatch.setattr(codec, "RECORD_FORMAT", 3)
    monkeypatch.setattr(codec, "UPCASTS", {1: speaker_was_agent, 2: sessions_were_bare})
    lifted = event_from_record(event("hello").id, old)

    assert ("session/7", "", "Ada", "hello") == (lifted.session, lifted.agent, lifted.speaker, lifted.text)


def test_a_record_of_a_newer_format_is_refused() -> None:
    record = EventRecord(format=2, kind=1, role=1, session="s").SerializeToString()
    with pytest.raises(UnknownFormat) as caught:
        event_from_record(event().id, record)

    assert (2, 1) == (caught.value.found, caught.value.supported)


@pytest.mark.parametrize(
    "record",
    [
        b"\xff\xff\xff",
        b"",
        EventRecord(format=1, kind=99, role=1).SerializeToString(),
        EventRecord(format=1, kind=1, role=0).SerializeToString(),
        EventRecord(format=1, kind=1, role=1, text=b"\xff\xfe").SerializeToString(),
    ],
    ids=["no protobuf", "empty", "unknown kind", "no role", "no WTF-8"],
)
def test_a_broken_record_is_named(record: bytes) -> None:
    with pytest.raises(Corrupt, match=event().id):
        event_from_record(event().id, record)
