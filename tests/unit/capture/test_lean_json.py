"""JSON without `json`: the same values, the same texts, the same refusals."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_memory.capture import lean_json

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(SCALARS, lambda within: st.lists(within) | st.dictionaries(st.text(), within), max_leaves=20)


@given(VALUES)
def test_a_value_is_written_as_json_writes_it(value: Any) -> None:
    assert json.dumps(value) == lean_json.dumps(value)
    assert json.dumps(value, ensure_ascii=False, separators=(",", ":")) == lean_json.dumps(
        value, ascii=False, compact=True
    )


@given(VALUES)
def test_a_text_is_read_as_json_reads_it(value: Any) -> None:
    text = f" \n{json.dumps(value)}\t"

    assert value == lean_json.loads(text)
    assert value == lean_json.loads(text.encode())
    assert (value, len(text) - 1) == lean_json.raw_decode(text, 2)


@pytest.mark.parametrize("text", ["NaN", "[Infinity, -Infinity]", '{"a": 1e400, "b": 12345678901234567890}'])
def test_numbers_that_json_does_not_know_are_read_all_the_same(text: str) -> None:
    assert repr(json.loads(text)) == repr(lean_json.loads(text))


@given(st.text(alphabet='{}[]":,\\u0123456789eE+-. \n\tnultrfasNaI') | st.text())
def test_what_json_refuses_is_refused_as_a_value_error(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError, match=r".") as refused:
            lean_json.loads(text)
        assert str(refused.value)
    else:
        assert repr(expected) == repr(lean_json.loads(text))


def test_objects_are_made_from_their_pairs() -> None:
    assert [("a", 1), ("a", 2)] == lean_json.raw_decode('{"a": 1, "a": 2}', 0, list)[0]


def test_what_is_nested_too_deeply_is_refused_by_name() -> None:
    with pytest.raises(RecursionError):
        lean_json.loads("[" * 200_000)


def test_what_is_no_json_is_not_written() -> None:
    with pytest.raises(TypeError, match="set"):
        lean_json.dumps({"a": {1, 2}})


@pytest.mark.parametrize(
    "text", ['{"a": "b', '{"a": 1,}', "[1", '{"a" 1}', '"\\x"', "{1: 2}", "[1 2]", "nothing", "", '{"a": 1} {']
)
def test_what_is_broken_is_refused_as_a_value_error_where_nobody_has_loaded_json(text: str) -> None:
    """As in a hook: this process has it."""
    code = (
        "import sys\n"
        "from agent_memory.capture import lean_json\n"
        "assert 'json' not in sys.modules\n"
        "try: lean_json.loads(sys.argv[1])\n"
        "except ValueError as error: print(bool(str(error)))\n"
    )

    assert "True\n" == subprocess.run([sys.executable, "-c", code, text], capture_output=True, text=True).stdout


def test_an_interpreter_without_the_module_in_c_reads_and_writes_the_same() -> None:
    code = (
        "import sys; sys.modules['_json'] = None\n"
        "from agent_memory.capture import lean_json as j\n"
        "print(j.loads(b' {\"a\": [1.5, null]} '), j.raw_decode('{\"a\": 1}', 0, list), j.dumps(['ä'], ascii=False))\n"
        "try: j.loads('nothing')\n"
        "except ValueError: print('refused')\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert "{'a': [1.5, None]} ([('a', 1)], 8) [\"ä\"]\nrefused\n" == told
