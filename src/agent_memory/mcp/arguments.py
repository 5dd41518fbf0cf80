"""What each tool can be asked with: one table for the schema that a model reads and for the check of what it sends.

Every word of a description is read with every session of every agent, so there are few.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from agent_memory.errors import InvalidQuery

A = TypeVar("A", bound="Arguments")

MISSING = "is missing"

LIMIT_MAX = 50
IDS_MAX = 20
NEIGHBOURS_MAX = 50
CHARACTERS_MAX = 100_000

KindName = Literal[
    "user_message",
    "assistant_message",
    "tool_call",
    "tool_result",
    "session_start",
    "session_end",
    "compaction",
    "subagent_start",
    "subagent_stop",
    "other",
]
TypeName = Literal[
    "decision", "preference", "procedure", "constraint", "definition", "question", "error", "observation"
]

Text = Annotated[str, Meta(min_length=1)]
Project = Annotated[str, Meta(description="Folder or name of a project; default: all.")]
From = Annotated[str, Meta(description="Date (2026-01-15, 2026-01) or RFC 3339 time, inclusive.")]
Until = Annotated[str, Meta(description="As from, inclusive.")]
Cursor = Annotated[str, Meta(description="next_cursor of the answer before.")]
_ID = "Event or grip id."


class Arguments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of any tool."""


class Search(Arguments, frozen=True, kw_only=True):
    """Of `search`."""

    query: Annotated[str, Meta(description="A question or words, in any language.")]
    project: Project = ""
    agent: str = ""
    session: str = ""
    from_: From = msgspec.field(default="", name="from")
    until: Until = ""
    kind: KindName | None = None
    type: TypeName | None = None
    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX)] = 10
    cursor: Cursor = ""


class Timeline(Arguments, frozen=True, kw_only=True):
    """Of `timeline`."""

    id: Annotated[Text, Meta(description=_ID)]
    before: Annotated[int, Meta(ge=0, le=NEIGHBOURS_MAX)] = 5
    after: Annotated[int, Meta(ge=0, le=NEIGHBOURS_MAX)] = 5
    all_sessions: Annotated[bool, Meta(description="What went on beside it, too.")] = False


class Get(Arguments, frozen=True, kw_only=True):
    """Of `get`."""

    ids: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=IDS_MAX, description="Event or grip ids.")]
    max_chars: Annotated[int, Meta(ge=200, le=CHARACTERS_MAX, description="Of text in one answer.")] = 12_000
    cursor: Cursor = ""


class Browse(Arguments, frozen=True, kw_only=True):
    """Of `browse`."""

    from_: From = msgspec.field(default="", name="from")
    until: Until = ""
    project: Project = ""
    agent: str = ""
    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX)] = 14
    cursor: Cursor = ""


class Toc(Arguments, frozen=True, kw_only=True):
    """Of `toc`."""

    node: Annotated[str, Meta(description="year/2026, month/2026-01, day/2026-01-15, segment/...; default: years.")] = (
        ""
    )
    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX)] = 20
    cursor: Cursor = ""


class Grip(Arguments, frozen=True, kw_only=True):
    """Of `grip`."""

    id: Annotated[Text, Meta(description="Grip id.")]
    before: Annotated[int, Meta(ge=0, le=NEIGHBOURS_MAX)] = 2
    after: Annotated[int, Meta(ge=0, le=NEIGHBOURS_MAX)] = 2


class Context(Arguments, frozen=True, kw_only=True):
    """Of `context`."""

    query: Annotated[Text, Meta(description="What you are about to do or answer.")]
    budget: Annotated[int, Meta(ge=50, le=32_000, description="Most tokens.")] = 1_500
    project: Project = ""
    agent: str = ""
    from_: From = msgspec.field(default="", name="from")
    until: Until = ""


class Remember(Arguments, frozen=True, kw_only=True):
    """Of `remember`."""

    text: Annotated[Text, Meta(description="Self-contained: what, why, where.")]
    project: Annotated[str, Meta(description="Folder that it is about.")] = ""


class Status(Arguments, frozen=True, kw_only=True):
    """Of `status`."""


def parsed(kind: type[A], given: Mapping[str, Any] | None) -> A:
    """The arguments of a call, checked. Numbers and truths may come as text, a list of one as its item.

    Errors: `InvalidQuery`, naming the argument and what it may be.
    """
    found = {name: value for name, value in (given or {}).items() if value is not None}
    types = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    if unknown := next((name for name in found if name not in types), None):
        near = difflib.get_close_matches(str(unknown), types, n=1)
        meant = f"Did you mean {near[0]}? " if near else ""
        known = f"The arguments are {', '.join(types)}." if types else "This tool takes none."
        raise InvalidQuery(str(unknown), found[unknown], "there is no such argument", hint=meant + known)
    if "ids" in types and isinstance(found.get("ids"), str):
        found["ids"] = found["ids"].replace(",", " ").split()
    try:
        return msgspec.convert(found, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _refused(error, found, kind) from None


_AT_PATH = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_MISSING = re.compile(r"missing required field `(?P<name>\w+)`")


def _refused(error: msgspec.ValidationError, found: Mapping[str, Any], kind: type[Arguments]) -> InvalidQuery:
    message = str(error)
    if missing := _MISSING.search(message):
        return InvalidQuery(missing["name"], "", MISSING, hint=f"Give {missing['name']}.")
    path = _AT_PATH.search(message)
    name = path["path"] if path else ""
    problem = _AT_PATH.sub("", message).replace("`", "")
    field = name.partition("[")[0]
    allowed = schema_of(kind)["properties"].get(field, {})
    hint = f"It is one of {', '.join(allowed['enum'])}." if "enum" in allowed else f"Give {_wanted(allowed)}."
    return InvalidQuery(name or "arguments", found.get(field, found), problem[:1].lower() + problem[1:], hint=hint)


_NOUNS = {"string": "a text", "integer": "a whole number", "boolean": "true or false", "array": "a list of texts"}


def _wanted(allowed: Mapping[str, Any]) -> str:
    least = allowed.get("minimum", allowed.get("minItems", allowed.get("minLength")))
    most = allowed.get("maximum", allowed.get("maxItems"))
    edges = f", {least:,} to {most:,}" if most is not None else f", {least:,} or more" if least is not None else ""
    unit = {"array": " of them", "string": " characters"}.get(allowed.get("type", ""), "") if edges else ""
    return f"{_NOUNS.get(allowed.get('type', ''), 'it')}{edges}{unit}"


def schema_of(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON Schema of a struct, without what only costs tokens: titles, nulls, empty defaults, references."""
    whole = msgspec.json.schema(kind, ref_template="{name}")
    parts: dict[str, Any] = {name: dict(part, description=None) for name, part in whole["$defs"].items()}
    lean = _lean(whole, parts)
    assert isinstance(lean, dict)
    return lean


def _lean(found: Any, parts: Mapping[str, Any]) -> Any:
    if isinstance(found, list):
        return [_lean(one, parts) for one in found]
    if not isinstance(found, dict):
        return found
    if "$ref" in found:
        return _lean(parts[found["$ref"]], parts)
    if "anyOf" in found:
        return _lean(next(one for one in found["anyOf"] if one != {"type": "null"}), parts)
    lean = {
        key: {name: _lean(one, parts) for name, one in value.items()} if key == "properties" else _lean(value, parts)
        for key, value in found.items()
        if key not in _LEFT_OUT and value not in _NOTHING
    }
    if "enum" in lean:
        lean["type"] = "string"
    return lean


_LEFT_OUT = {"title", "$defs"}
_NOTHING: tuple[Any, ...] = ("", None, [], ())
