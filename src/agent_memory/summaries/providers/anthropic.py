"""Anthropic's Messages.

Source: https://platform.claude.com/docs/en/api/messages, …/build-with-claude/structured-outputs, …/api/errors.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from agent_memory.summaries.model import Prompt
from agent_memory.summaries.port import LanguageModel
from agent_memory.summaries.providers.failures import Problem
from agent_memory.summaries.providers.http_model import CUT_OFF, Answered, HttpLanguageModel, Manner
from agent_memory.summaries.providers.prompts import with_schema
from agent_memory.summaries.providers.settings import ProviderSettings
from agent_memory.summaries.providers.tolerant import count, read_as

_VERSION = "2023-06-01"
_TOOL = "write_minutes"
# `output_config`, which models since 4.5 have; a tool that has to be called, which all have; words.
_FORMAT, _TOOL_CALL, _TEXT = range(3)
_FORM = (
    re.compile(r"output_config|output_format|structured output|json_schema", re.IGNORECASE),
    re.compile(r"\btools?\b|tool_choice|input_schema", re.IGNORECASE),
)
_REFUSALS = {
    "max_tokens": CUT_OFF,
    "model_context_window_exceeded": "question and answer do not fit the model's context",
    "refusal": "the model declines to answer",
}


class _Block(msgspec.Struct):
    type: str = ""
    text: str = ""
    input: Any = None


class _Usage(msgspec.Struct):
    input_tokens: object = None
    output_tokens: object = None
    cache_creation_input_tokens: object = None
    cache_read_input_tokens: object = None


class _Message(msgspec.Struct):
    content: list[_Block]
    model: str = ""
    stop_reason: str | None = None
    usage: _Usage | None = None


class _Error(msgspec.Struct):
    type: str = ""
    message: str = ""
    details: Any = None


class _Failure(msgspec.Struct):
    error: _Error


class AnthropicDialect:
    """How messages are asked for and read."""

    provider = "anthropic"
    url = "https://api.anthropic.com"
    key_variable = "ANTHROPIC_API_KEY"
    manner = Manner()

    def headers(self, key: str) -> dict[str, str]:
        return {"anthropic-version": _VERSION, **({"x-api-key": key} if key else {})}

    def path(self, model: str) -> str:
        return "/v1/messages"

    def body(self, prompt: Prompt, model: str, answer_tokens_max: int, manner: Manner) -> dict[str, object]:
        body: dict[str, object] = {
            "model": model,
            "max_tokens": answer_tokens_max,
            "system": with_schema(prompt) if manner.form == _TEXT else prompt.system,
            "messages": [{"role": "user", "content": prompt.user}],
        }
        if manner.form == _FORMAT:
            body["output_config"] = {"format": {"type": "json_schema", "schema": prompt.schema}}
        elif manner.form == _TOOL_CALL:
            tool = {"name": _TOOL, "description": "Hands in the answer.", "input_schema": prompt.schema}
            body["tools"] = [tool]
            body["tool_choice"] = {"type": "tool", "name": _TOOL}
        return body

    def read(self, body: bytes) -> Answered | Problem:
        answer = read_as(body, _Message)
        called = [block.input for block in answer.content if block.type == "tool_use"]
        if called:
            text = json.dumps(called[0], ensure_ascii=False)
        else:
            text = "".join(block.text for block in answer.content if block.type == "text").strip()
        usage = answer.usage or _Usage()
        counted = (usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens)
        return Answered(
            text=text,
            refusal=_REFUSALS.get(answer.stop_reason or "", ""),
            model=answer.model,
            tokens_in=sum(map(count, counted)),
            tokens_out=count(usage.output_tokens),
        )

    def problem(self, body: bytes) -> Problem:
        error = read_as(body, _Failure).error
        detail = error.details.get("error_code", "") if isinstance(error.details, dict) else ""
        return Problem(message=error.message, code=f"{error.type} {detail}".strip())

    def other_manner(self, manner: Manner, problem: Problem) -> Manner | None:
        if manner.form < _TEXT and _FORM[manner.form].search(problem.words):
            return msgspec.structs.replace(manner, form=manner.form + 1)
        return None


def open_anthropic(settings: ProviderSettings) -> LanguageModel:
    """The factory of the provider `anthropic`. Its URL is taken with and without the version at its end."""
    settings = msgspec.structs.replace(settings, url=settings.url.removesuffix("/v1"))
    return HttpLanguageModel(AnthropicDialect(), settings)
