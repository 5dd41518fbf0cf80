"""What agents print around an answer.

    claude -p --output-format json        {"type": "result", "result", "is_error", "usage", "total_cost_usd", …}
    codex exec --json                     lines: {"type": "item.completed", "item": {"type": "agent_message", "text"}}
                                          … {"type": "turn.completed", "usage"}
    gemini --output-format json           {"response", "stats"}
    a program made for this               {"answer", "model", "usage"}

Anything else is the answer itself.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from agent_memory.summaries.providers.tolerant import NotJson, count, loaded, whole

_LINES_MAX = 10_000
"""An answer comes at the end, and to find that a line is no JSON takes longer than to write it."""


class Framed(msgspec.Struct, frozen=True, kw_only=True):
    """An answer without its frame; tokens are 0 and the cost None where the frame tells none."""

    text: str
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float | None = None
    failed: bool = False
    refused: bool = False
    """Whether it failed because of what was asked, and will again."""


def unframed(output: str) -> Framed:
    """The answer in what a program wrote."""
    objects = _objects(output)
    for found in reversed(objects):
        if found.get("type") == "result" and ("result" in found or "is_error" in found):
            return _claude(found)
    if any(str(found.get("type", "")).startswith(("turn.", "item.", "thread.")) for found in objects):
        return _codex(objects)
    if len(objects) == 1:
        (found,) = objects
        if "answer" in found:
            return _own(found)
        if "response" in found and "stats" in found:
            return Framed(text=_text(found["response"]), failed=bool(found.get("error")))
    return Framed(text=whole(output))


def _objects(output: str) -> list[dict[str, Any]]:
    """The JSON objects of the output: one, a list of them, or one a line (of the last); none where it is no JSON."""
    try:
        found = loaded(output)
    except NotJson:
        return [each for line in output.splitlines()[-_LINES_MAX:] if (each := _object(line)) is not None]
    return [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, dict)]


def _object(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        found = loaded(line)
    except NotJson:
        return None
    return found if isinstance(found, dict) else None


def _claude(found: dict[str, Any]) -> Framed:
    usage = _dict(found.get("usage"))
    models = _dict(found.get("modelUsage"))
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    subtype = str(found.get("subtype", ""))
    structured = found.get("structured_output")
    return Framed(
        text=_text(structured if structured is not None else found.get("result", "")),
        model=next(iter(models)) if len(models) == 1 else "",
        tokens_in=sum(count(usage.get(name)) for name in names),
        tokens_out=count(usage.get("output_tokens")),
        cost_usd=_cost(found.get("total_cost_usd")),
        failed=bool(found.get("is_error")) or subtype.startswith("error"),
        refused=subtype.startswith(("error_max_structured", "error_max_turns")),
    )


def _codex(objects: list[dict[str, Any]]) -> Framed:
    text, problem, tokens_in, tokens_out = "", "", 0, 0
    for found in objects:
        item, usage = _dict(found.get("item")), _dict(found.get("usage"))
        if found.get("type") == "item.completed" and item.get("type") == "agent_message":
            text = _text(item.get("text", ""))
        elif found.get("type") in ("turn.failed", "error"):
            problem = _text(_dict(found.get("error")).get("message") or found.get("message") or "it failed")
        tokens_in += count(usage.get("input_tokens"))
        tokens_out += count(usage.get("output_tokens"))
    # It tells of errors that it got over, too.
    failed = bool(problem) and not text
    return Framed(text=problem if failed else text, tokens_in=tokens_in, tokens_out=tokens_out, failed=failed)


def _own(found: dict[str, Any]) -> Framed:
    usage = _dict(found.get("usage"))
    return Framed(
        text=_text(found["answer"]),
        model=whole(str(found.get("model", ""))),
        tokens_in=count(usage.get("tokens_in")),
        tokens_out=count(usage.get("tokens_out")),
        cost_usd=_cost(usage.get("cost_usd")),
    )


def _text(value: object) -> str:
    return whole(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _cost(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and 0 <= value < float("inf") else None
