"""Values of tools become text to read, and texts stay within their limits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_memory.capture.rendering import (
    PAYLOAD_BYTES_MAX,
    content_text,
    details,
    error_text,
    exit_code_of,
    tool_call_text,
    tool_output_text,
    within_limit,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"command": "ls -la"}, "ls -la"),
        ({"description": "List", "command": "ls", "timeout": 5}, "ls\ndescription: List\ntimeout: 5"),
        ('{"command": "ls"}', "ls"),
        ({"command": ["bash", "-lc", "ls | wc"]}, "ls | wc"),
        ({"cmd": ["git", "status"]}, "git status"),
        ({"file_path": "a.py", "content": "x\ny"}, "a.py\ncontent:\nx\ny"),
        ({"pattern": "win", "path": "src"}, "win\npath: src"),
        ({"todos": [{"content": "One"}], "merge": None}, 'todos: [{"content": "One"}]'),
        ("*** Begin Patch", "*** Begin Patch"),
        ({}, "Tool"),
        (None, "Tool"),
        ("", "Tool"),
    ],
)
def test_a_call_begins_with_what_it_is_about(value: Any, text: str) -> None:
    """Its command, path or query stands alone, the rest under it by name; with nothing, the tool's name."""
    assert text == tool_call_text("Tool", value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        (None, ""),
        ([], ""),
        ({"stdout": "out\n", "stderr": "", "interrupted": False}, "out\n"),
        ({"stdout": "out", "stderr": "err"}, "out\nerr"),
        ({"stdout": "iVBORw0", "isImage": True}, "[image]"),
        ([{"type": "text", "text": "one"}, {"type": "text", "text": "two"}], "one\ntwo"),
        ([{"type": "image", "source": {"media_type": "image/png", "data": "iVB"}}], "[image image/png]"),
        ({"type": "text", "file": {"filePath": "a", "content": "line"}}, "line"),
        ({"type": "image", "file": {"base64": "iVB", "type": "image/png"}}, "[image]"),
        ({"mode": "content", "content": "a.py:1:x", "filenames": []}, "a.py:1:x"),
        ({"mode": "files_with_matches", "filenames": ["a", "b"], "numFiles": 2}, "a\nb"),
        ({"textResultForLlm": "done", "resultType": "success"}, "done"),
        ({"llmContent": "seen", "returnDisplay": "shown"}, "seen"),
        ('{"output": "132 m", "metadata": {"exit_code": 0}}', "132 m"),
        ({"Ok": {"content": [{"type": "text", "text": "found"}], "isError": False}}, "found"),
        ({"Ok": {"content": [], "isError": False}}, ""),
        ({"Err": "no such server"}, "no such server"),
        ({"success": True, "filePath": "/a"}, "/a\nsuccess: true"),
        ({"filePath": "a", "structuredPatch": [], "type": "create", "originalFile": "x" * 99}, "create a"),
        (7, "7"),
    ],
)
def test_an_output_is_what_the_tool_gave_back_and_not_what_it_came_in(value: Any, text: str) -> None:
    """The known wrappings of each agent's tools are taken off."""
    assert text == tool_output_text(value)


def test_an_edit_is_shown_as_its_changes() -> None:
    """The file as it was before, which the agent sends along, is left out."""
    hunk = {"oldStart": 3, "oldLines": 1, "newStart": 3, "newLines": 1, "lines": ["-a", "+b"]}

    assert "x.py\n@@ -3,1 +3,1 @@\n-a\n+b" == tool_output_text(
        {"filePath": "x.py", "originalFile": "a" * 1_000, "structuredPatch": [hunk]}
    )


@given(st.text(), json_values)
def test_every_value_becomes_text(name: str, value: Any) -> None:
    """And a call says something wherever its tool has a name."""
    assert isinstance(tool_output_text(value), str)
    assert tool_call_text(name, value).strip() or not name.strip()


def test_a_deep_value_becomes_text_without_a_deep_walk() -> None:
    """A tool may nest as it likes."""
    value: Any = "end"
    for _ in range(50_000):
        value = [value]

    assert isinstance(tool_output_text(value), str)


def test_an_error_is_its_message_with_its_name() -> None:
    """The stack is the program's."""
    assert "TypeError: bad" == error_text({"message": "bad", "name": "TypeError", "stack": "at …"})
    assert "no" == error_text("no")


def test_the_exit_code_is_found_where_tools_put_it() -> None:
    """At the top, or among the metadata; a truth is no code."""
    assert 2 == exit_code_of({"exit_code": 2})
    assert 0 == exit_code_of('{"output": "", "metadata": {"exit_code": 0}}')
    assert exit_code_of({"exit": True}) is None
    assert exit_code_of("text") is None


def test_the_words_of_a_message_are_its_text_parts() -> None:
    """Images and calls are none."""
    assert "a\nb" == content_text([{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}])
    assert "" == content_text({"text": "no message"})


@given(st.text(), st.integers(min_value=200, max_value=400))
def test_a_text_within_its_limit_is_left_alone(text: str, bytes_max: int) -> None:
    """And its size is told in bytes."""
    cut, size = within_limit(text, bytes_max=bytes_max)

    assert len(text.encode("utf-8", "surrogatepass")) == size
    assert cut == text or size > bytes_max


@given(st.text(alphabet="aé€😀\n\ud800", min_size=400, max_size=800), st.integers(min_value=200, max_value=399))
def test_of_a_text_over_its_limit_head_and_tail_are_left(text: str, bytes_max: int) -> None:
    """Whole characters, from both ends, with a line between that says how much is gone."""
    cut, size = within_limit(text, bytes_max=bytes_max)
    head, left_out, tail = cut.partition("\n[… ")

    assert size > bytes_max >= len(cut.encode("utf-8", "surrogatepass"))
    assert text.startswith(head)
    assert left_out
    assert text.endswith(tail.partition("…]\n")[2])


def test_the_line_between_counts_what_is_gone() -> None:
    """To the byte."""
    text = "é" * 100_000
    cut, size = within_limit(text, bytes_max=1_000)
    kept = cut.count("é") * 2

    assert f"[… {size - kept:,} of {size:,} bytes left out …]" in cut


def test_details_leave_out_what_is_empty_and_keep_the_unknown_as_it_came() -> None:
    """Names for what is known, JSON for the rest."""
    metadata = details({"model": "m", "none": None, "empty": "", "n": 3, "yes": True}, {"novel": {"a": [1]}})

    assert {"model": "m", "n": "3", "yes": "true", "payload": '{"novel": {"a": [1]}}'} == metadata


def test_details_stay_small_and_name_what_did_not_fit() -> None:
    """The largest unknown fields go first; a lone surrogate becomes a question mark."""
    metadata = details({"long": "x" * 9_000}, {"huge": "y" * 20_000, "small": "\ud800"})

    assert {"small": "?"} == json.loads(metadata["payload"])
    assert "huge" == metadata["payload_left_out"]
    assert len(metadata["long"]) < 3_000


@given(st.dictionaries(st.text(), json_values, max_size=8))
def test_details_of_anything_are_well_formed_and_bounded(unknown: dict[str, Any]) -> None:
    """What the log takes as metadata."""
    metadata = details({}, unknown)

    assert sum(len(key.encode()) + len(value.encode()) for key, value in metadata.items()) <= PAYLOAD_BYTES_MAX + 4_096


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        ([{"text": "a"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}], "a\n[file image/png]"),
        ({"fileData": {"mimeType": "application/pdf", "fileUri": "files/1"}}, "[file application/pdf]"),
        ({"image": "data:image/png;base64,AAAA"}, "image: [image/png]"),
        (["data:audio/wav;base64,AAAA"], "[audio/wav]"),
        ([{"type": "resource", "resource": {"uri": "notes://1", "text": "Words."}}], "Words."),
        ([{"type": "resource", "resource": {"uri": "notes://1", "blob": "AAAA"}}], "[resource]"),
        ("data: not an address", "data: not an address"),
    ],
)
def test_pictures_and_the_like_are_named_and_words_among_them_are_shown(output: Any, shown: str) -> None:
    """In the forms of Gemini, of MCP and of addresses that hold what they lead to."""
    assert shown == tool_output_text(output)
