"""What a model sends is checked against what it was told, and every refusal says how to mend the call."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from agent_memory.errors import InvalidQuery
from agent_memory.mcp import answers, arguments
from agent_memory.mcp.arguments import parsed, schema_of
from agent_memory.mcp.calls import advice
from agent_memory.mcp.toolbox import TOOLS

LENIENT: list[tuple[type[arguments.Arguments], dict[str, Any], arguments.Arguments]] = [
    (arguments.Search, {"query": "q", "limit": "7"}, arguments.Search(query="q", limit=7)),
    (arguments.Search, {"query": "q", "project": None, "kind": None}, arguments.Search(query="q")),
    (arguments.Search, {"query": "q", "from": "2026"}, arguments.Search(query="q", from_="2026")),
    (arguments.Timeline, {"id": "a", "all_sessions": "true"}, arguments.Timeline(id="a", all_sessions=True)),
    (arguments.Get, {"ids": "a, b c"}, arguments.Get(ids=("a", "b", "c"))),
    (arguments.Get, {"ids": ["a"]}, arguments.Get(ids=("a",))),
    (arguments.Status, {}, arguments.Status()),
]
REFUSED: list[tuple[type[arguments.Arguments], dict[str, Any], tuple[str, ...]]] = [
    (arguments.Search, {}, ("query: is missing. Give query",)),
    (arguments.Search, {"querry": "x"}, ("querry:", "Did you mean query?", "project", "cursor")),
    (arguments.Search, {"query": 5}, ("query:", "Give a text")),
    (arguments.Search, {"query": "q", "limit": 99}, ("limit:", "a whole number, 1 to 50")),
    (arguments.Search, {"query": "q", "limit": "many"}, ("limit:", "a whole number, 1 to 50")),
    (arguments.Search, {"query": "q", "kind": "email"}, ("kind:", "user_message", "tool_result")),
    (arguments.Get, {"ids": []}, ("ids:", "1 to 20 of them")),
    (arguments.Get, {"ids": [""]}, ("ids[0]:", "a list of texts")),
    (arguments.Get, {"ids": ["a"], "max_chars": 1}, ("max_chars:", "200 to 100,000")),
    (arguments.Timeline, {"id": ""}, ("id:", "a text, 1 or more characters")),
    (arguments.Status, {"verbose": True}, ("verbose:", "takes none")),
]


@pytest.mark.parametrize(("kind", "given", "expected"), LENIENT)
def test_what_is_meant_is_understood(
    kind: type[arguments.Arguments], given: dict[str, Any], expected: arguments.Arguments
) -> None:
    """Models send numbers as text, null for nothing, and one id for a list of one."""
    assert expected == parsed(kind, given)


@pytest.mark.parametrize(("kind", "given", "told"), REFUSED)
def test_a_refusal_names_the_argument_and_what_it_may_be(
    kind: type[arguments.Arguments], given: dict[str, Any], told: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidQuery) as refused:
        parsed(kind, given)

    assert [] == [words for words in told if words not in advice(refused.value)]


@pytest.mark.parametrize("name", TOOLS)
def test_each_schema_is_a_json_schema_of_an_object_without_references(name: str) -> None:
    for schema in (schema_of(TOOLS[name].asks), schema_of(TOOLS[name].answers)):
        jsonschema.Draft202012Validator.check_schema(schema)

        assert "object" == schema["type"]
        assert "$ref" not in json.dumps(schema)


@pytest.mark.parametrize(("kind", "given", "told"), [row for row in REFUSED if row[1].get("limit") != "many"])
def test_the_schema_refuses_what_the_check_refuses(
    kind: type[arguments.Arguments], given: dict[str, Any], told: tuple[str, ...]
) -> None:
    """So that a client which checks for itself says no sooner and no later."""
    del told
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(given, schema_of(kind))


def test_what_is_empty_is_left_out_of_an_answer_and_of_what_its_schema_requires() -> None:
    schema = schema_of(answers.Found)

    assert ["hits"] == schema["required"]
    jsonschema.validate({"hits": []}, schema)
