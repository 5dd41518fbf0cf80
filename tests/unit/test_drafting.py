"""From drafts to events: defaults, and what bad input gets."""

from __future__ import annotations

from enum import Enum
from typing import Any

import pytest
from hypothesis import given

from agent_memory.clock import RandomIds
from agent_memory.errors import InvalidEvent
from agent_memory.events import Draft, Event, EventLimits, Kind, Role, complete, complete_all
from agent_memory.events.ulids import derived_ulid, is_ulid, ulid_of, ulid_time_ms
from agent_memory.testing.events import NOON_MS, draft
from agent_memory.testing.strategies import texts

ULID = ulid_of(NOON_MS, 7)
DAY_MS = 24 * 3_600_000


class NoonClock:
    def now_ms(self) -> int:
        return NOON_MS


def completed(given_draft: Draft, limits: EventLimits = EventLimits()) -> Event:  # noqa: B008 - frozen
    return complete(given_draft, clock=NoonClock(), ids=RandomIds(), limits=limits)


def test_the_least_draft_gets_time_id_and_role() -> None:
    made = completed(draft("hello"))

    assert (NOON_MS, Role.USER, "hello") == (made.time_ms, made.role, made.text)
    assert is_ulid(made.id)


def test_what_the_draft_says_is_kept() -> None:
    fields: dict[str, Any] = {
        "kind": Kind.TOOL_RESULT,
        "role": Role.SYSTEM,
        "session": "s é",
        "agent": "codex",
        "project": "/p",
        "text": "a\x00\r\n\ud800",
        "speaker": "Ada",
        "source": "hook",
        "source_id": "1",
        "tool_name": "bash",
        "tool_call_id": "c",
        "metadata": {"k": "v", "ключ": ""},
    }
    made = completed(Draft(id=ULID, **fields))

    assert {"id": ULID, **fields} == {f: getattr(made, f) for f in ("id", *fields)}


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_implies_a_role(kind: Kind) -> None:
    assert completed(draft("x", kind=kind)).role in Role


def test_an_id_gives_the_time() -> None:
    assert (ULID, NOON_MS) == (completed(draft(id=ULID)).id, completed(draft(id=ULID)).time_ms)
    assert ULID == completed(draft(id=ULID, time_ms=NOON_MS)).id


def test_an_id_that_is_given_stands_before_the_source() -> None:
    assert ULID == completed(draft(id=ULID, source="hook", source_id="1")).id


def test_a_source_gives_the_id_so_that_a_retry_gets_the_same() -> None:
    one = completed(draft(time_ms=5, source="hook", source_id="1"))

    assert derived_ulid(5, "hook", "1") == one.id == completed(draft(time_ms=5, source="hook", source_id="1")).id


def test_without_either_the_id_is_new() -> None:
    assert completed(draft()).id != completed(draft()).id
    assert 5 == ulid_time_ms(completed(draft(time_ms=5)).id)


@pytest.mark.parametrize("kind", [Kind.TOOL_RESULT, Kind.SESSION_START, Kind.SESSION_END, Kind.COMPACTION])
def test_kinds_that_speak_for_themselves_need_no_text(kind: Kind) -> None:
    assert "" == completed(draft("", kind=kind)).text
    assert " \n" == completed(draft(" \n", kind=kind)).text


@given(texts(min_size=1).filter(lambda text: not text.isspace()))
def test_any_text_that_is_not_blank_is_legal(text: str) -> None:
    assert text == completed(draft(text)).text


@pytest.mark.parametrize("time_ms", [0, 1, NOON_MS + DAY_MS])
def test_times_at_the_edge_are_legal(time_ms: int) -> None:
    assert time_ms == completed(draft(time_ms=time_ms)).time_ms


SMALL = EventLimits(text_bytes_max=10, metadata_bytes_max=10, name_bytes_max=8)

BAD: list[tuple[str, dict[str, Any], str, str]] = [
    ("a word", {"id": "nonsense"}, "id", "is no ULID"),
    ("lower case", {"id": ULID.lower()}, "id", "lower case"),
    ("too short", {"id": ULID[:-1]}, "id", "is no ULID"),
    ("id beyond 128 bits", {"id": "8" + ULID[1:]}, "id", "is no ULID"),
    ("time is not the id's", {"id": ULID, "time_ms": NOON_MS + 1}, "time", "disagrees with the id"),
    ("before 1970", {"time_ms": -1}, "time", "before 1970, at 1969-12-31T23:59:59.999Z"),
    ("too far ahead", {"time_ms": NOON_MS + DAY_MS + 1}, "time", r"ahead, at 20..-..-..T..:..:00.001Z"),
    ("microseconds", {"time_ms": NOON_MS * 1000}, "time", rf"ahead, at {NOON_MS * 1000} ms"),
    ("id too far ahead", {"id": ulid_of(NOON_MS + DAY_MS + 1, 0)}, "time", "ahead"),
    ("no text", {"text": ""}, "text", "is empty"),
    ("blank text", {"text": " \n\t\u2003"}, "text", "is blank"),
    ("no text of a tool call", {"text": "", "kind": Kind.TOOL_CALL}, "text", "is empty"),
    ("long text", {"text": "x" * 11}, "text", "11 bytes"),
    ("long text of few characters", {"text": "日本語字"}, "text", "12 bytes"),
    ("long text of surrogates", {"text": "\ud800" * 4}, "text", "12 bytes"),
    ("no session", {"session": ""}, "session", "is missing"),
    ("blank session", {"session": " \t\u00a0"}, "session", "is blank"),
    ("long session", {"session": "x" * 9}, "session", "9 bytes"),
    ("long agent", {"agent": "ééééé"}, "agent", "10 bytes"),
    ("surrogate in the session", {"session": "\ud800"}, "session", "lone surrogate"),
    ("surrogate in the project", {"project": "p\udc00"}, "project", "lone surrogate"),
    ("surrogate in the speaker", {"speaker": "\udfff"}, "speaker", "lone surrogate"),
    ("surrogate in the tool", {"tool_name": "\udfff"}, "tool_name", "lone surrogate"),
    ("long call id", {"tool_call_id": "x" * 9}, "tool_call_id", "9 bytes"),
    ("source alone", {"source": "hook"}, "source_id", "is missing"),
    ("source id alone", {"source_id": "1"}, "source", "is missing"),
    ("long metadata", {"metadata": {"a": "x" * 5, "b": "x" * 5}}, "metadata", "12 bytes"),
    ("long metadata of few characters", {"metadata": {"é": "éééé", "b": ""}}, "metadata", "11 bytes"),
    ("one long value", {"metadata": {"k": "é" * 6}}, "metadata['k']", "12 bytes"),
    ("metadata without a key", {"metadata": {"": "x"}}, "metadata", "empty key"),
    ("surrogate in a value", {"metadata": {"k": "\ud800"}}, "metadata['k']", "lone surrogate"),
]


@pytest.mark.parametrize(("fields", "field", "problem"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_bad_input_is_told_what_where_and_how_to_mend_it(fields: dict[str, Any], field: str, problem: str) -> None:
    with pytest.raises(InvalidEvent, match=problem) as caught:
        completed(draft(**{"text": "hello", **fields}), SMALL)

    assert field == caught.value.field
    assert caught.value.hint


class Other(Enum):
    USER = "user"
    USER_MESSAGE = "user_message"


MISTYPED: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "user_message"}, "kind", "must be a Kind, is of type str"),
    ({"kind": Other.USER_MESSAGE}, "kind", "must be a Kind"),
    ({"kind": None}, "kind", "must be a Kind"),
    ({"kind": []}, "kind", "must be a Kind"),
    ({"role": "user"}, "role", "must be a Role"),
    ({"role": Other.USER}, "role", "must be a Role"),
    ({"text": 5}, "text", "must be a str, is of type int"),
    ({"text": b"bytes"}, "text", "must be a str, is of type bytes"),
    ({"text": None}, "text", "must be a str"),
    ({"session": 5}, "session", "must be a str"),
    ({"session": b"s"}, "session", "must be a str"),
    ({"session": None}, "session", "is missing"),
    ({"agent": None}, "agent", "must be a str"),
    ({"speaker": 0}, "speaker", "must be a str"),
    ({"source": 5, "source_id": "1"}, "source", "must be a str"),
    ({"id": 5}, "id", "must be a str"),
    ({"id": ULID.encode()}, "id", "must be a str"),
    ({"id": None}, "id", "must be a str"),
    ({"time_ms": "5"}, "time", "must be an int"),
    ({"time_ms": 5.0}, "time", "must be an int"),
    ({"time_ms": True}, "time", "must be an int"),
    ({"metadata": None}, "metadata", "must be a dict"),
    ({"metadata": [("a", "b")]}, "metadata", "must be a dict"),
    ({"metadata": {"a": 5}}, "metadata['a']", "must be a str"),
    ({"metadata": {"a": b"b"}}, "metadata['a']", "must be a str"),
    ({"metadata": {"a": None}}, "metadata['a']", "must be a str"),
    ({"metadata": {5: "a"}}, "metadata", "must be a str"),
]


@pytest.mark.parametrize(("fields", "field", "problem"), MISTYPED, ids=[str(m[0]) for m in MISTYPED])
def test_a_field_of_another_type_is_named(fields: dict[str, Any], field: str, problem: str) -> None:
    with pytest.raises(InvalidEvent, match=problem) as caught:
        completed(draft(**fields))

    assert field == caught.value.field
    assert caught.value.hint


def test_what_is_no_draft_is_refused_by_its_place() -> None:
    with pytest.raises(InvalidEvent, match="must be a Draft, is of type dict") as caught:
        complete_all([draft(), {"text": "hello"}], clock=NoonClock(), ids=RandomIds())  # type: ignore[list-item]

    assert "events[1].event" == caught.value.field


def test_subclasses_of_the_right_types_will_do() -> None:
    class Text(str):
        pass

    class Pairs(dict[str, str]):
        pass

    made = completed(draft(text=Text("hello"), metadata=Pairs(a=Text("b"))))

    assert ("hello", {"a": "b"}) == (made.text, made.metadata)


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "x" * 10},
        {"text": "日本語"},
        {"session": "x" * 8, "agent": "éééé"},
        {"metadata": {"é": "é", "b": "x" * 5}},
    ],
)
def test_what_just_fits_is_legal(fields: dict[str, Any]) -> None:
    completed(draft(**{"text": "hello", **fields}), SMALL)


def test_default_limits_take_a_line_of_one_mebibyte_and_no_more() -> None:
    assert 1 << 20 == len(completed(draft("x" * (1 << 20))).text)
    with pytest.raises(InvalidEvent, match="1,048,577 bytes"):
        completed(draft("x" * ((1 << 20) + 1)))


def test_a_batch_names_the_place_of_its_bad_draft() -> None:
    drafts = [draft("one"), draft("two"), draft("")]
    with pytest.raises(InvalidEvent) as caught:
        complete_all(drafts, clock=NoonClock(), ids=RandomIds())

    assert "events[2].text" == caught.value.field
    assert ["one", "two"] == [e.text for e in complete_all(drafts[:2], clock=NoonClock(), ids=RandomIds())]


def test_the_text_itself_is_not_told_in_full() -> None:
    with pytest.raises(InvalidEvent) as caught:
        completed(draft("secret " * 200), SMALL)

    assert len(str(caught.value)) < 250
