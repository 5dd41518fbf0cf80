"""JSON lines become drafts; what cannot be one is named by its number and costs no other line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_memory.capture import BadLine, JsonLines, Line
from agent_memory.capture.redaction import Redactor
from agent_memory.events import Draft, Kind, Role
from agent_memory.events.ulids import is_ulid, ulid_time_ms

NOON = 1_768_474_800_000


def read(data: bytes, **settings: int) -> list[Line | BadLine]:
    lines = JsonLines(**settings)
    return [*lines.feed(data), *lines.end()]


def line(**fields: object) -> bytes:
    return json.dumps({"kind": "user_message", "session": "s", "text": "Hello", **fields}).encode() + b"\n"


def only(data: bytes) -> Draft:
    (found,) = read(data)
    assert isinstance(found, Line)
    return found.draft


def problem(data: bytes) -> str:
    (found,) = read(data)
    assert isinstance(found, BadLine)
    return found.problem


def drafts(data: bytes) -> list[Draft]:
    return [found.draft for found in read(data) if isinstance(found, Line)]


def test_every_field_arrives() -> None:
    given = {
        "kind": "tool_result",
        "session": "s1",
        "text": "done",
        "role": "tool",
        "id": "01KEZZZZZZ0000000000000000",
        "time": NOON,
        "agent": "a",
        "project": "p",
        "speaker": "Ann",
        "source": "hook",
        "source_id": "7",
        "tool_name": "Bash",
        "tool_call_id": "c1",
        "metadata": {"cwd": "/"},
    }
    time_ms = given.pop("time")
    expected = Draft(**{**given, "kind": Kind.TOOL_RESULT, "role": Role.TOOL, "time_ms": time_ms})

    assert expected == only(json.dumps({**given, "time": time_ms}).encode())


@pytest.mark.parametrize(
    ("text", "time_ms"),
    [
        ("2026-01-15T11:00:00Z", NOON),
        ("2026-01-15T12:00:00+01:00", NOON),
        ("2026-01-15T11:00:00.123Z", NOON + 123),
        ("2026-01-15T11:00:00.123999999Z", NOON + 123),
        ("2026-01-15T11:00:00.9999999Z", NOON + 999),
        (NOON, NOON),
        (0, 0),
    ],
)
def test_a_time_is_rfc_3339_or_milliseconds_and_finer_digits_are_cut(text: object, time_ms: int) -> None:
    assert time_ms == only(line(time=text)).time_ms


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{", "is not JSON"),
        (b"hello", "is not JSON"),
        (line().strip() + b" {}", "is not JSON: Extra data (column 59)"),
        (b"[1]", "Expected object, got array"),
        (b'"text"', "Expected object, got str"),
        (b"\xff\xfe{\x00", "is UTF-16"),
        (b'{"kind":"user_message","session":"s","text":"\xff"}', "is not UTF-8 (byte 46)"),
        (b"[" * 100_000, "Expected object, got array"),
        (line(kind="shout"), "kind: Invalid enum value 'shout'; it is one of user_message, "),
        (line(role="boss"), "role: Invalid enum value 'boss'; it is one of user, "),
        (line(text=7), "text: Expected str, got int"),
        (line(text=None), "text: Expected str, got null"),
        (line(metadata={"n": 1}), "metadata[...]: Expected str, got int"),
        (line(colour="red"), "Object contains unknown field colour; the fields are kind, session, "),
        (b'{"session":"s"}', "Object missing required field kind"),
        (line(time="yesterday"), "time: expected RFC 3339"),
        (line(time="2026-01-15T12:00:00"), "time: has no offset"),
        (line(time=1.5), "time: Expected"),
        (line(time=True), "time: Expected"),
        (line(time=-1), "time: -1 is no number of milliseconds"),
        (line(time="1969-12-31T23:59:59Z"), "time: lies before 1970"),
        (line(time=10**30), "time: 1000000000000000000000000000000 is no number"),
    ],
)
def test_a_line_that_is_no_event_says_why(data: bytes, said: str) -> None:
    assert said in problem(data)


def test_a_bad_line_is_told_by_number_and_costs_no_other() -> None:
    found = read(line(text="one") + b"\n{oops\n" + line(text="two"))

    assert [Line, BadLine, Line] == [type(f) for f in found]
    assert [1, 3, 4] == [f.number for f in found]


def test_byte_order_mark_crlf_and_blank_lines_are_no_obstacle() -> None:
    data = b"\xef\xbb\xbf" + line(text="one").replace(b"\n", b"\r\n") + b"\r\n  \n" + line(text="two").rstrip()

    assert ["one", "two"] == [d.text for d in drafts(data)]


@pytest.mark.parametrize(
    "text", ["\ud800", "a\udfffb", "\x00", "\u2028", "naïve 東京 🛶", "\r\n", "\x1b[31m", "x" * 100]
)
def test_any_text_arrives_as_it_was(text: str) -> None:
    assert text == only(line(text=text)).text


def test_a_line_of_20_mib_is_read() -> None:
    text = "x" * (20 << 20)

    assert len(text) == len(only(line(text=text)).text)


def test_a_line_over_the_limit_is_refused_and_the_next_one_read() -> None:
    found = read(line(text="x" * 500) + line(text="y"), line_bytes_max=200)

    assert [1, 2] == [f.number for f in found]
    assert [BadLine, Line] == [type(f) for f in found]
    assert "200 are allowed" in found[0].problem  # type: ignore[union-attr]


def test_an_identity_is_derived_where_the_time_is_known_and_none_is_given() -> None:
    draft = only(line(time=NOON))

    assert is_ulid(draft.id)
    assert NOON == ulid_time_ms(draft.id)
    assert "jsonl" == draft.source
    assert draft.source_id.endswith("#0")


def test_reading_a_file_twice_gives_the_same_identities() -> None:
    data = line(time=NOON) + line(time=NOON) + line(time=NOON, text="more") + line(time=NOON + 1)

    assert drafts(data) == drafts(data)
    assert 4 == len({d.id for d in drafts(data)})
    assert 4 == len({d.source_id for d in drafts(data)})


def test_a_file_that_has_grown_keeps_the_identities_of_its_start() -> None:
    data = line(time=NOON) + line(time=NOON)

    assert drafts(data) == drafts(data + line(time=NOON, text="new"))[:2]


def test_line_ends_do_not_change_an_identity() -> None:
    data = line(time=NOON)

    assert drafts(data) == drafts(data.replace(b"\n", b"\r\n"))


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=8))
def test_lines_of_one_millisecond_sort_as_they_stand_in_the_file(texts: list[str]) -> None:
    ids = [d.id for d in drafts(b"".join(line(time=NOON, text=text) for text in texts))]

    assert sorted(ids) == ids


def test_lines_with_an_identity_of_their_own_keep_it() -> None:
    by_source = only(line(time=NOON, source="hook", source_id="7"))
    by_id = only(line(id="01KEZZZZZZ0000000000000000"))

    assert ("", "hook", "7") == (by_source.id, by_source.source, by_source.source_id)
    assert ("01KEZZZZZZ0000000000000000", "", "") == (by_id.id, by_id.source, by_id.source_id)


def test_a_source_without_its_id_is_kept() -> None:
    draft = only(line(time=NOON, source="export"))

    assert "export" == draft.source
    assert draft.source_id


def test_a_line_without_time_and_id_is_left_to_be_stamped() -> None:
    draft = only(line())

    assert ("", "", "", None) == (draft.id, draft.source, draft.source_id, draft.time_ms)


@given(st.data())
def test_the_pieces_in_which_a_file_arrives_do_not_matter(data: st.DataObject) -> None:
    whole = b"\xef\xbb\xbf" + line(text="🛶") + b"{\r\n\n" + line(time=NOON) + line(time=NOON)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    lines = JsonLines()
    found = [f for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True) for f in lines.feed(whole[a:b])]

    assert read(whole) == [*found, *lines.end()]


def test_ids_have_no_secrets_and_stay_apart() -> None:
    """Whoever names a session after a token has it in no id either; two calls remain two."""
    tokens = ["ghp_" + letter * 3 + "1b2C3d4E5" * 4 for letter in "ab"]
    lines = JsonLines(redact=Redactor())
    told = [
        line(session=f"s {token}", source="x", source_id=f"{token}/1", tool_call_id=token, agent=token)
        for token in tokens
    ]
    found = [one.draft for one in lines.feed(b"".join(told)) if isinstance(one, Line)]

    assert not any(token in repr(draft) for token in tokens for draft in found)
    assert {"s [redacted: github-token]"} == {draft.session for draft in found}
    assert 2 == len({draft.source_id for draft in found})
    assert {"github-token": 8} == lines.redacted
