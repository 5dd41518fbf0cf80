"""The answer is found in what agents print around it."""

from __future__ import annotations

import json

import pytest

from agent_memory.summaries.providers.frames import Framed, unframed

ANSWER = '{"title": "Deploy"}'
CLAUDE = {
    "type": "result",
    "subtype": "success",
    "is_error": False,
    "result": ANSWER,
    "usage": {"input_tokens": 5, "cache_creation_input_tokens": 100, "cache_read_input_tokens": 7, "output_tokens": 9},
    "modelUsage": {"some-model": {}},
    "total_cost_usd": 0.002,
}


def lines(*told: object) -> str:
    return "\n".join(map(json.dumps, told)) + "\n"


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (ANSWER, Framed(text=ANSWER)),
        (f"Here it is:\n```json\n{ANSWER}\n```\n", Framed(text=f"Here it is:\n```json\n{ANSWER}\n```\n")),
        ("", Framed(text="")),
        ("[" * 50_000, Framed(text="[" * 50_000)),
        ("3", Framed(text="3")),
        ('{"answer": "half a pair \\ud83d"}', Framed(text="half a pair �")),
        (
            json.dumps(CLAUDE),
            Framed(text=ANSWER, model="some-model", tokens_in=112, tokens_out=9, cost_usd=0.002),
        ),
        (
            json.dumps([{"type": "system", "subtype": "init"}, CLAUDE]),
            Framed(text=ANSWER, model="some-model", tokens_in=112, tokens_out=9, cost_usd=0.002),
        ),
        (
            json.dumps({"type": "result", "result": "", "structured_output": {"title": "Deploy"}}),
            Framed(text='{"title": "Deploy"}'),
        ),
        (
            json.dumps({"type": "result", "subtype": "success", "is_error": True, "result": "Please run /login"}),
            Framed(text="Please run /login", failed=True),
        ),
        (
            json.dumps({"type": "result", "subtype": "error_max_turns", "is_error": False}),
            Framed(text="", failed=True, refused=True),
        ),
        (
            lines(
                {"type": "thread.started", "thread_id": "t"},
                {"type": "item.completed", "item": {"type": "reasoning", "text": "hm"}},
                {"type": "item.completed", "item": {"type": "agent_message", "text": ANSWER}},
                {"type": "turn.completed", "usage": {"input_tokens": 50, "output_tokens": 6}},
            ),
            Framed(text=ANSWER, tokens_in=50, tokens_out=6),
        ),
        (
            lines({"type": "turn.started"}, {"type": "turn.failed", "error": {"message": "usage limit"}}),
            Framed(text="usage limit", failed=True),
        ),
        (json.dumps({"response": ANSWER, "stats": {}}), Framed(text=ANSWER)),
        (
            json.dumps({"answer": {"title": "Deploy"}, "usage": {"tokens_in": 3, "tokens_out": 2, "cost_usd": 0.5}}),
            Framed(text='{"title": "Deploy"}', tokens_in=3, tokens_out=2, cost_usd=0.5),
        ),
        (
            json.dumps({"answer": ANSWER, "usage": {"tokens_in": "many", "tokens_out": -2, "cost_usd": "free"}}),
            Framed(text=ANSWER),
        ),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, str) else "",
)
def test_the_answer_is_found_in_its_frame(output: str, expected: Framed) -> None:
    assert expected == unframed(output)


def test_lines_that_only_begin_as_json_are_over_soon() -> None:
    """Of millions of them none but the last are tried: it took a minute."""
    found = unframed("{\n" * 2_000_000 + json.dumps({"type": "result", "result": ANSWER}))

    assert ANSWER == found.text
